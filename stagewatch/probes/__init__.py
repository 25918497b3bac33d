"""Probe kinds: one module a kind, named like the kind, found by its name.

A kind's module declares ``KIND = ProbeKind(...)``; nothing else has to know it. Names that start
with an underscore are helpers, not kinds. A module imports what it needs to *run* (httpx, psutil)
inside ``open``, because loading a profile imports the module of every kind the profile uses.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from stagewatch.profile.derived import DERIVED
from stagewatch.profile.drills import DRILL
from stagewatch.profile.schema import ProbeConfig

if TYPE_CHECKING:
    from stagewatch.clock import Clock
    from stagewatch.model import LogPattern, Reading, Signal


class Probe(Protocol):
    """An opened probe. ``read`` never raises for what the target does; it returns a Reading."""

    name: str
    every: float
    """Seconds between expected readings; coverage is counted against it."""
    tick: float
    """Seconds between calls of ``read``; less than ``every`` for a log, which wakes to look."""
    deadline: float
    """Seconds after which the recorder cancels a run and records an ERROR."""
    signals: tuple[Signal, ...]

    async def read(self) -> Reading | None:
        """Run once. None means: looked, nothing to record yet (only where tick < every)."""
        ...

    async def aclose(self) -> None:
        """Release what the probe holds; idempotent."""
        ...


@runtime_checkable
class Follower(Protocol):
    """A probe that looks by itself as well."""

    def follow(self, hurry: Callable[[], None]) -> None:
        """Look by yourself from now on; ``hurry``, called from the event loop, asks for a call of
        ``read`` before its slot."""
        ...


@dataclass(frozen=True, slots=True)
class OpenContext:
    """What a probe is given beside its configuration."""

    clock: Clock
    base: Path
    """Relative paths in the profile start here."""
    watch_start: float
    """Unix seconds; a log counts from here."""
    checkpoint: str | None = None
    """What the probe's last stored reading carried, when the recorder starts again."""
    refusal: Callable[[], str] = lambda: "nobody was asked whether commands may run"
    """Why no command of this profile may run at the moment; empty when they may."""
    patterns: tuple[LogPattern, ...] = ()
    """Every pattern that was stored of the probe, when the recorder starts again."""
    shown: bool = True
    """Whether people look at what a log says; where not, what is not pressing can wait."""


@dataclass(frozen=True, slots=True)
class ProbeKind:
    """A kind of probe: its table in the profile, its signals, and how to open one."""

    config: type[ProbeConfig]
    signals: Callable[[str, Any], tuple[Signal, ...]]
    """(probe name, config) → the signals it provides, without touching the target."""
    open: Callable[[str, Any, OpenContext], Probe]
    """Make a probe ready to run; imports what it needs. Must not block on the target."""
    problems: Callable[[Any], Iterable[tuple[str, str]]] = lambda config: ()
    """config → (key below the probe's table, what is wrong) for what types cannot say."""
    runs: Callable[[Any], Sequence[str]] = lambda config: ()
    """config → the command that it runs, which a person must have trusted."""


_PSEUDO = {DERIVED: "_signal", DRILL: "_drill"}
"""Kinds that nobody writes and nobody opens, and their modules."""


class UnknownKindError(LookupError):
    """No module provides this kind of probe."""


@cache
def kind_names() -> tuple[str, ...]:
    """Every installed kind, sorted."""
    return tuple(
        sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    )


def probe_kind(name: str) -> ProbeKind:
    """The kind called ``name``; raises UnknownKindError."""
    module = _PSEUDO.get(name, name)
    if name not in kind_names() and name not in _PSEUDO:
        raise UnknownKindError(name)
    kind: ProbeKind = import_module(f"{__name__}.{module}").KIND
    return kind


class InstalledKinds:
    """``stagewatch.profile.schema.Kinds`` over the modules of this package."""

    def names(self) -> tuple[str, ...]:
        return kind_names()

    def config(self, kind: str) -> type[ProbeConfig]:
        return probe_kind(kind).config

    def signals(self, name: str, config: ProbeConfig) -> tuple[Signal, ...]:
        return probe_kind(config.kind).signals(name, config)

    def problems(self, config: ProbeConfig) -> Iterable[tuple[str, str]]:
        return probe_kind(config.kind).problems(config)


def is_opened(config: ProbeConfig) -> bool:
    """Whether this is a probe that is opened and run; derived signals and drills are not."""
    return config.kind not in _PSEUDO


def signals_of(probes: Mapping[str, ProbeConfig]) -> dict[str, Signal]:
    """Every signal that these probes provide, by full name."""
    return {
        signal.name: signal
        for name, config in probes.items()
        for signal in probe_kind(config.kind).signals(name, config)
    }
