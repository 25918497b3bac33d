"""All rules over data of one watch: readings in, the criteria's computed states out.

The engine judges at every reading and at every minute of watch time, so that silence shows and
so that the same readings give the same states whether they come one by one, as a recorder has
them, or all at once, as a replay has them. A reading counts from the moment it was known, when
its run ended: no state rests on a later one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from stagewatch.judge.bounded import BoundedJudge
from stagewatch.judge.coverage import CoverageJudge, Stage
from stagewatch.judge.finding import Finding, Why
from stagewatch.judge.rulings import Rulings
from stagewatch.judge.seats import Seat, Setting, check_seat, seat, vouches
from stagewatch.judge.tracker import Computed, Incident, Tracker
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import TWICE, Gap, Reading, Result, State, probe_of
from stagewatch.profile.drills import DrillConfig, RateLimited
from stagewatch.profile.schema import AnyRule, Coverage, Profile, check_key
from stagewatch.text import clean

GRID = 60.0
"""Watch time between two judgements without a reading."""
COVERAGE = "coverage"
"""What the coverage that every GO needs is called where the profile has no rule for it."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A criterion, or a check that a signal decides, changed: its state, its reason for having
    none, or its incident."""

    t: float
    """Watch time."""
    computed: Computed
    reading: Reading | None
    """The reading that changed it; None when time did."""


@dataclass(slots=True)
class _Criterion:
    name: str
    seat: Seat
    tracker: Tracker
    broken: str = ""
    """What the rule raised; it is asked no more."""
    troubles: dict[str, str] = field(default_factory=dict)
    """Probe → why its newest reading failed; empty when it did not."""
    heard: set[str] = field(default_factory=set)
    """Probes that answered once, be it that there is no data yet."""

    def look(self, t: float) -> Finding:
        """As the rule says; where it has nothing to go by, also what is wrong with its probes."""
        found = self.seat.rule.look(t)
        if found.why in (Why.WARMING_UP, Why.STALE):
            troubles = list(filter(None, self.troubles.values()))
            # What has never answered is not warming up: somebody has to do something.
            dumb = any(why and probe not in self.heard for probe, why in self.troubles.items())
            why = Why.STALE if dumb else found.why
            return replace(found, reason="; ".join([found.reason, *troubles]), why=why)
        return found

    def note(self, reading: Reading) -> None:
        """Remember how a probe does."""
        failed = reading.result in (Result.ERROR, Result.NO_DATA)
        self.troubles[reading.probe] = reading.reason if failed else ""
        if reading.result is not Result.ERROR:
            self.heard.add(reading.probe)


def coverage_rule(profile: Profile) -> tuple[str, Coverage]:
    """The profile's coverage criterion by name, else the one that every GO needs."""
    for name, rule in [*profile.go.items(), *profile.nogo.items()]:
        if isinstance(rule, Coverage):
            return name, rule
    return free_name(COVERAGE, profile), Coverage()


def free_name(name: str, profile: Profile) -> str:
    """``name``, or one like it that no criterion of the profile has."""
    while name in profile.go or name in profile.nogo:
        name += "-"
    return name


class Engine:
    """The judge of one watch, from its first reading to the end of its window."""

    def __init__(
        self,
        profile: Profile,
        time: WatchTime,
        ends: float,
        *,
        rulings: Rulings | None = None,
        units: Mapping[str, str] | None = None,
        fault: Callable[[str, Exception], None] = lambda name, error: None,
    ) -> None:
        """``ends`` is the window's end in watch time. ``fault`` is told of a rule that raises:
        the rule is INCONCLUSIVE from then on, the others go on."""
        self.time, self._ends = time, ends
        self.rulings = rulings or Rulings()
        """The orders that it goes by."""
        self._fault = fault
        self._t = 0.0
        self._next = GRID
        self._turns: list[Turn] = []
        found = profile.validation.values()
        self._refusals = {drill.refusal for drill in found if isinstance(drill, RateLimited)}
        self._newest: dict[str, float] = {}
        """Probe → when the newest reading that was judged began."""
        setting = Setting(profile, time, self.rulings, units or {})
        self._criteria = self._seated(setting, profile)
        self._checks = dict(_checks(setting, profile))
        self._listeners: dict[str, list[_Criterion]] = {}
        for criterion in (*self._criteria.values(), *self._checks.values()):
            for probe in criterion.seat.probes:
                self._listeners.setdefault(probe, []).append(criterion)
        required = self._required(profile)
        self._needed: dict[str, list[str]] = {}
        """Probe → its series that a criterion rests on."""
        for series in required:
            self._needed.setdefault(probe_of(series), []).append(series)
        self._coverage_name, config = coverage_rule(profile)
        self._coverage = CoverageJudge(config, required, _stages(profile, ends), time)
        self._coverage_tracker = Tracker(
            self._coverage_name, latches=self._coverage_name in profile.nogo
        )

    def _seated(self, setting: Setting, profile: Profile) -> dict[str, _Criterion]:
        found = {}
        for latches, name, rule in _rules(profile):
            sat = seat(rule, setting)
            if sat is not None:
                found[name] = _Criterion(name, sat, Tracker(name, latches=latches))
        return found

    def _required(self, profile: Profile) -> dict[str, float]:
        """Every series that a criterion rests on, with its interval in watch time."""
        return {
            series: float(profile.probe[probe_of(series)].every) * self.time.speed
            for criterion in self._criteria.values()
            for series in criterion.seat.series
            # A drill is run when somebody runs it: there is no share of it to be covered, and
            # until there is a result its criterion is INCONCLUSIVE.
            if not isinstance(profile.probe[probe_of(series)], DrillConfig)
        }

    @property
    def at(self) -> float:
        """Unix time up to which everything is judged."""
        return self.time.at(self._t)

    @property
    def final(self) -> bool:
        """Whether the whole window is judged."""
        return self._t >= self._ends

    def take(self, reading: Reading) -> None:
        """Judge a reading, and the minutes before it."""
        known = self.time.of(reading.at + reading.took)
        if reading.result is Result.SKIPPED or known > self._ends or self.final:
            return
        at = round(reading.at, 3)  # as a history keeps it: a reading may come from either
        if at <= self._newest.get(reading.probe, -math.inf):
            return  # seen, or of a time that a clock which was set back lets occur twice
        self._newest[reading.probe] = at
        self._pass(known)
        if known > self._t:
            self._t = known
        listeners = self._listeners.get(reading.probe)
        if listeners is None or (self.rulings.void and self._is_void(reading)):
            return
        for series in self._needed.get(reading.probe, ()):
            if vouches(reading, series):
                self._coverage.add(self.time.of(reading.at), series)
        for criterion in listeners:
            self._feed(criterion, reading)
            self._look(criterion, reading)

    def pass_time(self, now: float) -> None:
        """Judge every minute up to the Unix time ``now``, or to the end of the window."""
        self._pass(min(self.time.of(now), self._ends))

    def _pass(self, until: float) -> None:
        while self._next <= until:
            self._look_at_all(self._next)
            self._next += GRID
        if until >= self._ends and not self.final:
            self._look_at_all(self._ends)

    def take_gap(self, gap: Gap) -> None:
        """Take note of a gap in which the clock ran through the same times again."""
        if gap.end is not None and gap.cause.endswith(TWICE):
            self._coverage.repeat(self.time.of(gap.start), self.time.of(gap.end))

    def latches(self, name: str) -> bool:
        """Whether this is a no-go criterion over data, which can keep an incident."""
        return name in self._criteria and self._criteria[name].tracker.latches

    def inherit(self, name: str, incident: Incident) -> None:
        """Take over an incident of a criterion that latched under an earlier profile."""
        if name in self._criteria:
            self._criteria[name].tracker.inherit(incident)

    def turns(self) -> list[Turn]:
        """What changed since the last call, in order."""
        turned, self._turns = self._turns, []
        return turned

    def computed(self) -> dict[str, Computed]:
        """Criterion → how the data alone say it stands; only those judged at least once."""
        trackers = [c.tracker for c in self._criteria.values()] + [self._coverage_tracker]
        return {now.name: now for tracker in trackers if (now := tracker.now) is not None}

    def checks(self) -> dict[str, Computed]:
        """``check_key`` → how the data say that a check stands which a signal decides."""
        trackers = (check.tracker for check in self._checks.values())
        return {now.name: now for tracker in trackers if (now := tracker.now) is not None}

    def coverage(self, name: str) -> float | None:
        """The share (0..1) of the watch so far that the criterion has data for."""
        criterion = self._criteria.get(name)
        return self._coverage.share(criterion.seat.series, self._t) if criterion else None

    def rule(self, name: str) -> object | None:
        """The rule behind a criterion, for what it tells beside its finding."""
        criterion = self._criteria.get(name)
        rule = criterion.seat.rule if criterion else None
        return rule.within if isinstance(rule, BoundedJudge) else rule

    def _is_void(self, reading: Reading) -> bool:
        """Whether somebody, or a drill, spoke for the time of this reading."""
        status = reading.facts.get("http_status")
        # The target failed, and did not merely refuse what a drill had used up.
        broke = isinstance(status, int) and status >= 500 and status not in self._refusals
        failed = reading.result is Result.ERROR or broke
        return self.rulings.is_void(reading.probe, reading.at, failed=failed)

    def _look_at_all(self, t: float) -> None:
        self._t = max(self._t, t)
        for criterion in (*self._criteria.values(), *self._checks.values()):
            self._look(criterion, None)
        self._turn(self._coverage_tracker, self._coverage.look(self._t), None)

    def _feed(self, criterion: _Criterion, reading: Reading) -> None:
        if criterion.broken:
            return
        criterion.note(reading)
        try:
            criterion.seat.take(self._t, reading)
        # The one boundary around rules, here and in _look: one that fails knows nothing.
        except Exception as error:  # noqa: BLE001
            self._break(criterion, error)

    def _look(self, criterion: _Criterion, reading: Reading | None) -> None:
        if not criterion.broken:
            try:
                self._turn(criterion.tracker, criterion.look(self._t), reading)
            except Exception as error:  # noqa: BLE001
                self._break(criterion, error)
        if criterion.broken:
            finding = Finding(State.INCONCLUSIVE, criterion.broken, why=Why.FAULT)
            self._turn(criterion.tracker, finding, reading)

    def _break(self, criterion: _Criterion, error: Exception) -> None:
        what = clean(f"{type(error).__name__}: {error}", 200)
        criterion.broken = f"the rule failed ({what}); this is a defect, please report it"
        self._fault(criterion.name, error)

    def _turn(self, tracker: Tracker, finding: Finding, reading: Reading | None) -> None:
        before = tracker.now
        after = tracker.follow(self._t, finding)
        if after is not before and (before is None or _turned(before, after)):
            self._turns.append(Turn(self._t, after, reading))


def _turned(before: Computed, after: Computed) -> bool:
    """Whether a criterion is another one than before."""
    was, now = before.finding, after.finding
    return (
        was.state is not now.state
        or was.why is not now.why
        or before.latched is not after.latched
        or before.incident != after.incident
    )


def _rules(profile: Profile) -> Iterator[tuple[bool, str, AnyRule]]:
    for latches, rules in ((True, profile.nogo), (False, profile.go)):
        for name, rule in rules.items():
            yield latches, name, rule


def _checks(setting: Setting, profile: Profile) -> Iterator[tuple[str, _Criterion]]:
    for one in profile.optimisation:
        for check in one.checks:
            if check.signal:
                key = check_key(one.name, check.name)
                yield key, _Criterion(key, check_seat(check, setting), Tracker(key, latches=False))


def _stages(profile: Profile, ends: float) -> list[Stage]:
    """The phases in watch time; the whole window where there are none."""
    phases = [(p.name, p.hours[0] * 3600, p.hours[1] * 3600) for p in profile.phase]
    # What lies beyond the watch's end can never be reached any more.
    stages = [Stage(name, start, min(end, ends)) for name, start, end in phases if start < ends]
    return stages or [Stage("the watch", 0.0, ends)]
