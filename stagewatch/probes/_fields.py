"""Fields of a JSON document by path: plain dotted keys, or JMESPath for anything else."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable

MISSING = object()
"""What a path finds where there is nothing; JSON's ``null`` is None."""

Path = Callable[[object], object]

_PLAIN = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class PathError(ValueError):
    """A path that is neither dotted keys nor JMESPath; ``str()`` says what is wrong."""


class FieldError(ValueError):
    """Why a field is not a usable number; ``str()`` ends a sentence that begins with its path."""


def compile_path(text: str) -> Path:
    """A function from a document to what ``text`` points at, or MISSING."""
    return _plain(text) if _PLAIN.fullmatch(text) else _jmespath(text)


def number(value: object, *, convert: bool) -> float:
    """A finite float; raises FieldError. Text passes only with ``convert``, truth never."""
    if value is MISSING:
        raise FieldError("is missing")
    if value is None:
        raise FieldError("is null")
    if isinstance(value, str):
        if not (convert and _NUMBER.fullmatch(value.strip())):
            raise FieldError("is text, not a number")
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FieldError(f"is {_kind(value)}, not a number")
    try:
        found = float(value)
    except OverflowError as error:
        raise FieldError("is too big") from error
    if not math.isfinite(found):
        raise FieldError("is not a finite number")
    return found


def same(wanted: object, found: object) -> bool:
    """Equality as JSON means it: ``true`` is not 1, but 1 is 1.0."""
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found
    if isinstance(wanted, dict) and isinstance(found, dict):
        return wanted.keys() == found.keys() and all(same(wanted[k], found[k]) for k in wanted)
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(map(same, wanted, found))
    return wanted == found


def shown(value: object) -> str:
    """A field as text: strings as they are, everything else as JSON."""
    if value is MISSING:
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _plain(text: str) -> Path:
    keys = text.split(".")

    def find(document: object) -> object:
        for key in keys:
            if isinstance(document, dict) and key in document:
                document = document[key]
            elif isinstance(document, list) and key.isdecimal() and int(key) < len(document):
                document = document[int(key)]
            else:
                return MISSING
        return document

    return find


def _jmespath(text: str) -> Path:
    import jmespath

    try:
        expression = jmespath.compile(text)
    except jmespath.exceptions.JMESPathError as error:
        raise PathError(str(error).splitlines()[0]) from error

    def find(document: object) -> object:
        try:
            found: object = expression.search(document)
        except jmespath.exceptions.JMESPathError:
            # A function met a type that it does not take, so there is no such field.
            return MISSING
        # JMESPath does not tell null from absent.
        return MISSING if found is None else found

    return find


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "a list" if isinstance(value, list) else "an object"
