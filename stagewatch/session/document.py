"""The session document as types: people's data, readable without stagewatch.

Times are RFC 3339 in UTC in the file and Unix seconds in memory (``Instant``). The document only
ever grows: unticking, unpausing and the like append; nothing that a person said is removed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct


class Instant(float):
    """Unix seconds; written as an RFC 3339 date-time in UTC."""


class Record(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A table of the document. Subclasses repeat ``kw_only``, which msgspec does not inherit, and
    ``frozen``, which mypy wants to see."""


class Evidence(Record, kw_only=True, frozen=True):
    """A live value at the moment of a tick."""

    signal: str
    value: float | None = None
    """None when there was no usable value."""
    unit: str = ""
    at: Instant | None = None
    reason: str = ""
    """Why there was no value."""


class Tick(Record, kw_only=True, frozen=True):
    """One change of a checklist item: ticked or unticked, by whom, on what evidence."""

    phase: str
    item: str
    done: bool
    by: str
    at: Instant
    note: str = ""
    evidence: list[Evidence] = []


class Note(Record, kw_only=True, frozen=True):
    """A remark, on an item or on the watch as a whole (phase and item empty)."""

    by: str
    at: Instant
    text: str
    phase: str = ""
    item: str = ""


class Pause(Record, kw_only=True, frozen=True):
    """A stretch in which the recorder does not sample, because a person said so."""

    by: str
    at: Instant
    reason: str
    ended_at: Instant | None = None
    ended_by: str = ""


class Decision(Record, kw_only=True, frozen=True):
    """A reviewer's answer at a gate; the last one of a gate counts."""

    gate: str
    approved: bool
    by: str
    at: Instant
    reason: str


class Acknowledgement(Record, kw_only=True, frozen=True):
    """Silences reminders about a criterion until it expires; changes no verdict."""

    criterion: str
    by: str
    at: Instant
    until: Instant
    reason: str = ""
    pattern: str = ""
    """The one log pattern that is meant, as ``probe: LEVEL text``; a criterion's other records
    are not. Empty: the criterion as a whole."""


class Waiver(Record, kw_only=True, frozen=True):
    """Takes a criterion's incident out of the verdict, openly and for a time.

    It covers the incident that began at or before ``at``; a later incident counts again.
    """

    criterion: str
    by: str
    at: Instant
    until: Instant
    reason: str
    state: str = ""
    """The computed state that was waived."""
    check: str = ""
    """An optimisation's check, ``optimisation/check``, when one check is waived."""


class Acceptance(Record, kw_only=True, frozen=True):
    """A window in which log lines may have been lost, accepted by name."""

    probe: str
    start: Instant
    end: Instant
    by: str
    at: Instant
    reason: str


class Invalidation(Record, kw_only=True, frozen=True):
    """An interval whose readings of a probe do not count, with the reason."""

    probe: str
    """Empty: every probe."""
    start: Instant
    end: Instant
    by: str
    at: Instant
    reason: str
    drill: str = ""
    """The drill whose requests disturb the readings; such a stretch excuses no failed reading."""


class Drill(Record, kw_only=True, frozen=True):
    """A validation or an exercise that somebody ran, with what it came to."""

    drill: str
    """Its pseudo-probe: ``validation-NAME``, or ``exercise``."""
    of: str = ""
    """The fingerprint of its table in the profile: an edited one has not been run."""
    by: str
    at: Instant
    """When it began."""
    end: Instant
    outcome: str
    """A stable word: ``passed``, ``not-limited``, ``unreachable``, …"""
    text: str
    """One sentence."""
    evidence: list[Evidence] = []
    """Every signal of it, with its value or the reason for having none."""


class Confirmation(Record, kw_only=True, frozen=True):
    """A person's final word on the verdict: without it, nothing is a GO."""

    by: str
    at: Instant
    verdict: str
    note: str = ""


class Shift(Record, kw_only=True, frozen=True):
    """One operator's time on watch."""

    by: str
    start: Instant
    end: Instant | None = None
    handover: str = ""


class ProfileEdit(Record, kw_only=True, frozen=True):
    """The profile was changed while the watch ran."""

    at: Instant
    sha256: str
    summary: str
    by: str = ""


class Session(Record, kw_only=True, frozen=True):
    """One watch of one deployment."""

    version: Annotated[int, Meta(ge=1)] = 1
    id: str
    """One path component; also the name of the session's folder."""
    profile: str
    """The profile's name."""
    profile_path: str = ""
    """The profile's file, absolute."""
    profile_sha256: str = ""
    base: str = ""
    """The folder where relative paths of the profile start."""
    deployment: str
    branch: str = ""
    started_at: Instant
    ends_at: Instant
    started_by: str = ""
    stopped_at: Instant | None = None
    """Set when an operator ended the recording before the window was over."""
    stopped_by: str = ""
    state: Literal["open", "stopped"] = "open"
    tick: list[Tick] = []
    note: list[Note] = []
    pause: list[Pause] = []
    decision: list[Decision] = []
    acknowledgement: list[Acknowledgement] = []
    waiver: list[Waiver] = []
    acceptance: list[Acceptance] = []
    invalidation: list[Invalidation] = []
    drill: list[Drill] = []
    confirmation: list[Confirmation] = []
    shift: list[Shift] = []
    profile_edit: list[ProfileEdit] = []

    def is_by(self, path: Path) -> bool:
        """Whether the profile in this file began it."""
        return self.profile_path == str(path.absolute())
