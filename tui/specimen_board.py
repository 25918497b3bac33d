"""The specimen judged for real: one scene for every state that the verdict board can show.

What the data say is made up here; what people do to it goes through the judge itself, so that an
act in a test or a picture has the very effect that it has in a watch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from stagewatch.following import pause_text
from stagewatch.grounds import Grounds, Question
from stagewatch.judge.savings import SavingsResult
from stagewatch.judge.standing import Stand, Standing
from stagewatch.judged import judged
from stagewatch.model import LogLine, Reading, Result, State
from stagewatch.profile.schema import Profile
from stagewatch.progress import gates
from stagewatch.session import edits
from stagewatch.session.derive import current_pause
from stagewatch.session.document import Session
from stagewatch.snapshot import LossNow, Snapshot
from stagewatch.tui.specimen import (
    HOUR,
    LOG,
    MIB,
    NOW,
    START,
    healthy,
    latency,
    phases_of,
    rss,
    series_of,
    session,
)
from stagewatch.tui.specimen_data import PHASES
from stagewatch.tui.specimen_profile import PROFILE
from stagewatch.tui.stage import Stage
from stagewatch.widgets.words import time_of

Value = Callable[[float], float]
"""A signal's value by the hour of the watch."""

LEAK = START + 12.28 * HOUR
"""Since when the memory of the failing scenes grows."""
END = START + 24 * HOUR

_SAVED = SavingsResult(
    currency="EUR",
    claim="346.14",
    calls_per_day=1338.0,
    baseline_per_day="7200",
    per_workspace_month="351.72",
    per_year="42206.40",
    workspaces=10,
    margin="5.58",
    tolerance="",
    pay_back_days="12.8",
)
_NOT_YET = SavingsResult(
    currency="EUR", claim="346.14", baseline_per_day="7200", workspaces=10, tolerance="1.00"
)


@dataclass(frozen=True)
class Scene:
    """One made-up moment: what the data say, and what people did."""

    stands: dict[str, Stand]
    session: Session
    now: float = NOW
    savings: SavingsResult = _NOT_YET
    losses: tuple[LossNow, ...] = ()
    profile: Profile = PROFILE
    values: Mapping[str, Value] = field(default_factory=dict)
    """Signals of which the made-up history is another than on a good day."""

    def snapshot(self, session: Session | None = None) -> Snapshot:
        """The scene as the screen sees it, with this session."""
        session = session or self.session
        over = self.now >= session.ends_at
        standing = Standing(self.now, over, "basis", "sha", self.stands, self.savings)
        judgement = judged(
            self.profile,
            session,
            standing,
            self.now,
            alive=not over,
            when=lambda at: time_of(at, self.now),
        )
        seen = replace(
            healthy(self.now),
            session=session,
            verdict=judgement.verdict,
            reason=judgement.reason,
            criteria=judgement.criteria,
            score=judgement.score,
            savings=judgement.savings,
            phases=phases_of(session, self.now),
            gates=gates(self.profile, session),
            losses=tuple(self._loss(loss, session) for loss in self.losses),
            confirmation=session.confirmation[-1] if session.confirmation else None,
            paused=pause_text(current_pause(session)),
        )
        series = {name: series_of(name, self.now, self._value(name)) for name in seen.series}
        seen = replace(seen, series=series)
        return replace(seen, next_review=None) if over else seen

    def _loss(self, loss: LossNow, session: Session) -> LossNow:
        by = (a.by for a in session.acceptance if a.start <= loss.since and a.probe == loss.probe)
        return replace(loss, accepted_by=next(by, ""))

    def stage(self) -> Stage:
        """The scene as a record that can be edited."""
        return Stage(
            self.snapshot(), lambda snapshot, session: self.snapshot(session), self.grounds
        )

    def _value(self, signal: str) -> Value:
        return self.values.get(signal) or _GOOD.get(signal, _flat)

    def grounds(self, asked: Question) -> Grounds:
        """As the history would answer."""
        readings = [
            Reading(
                probe=probe,
                at=round(asked.moment + step * patience / 2.3, 3),
                took=0.012,
                result=Result.VALUE,
                values={
                    name: self._value(name)((asked.moment + step * 60 - START) / HOUR)
                    for name in asked.signals
                    if name.startswith(f"{probe}.")
                },
            )
            for probe, patience in asked.patience.items()
            for step in range(-4, 6)
            if asked.moment + step * patience / 2.3 <= asked.until
        ]
        return Grounds(
            series={
                name: series_of(name, asked.until, self._value(name), asked.since)
                for name in asked.signals
            },
            readings=tuple(sorted(readings, key=lambda reading: reading.at)),
            lines=tuple(line for line in log_around(asked.moment) if line.at <= asked.until),
        )


def on_track() -> Scene:
    """Thirteen hours in: all is well but for a pool that does not report."""
    pool = Stand(
        State.INCONCLUSIVE, "stale", "no reading of health.db_waiting for 12m (last 0)", 12.0,
        NOW - 720, trend=0.2, coverage=0.961,
    )  # fmt: skip
    return Scene({**_good(NOW), "db-pool": pool}, _signed(2))


def no_go() -> Scene:
    """A leak that goes on, a slow stretch that is over, and log lines that may be lost."""
    leak = Stand(
        State.FAIL, "", "backend.rss grows by 17.2 %/h over 3 h, limit 10 %/h", 17.2,
        LEAK + 1800, latched=True, incident=LEAK + 1800, first_bad=LEAK, trend=1.4,
        failed_reason="backend.rss grows by 12.9 %/h over 60 min, limit 10 %/h",
        failed_value=12.9, coverage=0.983,
    )  # fmt: skip
    slow = Stand(
        State.PASS, "", "mean 139 ms over 15 min, limit 500 ms", 139.0, START + 9.1 * HOUR,
        latched=True, recovered=True, incident=START + 9.1 * HOUR,
        first_bad=START + 8.8 * HOUR, trend=-12.0, coverage=0.984,
        failed_reason="mean 611 ms over 15 min, limit 500 ms", failed_value=611.0,
    )  # fmt: skip
    sockets = Stand(
        State.WARN, "", "82 orphans, warns above 70, limit 100", 82.0, NOW - 2400,
        first_bad=NOW - 2400, trend=21.0, coverage=0.99,
    )  # fmt: skip
    rejected = edits.decide(
        _signed(2), "Placeholder check", False, "TODO left in cache.py, line 40",
        by="placeholder-police", at=NOW - 1200,
    )  # fmt: skip
    lost = LossNow("errors", LOG, NOW - 5400, NOW - 5340, "replaced while nobody was reading", "")
    stands = {"memory-leak": leak, "slow-api": slow, "socket-leak": sockets}
    values = {"backend.rss": _leaking, "quota.latency": _slow}
    return Scene({**_good(NOW), **stands}, rejected, losses=(lost,), values=values)


def waived() -> Scene:
    """The incidents of ``no_go`` waived or acknowledged by name, and the failing check too."""
    scene = no_go()
    session, later = scene.session, END + 24 * HOUR
    session = edits.waive(
        session, "slow-api", "load test of the neighbours, agreed with bob", state="FAIL",
        until=later, by="carol", at=NOW - 900,
    )  # fmt: skip
    session = edits.waive(
        session, "memory-leak", "known: the cache warms up after the import", state="FAIL",
        until=later, by="carol", at=NOW - 600,
    )  # fmt: skip
    session = edits.acknowledge(
        session, "socket-leak", until=NOW + HOUR, by="bob", at=NOW - 300, reason="watching it"
    )
    session = edits.waive(
        session, "performance", "the protocol layer answers pings", state="FAIL", until=later,
        by="carol", at=NOW - 500, check="WebSocket leak fix/ping and pong",
    )  # fmt: skip
    session = edits.decide(
        session, "Placeholder check", True, "the TODO is gone", by="placeholder-police", at=NOW - 60
    )
    return replace(scene, session=session)


def window_over() -> Scene:
    """The day is over, all passes and all is signed; a person is still to say the last word."""
    session = _signed(5)
    for phase, hours, items in PHASES:
        for item, _ in items:
            at = START + hours[1] * HOUR - 60
            session = edits.tick(session, phase, item, by="alice", at=at)
    session = edits.invalidate(
        session, "quota", START + 4 * HOUR, START + 4.2 * HOUR, "the load test was ours",
        by="bob", at=START + 5 * HOUR,
    )  # fmt: skip
    return Scene(_good(END + 600), session, now=END + 600, savings=_SAVED)


def log_around(moment: float) -> tuple[LogLine, ...]:
    """A few lines of the log around a moment."""
    said = (
        (-41.0, "INFO", "import of workspace 7: 48,000 rows in 31 s"),
        (-12.0, "WARNING", "cache: storm on key workspace:7:tasks, 41 misses in 2 s"),
        (-3.0, "INFO", "cache: warming 12,400 entries"),
        (8.0, "WARNING", "gc: generation 2 took 312 ms"),
        (27.0, "ERROR", "pool: timed out after 3.0 s waiting for a connection (80 in use)"),
        (55.0, "INFO", "rate limiter: 429 for 127.0.0.1 on /api/quota/status"),
    )
    return tuple(LogLine(moment + after, LOG, level, text) for after, level, text in said)


def _leaking(hour: float) -> float:
    """Level until the leak begins, then up by a sixth within an hour."""
    return rss(hour) + max(0.0, hour - (LEAK - START) / HOUR) * 84 * MIB


def _slow(hour: float) -> float:
    """Fast but for a quarter of an hour in the night."""
    return latency(hour) + (470.0 if 8.8 <= hour < 9.15 else 0.0)


def _flat(hour: float) -> float:
    return 3.0 + round(math.sin(hour * 7))


_GOOD: Mapping[str, Value] = {
    "backend.rss": rss,
    "quota.latency": latency,
    "health.latency": latency,
    "health.db_max": lambda hour: 80.0,
    "health.db_used": lambda hour: 12.0 + round(4 * math.sin(hour * 11)),
}


def _good(now: float) -> dict[str, Stand]:
    """Every criterion over data as it is on a good day."""
    early = now < END
    wait = f"observed calls need a whole day, {24 - int((now - START) // HOUR)}h of it are to come"
    spared = "351.72 EUR per workspace and month at 1338 calls a day, claim 346.14 EUR"
    return {
        "memory-leak": _pass("backend.rss grows by 1.8 %/h, limit 10 %/h", 1.8, 0.3, 0.983),
        "slow-api": _pass("mean 141 ms over 15 min, limit 500 ms", 141.2, -6.0, 0.984),
        "critical-errors": _pass("no critical record in 214 lines", 0.0, 0.0, 0.991),
        "socket-leak": _pass("3 orphans, limit 100", 3.0, 0.0, 0.99),
        "db-pool": _pass("12 of 80 in use, nobody waits", 12.0, 2.0, 0.99),
        "stability": _pass("no critical record in 214 lines", 0.0, 0.0, 0.991),
        "cost": Stand(State.INCONCLUSIVE, "warming-up", wait, None, START)
        if early
        else Stand(State.PASS, "", f"{spared}, margin +5.58", 351.72, END),
        "coverage": _pass("at least 96.1 % of health.db_waiting in every phase", 96.1, None, None),
        "availability": _pass("99.87 % of 1574 readings, limit 99 %", 99.87, -0.01, 0.99),
    }


def _pass(reason: str, value: float, trend: float | None, coverage: float | None) -> Stand:
    return Stand(State.PASS, "", reason, value, START + 600, trend=trend, coverage=coverage)


def _signed(count: int) -> Session:
    """The specimen's session with the first ``count`` gates approved."""
    signed = session()
    for index, gate in enumerate(PROFILE.gate[:count]):
        signed = edits.decide(
            signed, gate.name, True, f"read, as agreed ({index + 1})",
            by=gate.reviewer, at=START + (11 + index / 3) * HOUR,
        )  # fmt: skip
    return signed
