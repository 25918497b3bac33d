"""What a record says: its message, the error beside it, and the text of its pattern."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from stagewatch.logs.fields import is_level_key, is_time_key, pairs
from stagewatch.logs.levels import JSON, PAIRS, TRACEBACK, Look
from stagewatch.logs.masks import masked
from stagewatch.logs.traces import begins, exception_after
from stagewatch.text import clean

T = TypeVar("T")
LONGEST = 300
"""Characters of a pattern's text."""
PART = " | "
"""Stands between a message and the error that comes with it."""
TRACE = "Traceback"
"""Stands for the message of a traceback without a record."""

_MESSAGE_KEYS = (
    "message",
    "msg",
    "@message",
    "short_message",
    "@mt",  # Serilog's, before its values are put in
    "messagetemplate",
    "@m",
    "renderedmessage",
    "event",
    "body",
    "textpayload",
)
_WHOLE_KEYS = ("text", "log", "full_message")
"""Those of a text that may hold a header of its own."""
_INNER_KEYS = ("fields", "jsonpayload", "record", "body", "log", "data")
"""Objects that hold the message where it does not stand beside the level."""
_ERROR_KEYS = (
    "error",
    "err",
    "exception",
    "@x",
    "exc_info",
    "exc_text",
    "error.message",
    "exception.message",
    "stack_trace",
    "stacktrace",
    "stack",
)
_KIND_KEYS = frozenset({"action", "class", "code", "kind", "name", "reason", "status", "type"})
_CODE = re.compile(r"[A-Z][A-Z_]+|\w{0,80}(?:Error|Exception)")
_LEAD = b" \t-:|,.]>)\xef\xbb\xbf"


def text_of(seen: Look, encoding: str = "utf-8", exception: bytes = b"") -> str:
    """The text of a record's pattern; ``exception`` is that of the traceback which follows it."""
    message, error = said(seen)
    raw = TRACE.encode() if seen.crash == TRACEBACK else masked(message)
    parts = [raw, *(masked(part) for part in (error, exception) if part)]
    return clean(PART.join(part.decode(encoding, "replace") for part in parts), LONGEST)


def message_of(seen: Look) -> bytes:
    """What a record says, without its header; of JSON empty where nothing in it is a message."""
    if seen.form == JSON:
        message, error = _of_fields(seen.fields or {})
        return message or error
    return said(seen)[0]


def is_wordless(seen: Look) -> bool:
    """Whether nothing in a structured record is known to say what happened."""
    return seen.form == JSON and not message_of(seen)


def said(seen: Look) -> tuple[bytes, bytes]:
    """(message, error beside it) of a record, without its header; a plain record has no error."""
    if seen.form == JSON:
        fields = seen.fields or {}
        message, error = _of_fields(fields)
        if message:
            return message, error
        message, names = _unknown(fields)
        if error:
            return (message, error) if message else (error, b"")
        return b" ".join(filter(None, (message, names))) or seen.payload, b""
    rest = seen.payload[seen.head :]
    if seen.form == PAIRS:
        found = {key: value for key, value in pairs(rest) if value}
        message, error = _first(found, _MESSAGE_KEYS), _first(found, _ERROR_KEYS)
        return (message, error) if message else (error or rest, b"")
    return rest.lstrip(_LEAD) or seen.payload, b""


def _first(found: Mapping[str, bytes], keys: Iterable[str]) -> bytes:
    lower = _lowered(found)
    return next((lower[key] for key in keys if key in lower), b"")


def _lowered(found: Mapping[str, T]) -> dict[str, T]:
    """The same by names in small letters; of two that are alike then, the first."""
    return {key.lower(): value for key, value in reversed(list(found.items()))}


def _of_fields(fields: Mapping[str, object]) -> tuple[bytes, bytes]:
    lower = _lowered(fields)
    return _line_of(_message_in(lower)), _last(_first_text(lower, _ERROR_KEYS))


def _message_in(lower: Mapping[str, object]) -> str:
    """The message of fields whose names are in small letters."""
    if found := _first_text(lower, _MESSAGE_KEYS):
        return found
    for key in _INNER_KEYS:
        inner = lower.get(key)
        fields = _lowered(inner) if isinstance(inner, dict) else {}
        if found := _first_text(fields, (*_MESSAGE_KEYS, "stringvalue")):
            return found
    return _first_text(lower, _WHOLE_KEYS)


def _first_text(lower: Mapping[str, object], keys: Iterable[str]) -> str:
    return next((text for key in keys if (text := _text(lower.get(key)))), "")


def _unknown(fields: Mapping[str, object]) -> tuple[bytes, bytes]:
    """(message, names) of fields of which none is known to be the message.

    The first value of several words is taken for it. The others are told by their names, and
    those that look like codes by their values too.
    """
    message, names = "", []
    for key, value in fields.items():
        if is_level_key(key) or is_time_key(key) or key.lower() in _ERROR_KEYS:
            continue
        text = value.strip() if isinstance(value, str) else ""
        if not message and len(text.split(None, 3)) > 2:
            message = text
        elif text and (key.lower() in _KIND_KEYS or _CODE.fullmatch(text)):
            names.append(f"{key}={text}")
        else:
            names.append(key)
    said = "{" + ", ".join(names) + "}" if names else ""
    return _line_of(message), _line_of(said)


def _line_of(text: str) -> bytes:
    return text.encode("utf-8", "replace").replace(b"\n", b" ")


def _text(value: object) -> str:
    if isinstance(value, list):  # Sentry's and Node's lists of errors, structlog's of tracebacks
        value = value[-1] if value else None
    if isinstance(value, dict):  # {"error": {"type": …, "message": …}}
        known = (value.get(key) for key in ("type", "exc_type", "name", "code"))
        kind = next((text for text in known if isinstance(text, str) and text), "")
        texts = (value.get(key) for key in ("message", "msg", "exc_value", "value"))
        text = next((text for text in texts if isinstance(text, str)), "")
        return ": ".join(filter(None, (kind, text)))
    return value if isinstance(value, str) and value.strip() else ""


def _last(error: str) -> bytes:
    """Of a traceback its exception; of a stack trace its first line."""
    raw = error.strip().encode("utf-8", "replace")
    if begins(raw, 0):
        return exception_after(raw + b"\n", 0) or raw.rpartition(b"\n")[2]
    return raw.partition(b"\n")[0].rstrip()
