"""A session's text made safe to show: the file is a boundary, since anybody may edit it."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from stagewatch.session.document import Record
from stagewatch.text import clean, clean_lines

R = TypeVar("R", bound=Record)

SEVERAL_LINES = frozenset({"text", "note", "handover", "reason"})
"""The keys in which a person may write several lines."""


def inert(record: R) -> R:
    """``record`` with every text in it clean; the same object when it was."""
    changes = {
        name: new
        for name in record.__struct_fields__
        if (new := _inert(name, old := getattr(record, name))) is not old
    }
    return msgspec.structs.replace(record, **changes) if changes else record


def _inert(name: str, value: object) -> object:
    if isinstance(value, str):
        new = clean_lines(value) if name in SEVERAL_LINES else clean(value)
        return value if new == value else new
    if isinstance(value, list):
        parts = [inert(part) for part in value]
        return value if all(map(lambda a, b: a is b, parts, value)) else parts
    return value
