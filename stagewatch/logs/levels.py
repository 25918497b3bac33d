"""What one physical line says about itself: its level, and whether it is a crash signature.

Only the level *field* counts, never a word in a message. The header of a line is walked from its
start, token by token (times, brackets, numbers, logger names), and the walk ends at the first
token that is no header; the first level found on the way is the line's. Every expression here is
linear in its input and sees the first ``LIMIT`` bytes only.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from stagewatch.logs.fields import Fields, json_fields, json_level, pairs, pairs_level
from stagewatch.logs.headers import (
    DAYS,
    MONTHS,
    PASSED,
    ZONES,
    marked_level,
    named_level,
    said_level,
)
from stagewatch.logs.prefixes import unwrap
from stagewatch.logs.words import CRITICAL, DEBUG, ERROR, INFO, LEVELS, WARNING, named

LIMIT = 4096
"""Bytes of a line that are looked at."""

GO_PANIC = "go-panic"
KERNEL = "kernel"
TRACEBACK = "traceback"

PLAIN = "plain"
JSON = "json"
PAIRS = "pairs"

_GLOG = re.compile(
    rb"([IWEF])(?:\d{4}|\d{8}) \d\d:\d\d:\d\d"
    rb"(?:(?:\.\d{1,9})? {1,8}\d{1,10} [\w./-]{1,120}:\d{1,6}\])?"
)
_GLOG_LEVELS = {b"I": INFO, b"W": WARNING, b"E": ERROR, b"F": CRITICAL}
_KERNEL = re.compile(
    rb"(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.,:Z+-]{0,20} )?(?:kernel: ?)?"
    rb"(?:\[ {0,8}\d{1,9}\.\d{1,9}\] ?|\[[A-Z][a-z]{2} [\w: ]{1,24}\] ?)?"  # dmesg, and -T
    rb"(?:Out of memory: Kill|Memory cgroup out of memory: Kill|oom-kill:"
    rb"|Killed process \d{1,9}[^:]{1,80} total-vm:"
    rb"|(?:[^\s:]{1,32} ){0,2}[^\s:]{1,64}(?: invoked oom-killer|\[\d{1,9}\]: segfault at ))"
)
_GO_FATAL = re.compile(
    rb"fatal error: (?:all goroutines are asleep|concurrent map |stack overflow|unexpected signal"
    rb"|runtime: out of memory|out of memory)"
)
_TRACEBACK = re.compile(rb"(?:  \+ Exception Group )?Traceback \(most recent call last\):")

_MOST_TOKENS = 10
_FILLER = re.compile(rb"[ \t|;]{0,40}(?:-{1,3}[ \t]{1,8}){0,2}(?:: )?")
_BRACKET = re.compile(rb"\[([^\[\]]{0,80})\]|\(([^()]{0,80})\)|<([^<>]{0,80})>")
_BETWEEN = re.compile(rb"[\s,|:/]+")
_TIME = re.compile(rb"\d[\dTZ:.,/+#_\-]{0,40}(?:[AP]M)?(?=[\s|;\]]|$)")
_MODULE = re.compile(rb"[\w.-]{0,40}[:#]([A-Za-z]{3,13})")
"""Apache's ``proxy_http:error``, Twisted's ``app.web#critical``."""
_LETTER = re.compile(rb"([DIWEC]) (?:\d{6}|\d{4}-\d\d-\d\d) \d\d:\d\d:\d\d")
"""Tornado's and Jupyter's."""
_LETTERS = {b"D": DEBUG, b"I": INFO, b"W": WARNING, b"E": ERROR, b"C": CRITICAL}
_TELEGRAF = re.compile(rb"([DIWE])! ")
_CONTINUED = re.compile(rb"(?:DETAIL|HINT|CONTEXT|QUERY|STATEMENT|LOCATION):  ")
"""PostgreSQL's further lines of a record: what stands there is quoted."""
_CSVLOG = re.compile(
    rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})? \w{1,5}"
    rb'(?:,(?:"(?:[^"]|""){0,1000}"|[^,"]{0,80})){10},([A-Z]{3,7}\d?),'
)
"""PostgreSQL's csvlog."""
_JOINED_TIME = re.compile(
    rb"(?:\d{4}[-/]\d\d[-/]\d\d[T ])?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?Z?[:-](?=[A-Za-z])"
)
"""Right before a name or a level; the date may have been passed already."""
_CLOCK = re.compile(rb"\d[:/\-]\d\d")
_WORD = re.compile(rb"[A-Za-z]{3,13}")
_ENDS = frozenset(b" \t:|;])/[,\r")
_SPACED = re.compile(rb":(?:\s|$)|\t|  | [|\[]| -{1,3} | \d{4}[-/]\d\d|$")
_WORDS = frozenset({b"alert", b"emergency", b"panic"})
"""Levels that begin many a sentence: in small letters these need a sign that they are none."""
_PROSE = re.compile(
    rb" (?:alerts?|are|bugs?|but|button|can|checks?|cleared|closed|contacts?|counts?|created|css"
    rb"|emails?|errors?|events?|exit|fields?|fired|for|has|in|incidents?|is|issues?|items?|levels?"
    rb"|logs?|manager|mass|messages?|mode|of|or|paths?|priority|raised|rates?|records?|resolved"
    rb"|rules?|sections?|sent|services?|severity|stock|stop|tests?|thinking|thresholds?|tickets?"
    rb"|updates?|was|were|will)\b",
    re.IGNORECASE,
)
"""What follows a word such as ``critical`` where a sentence begins with it."""
INDENTED = re.compile(
    rb"(?:[ \t]{1,40}(?!"
    rb"[DIWEFA],|(?:"
    + DAYS
    + rb"|"
    + MONTHS
    + rb"|"
    + ZONES
    + rb")\b|[^\s@]{1,80}@|[\w.@-]{1,64}=)[A-Za-z_][^\n\x1b]*+\n)++"
)
"""Whole lines that are no header whatever else is in them: indented, and a word first. A level in
them is one in source code; a time could follow only what ``PASSED`` passes, or be a pair's."""


class Look(NamedTuple):
    """What a line shows."""

    level: str
    """CRITICAL, ERROR, WARNING, INFO, DEBUG or empty."""
    record: bool
    """It starts a log record: it has a level or its own time."""
    crash: str
    """GO_PANIC, KERNEL, TRACEBACK or empty."""
    payload: bytes
    """The line without container prefix and colour."""
    form: str
    """PLAIN, JSON or PAIRS."""
    head: int
    """Where in ``payload`` the header ends: behind a plain level and what shows that it is one,
    at the brace of JSON, at the first pair of logfmt."""
    outer_time: bytes
    """The time that the container prefix carries, if any."""
    fields: Fields | None
    """Of JSON."""


class _Token(NamedTuple):
    """One step of the walk; without progress (``end`` is where it began) the walk is over."""

    end: int
    level: str = ""
    timed: bool = False
    form: str = PLAIN
    fields: Fields | None = None


def look(line: bytes) -> Look:
    """Read one line (without its end)."""
    outer = unwrap(line[:LIMIT])
    payload = outer.payload
    found = _walk(payload)
    own = found.level or (said_level(payload) if outer.time else "")
    level = outer.level if outer.level == CRITICAL else own or outer.level
    crash = "" if found.level else _crash(payload)
    if crash in (GO_PANIC, KERNEL):
        level = CRITICAL
    record = bool(level) or found.timed
    return Look(level, record, crash, payload, found.form, found.end, outer.time, found.fields)


def level_of(line: str | bytes) -> str:
    """The level of one line taken by itself; a traceback has none until it is placed."""
    return look(line.encode("utf-8", "replace") if isinstance(line, str) else line).level


def _crash(payload: bytes) -> str:
    if payload.startswith(b"panic: ") or _GO_FATAL.match(payload):
        return GO_PANIC
    if _TRACEBACK.match(payload):
        return TRACEBACK
    return KERNEL if _KERNEL.match(payload) else ""


def _walk(text: bytes) -> _Token:
    """The header as a whole: its end, its level, whether it has a time."""
    glog = _GLOG.match(text)
    if glog:
        return _Token(glog.end(), _GLOG_LEVELS[glog.group(1)], True)
    if text.startswith(b"panic: ") or _GO_FATAL.match(text):
        return _Token(0)
    csvlog = _CSVLOG.match(text)
    if csvlog:
        return _Token(csvlog.end(), named(csvlog[1].rstrip(b"12345")), True)
    position, timed = 0, False
    indented = text[:1] in (b" ", b"\t")
    for _ in range(_MOST_TOKENS):
        token = _step(text, position, timed)
        timed = timed or token.timed
        if token.level and indented and not timed:
            return _Token(0)  # a line of source code in a traceback, not a header
        if token.level or token.form != PLAIN or token.end == position:
            return token._replace(timed=timed)
        position = token.end
    return _Token(position, "", timed)


def _step(text: bytes, position: int, timed: bool) -> _Token:
    """One header token from ``position``; ``timed`` when the record's time came before."""
    filler = _FILLER.match(text, position)
    start = filler.end() if filler else position
    first = text[start : start + 1]
    if first == b"{" and not PASSED.match(text, start):
        fields = json_fields(text[start:])
        return _Token(start, _level_of(fields or {}), bool(fields), JSON, fields)
    if first in (b"[", b"(", b"<"):
        bracket = _BRACKET.match(text, start)
        if bracket is None:
            return _Token(position)
        inside = bracket.group(bracket.lastindex or 1)
        return _Token(bracket.end(), _in_bracket(inside), bool(_CLOCK.search(inside)))
    if first.isdigit():
        day = PASSED.match(text, start)
        if day:
            return _Token(day.end())
        joined = _JOINED_TIME.match(text, start)
        if joined:
            return _Token(joined.end(), "", True)
        time = _TIME.match(text, start)
        return _Token(time.end(), "", bool(_CLOCK.search(time[0]))) if time else _Token(position)
    return _wordy(text, start, position, timed)


def _in_bracket(inside: bytes) -> str:
    """The level in ``[error]``, ``[core:error]`` or ``[2026-01-01 00:00:00,000: ERROR/Main]``."""
    whole = named(inside)
    if whole:
        return whole
    for part in inside.split(b"/", 1):  # [Server thread/FATAL]
        if part.isupper() and part.lower() in LEVELS:
            return LEVELS[part.lower()]
    if module := _MODULE.fullmatch(inside):
        return named(module[1])
    if letter := _LETTER.match(inside):
        return _LETTERS[letter[1]]
    if not _CLOCK.search(inside):
        return ""
    words = _BETWEEN.split(inside)
    return next((LEVELS[w.lower()] for w in words if w.isupper() and w.lower() in LEVELS), "")


def _level_of(fields: Fields) -> str:
    """The level of a record of JSON; of the journal's, the message knows better than a service's
    standard output, whose priority is always the same."""
    level, message = json_level(fields), fields.get("MESSAGE")
    if "PRIORITY" in fields and isinstance(message, str) and level != CRITICAL:
        return look(message.encode("utf-8", "replace")).level or level
    return level


def _wordy(text: bytes, start: int, position: int, timed: bool) -> _Token:
    word = _WORD.match(text, start)
    level = LEVELS.get(word[0].lower(), "") if word else ""
    if word and level:
        end = _field_end(text, word[0], word.end())
        if not end and timed and level == CRITICAL and text[word.end()] in b" ":
            prose = word[0].lower() in _WORDS or _PROSE.match(text, word.end())
            end = 0 if prose else word.end() + 1
        if (
            timed
            and word[0].isupper()
            and b"-" == text[start - 1 : start] == text[word.end() :][:1]
        ):
            end = word.end() + 1  # Python's time-CRITICAL-
        if end:
            return _Token(end, level)
    passed = PASSED.match(text, start)
    if passed:
        return _Token(passed.end())
    if timed and _CONTINUED.match(text, start):
        return _Token(position)
    telegraf = _TELEGRAF.match(text, start) if timed else None
    if telegraf:
        return _Token(telegraf.end(), _LETTERS[telegraf[1]])
    marked = marked_level(text, start) if start == position or timed else None
    if marked:
        return _Token(*marked)
    named_one = named_level(text, start, timed=timed, piped=b"|" in text[position:start])
    if named_one:
        return _Token(*named_one)
    if next(pairs(text[start:]), None):
        level = pairs_level(text[start:])
        return _Token(start, level, bool(level), PAIRS)
    return _Token(position)


def _field_end(text: bytes, word: bytes, end: int) -> int:
    """Where a level word ends together with what shows it to be a field; 0 for prose."""
    if word.isupper() and (end == len(text) or text[end] in _ENDS):
        return end + 1
    spaced = _SPACED.match(text, end)
    return spaced.end() if spaced else 0
