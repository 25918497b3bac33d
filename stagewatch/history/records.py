"""What the history tells beside the words of ``stagewatch.model``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stagewatch.model import State, Verdict

URGENT = "urgent"
"""The key of a fact (``put``, ``get``) whose value changes when a screen should look at once."""


@dataclass(frozen=True, slots=True)
class ProbeRecord:
    """A probe as the recorder declared it."""

    name: str
    kind: str
    every: float
    """Seconds between expected readings."""
    signals: tuple[str, ...]
    """Full names, in the order of their declaration."""


@dataclass(frozen=True, slots=True)
class Minute:
    """A signal's values within one minute of UTC; minutes without values do not exist."""

    start: float
    count: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class StateChange:
    """A criterion entered a state; it stays in it until the next change."""

    criterion: str
    at: float
    state: State
    value: float | None
    reason: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    """Whatever else the judge wants to keep: limit, unit, coverage, first_bad …"""


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """The whole watch changed its verdict."""

    at: float
    verdict: Verdict
    reason: str
