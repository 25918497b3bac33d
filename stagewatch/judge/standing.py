"""How the criteria over data stand, as the recorder stores it and everybody else reads it.

Times are Unix seconds here: whoever reads this need not know the watch's speed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec

from stagewatch.judge.engine import Engine
from stagewatch.judge.rulings import Rulings
from stagewatch.judge.savings import SavingsJudge, SavingsResult
from stagewatch.judge.tracker import Computed, Incident
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State

KEY = "standing"
"""The key of the fact (``History.get``) that holds the newest standing."""


@dataclass(frozen=True, slots=True)
class Stand:
    """One criterion."""

    state: State
    """What the rule says now; with ``latched``, the criterion is FAIL all the same."""
    why: str
    reason: str
    value: float | None
    since: float
    """Since when the criterion is in its state."""
    latched: bool = False
    recovered: bool = False
    incident: float | None = None
    """When the newest incident became known."""
    first_bad: float | None = None
    failed_reason: str = ""
    failed_value: float | None = None
    trend: float | None = None
    coverage: float | None = None
    under: str = ""
    """SHA-256 of the profile under which its incident latched; empty where none did."""

    @property
    def latest(self) -> State:
        """The state of the criterion: FAIL while it is latched."""
        return State.FAIL if self.latched else self.state


@dataclass(frozen=True, slots=True)
class Kept:
    """What failed before the profile was edited; it is kept whatever the present one says."""

    orphans: Mapping[str, Stand] = field(default_factory=dict)
    """What the present profile has no no-go criterion over data for, by name."""
    under: Mapping[str, str] = field(default_factory=dict)
    """Criterion that took an incident over → SHA-256 of the profile under which it latched."""


@dataclass(frozen=True, slots=True)
class Standing:
    """All criteria over data, as of one moment."""

    at: float
    """Everything up to here is judged."""
    final: bool
    """The whole window is judged."""
    basis: str
    """Which profile and rulings this rests on; see ``basis_of``."""
    profile: str
    """SHA-256 of the profile it rests on."""
    criteria: Mapping[str, Stand] = field(default_factory=dict)
    savings: SavingsResult | None = None
    orphans: Mapping[str, Stand] = field(default_factory=dict)
    """No-go criteria that failed and are no longer in the profile: they count all the same."""
    checks: Mapping[str, Stand] = field(default_factory=dict)
    """``check_key`` → how a check of an optimisation stands which a signal decides."""

    def encoded(self) -> str:
        """As JSON."""
        return msgspec.json.encode(self).decode()


def decoded(text: str) -> Standing | None:
    """The standing in ``text``; None when another version wrote it."""
    try:
        return msgspec.json.decode(text, type=Standing)
    except (msgspec.DecodeError, RecursionError):
        return None


def basis_of(profile: str, rulings: Rulings) -> str:
    """A short name for a profile (its SHA-256) under these rulings."""
    told = msgspec.json.encode((profile, rulings))
    return blake2b(told, digest_size=12).hexdigest()


def standing_of(engine: Engine, profile: str, kept: Kept | None = None) -> Standing:
    """What the engine has come to by ``profile`` (its SHA-256), and what it must not forget."""
    kept = kept or Kept()
    return Standing(
        at=engine.at,
        final=engine.final,
        basis=basis_of(profile, engine.rulings),
        profile=profile,
        criteria={
            name: stand_of(c, engine, kept.under.get(name, profile))
            for name, c in engine.computed().items()
        },
        savings=_savings(engine),
        orphans=kept.orphans,
        checks={key: stand_of(found, engine) for key, found in engine.checks().items()},
    )


def stand_of(computed: Computed, engine: Engine, under: str = "") -> Stand:
    """One criterion of ``engine`` in Unix time."""
    time = engine.time

    def at(t: float | None) -> float | None:
        return None if t is None else round(time.at(t), 3)

    finding, incident = computed.finding, computed.incident
    latched = computed.latched and incident is not None
    first_bad = incident.first_bad if latched and incident else finding.first_bad
    return Stand(
        state=finding.state,
        why=finding.why.value,
        reason=finding.reason,
        value=finding.value,
        since=round(time.at(computed.since), 3),
        latched=computed.latched,
        recovered=computed.recovered,
        incident=at(incident.known) if incident else None,
        first_bad=at(first_bad),
        failed_reason=incident.reason if incident else "",
        failed_value=incident.value if incident else None,
        trend=computed.trend,
        coverage=engine.coverage(computed.name),
        under=under if computed.latched else "",
    )


def incident_of(stand: Stand, time: WatchTime) -> Incident:
    """The incident that a stand tells of, in the time of another watch over the same record."""
    known = time.of(stand.incident if stand.incident is not None else stand.since)
    first_bad = known if stand.first_bad is None else time.of(stand.first_bad)
    return Incident(known, first_bad, stand.failed_reason, stand.failed_value)


def _savings(engine: Engine) -> SavingsResult | None:
    found = (engine.rule(name) for name in engine.computed())
    judges = [rule for rule in found if isinstance(rule, SavingsJudge)]
    return judges[0].result if judges else None
