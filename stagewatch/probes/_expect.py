"""What an answer is worth: expectations checked, fields read."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from stagewatch.probes._failure import FailureError
from stagewatch.probes._fields import MISSING, FieldError, Path, number, same, shown
from stagewatch.probes._json import JsonError, parse
from stagewatch.text import clean, masked

Inert = Callable[..., str]
"""(text, limit) → the text without secrets, on one line and harmless."""

MAX_TEXT = 200
"""Characters of a shown field."""
_LOOK = 8192
"""Bytes of a body that is not JSON which are looked at to say how it begins."""


class UnusableError(ValueError):
    """The body is no document; ``str()`` says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer, undecoded."""

    status: int
    media: str
    """Content-Type, without parameters."""
    coding: str
    """Content-Encoding, in lower case."""
    body: bytes
    note: str = ""
    """Why a redirect was not followed."""


@dataclass(frozen=True, slots=True)
class Named:
    """A path of the profile: its text, and the function that finds it in a document."""

    text: str
    find: Path


@dataclass(frozen=True, slots=True)
class Expected:
    """An http probe's expectations and fields, with their paths compiled."""

    status: Collection[int]
    json: Sequence[tuple[Named, object]]
    read: Mapping[str, Named]
    """Signal name → path."""
    show: Mapping[str, Named]
    """Fact name → path."""
    convert: bool
    limit: int
    """Bytes that a decompressed body may have."""

    @property
    def needs_document(self) -> bool:
        """Whether the body matters at all."""
        return bool(self.json or self.read or self.show)


@dataclass(slots=True)
class Findings:
    """What an answer says, and in ``problems`` everything that is amiss, the worst first."""

    values: dict[str, float] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    unexpected: bool = False
    """The status, or a field that has to have one value, is not the expected one."""

    @property
    def reason(self) -> str:
        """One sentence; empty when nothing is amiss."""
        if len(self.problems) < 2:
            return "".join(self.problems)
        return f"{self.problems[0]}, and {len(self.problems) - 1} more"


def examine(expected: Expected, answer: Answer, secrets: Collection[str]) -> Findings:
    """Check ``answer``. Raises FailureError when it cannot be held; all else is a finding."""

    def inert(text: str, limit: int = MAX_TEXT) -> str:
        # Masked first: half a secret, left over by a cut, would not be recognised.
        return clean(masked(text, secrets), limit)

    found = Findings()
    if answer.status not in expected.status:
        wanted = " or ".join(map(str, sorted(expected.status)))
        note = f" ({inert(answer.note)})" if answer.note else ""
        found.problems.append(f"status {answer.status}, expected {wanted}{note}")
        found.unexpected = True
    if not expected.needs_document:
        return found
    try:
        document = parse(decoded(answer, expected.limit))
    except UnusableError as problem:
        _no_document(expected, found, inert(str(problem)))
    except JsonError as problem:
        _no_document(expected, found, _not_json(problem, answer, inert))
    else:
        _fields(expected, document, found, inert)
    return found


def decoded(answer: Answer, limit: int) -> bytes:
    """The body without its one layer of gzip or deflate. Raises UnusableError or FailureError."""
    if answer.coding in {"", "identity"} or not answer.body:
        return answer.body
    if answer.coding not in {"gzip", "x-gzip", "deflate"}:
        raise UnusableError(f"content coding {answer.coding} was not asked for")
    # «deflate» is meant to have a zlib header; some servers leave it out.
    raw = answer.coding == "deflate" and answer.body[0] & 0x0F != 8
    inflate = zlib.decompressobj(-zlib.MAX_WBITS if raw else zlib.MAX_WBITS | 32)
    try:
        body = inflate.decompress(answer.body, limit + 1)
    except zlib.error as error:
        raise UnusableError(f"body is not {answer.coding}") from error
    if len(body) > limit:
        raise FailureError(
            "too-large", f"answer too large: more than {limit} bytes when decompressed"
        )
    if not inflate.eof or inflate.unused_data:
        raise UnusableError(f"{answer.coding} body does not end where it should")
    return body


def _not_json(problem: JsonError, answer: Answer, inert: Inert) -> str:
    if not answer.body:
        return "not JSON (empty body)"
    detail = inert(str(problem), 80)
    if answer.coding in {"", "identity"} and not answer.media.endswith("json"):
        beginning = answer.body[:_LOOK].decode("utf-8", "backslashreplace").lstrip()
        detail = f'starts "{inert(beginning, 40)}"'
    return f"not JSON ({inert(answer.media, 40) or 'no content type'}, {detail})"


def _no_document(expected: Expected, found: Findings, why: str) -> None:
    if not found.problems:
        found.problems.append(why)
    found.missing |= dict.fromkeys(expected.read, found.problems[0])


def _fields(expected: Expected, document: object, found: Findings, inert: Inert) -> None:
    for path, wanted in expected.json:
        value = path.find(document)
        if not same(wanted, value):
            told = f"{path.text} is {inert(shown(value))}, expected {inert(shown(wanted))}"
            found.problems.append(told)
            found.unexpected = True
    for name, path in expected.read.items():
        try:
            found.values[name] = number(path.find(document), convert=expected.convert)
        except FieldError as problem:
            found.missing[name] = f"field {path.text} {problem}"
            found.problems.append(found.missing[name])
    for name, path in expected.show.items():
        value = path.find(document)
        if value is not MISSING:
            found.facts[name] = inert(shown(value))
