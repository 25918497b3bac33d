"""What a pane is shown: one snapshot, the present moment, and how to draw."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, TypeVar

from stagewatch.model import Result
from stagewatch.model import probe_of as probe_name

if TYPE_CHECKING:
    from stagewatch.snapshot import ProbeNow, SignalNow, Snapshot

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Notice:
    """A line for the operator above the panes, until ``until`` (Unix seconds)."""

    text: str
    bad: bool
    until: float


Row = tuple[str, str]
"""(kind, name): a row of the verdict board, such as ``("gate", "Architecture review")``."""


@dataclass(frozen=True, slots=True)
class View:
    """One moment of the screen; panes draw from this and nothing else."""

    snapshot: Snapshot | None
    """None until the first one arrived."""
    now: float
    """Unix seconds."""
    ascii: bool = False
    compact: bool = False
    """Whether panes have a rule above instead of a box around them."""
    saving: Mapping[tuple[str, str], bool] | None = None
    """(phase, item) → the state that is being saved and is not on disk yet."""
    acts: Mapping[Row, str] = field(default_factory=dict)
    """Row of the board → what was done there and is not in a snapshot yet: ``the waiver of …``."""
    unsaved: str = ""
    """«NOT SAVED since 14:02: disk full»; empty when everything is on disk."""
    unreadable: str = ""
    """Why the record cannot be read at the moment."""
    notices: tuple[Notice, ...] = ()


def same_but_for_time(
    new: View, old: View, pace: float, alike: Callable[[Snapshot, Snapshot], bool]
) -> bool:
    """Whether two views differ in nothing but the time, and in that by less than ``pace``.

    ``alike`` compares what the pane draws of the new snapshot and of the old one: the rest of them
    makes no difference.
    """
    if not 0 <= new.now - old.now < pace - 0.5:
        return False
    if new.snapshot is not old.snapshot:
        if new.snapshot is None or old.snapshot is None:
            return False
        if not alike(new.snapshot, old.snapshot):
            return False
    return (
        new.compact == old.compact
        and new.saving == old.saving
        and new.acts == old.acts
        and new.unsaved == old.unsaved
        and new.unreadable == old.unreadable
        and new.notices == old.notices
    )


def kept(make: Callable[[Snapshot], T]) -> Callable[[Snapshot], T]:
    """``make``, asked once for each of the last two snapshots: the one shown and the next."""
    known: deque[tuple[Snapshot, T]] = deque(maxlen=2)

    @wraps(make)
    def asked(snapshot: Snapshot) -> T:
        for of, made in known:
            if of is snapshot:
                return made
        known.append((snapshot, make(snapshot)))
        return known[-1][1]

    return asked


def late(probe: ProbeNow, now: float) -> bool:
    """Whether the probe's last reading is older than two intervals and its deadline."""
    if probe.at is None or now - probe.at <= probe.every:  # asked of every signal, several times
        return False
    return now - probe.at > patience(probe)


def over(probe: ProbeNow, now: float) -> bool:
    """Whether a reading that is late is none that is missing: the watch is over, and had it all."""
    return now > probe.ends and not late(probe, probe.ends)


ON_THE_WAY = 2.5
"""Seconds that a reading may take from its probe to the screen: the recorder and the screen both
let what is not urgent wait for company."""


def patience(probe: ProbeNow) -> float:
    """Seconds after which a reading is too old."""
    return max(probe.patience, probe.every + probe.timeout + ON_THE_WAY)


def probe_of(snapshot: Snapshot, signal: str) -> ProbeNow | None:
    """The probe that provides a signal."""
    return snapshot.probes.get(probe_name(signal))


def signal_late(snapshot: Snapshot, signal: SignalNow, now: float) -> bool:
    """Whether a signal's probe is late, or has no value for it now."""
    probe = probe_of(snapshot, signal.name)
    return signal.value is None or probe is None or late(probe, now)


def failing(probe: ProbeNow) -> bool:
    """Whether the last run got no answer or the wrong one."""
    return probe.result in (Result.ERROR, Result.NO_DATA)
