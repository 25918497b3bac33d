"""JSON read strictly: what a careless service sends must not pass for a number."""

from __future__ import annotations

import json
import math
from collections import Counter

MAX_PARTS = 100_000
"""Values in one document; more would hold up the event loop while they are parsed."""


class JsonError(ValueError):
    """The text is not JSON that may be trusted; ``str()`` says why."""


def parse(body: bytes) -> object:
    """The document in ``body``. Raises JsonError for anything ambiguous or out of bounds.

    Refused beside broken JSON: a key given twice, NaN and Infinity, a number beyond a float,
    nesting deeper than Python goes, more than MAX_PARTS values, bytes that are not UTF-8.
    """
    if sum(map(body.count, (b",", b"[", b"{"))) > MAX_PARTS:
        raise JsonError(f"more than {MAX_PARTS} values")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise JsonError("not UTF-8") from error
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_int,
        )
    except RecursionError as error:
        raise JsonError("nested too deep") from error
    except json.JSONDecodeError as error:
        raise JsonError(f"{error.msg[:1].lower()}{error.msg[1:]} at byte {error.pos}") from error


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise JsonError(f"key {twice!r} is given twice")
    return made


def _constant(name: str) -> object:
    raise JsonError(f"{name} is not a JSON number")


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise JsonError(f"number {digits[:20]} is too big")
    return number


def _int(digits: str) -> int:
    # Python refuses to convert very long digits, and a float holds no more than 309 of them.
    if len(digits) > 309:
        raise JsonError(f"number {digits[:20]}… is too big")
    return int(digits)
