"""Level and time fields of structured lines: JSON and logfmt. The first one in a line counts."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import islice

import msgspec

from stagewatch.logs.words import by_number, by_severity, named

_LEVEL_KEYS = frozenset(
    {
        "@l",
        "@level",
        "error_severity",
        "level",
        "level_name",
        "levelname",
        "log.level",
        "log_level",
        "loglevel",
        "lvl",
        "severity",
        "severity_text",
        "severitytext",
    }
)
_TIME_KEYS = frozenset(
    {
        "@t",
        "@timestamp",
        "asctime",
        "date",
        "datetime",
        "eventtime",
        "t",
        "time",
        "timestamp",
        "ts",
    }
)
_PAIR = re.compile(
    rb"([A-Za-z_@][\w.@-]{0,63})="
    rb'("(?:[^"\\]|\\.)*"|\d{4}-\d\d-\d\d \d\d:\d\d:[\d.,]+(?=\s)|[^\s"]*)(?:\s+|$)'
)
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\\?$)|[{}\[\],:]|[^\s"{}\[\],:]+')
_MOST_TOKENS = 512
SEVERITY_NUMBERS = frozenset({"SeverityNumber", "severityNumber", "severity_number"})
_MONGO = {"F": "fatal", "E": "error", "W": "warning", "I": "info"}

Fields = dict[str, object]
Value = str | float | None


def is_level_key(key: str) -> bool:
    """Whether a field of this name is the level; ``Level`` and ``logLevel`` are."""
    return key.lower() in _LEVEL_KEYS


def is_time_key(key: str) -> bool:
    """Whether a field of this name is the record's own time."""
    return key.lower() in _TIME_KEYS


def json_fields(line: bytes) -> Fields | None:
    """The top-level fields of a JSON object; of a cut one, those before the cut.

    None when the line is not an object.
    """
    try:
        found = msgspec.json.decode(line)
    except UnicodeDecodeError:
        return json_fields(line.decode("utf-8", "replace").encode())
    except (msgspec.DecodeError, RecursionError):
        return dict(_cut_fields(line)) if line.startswith(b"{") else None
    return found if isinstance(found, dict) else None


def _cut_fields(line: bytes) -> Iterator[tuple[str, object]]:
    """Top-level scalar fields of an object that may end anywhere."""
    depth, key, value_next = 0, "", False
    for match in islice(_TOKEN.finditer(line), _MOST_TOKENS):
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
    except (msgspec.DecodeError, UnicodeDecodeError):
        return token.decode("utf-8", "replace").strip('"')
    return found


def json_level(fields: Fields) -> str:
    """The level that these fields state."""
    for key, value in fields.items():
        level = _level(value, fields) if is_level_key(key) else _odd_level(key, value, fields)
        if level:
            return level
    return ""


def _level(value: object, fields: Fields) -> str:
    if isinstance(value, dict):  # {"level": {"name": "fatal", "no": 50}}
        value = value.get("name")
    if isinstance(value, str) and not value.isdigit():
        return named(value.encode("utf-8", "replace"))
    number = _number(value)
    if number is None:
        return ""
    name = fields.get("level_name")
    if number >= 100 and isinstance(name, str):  # Monolog counts in hundreds, and names it too
        return named(name.encode("utf-8", "replace"))
    if 0 <= number <= 7 and fields.get("version") == "1.1" and "short_message" in fields:
        return by_severity(int(number))  # GELF carries the syslog severity
    return by_number(number)


def _odd_level(key: str, value: object, fields: Fields) -> str:
    """Levels under keys that mean something else elsewhere."""
    if key == "log" and isinstance(value, dict):  # Elastic Common Schema
        level = value.get("level")
        return named(level.encode("utf-8", "replace")) if isinstance(level, str) else ""
    if key == "record" and isinstance(value, dict):  # loguru
        return _level(value.get("level"), value)
    if key == "PRIORITY" and str(value) in tuple("01234567"):  # journald
        return by_severity(int(str(value)))
    if key == "L" and isinstance(value, str) and "M" in fields:  # zap
        return named(value.encode("utf-8", "replace"))
    if key in SEVERITY_NUMBERS and isinstance(value, int):  # OpenTelemetry
        steps = ((21, "fatal"), (17, "error"), (13, "warn"), (9, "info"), (1, "debug"))
        return named(next((word for least, word in steps if value >= least), "").encode())
    if key == "s" and isinstance(value, str) and isinstance(fields.get("t"), dict):  # MongoDB
        return named(_MONGO.get(value, "debug").encode())
    return ""


def _number(value: object) -> float | None:
    if isinstance(value, str):
        return float(value) if value.isascii() and value.isdigit() else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:  # of more than 308 digits
            return math.inf
    return None


def json_time(fields: Fields) -> Value:
    """The record's own time: text, or a number of s, ms, µs or ns since 1970."""
    for key, value in fields.items():
        if not is_time_key(key):
            continue
        if isinstance(value, dict):  # MongoDB: {"$date": "…"}
            value = value.get("$date")
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return value
    return None


def pairs(text: bytes) -> Iterator[tuple[str, bytes]]:
    """The key=value pairs that ``text`` starts with, values unquoted."""
    position = 0
    while match := _PAIR.match(text, position):
        yield match[1].decode(), match[2].strip(b"\"'")
        position = match.end()


def pairs_level(text: bytes) -> str:
    """The level of a logfmt line."""
    for key, value in pairs(text):
        if is_level_key(key):
            return by_number(float(value)) if value.isdigit() else named(value)
    return ""


def pairs_time(text: bytes) -> Value:
    """The time field of a logfmt line."""
    found = (value for key, value in pairs(text) if is_time_key(key))
    return next((value.decode("ascii", "replace") for value in found), None)
