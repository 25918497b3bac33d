"""A line as a person reads it: its level, and JSON without its braces."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from stagewatch.logs.fields import Fields, is_level_key, is_time_key
from stagewatch.logs.levels import JSON, LIMIT, Look, look
from stagewatch.logs.stamps import stamp_of
from stagewatch.logs.wording import message_of
from stagewatch.logs.words import LEVELS
from stagewatch.text import clean


class Shown(NamedTuple):
    """A line, already cleaned."""

    level: str
    text: str
    at: int
    """Where in ``text`` the word of the level stands; -1 where it cannot be told."""
    word: str
    """That word."""


def shown(raw: bytes, encoding: str) -> Shown:
    """One line, JSON as ``time LEVEL message key=value``."""
    seen = look(raw[:LIMIT])
    if seen.form == JSON and seen.fields:
        return _json(seen, seen.fields, encoding)
    text = clean(
        seen.payload.decode(encoding, "replace") if b"\x1b" in raw else _text(raw, encoding)
    )
    head = text[: max(seen.head, 0) + 64]
    at, word = _level_word(head, seen.level)
    return Shown(seen.level, text, at, word)


def _text(raw: bytes, encoding: str) -> str:
    return raw.decode(encoding, "replace")


def _level_word(head: str, level: str) -> tuple[int, str]:
    """Where a line writes its level."""
    position = 0
    for word in (
        head.replace("[", " ").replace("]", " ").replace(":", " ").replace("|", " ").split()
    ):
        position = head.find(word, position)
        if LEVELS.get(word.lower().encode()) == level:
            return position, word
    return -1, ""


def parts(raw: bytes) -> tuple[float | None, str, str] | None:
    """(its own time, its level, what it says) of a record of JSON; None of any other line."""
    seen = look(raw[:LIMIT])
    if seen.form != JSON or not seen.fields:
        return None
    return stamp_of(seen, 0.0), seen.level, clean("  ".join(_said(seen, seen.fields)))


def _json(seen: Look, fields: Fields, encoding: str) -> Shown:
    level = seen.level.ljust(8)
    text = clean("  ".join(filter(None, [_time(seen, fields), level, *_said(seen, fields)])))
    return Shown(seen.level, text, text.find(level) if seen.level else -1, seen.level)


def _time(seen: Look, fields: Fields) -> str:
    """The record's time as it writes it; a number of seconds as a date."""
    value = next((fields[key] for key in fields if is_time_key(key)), "")
    stamp = None if isinstance(value, str) else stamp_of(seen, 0.0)
    if stamp is None:
        return str(value)
    return datetime.fromtimestamp(stamp, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _said(seen: Look, fields: Fields) -> Iterator[str]:
    """What a record of JSON says: its message, its other fields, and whether it was cut."""
    message = message_of(seen).decode("utf-8", "replace")
    if message:
        yield message
    for key, value in fields.items():
        if not is_time_key(key) and not is_level_key(key) and value != message:
            yield f"{key}={_value(value)}"
    if len(seen.payload) >= LIMIT - 1:
        yield "…"


def _value(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def record_text(lines: list[bytes], encoding: str) -> list[str]:
    """A whole record: JSON indented, every line inert."""
    if len(lines) == 1:
        seen = look(lines[0][:LIMIT])
        if seen.form == JSON:
            start = lines[0].find(b"{")
            try:
                pretty = msgspec.json.format(lines[0][start:], indent=2)
            except msgspec.DecodeError:
                pretty = b""
            if pretty:
                head = [lines[0][:start]] if start else []
                lines = [*head, *pretty.split(b"\n")]
    return [clean(_text(line, encoding)) for line in lines]
