"""What stands around a record: colour, and the prefixes of syslog, the journal, routers of
platforms (``time app[web.1]: ``), Docker, CRI, Compose and process managers."""

from __future__ import annotations

import re
from typing import NamedTuple

from stagewatch.logs.fields import json_fields
from stagewatch.logs.words import LEVELS, by_severity

_ANSI = re.compile(rb"\x1b(?:\[[0-9;:?]{0,32}[ -/]{0,4}[@-~]|\([0-9A-Z])")
_PRI = re.compile(rb"<(\d{1,3})>(?:1 (?=\d|-))?")
_ISO = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)"
_CRI = re.compile(rb"(" + _ISO + rb") (?:stdout|stderr) [FP](?::\S{0,16})? ?")
_MONTH = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_SYSLOG = re.compile(
    rb"(" + _MONTH + rb" [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,6})?|" + _ISO + rb")"
    rb" ([\w.:-]{1,255}) ([\w./@()-]{1,64})(?:\[\d{1,10}\])?: "
)
_RFC5424 = re.compile(
    rb"(" + _ISO + rb"|-) \S{1,255} \S{1,48} \S{1,128} \S{1,32} (?:-|\[[^\]]{0,1000}\]) ?"
)
_ROUTED = re.compile(rb"(" + _ISO + rb") [\w.-]{1,64}\[[\w.-]{1,64}\]: ")
_COMPOSE = re.compile(rb"(?:\d\d:\d\d:\d\d |\d{1,4}\|)?([A-Za-z][\w.-]{0,63}) +\| ?")

_NO_HOST = frozenset(LEVELS) | {b"kernel:"}
"""Words that stand where a host or a program would, and are something else."""


def uncoloured(line: bytes, count: int) -> tuple[bytes, int]:
    """(the line without colour, where its first ``count`` bytes end in the coloured line)."""
    position = kept = 0
    for code in _ANSI.finditer(line):
        if kept + code.start() - position >= count:
            break
        kept += code.start() - position
        position = code.end()
    return _ANSI.sub(b"", line), position + count - kept


class Outer(NamedTuple):
    """A line without what stands around it."""

    payload: bytes
    level: str
    """From a syslog priority; empty without one."""
    time: bytes
    """The time of the outermost prefix that has one."""


def unwrap(line: bytes) -> Outer:
    """Take the prefixes off."""
    if b"\x1b" in line:
        line = _ANSI.sub(b"", line)
    line = line.lstrip(b"\0").removeprefix(b"\xef\xbb\xbf")
    level, time = "", b""
    for _ in range(3):  # a Compose prefix before a CRI one before a syslog one
        priority = _PRI.match(line)
        if priority and int(priority.group(1)) <= 191:
            level = level or by_severity(int(priority.group(1)) & 7)
            line, time, again = _syslog5424(line, priority, time)
        else:
            line, time, again = _container(line, time)
        if not again:
            break
    return Outer(line, level, time)


def _syslog5424(line: bytes, priority: re.Match[bytes], time: bytes) -> tuple[bytes, bytes, bool]:
    rest = line[priority.end() :]
    framed = _RFC5424.match(rest) if priority.group().endswith(b"1 ") else None
    if framed:
        return rest[framed.end() :].removeprefix(b"\xef\xbb\xbf"), time or framed.group(1), True
    return rest, time, True


def _container(line: bytes, time: bytes) -> tuple[bytes, bytes, bool]:
    cri = _CRI.match(line)
    if cri:
        return line[cri.end() :], time or cri.group(1), True
    syslog = _SYSLOG.match(line)
    if syslog and not {syslog.group(2).lower(), syslog.group(3).lower()} & _NO_HOST:
        kernel = b"kernel: " if syslog.group(3) == b"kernel" else b""
        return kernel + line[syslog.end() :], time or syslog.group(1), not kernel
    if line.startswith((b'{"log":', b'{"stream":')):
        return _docker(line, time)
    routed = _ROUTED.match(line)
    if routed:
        return line[routed.end() :], time or routed.group(1), True
    compose = _COMPOSE.match(line)
    if compose and compose.group(1).lower() not in LEVELS:
        return line[compose.end() :], time, True
    return line, time, False


def _docker(line: bytes, time: bytes) -> tuple[bytes, bytes, bool]:
    fields = json_fields(line) or {}
    text, stamp = fields.get("log"), fields.get("time")
    if not isinstance(text, str) or ("stream" not in fields and not isinstance(stamp, str)):
        return line, time, False
    own = stamp.encode("utf-8", "replace") if isinstance(stamp, str) else b""
    return text.encode("utf-8", "replace").rstrip(b"\r\n"), time or own, True
