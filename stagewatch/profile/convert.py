"""Raw TOML values → the schema's types, with a problem for every key that does not fit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin

import msgspec
from msgspec.structs import fields

from stagewatch.profile.problems import Key, did_you_mean, quoted
from stagewatch.profile.values import Duration, Limit, kind_of, parse_duration, parse_limit

T = TypeVar("T")


MAX_SUGGESTIONS = 100
"""So many wrong names are compared with the right ones; each takes time where there are many."""


@dataclass(slots=True)
class Findings:
    """The problems of one profile as they are found: (where, what, hint)."""

    found: list[tuple[Key, str, str]] = field(default_factory=list)
    unread: set[Key] = field(default_factory=set)
    """Keys whose value could not be read: what else is said of them would be about a default."""
    _around: set[Key] = field(default_factory=set)
    """Every key in ``found``, and the tables around it."""
    _around_unread: set[Key] = field(default_factory=set)
    _suggested: int = 0

    def add(self, key: Key, what: str, hint: str = "") -> None:
        """Note one problem, unless the key's value could not even be read."""
        if key not in self.unread:
            self.found.append((key, what, hint))
            self._around.update(_with_tables(key))

    def unreadable(self, key: Key, what: str, hint: str = "") -> None:
        """Note that the value of ``key`` is not what it must be."""
        self.add(key, what, hint)
        self.unread.add(key)
        self._around_unread.update(_with_tables(key))

    def concern(self, table: Key) -> bool:
        """Whether anything was found at or below ``table``."""
        return table in self._around

    def left_unread(self, table: Key) -> bool:
        """Whether something at or below ``table`` could not be read."""
        return table in self._around_unread

    def suggest(self, name: str, known: Iterable[str], otherwise: str) -> str:
        """``did you mean "every"?``, or ``otherwise`` and the names there are."""
        self._suggested += 1
        return (
            did_you_mean(name, list(known), otherwise) if self._suggested <= MAX_SUGGESTIONS else ""
        )


def _with_tables(key: Key) -> Iterator[Key]:
    return (key[:length] for length in range(len(key) + 1))


def hook(wanted: type, value: object) -> object:
    """msgspec's decoder for the types that people write as text."""
    if wanted is Duration:
        return parse_duration(value)
    if wanted is Limit:
        return parse_limit(value)
    raise NotImplementedError(wanted)


def convert(raw: object, wanted: type[T], key: Key, findings: Findings) -> T | None:
    """``raw`` as ``wanted``, with every reason in ``findings`` when it does not fit.

    A table of which only optional keys do not fit is returned with the defaults of those, so
    that the rest of it can still be checked; None where that cannot be.
    """
    try:
        return msgspec.convert(raw, wanted, dec_hook=hook)
    except msgspec.ValidationError as error:
        before = len(findings.found)
        salvaged = _explain(raw, wanted, key, findings)
        if len(findings.found) == before:
            findings.unreadable(key, _plain(str(error)))
            return None
        return cast("T | None", salvaged)


def _explain(raw: object, wanted: object, key: Key, findings: Findings) -> object:
    """Take a value that does not fit apart, down to the keys that are to blame.

    Returns what is left of it, or None.
    """
    if get_origin(wanted) is Annotated:
        wanted = get_args(wanted)[0]
    origin, arguments = get_origin(wanted), get_args(wanted)
    if isinstance(raw, str) and (words := _words_of(wanted)):
        hint = findings.suggest(raw, words, "it is one of")
        findings.unreadable(key, f"{quoted(raw)} is not known here", hint)
        return None
    if isinstance(raw, dict) and (table := _table_for(raw, wanted, key, findings)) is not None:
        return _explain_table(raw, table, key, findings)
    if isinstance(raw, dict) and origin is dict:
        values = {n: convert(v, arguments[1], (*key, n), findings) for n, v in raw.items()}
        return {name: value for name, value in values.items() if value is not None}
    if isinstance(raw, list) and origin is list:
        elements = [convert(v, arguments[0], (*key, i), findings) for i, v in enumerate(raw)]
        # With one left out, the others would go by wrong numbers.
        return None if None in elements else elements
    return None


def _table_for(
    raw: dict[str, Any], wanted: object, key: Key, findings: Findings
) -> type[msgspec.Struct] | None:
    """The struct that a table is meant as; None where it is not meant as one, or not clear."""
    choices = [
        choice
        for choice in _choices(wanted)
        if isinstance(choice, type) and issubclass(choice, msgspec.Struct)
    ]
    if len(choices) < 2:
        return choices[0] if choices else None
    tags = {str(choice.__struct_config__.tag): choice for choice in choices}
    tag_key = str(choices[0].__struct_config__.tag_field)
    tag = raw.get(tag_key)
    if isinstance(tag, str) and tag in tags:
        return tags[tag]
    if tag is None:
        findings.unreadable((*key, tag_key), "missing", f"one of {', '.join(sorted(tags))}")
    elif not isinstance(tag, str):
        findings.unreadable((*key, tag_key), f"must be text in quotes, not {kind_of(tag)}")
    else:
        hint = findings.suggest(tag, sorted(tags), "there are")
        findings.unreadable((*key, tag_key), f"there is no {tag_key} {quoted(tag)}", hint)
    return None


def _words_of(wanted: object) -> list[str]:
    """The texts that a key may hold, where these are all it may hold as text."""
    choices = list(_choices(wanted))
    literal = [choice for choice in choices if get_origin(choice) is Literal]
    return [] if str in choices else [str(w) for choice in literal for w in get_args(choice)]


def _choices(wanted: object) -> Iterator[object]:
    if get_origin(wanted) in (Union, UnionType):
        for choice in get_args(wanted):
            yield from _choices(choice)
    else:
        yield wanted


def _explain_table(
    raw: dict[str, Any], table: type[msgspec.Struct], key: Key, findings: Findings
) -> msgspec.Struct | None:
    """Unknown keys, missing keys, and keys whose value does not fit; what is left of the table."""
    known = {info.encode_name: info for info in fields(table)}
    tag_key = table.__struct_config__.tag_field
    good: dict[str, object] = {}
    for name, value in raw.items():
        if name in known:
            converted = convert(value, known[name].type, (*key, name), findings)
            if converted is not None:
                good[known[name].name] = converted
        elif name != tag_key:
            hint = findings.suggest(name, known, "the keys here are")
            findings.unreadable((*key, name), "unknown key", hint)
    for name, info in known.items():
        if info.required and name not in raw:
            findings.unreadable((*key, name), "missing", "this table needs it")
    whole = all(info.name in good for info in known.values() if info.required)
    return table(**good) if whole else None


_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "str": "text in quotes",
    "bool": "true or false",
    "array": "a list [ … ]",
    "object": "a table",
    "datetime": "a date",
    "date": "a date",
    "time": "a time",
}


def _plain(message: str) -> str:
    """msgspec's message in the words of the file."""
    message = re.sub(r" - at `.*`$", "", message)
    if match := re.fullmatch(r"Expected `([^`]+)`, got `([^`]+)`", message):
        return f"must be {_words(match[1])}, not {_words(match[2])}"
    if match := re.fullmatch(r"Expected `array` of length (\d+), got (\d+)", message):
        return f"must have {match[1]} elements, not {match[2]}"
    if match := re.fullmatch(r"Expected `array` of length >= 1", message):
        return "must not be empty"
    if re.fullmatch(r"Expected `str` matching regex '\\\\S'", message):
        return "must not be empty"
    if match := re.fullmatch(r"Expected `str` of length <= (\d+)", message):
        return f"must not be longer than {match[1]} characters"
    if match := re.fullmatch(r"Expected `(int|float)` (>=|<=|>|<) (.+)", message):
        bound = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}[match[2]]
        return f"must be {_words(match[1])}, {bound} {match[3].removesuffix('.0')}"
    return message[:1].lower() + message[1:]


def _words(types: str) -> str:
    """``str | object`` → ``text in quotes or a table``."""
    return " or ".join(_TYPES.get(name, name) for name in types.split(" | ") if name != "null")
