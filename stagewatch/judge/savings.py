"""What the change saves, against the claim, in decimal arithmetic.

Per workspace and month: (baseline - observed calls a day) x price of a call x days in a month,
rounded half up to the cent. A year is that rounded sum x workspaces x 12. The observed calls are
the increase of a counter over a whole day of the watch: a part of a day cannot be scaled up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from stagewatch.judge.finding import Finding, Why, stale_after
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State
from stagewatch.profile.schema import Savings

DAY = 86_400.0
ENOUGH = 0.95
"""Share of the day that readings of the counter must cover."""
LATE = 1.5
"""A next reading within this many intervals is in time; after a longer time, one is missing."""
MONTHS = 12
_CENT = Decimal("0.01")
_ROUNDING = 1.0
"""Seconds by which a window of a day may fall short of one: sessions keep milliseconds."""


@dataclass(frozen=True, slots=True)
class SavingsResult:
    """The sums, in the currency; None where they cannot be known yet."""

    currency: str
    claim: str
    """Per workspace and month."""
    calls_per_day: float | None = None
    """Observed, of one workspace."""
    baseline_per_day: str = ""
    per_workspace_month: str | None = None
    per_year: str | None = None
    """For all workspaces."""
    workspaces: int = 1
    margin: str | None = None
    """What is saved beyond the claim; negative when it falls short."""
    tolerance: str = ""
    pay_back_days: str | None = None
    """Days until the work has paid for itself; None where that is not known, or never."""


def saved_per_month(config: Savings, calls_per_day: Decimal) -> Decimal:
    """Savings of one workspace and month, to the cent, at so many calls a day."""
    fewer = Decimal(config.baseline_calls_per_day) - calls_per_day
    return _cents(fewer * Decimal(config.price_per_call) * config.days_per_month)


def _cents(value: Decimal) -> Decimal:
    return value.quantize(_CENT, ROUND_HALF_UP)


class SavingsJudge:
    """The counter of calls over the first whole day of the watch."""

    def __init__(
        self, *, config: Savings, workspaces: int, interval: float, time: WatchTime
    ) -> None:
        self._config = config
        self._workspaces = workspaces
        self._interval = interval
        self._time = time
        self._first = math.inf
        self._last: tuple[float, float] | None = None
        self._calls = 0.0
        self._resets = 0
        self._held = 0.0
        self._result = SavingsResult(
            currency=config.currency,
            claim=config.per_workspace_month,
            baseline_per_day=config.baseline_calls_per_day,
            workspaces=workspaces,
            tolerance=config.tolerance,
        )

    @property
    def result(self) -> SavingsResult:
        """The sums as of the last look."""
        return self._result

    def add(self, t: float, calls: float | None) -> None:
        """The counter read ``calls`` at ``t``; None: there was no usable reading."""
        if calls is None or not math.isfinite(calls) or not 0 <= t <= DAY + self._interval * LATE:
            return
        self._first = min(self._first, t)
        if self._last is not None:
            before, count = self._last
            if t <= before:
                return
            step = t - before
            if calls >= count:
                self._calls += calls - count
                self._held += step if step <= self._interval * LATE else self._interval
            else:
                # It began anew: all that it shows has come since. What it counted between its
                # last reading and that is in no sum, so the time between is not covered.
                self._calls += calls
                self._resets += 1
        self._last = (t, calls)

    def look(self, t: float) -> Finding:
        """The state at ``t``: FAIL and PASS only after a whole day with enough readings."""
        config = self._config
        if not (config.calls and config.baseline_calls_per_day and config.price_per_call):
            missing = "calls, baseline_calls_per_day and price_per_call"
            return Finding(State.INCONCLUSIVE, f"[savings] does not say {missing}")
        if t < DAY - _ROUNDING:
            rest = self._time.span(DAY - t)
            reason = f"observed calls need a whole day, {rest} of it are to come"
            return Finding(State.INCONCLUSIVE, reason, why=Why.WARMING_UP)
        covered = min(1.0, self._held / DAY)
        if covered < ENOUGH:
            share = f"{int(covered * 1000) / 10:g} %"
            reason = f"{config.calls} covers {share} of the day, {ENOUGH:.0%} are needed"
            return Finding(State.INCONCLUSIVE, reason.replace("95%", "95 %"), why=Why.GAP)
        edge = self._unseen_edge()
        if edge:
            return Finding(State.INCONCLUSIVE, edge, why=Why.GAP)
        return self._compared()

    def _unseen_edge(self) -> str:
        """What is missing of the day's beginning or end, in words: calls in a gap show in the next
        reading, but those before the first reading or after the last one are in none."""
        most = stale_after(self._interval)
        late, early = self._first, DAY - (self._last[0] if self._last else 0.0)
        if max(late, early) < most:
            return ""
        missing, where = (late, "first") if late >= most else (early, "last")
        return (
            f"no reading of {self._config.calls} in the {where} {self._time.span(missing)}"
            " of the day, and calls there are in no sum"
        )

    def _compared(self) -> Finding:
        config = self._config
        calls = Decimal(repr(self._calls)) / config.calls_of
        saved = saved_per_month(config, calls)
        claim, tolerance = Decimal(config.per_workspace_month), Decimal(config.tolerance or "0")
        margin = saved - claim
        self._result = SavingsResult(
            currency=config.currency,
            claim=config.per_workspace_month,
            calls_per_day=float(calls),
            baseline_per_day=config.baseline_calls_per_day,
            per_workspace_month=f"{saved:.2f}",
            per_year=f"{saved * self._workspaces * MONTHS:.2f}",
            workspaces=self._workspaces,
            margin=f"{margin:.2f}",
            tolerance=config.tolerance,
            pay_back_days=_pay_back(config, saved * self._workspaces),
        )
        state = State.PASS if saved >= claim - tolerance else State.FAIL
        allowed = f", tolerance {tolerance} {config.currency}" if tolerance else ""
        reason = (
            f"{saved:.2f} {config.currency} per workspace and month at {_shown(calls)}"
            f" calls a day, claim {claim} {config.currency}{allowed}, margin {margin:+.2f}"
        ) + self._restarts()
        return Finding(state, reason, float(saved))

    def _restarts(self) -> str:
        if not self._resets:
            return ""
        often = "once" if self._resets == 1 else f"{self._resets} times"
        return f"; the counter began anew {often}"


def _shown(calls: Decimal) -> str:
    """``1431``, ``143.1``; a share of many workspaces to the hundredth."""
    return f"{round(calls, 2).normalize():f}"


def _pay_back(config: Savings, per_month: Decimal) -> str | None:
    if not config.investment or per_month <= 0:
        return None
    days = Decimal(config.investment) / (per_month / config.days_per_month)
    return f"{days.quantize(Decimal('0.1'), ROUND_HALF_UP)}"
