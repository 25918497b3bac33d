"""What a log probe remembers: where it is in each file, what it counted, what it may have lost."""

from __future__ import annotations

import json
from hashlib import blake2b

import msgspec
from msgspec import Struct

VERSION = 1


class Mark(Struct, kw_only=True, frozen=True):
    """A place in a file, and how to tell that it is still the same file."""

    path: str
    """The name under which it was opened, with links resolved."""
    dev: int
    ino: int
    offset: int
    """Everything before it is counted; a line starts here."""
    head_size: int
    head: str
    """Digest of the first ``head_size`` bytes."""
    first_size: int = 0
    first: str = ""
    """Of the first line, where it is short enough."""
    before_size: int
    before: str
    """Digest of the ``before_size`` bytes before ``offset``."""
    nearer: dict[int, str] = {}
    """The same of fewer bytes, by their number."""
    empty_since: int | None = None
    """Of a file that nothing was read from: its time of change in ns, the one thing to go by."""


class Place(Struct, kw_only=True):
    """One followed path."""

    current: Mark | None = None
    old: list[Mark] = []
    """Files that were rotated away and are still read."""
    trouble_since: float | None = None
    """Since when it cannot be read."""
    trouble: str = ""
    rewritten: float | None = None
    """When it was emptied or rewritten last."""
    copied: int | None = None
    """Up to where the current file is a copy of another log, as long as that is asked."""
    fresh: bool = False
    """It was not looked into yet: what is in it is from before the watch."""


class Loss(Struct, kw_only=True):
    """A window in which lines may have been lost."""

    path: str
    since: float
    until: float | None
    """None while it lasts."""
    cause: str

    def ended(self, until: float) -> Loss:
        """This window, closed."""
        return Loss(path=self.path, since=self.since, until=until, cause=self.cause)


class Alike(Struct, array_like=True, frozen=True):
    """A file whose name looks like a rotated one's."""

    dev: int
    ino: int
    size: int
    """Up to where it is from before the watch, was read before, or is a copy."""
    since: float
    """When it was not there yet."""
    there: bool
    """It was there when the watch began."""


class Counts(Struct, kw_only=True):
    """Since the watch began."""

    lines: int = 0
    errors: int = 0
    warnings: int = 0
    criticals: int = 0
    tracebacks: int = 0
    """Those of ``criticals`` that are tracebacks without a record."""
    before_watch: int = 0
    """Records left out because their own time lies before the watch."""
    cut: int = 0
    """Structured records so long that their level was not seen; they count for none."""
    unread: int = 0
    """Lines whose reading failed, by a defect of ours: nobody knows what they are."""
    fault: str = ""
    """What the newest of these failures was."""
    named: dict[str, int] = {}
    """Lines that match an expression of the profile, by its name."""

    def copy(self) -> Counts:
        """Counts of their own."""
        return msgspec.structs.replace(self, named=dict(self.named))


class State(Struct, kw_only=True):
    """A probe's checkpoint."""

    version: int = VERSION
    at: float
    """When it was taken; every file was looked at until then."""
    path: str = ""
    """What the profile followed then: a file or a pattern."""
    expressions: dict[str, str] = {}
    """Name → what it counted then."""
    baseline: str = ""
    """The file whose patterns it knew."""
    counts: Counts
    places: dict[str, Place]
    losses: list[Loss] = []
    lasting: dict[str, float] = {}
    """Cause → since when, of the windows of the pattern as a whole that last."""
    record_at: dict[str, float] = {}
    """Path → when its last record was read."""
    chained: list[str] = []
    """Paths of which what was read ends with a line that chains the next traceback."""
    alike: dict[str, Alike] | None = None
    """Such files, by path; None where they are not known."""
    done: list[Mark] = []
    """Files that are no longer read and still have a name."""
    partial: dict[str, str] = {}
    """Expressions that did not see every line, and why."""
    wordless: bool = False
    """A record was too long for its pattern to be told."""
    no_baseline: str = ""
    """Why the baseline could not be read."""


def digest(data: bytes) -> str:
    """A short name for these bytes."""
    return blake2b(data, digest_size=12).hexdigest()


def dumps(state: State) -> str:
    """The checkpoint as JSON."""
    try:
        return msgspec.json.encode(state).decode()
    except UnicodeEncodeError:  # a file's name that is no UTF-8, which JSON can carry escaped
        return json.dumps(msgspec.to_builtins(state, str_keys=True))


def loads(text: str) -> State | None:
    """The state in a checkpoint; None when it is not one of ours."""
    state: State | None
    try:
        state = msgspec.json.decode(text, type=State)
    except (msgspec.DecodeError, RecursionError):
        state = _again(text)
    return state if state and state.version == VERSION else None


def _again(text: str) -> State | None:
    """As ``loads``, also with escapes that stand for no character."""
    try:
        return msgspec.convert(json.loads(text), type=State, str_keys=True)
    except (ValueError, RecursionError):
        return None
