"""What a rule says at one moment, and the shape of every rule."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from stagewatch.model import State


class Why(StrEnum):
    """Why a state is INCONCLUSIVE or WARN though no value is bad."""

    NONE = ""
    WARMING_UP = "warming-up"
    STALE = "stale"
    GAP = "gap"
    FLAPPING = "flapping"
    LOSS = "loss"
    """Log lines may have been lost, and nobody has accepted that."""
    FAULT = "fault"
    """The rule itself failed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The present state of one rule, before anything latches or is waived."""

    state: State
    reason: str
    """What is the case, with value, limit and the data it rests on; no times of day, no name of
    the criterion, no full stop: ``backend.rss +17.2 %/h, limit 10 %/h, over 3h``."""
    value: float | None = None
    """In the unit of the rule's limit; None where there is nothing to compare."""
    why: Why = Why.NONE
    first_bad: float | None = None
    """Watch time from which the value was bad, of a WARN or FAIL: the first bad sample, or the
    start of the first window that was."""
    incident: float | None = None
    """Watch time at which the incident that a FAIL tells of became known. None: when the state
    turned to FAIL. A rule whose FAIL never ends by itself (a critical record was written) says
    here when the newest cause came, so that a waiver covers no later one."""


class RuleJudge(Protocol):
    """One rule over its signals, fed as time goes by.

    Every implementation also has ``add(t, …)`` for its samples, in the order of ``t``; the same
    instant again changes nothing, and one that lies before what is already judged counts at the
    edge of it. What ``look`` says depends on the samples up to ``t`` only, and not on how often
    it was called: windows close on a grid of their own.
    """

    def look(self, t: float) -> Finding:
        """The state at ``t``, never earlier than the last call. Silence shows."""
        ...


STALE_FLOOR = 600.0
"""Seconds without a usable sample after which a rule knows nothing, however short the interval."""


def stale_after(interval: float) -> float:
    """Seconds without a usable sample after which a rule whose probe runs every ``interval``
    seconds is INCONCLUSIVE."""
    return max(STALE_FLOOR, 3 * interval)
