"""A session as TOML text and back, exactly."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from pathlib import Path

import msgspec

from stagewatch.session.document import Instant, Record, Session
from stagewatch.session.errors import (
    SessionDamagedError,
    SessionError,
    SessionHandEditedError,
    SessionInvalidError,
    SessionTooNewError,
)
from stagewatch.session.instant import from_datetime, rfc3339, to_datetime
from stagewatch.session.seal import Seal, seal, unseal

VERSION = 1
HEADER = """\
# A stagewatch session: what people did during one watch. Times are in UTC.
# Mending it by hand: docs/session.md. The last line guards against a cut file.
"""
HAND_EDITED = "was changed by hand: its checksum differs"

_NOWHERE = Path("session.toml")
_ALWAYS = ("version", "state")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>.*?)`(?: - at `\$\.?(?P<at>.*)`)?")
_WRONG = re.compile(r"(?P<what>.*) - at `\$\.?(?P<at>.*)`")
_STEP = re.compile(r"(?P<name>\w+)(?:\[(?P<index>\d+)\])?")


class _Stamp(datetime):
    """A time that tomli_w writes to the millisecond with ``Z``; it writes times with ``str``."""

    def __str__(self) -> str:
        return rfc3339(from_datetime(self))


def dumps(session: Session, revision: int = 1) -> str:
    """The session's file: a comment, the tables, and the last line with the checksum.

    Keys that say nothing (an empty note) are left out; times are kept to the millisecond.
    """
    return seal(HEADER + "\n".join(_tables(session, "")), revision)


def loads(text: str | bytes, path: Path = _NOWHERE) -> tuple[Session, int]:
    """The session and its revision; raises a SessionError that names ``path``.

    Text whose checksum differs is refused with SessionHandEditedError.
    """
    unsealed = unseal(text.encode("utf-8", "replace") if isinstance(text, str) else text, path)
    session = parse(unsealed.text, path)
    if unsealed.seal is Seal.ALTERED:
        raise SessionHandEditedError(path, HAND_EDITED)
    return session, unsealed.revision


def parse(text: str, path: Path = _NOWHERE) -> Session:
    """A session from the TOML above the last line.

    Raises SessionDamagedError (not TOML), SessionTooNewError or SessionInvalidError.
    """
    import tomllib

    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SessionDamagedError(path, f"is not valid TOML: {error}") from None
    version = raw.get("version")
    if isinstance(version, int) and version > VERSION:
        message = f"made by a newer stagewatch (version {version}; this one knows {VERSION})"
        raise SessionTooNewError(path, message, "upgrade stagewatch")
    try:
        return msgspec.convert(raw, Session, strict=True, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise _invalid(path, text, str(error)) from None


def _decode(kind: type, value: object) -> object:
    if kind is Instant and isinstance(value, datetime):
        return from_datetime(value)
    raise ValueError(f"expected a time such as 2025-11-23T19:02:12Z, got {value!r}")


def _tables(record: Record, name: str) -> list[str]:
    """The record's own keys, then a ``[[table]]`` for each record inside it."""
    import tomli_w

    keys: dict[str, object] = {}
    inner: list[str] = []
    for key, default in _defaults(type(record)):
        value = getattr(record, key)
        if isinstance(value, list):
            path = f"{name}.{key}" if name else key
            inner += [text for part in value for text in _tables(part, path)]
        elif value is not None and (key in _ALWAYS or value != default):
            keys[key] = _stamped(value)
    header = f"[[{name}]]\n" if name else ""
    return [header + tomli_w.dumps(keys), *inner]


@cache
def _defaults(kind: type[Record]) -> tuple[tuple[str, object], ...]:
    # Asking msgspec takes a millisecond a table, for it evaluates the annotations each time.
    return tuple((field.name, field.default) for field in msgspec.structs.fields(kind))


def _stamped(value: object) -> object:
    if isinstance(value, Instant):
        moment = to_datetime(value)
        return _Stamp.combine(moment.date(), moment.timetz())
    return value


def _invalid(path: Path, text: str, message: str) -> SessionError:
    """The person's version of what msgspec says: ``line 12, tick.bye: unknown key 'bye'``."""
    unknown = _UNKNOWN.fullmatch(message)
    found = unknown or _WRONG.fullmatch(message)
    at = found["at"] or "" if found else ""
    steps = [(m["name"], int(m["index"] or 0)) for m in _STEP.finditer(at)]
    if unknown is None:
        return SessionInvalidError(
            path, _place(text, steps) + (found["what"] if found else message)
        )
    key = unknown["key"]
    where = _place(text, [*steps, (key, 0)])
    return SessionInvalidError(path, f"{where}unknown key {key!r}", _did_you_mean(key, steps))


def _place(text: str, steps: list[tuple[str, int]]) -> str:
    """``line 12, tick.note: ``, following the headers that lead there."""
    lines = text.splitlines()
    line, name = 0, ""
    for step, index in steps:
        name = f"{name}.{step}" if name else step
        start = rf"\s*(\[\[\s*{re.escape(name)}\s*\]\]|{re.escape(step)}\s*=)"
        hits = [n for n in range(line, len(lines)) if re.match(start, lines[n])]
        line = hits[index] if index < len(hits) else line
    return f"line {line + 1}, {name}: " if line else name and f"{name}: "


def _did_you_mean(key: str, steps: list[tuple[str, int]]) -> str:
    import difflib

    known = _record_at(steps).__struct_fields__
    near = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"it may have {', '.join(known)}"


def _record_at(steps: list[tuple[str, int]]) -> type[Record]:
    """The table that a path such as ``tick[2].evidence[0]`` leads to."""
    record: type[Record] = Session
    for step, _ in steps:
        kinds = {field.name: field.type for field in msgspec.structs.fields(record)}
        record = kinds[step].__args__[0]
    return record
