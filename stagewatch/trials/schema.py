"""The tables of a test file as types; see docs/testing.md."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from stagewatch.profile.schema import Table, Text
from stagewatch.profile.values import Duration

StateName = Literal["PASS", "WARN", "FAIL", "INCONCLUSIVE", "WAIVED", "PENDING"]
VerdictName = Literal["GO", "NO-GO", "HOLD", "INCONCLUSIVE"]

HEALTHY = "healthy"


class Series(Table, kw_only=True, frozen=True):
    """A line of ``readings``: what a signal or a probe comes to, for a time.

    Of several lines about the same moment the last one counts, and one about a probe before
    those about its signals.
    """

    signal: str = ""
    probe: str = ""
    """Empty, with ``gap``: every probe."""
    start: Duration = field(name="from", default=Duration(0))
    until: Duration | None = None
    value: float | str | None = None
    """A constant, or ``"500 MiB +17 %/h"``: what it grows by, from ``from`` on."""
    steps: dict[str, float | str] = field(default_factory=dict)
    """Time → the value from then on."""
    missing: str = ""
    """Why there is no value, though the probe ran."""
    error: str = ""
    """Why the probe could not run."""
    timeout: bool = False
    """No answer within the probe's timeout."""
    gap: bool = False
    """The probe was not run."""
    every: Duration | None = None
    """Between two readings, in the profile's time; that of the profile when left out."""
    restart: list[Duration] = field(default_factory=list)
    """When another process takes the place of the one that is watched."""
    critical: list[Duration] = field(default_factory=list)
    """When a critical record is written."""
    traceback: list[Duration] = field(default_factory=list)
    """When a traceback is written that belongs to no record."""
    loss: str = ""
    """Why lines of the log may have been lost."""


class Act(Table, kw_only=True, frozen=True):
    """A line of ``acts``: what a person does, one thing a line."""

    at: Duration
    by: Text = "a person"
    reason: Text = "as the test has it"
    tick: str = ""
    """An item, or ``all``."""
    untick: str = ""
    approve: str = ""
    """A gate, or ``all``."""
    reject: str = ""
    waive: str = ""
    """A criterion."""
    check: str = ""
    """With ``waive``: one check of an optimisation, ``optimisation/check``."""
    confirm: VerdictName | None = None
    stop: bool = False
    void: str = ""
    """A probe whose readings do not count between ``from`` and ``until``, or ``all``."""
    accept: str = ""
    """A log probe whose lost lines between ``from`` and ``until`` are accepted."""
    start: Duration = field(name="from", default=Duration(0))
    until: Duration | None = None


class Expectation(Table, kw_only=True, frozen=True):
    """A line of ``expect``: the state of a criterion or of a check, or the verdict, at a time or
    never."""

    at: Duration | None = None
    """The end of the test when left out."""
    criterion: str = ""
    check: str = ""
    """A check of an optimisation, ``optimisation/check``, instead of a criterion."""
    state: StateName | None = None
    verdict: VerdictName | None = None
    reason: str = ""
    """A part of the sentence."""
    never: StateName | Literal["GO", "NO-GO", "HOLD"] | None = None
    """Of the criterion, or of the verdict where none is named."""
    start: Duration = field(name="from", default=Duration(0))
    until: Duration | None = None


class Trial(Table, kw_only=True, frozen=True):
    """``[[test]]``."""

    name: Text
    length: Duration | None = field(name="for", default=None)
    """How long readings come; the profile's window when left out."""
    others: Literal["healthy", "absent"] = "absent"
    """What comes of the signals that no line of ``readings`` speaks of."""
    readings: list[Series] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    expect: Annotated[list[Expectation], Meta(min_length=1)]


class TrialFile(Table, kw_only=True, frozen=True):
    """A whole file."""

    profile: Text
    """A name, or a path that begins in the file's folder."""
    test: Annotated[list[Trial], Meta(min_length=1)]
