"""What a record says: its message, the error beside it, and the text of its pattern."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stagewatch.logs.fields import pairs
from stagewatch.logs.levels import JSON, PAIRS, TRACEBACK, Look
from stagewatch.logs.masks import masked
from stagewatch.logs.traces import begins, exception_after
from stagewatch.text import clean

LONGEST = 300
"""Characters of a pattern's text."""
PART = " | "
"""Stands between a message and the error that comes with it."""
TRACE = "Traceback"
"""Stands for the message of a traceback without a record."""

_MESSAGE_KEYS = ("message", "msg", "@message", "short_message", "event", "body", "text", "log")
_ERROR_KEYS = (
    "error",
    "err",
    "exception",
    "exc_info",
    "exc_text",
    "error.message",
    "exception.message",
    "stack_trace",
    "stacktrace",
    "stack",
)
_LEAD = b" \t-:|,.]>)\xef\xbb\xbf"


def text_of(seen: Look, encoding: str = "utf-8", exception: bytes = b"") -> str:
    """The text of a record's pattern; ``exception`` is that of the traceback which follows it."""
    message, error = said(seen)
    raw = TRACE.encode() if seen.crash == TRACEBACK else masked(message)
    parts = [raw, *(masked(part) for part in (error, exception) if part)]
    return clean(PART.join(part.decode(encoding, "replace") for part in parts), LONGEST)


def message_of(seen: Look) -> bytes:
    """What a record says, without its header."""
    return said(seen)[0]


def said(seen: Look) -> tuple[bytes, bytes]:
    """(message, error beside it) of a record, without its header; a plain record has no error."""
    if seen.form == JSON:
        message, error = _of_fields(seen.fields or {})
        return (message, error) if message else (error or seen.payload, b"")
    rest = seen.payload[seen.head :]
    if seen.form == PAIRS:
        found = {key: value for key, value in pairs(rest) if value}
        message, error = _first(found, _MESSAGE_KEYS), _first(found, _ERROR_KEYS)
        return (message, error) if message else (error or rest, b"")
    return rest.lstrip(_LEAD) or seen.payload, b""


def _first(found: Mapping[str, bytes], keys: Iterable[str]) -> bytes:
    return next((found[key] for key in keys if key in found), b"")


def _of_fields(fields: Mapping[str, object]) -> tuple[bytes, bytes]:
    message = next((text for key in _MESSAGE_KEYS if (text := _text(fields.get(key)))), "")
    error = next((text for key in _ERROR_KEYS if (text := _text(fields.get(key)))), "")
    return message.encode("utf-8", "replace").replace(b"\n", b" "), _last(error)


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
