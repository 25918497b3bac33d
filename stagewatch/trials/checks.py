"""What the types of a test file cannot say: names that exist, times in order, one thing a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from stagewatch.judge.engine import coverage_rule
from stagewatch.manual import implied
from stagewatch.probes import signals_of
from stagewatch.profile.convert import Findings
from stagewatch.profile.problems import Key, quoted
from stagewatch.profile.schema import Profile, check_key
from stagewatch.profile.values import Duration, format_duration
from stagewatch.trials.acts import ALL, KINDS, items
from stagewatch.trials.fabricate import pieces_of
from stagewatch.trials.schema import Act, Expectation, Series, Trial

SIGNAL_KINDS = ("value", "steps", "missing")
PROBE_KINDS = ("error", "timeout", "gap", "restart", "critical", "traceback", "loss")
ONLY_OF = {
    "timeout": "http",
    "restart": "process",
    "critical": "log",
    "traceback": "log",
    "loss": "log",
}
SHORTEST = 0.1


@dataclass(frozen=True, slots=True)
class Checks:
    """The checks of one file against its profile; problems go to ``findings``."""

    profile: Profile
    findings: Findings

    def trial(self, trial: Trial, key: Key) -> None:
        """One ``[[test]]``."""
        if trial.length is not None and trial.length <= 0:
            self.findings.add((*key, "for"), "must be more than 0s")
        for index, series in enumerate(trial.readings):
            self._series(series, (*key, "readings", index))
        for index, act in enumerate(trial.acts):
            self._act(act, (*key, "acts", index))
        for index, expectation in enumerate(trial.expect):
            self._expectation(expectation, trial, (*key, "expect", index))

    def _series(self, series: Series, key: Key) -> None:
        self._span(series.start, series.until, key)
        kinds = _present(series, (*SIGNAL_KINDS, *PROBE_KINDS))
        if len(kinds) > 1 or (not kinds and series.every is None):
            known = ", ".join((*SIGNAL_KINDS, *PROBE_KINDS, "every"))
            what = f"says {' and '.join(kinds)}" if kinds else "says nothing"
            self.findings.add(key, what, f"one of {known} a line")
            return
        if series.every is not None and series.every < SHORTEST:
            self.findings.add((*key, "every"), f"must be at least {format_duration(SHORTEST)}")
        if kinds and kinds[0] in SIGNAL_KINDS:
            self._signal(series, key)
        else:
            self._probe(series, kinds[0] if kinds else "every", key)

    def _signal(self, series: Series, key: Key) -> None:
        """A line about a signal."""
        signals = signals_of(self.profile.probe)
        if series.probe or not series.signal:
            (kind,) = _present(series, SIGNAL_KINDS)
            hint = 'write signal = "…" instead of probe' if series.probe else 'add signal = "…"'
            self.findings.add(key, f"{kind} is about a signal", hint)
            return
        self._named(series.signal, signals, "signal", (*key, "signal"))
        if series.signal not in signals:
            return
        try:
            list(pieces_of(series, signals[series.signal].unit))
        except ValueError as error:
            (kind,) = _present(series, SIGNAL_KINDS)
            self.findings.add((*key, kind), str(error))

    def _probe(self, series: Series, kind: str, key: Key) -> None:
        """A line about a probe."""
        probes = self.profile.probe
        if series.signal and kind == "every" and series.signal in signals_of(probes):
            return
        if series.signal:
            self.findings.add(
                key, f"{kind} is about a probe", 'write probe = "…" instead of signal'
            )
        elif series.probe:
            self._named(series.probe, probes, "probe", (*key, "probe"))
        elif kind != "gap":
            self.findings.add(key, f"{kind} is about a probe", 'add probe = "…"')
        needed = ONLY_OF.get(kind)
        config = probes.get(series.probe)
        if needed is not None and config is not None and config.kind != needed:
            what = f"is about a probe of kind {quoted(needed)}, and {series.probe} is none"
            self.findings.add((*key, kind), what)

    def _act(self, act: Act, key: Key) -> None:
        self._span(act.start, act.until, key)
        kinds = _present(act, KINDS)
        if len(kinds) != 1:
            what = f"says {' and '.join(kinds)}" if kinds else "says nothing"
            self.findings.add(key, what, f"one of {', '.join(KINDS)} a line")
            return
        kind = kinds[0]
        known = self._known(kind)
        if known is not None:
            self._named(getattr(act, kind), known, _WORDS[kind], (*key, kind))
        if act.check:
            self._named(act.check, checks_of(self.profile), "check", (*key, "check"))
        if kind in ("void", "accept") and act.until is None:
            self.findings.add((*key, "until"), "missing", "of which time is this said?")

    def _known(self, kind: str) -> list[str] | None:
        """What an act of this kind may name; None where it names nothing."""
        if kind in ("tick", "untick"):
            return [ALL, *(item for _, item in items(self.profile))]
        if kind in ("approve", "reject"):
            return [ALL, *(gate.name for gate in self.profile.gate)]
        if kind == "waive":
            return criteria_of(self.profile)
        if kind == "void":
            return [ALL, *self.profile.probe]
        return list(self.profile.probe) if kind == "accept" else None

    def _expectation(self, said: Expectation, trial: Trial, key: Key) -> None:
        self._span(said.start, said.until, key)
        asked = _present(said, ("state", "verdict", "never"))
        if len(asked) != 1:
            what = f"says {' and '.join(asked)}" if asked else "says nothing"
            self.findings.add(key, what, "one of state, verdict, never a line")
            return
        if said.criterion:
            self._named(said.criterion, criteria_of(self.profile), "criterion", (*key, "criterion"))
        if said.check:
            self._named(said.check, checks_of(self.profile), "check", (*key, "check"))
        if said.check and said.criterion:
            self.findings.add(key, "says criterion and check", "one of the two a line")
            return
        self._pairs(said, asked[0], key)
        window = self.profile.deployment.window
        length = window if trial.length is None else trial.length
        if said.at is not None and length < window and said.at > length:
            what = f"lies after the end of the test, for = {format_duration(length)}"
            self.findings.add((*key, "at"), what)

    def _pairs(self, said: Expectation, asked: str, key: Key) -> None:
        """Keys that go together, and those that do not."""
        one = said.criterion or said.check
        if asked == "state" and not one:
            self.findings.add((*key, "criterion"), "missing", "whose state is it?")
        if asked == "verdict" and one:
            what = "a criterion has none" if said.criterion else "a check has none"
            self.findings.add((*key, "verdict"), what, "write state")
        if asked != "never" and (said.start or said.until is not None):
            self.findings.add(key, "from and until go with never", "write at")
        if asked == "never" and (said.at is not None or said.reason):
            self.findings.add(key, "at and reason do not go with never", "write from and until")
        if asked == "never":
            verdicts = ("GO", "NO-GO", "HOLD", "INCONCLUSIVE")
            if (said.never in verdicts[:3]) == bool(one):
                about = "a criterion is never that" if one else "is the state of none"
                self.findings.add((*key, "never"), about, "name a criterion, or a verdict")

    def _named(self, name: str, known: Iterable[str], what: str, key: Key) -> None:
        known = list(known)
        if name not in known:
            hint = self.findings.suggest(name, known, "there are")
            self.findings.add(key, f"there is no {what} {quoted(name)}", hint)

    def _span(self, start: Duration, until: Duration | None, key: Key) -> None:
        if until is not None and until <= start:
            self.findings.add((*key, "until"), "must be later than from")


_WORDS = {
    "tick": "item",
    "untick": "item",
    "approve": "gate",
    "reject": "gate",
    "waive": "criterion",
    "void": "probe",
    "accept": "probe",
}


def checks_of(profile: Profile) -> list[str]:
    """Every check of the optimisations, as a waiver names it."""
    return [check_key(one.name, c.name) for one in profile.optimisation for c in one.checks]


def criteria_of(profile: Profile) -> list[str]:
    """Every criterion that a verdict on this profile rests on."""
    return list(_criteria(profile))


def _criteria(profile: Profile) -> Iterator[str]:
    yield from profile.nogo
    yield from profile.go
    name, _ = coverage_rule(profile)
    if name not in profile.go and name not in profile.nogo:
        yield name
    yield from (name for name, _ in implied(profile))


def _present(table: object, keys: Sequence[str]) -> list[str]:
    """Those of ``keys`` that the table says something by."""
    return [key for key in keys if getattr(table, key) not in (None, "", False, [], {})]
