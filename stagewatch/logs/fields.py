"""Level and time fields of structured lines: JSON and logfmt."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from stagewatch.logs.words import by_number, by_severity, named

_LEVEL_KEYS = (
    "level",
    "severity",
    "lvl",
    "loglevel",
    "log_level",
    "log.level",
    "levelname",
    "level_name",
    "@level",
    "severity_text",
    "severityText",
    "SeverityText",
)
_TIME_KEYS = (
    "ts",
    "time",
    "timestamp",
    "@timestamp",
    "t",
    "asctime",
    "datetime",
    "date",
    "eventTime",
)
_PAIR = re.compile(rb'([A-Za-z_@][\w.@-]{0,63})=("(?:[^"\\]|\\.)*"|[^\s"]*)(?:\s+|$)')
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s"{}\[\],:]+')

Value = str | float | None


def json_fields(line: bytes) -> dict[str, object] | None:
    """The top-level fields of a JSON object; of a cut one, those before the cut.

    None when the line is not an object.
    """
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return dict(_cut_fields(line)) if line.startswith(b"{") else None
    return found if isinstance(found, dict) else None


def _cut_fields(line: bytes) -> Iterator[tuple[str, object]]:
    """Top-level scalar fields of an object that may end anywhere."""
    depth, key, value_next = 0, "", False
    for match in _TOKEN.finditer(line):
        token = match.group()
        if token in b"{[":
            depth, value_next = depth + 1, False
        elif token in b"}]":
            depth -= 1
        elif token == b":":
            value_next = depth == 1
        elif token == b",":
            value_next = False
        elif depth == 1 and value_next:
            yield key, _scalar(token)
        elif depth == 1:
            key = str(_scalar(token))


def _scalar(token: bytes) -> object:
    try:
        found: object = msgspec.json.decode(token)
    except msgspec.DecodeError:
        return token.decode("utf-8", "replace").strip('"')
    return found


def json_level(fields: dict[str, object]) -> str:
    """The level that these fields state: a name wins over a number."""
    number = None
    nested = fields.get("log")
    if isinstance(nested, dict) and isinstance(nested.get("level"), str):  # Elastic Common Schema
        return named(nested["level"].encode())
    for key in _LEVEL_KEYS:
        value = fields.get(key)
        if isinstance(value, str):
            level = named(value.encode("utf-8", "replace"))
            if level:
                return level
            value = float(value) if value.isascii() and value.isdigit() else None
        if number is None and isinstance(value, int | float) and not isinstance(value, bool):
            number = value
    if number is None:
        return _journal_level(fields)
    if fields.get("version") == "1.1" and "short_message" in fields and 0 <= number <= 7:
        return by_severity(int(number))  # GELF carries the syslog severity
    return by_number(number)


def _journal_level(fields: dict[str, object]) -> str:
    priority = fields.get("PRIORITY")
    if isinstance(priority, str) and priority in tuple("01234567"):
        return by_severity(int(priority))
    return ""


def json_time(fields: dict[str, object]) -> Value:
    """The record's own time: text, or a number of s, ms, µs or ns since 1970."""
    for key in _TIME_KEYS:
        value = fields.get(key)
        if isinstance(value, dict):  # MongoDB: {"$date": "…"}
            value = value.get("$date")
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return value
    return None


def pairs(text: bytes) -> Iterator[tuple[str, bytes]]:
    """The key=value pairs that ``text`` starts with, values unquoted."""
    position = 0
    while match := _PAIR.match(text, position):
        yield match.group(1).decode(), match.group(2).strip(b'"')
        position = match.end()


def pairs_level(text: bytes) -> str:
    """The level of a logfmt line."""
    for key, value in pairs(text):
        if key in _LEVEL_KEYS:
            return by_number(float(value)) if value.isdigit() else named(value)
    return ""


def pairs_time(text: bytes) -> Value:
    """The time field of a logfmt line."""
    return next(
        (value.decode("ascii", "replace") for key, value in pairs(text) if key in _TIME_KEYS), None
    )
