"""What an answer is worth: expectations checked, fields read."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from stagewatch.probes._failure import FailureError
from stagewatch.probes._fields import MISSING, FieldError, Path, number, same, shown
from stagewatch.probes._json import JsonError, parse
from stagewatch.text import clean, masked

MAX_TEXT = 200
"""Characters of a shown field."""


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

    @property
    def reason(self) -> str:
        """One sentence; empty when nothing is amiss."""
        if len(self.problems) < 2:
            return "".join(self.problems)
        return f"{self.problems[0]}, and {len(self.problems) - 1} more"


def examine(expected: Expected, answer: Answer, secrets: Collection[str]) -> Findings:
    """Check ``answer``. Raises FailureError when it cannot be held; all else is a finding."""
    found = Findings()
    if answer.status not in expected.status:
        wanted = " or ".join(map(str, sorted(expected.status)))
        note = f" ({clean(masked(answer.note, secrets), MAX_TEXT)})" if answer.note else ""
        found.problems.append(f"status {answer.status}, expected {wanted}{note}")
    if not expected.needs_document:
        return found
    try:
        document = parse(decoded(answer, expected.limit))
    except (JsonError, UnusableError) as problem:
        _no_document(expected, found, _described(problem, answer, secrets))
    else:
        _fields(expected, document, found, secrets)
    return found


def decoded(answer: Answer, limit: int) -> bytes:
    """The body without its one layer of gzip or deflate. Raises UnusableError or FailureError."""
    if answer.coding in {"", "identity"} or not answer.body:
        return answer.body
    if answer.coding not in {"gzip", "x-gzip", "deflate"}:
        raise UnusableError(f"content coding {clean(answer.coding, 40)} was not asked for")
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


def _described(problem: ValueError, answer: Answer, secrets: Collection[str]) -> str:
    if isinstance(problem, UnusableError):
        return str(problem)
    if not answer.body:
        return "not JSON (empty body)"
    media = clean(answer.media, 40) or "no content type"
    detail = str(problem)
    if answer.coding in {"", "identity"} and not answer.media.endswith("json"):
        start = masked(answer.body[:2000].decode("utf-8", "backslashreplace"), secrets)
        detail = f'starts "{clean(start.lstrip()[:40])}"'
    return f"not JSON ({media}, {clean(masked(detail, secrets), 80)})"


def _no_document(expected: Expected, found: Findings, why: str) -> None:
    if not found.problems:
        found.problems.append(why)
    found.missing |= dict.fromkeys(expected.read, found.problems[0])


def _fields(
    expected: Expected, document: object, found: Findings, secrets: Collection[str]
) -> None:
    def text(value: object) -> str:
        return clean(masked(shown(value), secrets), MAX_TEXT)

    for path, wanted in expected.json:
        value = path.find(document)
        if not same(wanted, value):
            found.problems.append(f"{path.text} is {text(value)}, expected {text(wanted)}")
    for name, path in expected.read.items():
        try:
            found.values[name] = number(path.find(document), convert=expected.convert)
        except FieldError as problem:
            found.missing[name] = f"field {path.text} {problem}"
            found.problems.append(found.missing[name])
    for name, path in expected.show.items():
        value = path.find(document)
        if value is not MISSING:
            found.facts[name] = text(value)
