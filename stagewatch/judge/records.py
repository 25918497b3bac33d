"""Critical records in logs: one is a failure at once, and stays one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stagewatch.judge.finding import Finding, Why
from stagewatch.judge.lapses import Lapse, Lapses
from stagewatch.judge.samples import Counter, Order, Silence, usable
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State
from stagewatch.profile.schema import Records


class _Log:
    """One log probe's counts and windows."""

    def __init__(self, name: str, interval: float, time: WatchTime) -> None:
        self.name = name
        self.order = Order()
        self.silence = Silence(name, interval, time)
        self.criticals = 0.0
        """Records that are critical, as the rule counts them."""
        self.tracebacks = 0.0
        """Lone tracebacks, wherever they count."""
        self._critical, self._traceback = Counter(0.0), Counter(0.0)
        self.lapses = Lapses()
        self.partial = ""
        """Why else there may be more than were counted."""

    def count(self, criticals: float, tracebacks: float, *, all_count: bool) -> bool:
        """Take the counters; whether there are new critical records."""
        critical = self._critical.increase(criticals)
        traceback = self._traceback.increase(tracebacks)
        self.tracebacks += traceback
        new = critical if all_count else max(0.0, critical - traceback)
        self.criticals += new
        return new > 0


class RecordsJudge:
    """Fed with the readings of log probes, whose counters count since the watch began.

    ``called`` maps a probe to what sentences call it: the path of its log.
    """

    def __init__(
        self,
        *,
        config: Records,
        interval: float,
        time: WatchTime,
        called: Mapping[str, str] | None = None,
    ) -> None:
        self._config, self._time = config, time
        names = called or {}
        self._logs = {
            probe: _Log(names.get(probe, probe), interval, time) for probe in config.probes
        }
        names_of_all = ", ".join(log.name for log in self._logs.values())
        self._good = Finding(State.PASS, f"no critical record in {names_of_all}", 0.0)
        self._first: float | None = None
        self._newest: float | None = None
        """When the newest critical record came."""

    def add(
        self,
        t: float,
        probe: str,
        criticals: float | None,
        tracebacks: float | None,
        losses: Sequence[Lapse] | None = None,
        partial: str | None = None,
    ) -> None:
        """Take a reading of ``probe``: its counters, None where they could not be read, the
        windows that it knows of, and why else it may have counted too few; None of what it says
        nothing of."""
        log = self._logs.get(probe)
        at = log.order.place(t) if log else None
        if log is None or at is None:
            return
        log.lapses.add(losses)
        if partial is not None:
            log.partial = partial
        critical, traceback = usable(criticals), usable(tracebacks)
        if self._config.traceback_is_critical and traceback is None:
            traceback = 0.0
        if critical is None or traceback is None:
            return
        log.silence.heard(at)
        if log.count(critical, traceback, all_count=self._config.traceback_is_critical):
            self._newest = at if self._newest is None else max(at, self._newest)
            self._first = at if self._first is None else min(at, self._first)

    def unaccepted(self) -> dict[str, list[Lapse]]:
        """Probe → the windows that a person has still to accept, oldest first."""
        return {
            probe: log.lapses.unaccepted
            for probe, log in self._logs.items()
            if log.lapses.unaccepted
        }

    def look(self, t: float) -> Finding:
        """The state at ``t``: a failure for ever, or what the logs allow to be said."""
        for log in self._logs.values():
            log.order.judged(t)
        if self._newest is None:
            return self._without_criticals(t)
        bad = [log for log in self._logs.values() if log.criticals]
        count = sum(log.criticals for log in bad)
        reason = ", ".join([_counted(bad[0]), *(_also(log) for log in bad[1:])])
        return Finding(State.FAIL, reason, count, first_bad=self._first, incident=self._newest)

    def _without_criticals(self, t: float) -> Finding:
        for log in self._logs.values():
            silent = log.silence.finding(t)
            if silent is not None:
                return silent
        for log in self._logs.values():
            if log.lapses.unaccepted:
                return self._lost(t, log)
            if log.partial:
                reason = f"no critical record seen in {log.name}, but {log.partial}"
                return Finding(State.INCONCLUSIVE, reason, 0.0, Why.LOSS)
        harmless = sum(log.tracebacks for log in self._logs.values())
        if harmless and not self._config.traceback_is_critical:
            what = "traceback outside a record" if harmless == 1 else "tracebacks outside a record"
            reason = f"{self._good.reason}, {harmless:.0f} {what}"
            return Finding(State.WARN, reason, 0.0)
        return self._good

    def _lost(self, t: float, log: _Log) -> Finding:
        first, *more = log.lapses.unaccepted
        reason = f"no critical record seen in {log.name}, but lines may have been lost"
        lasting = next((lapse for lapse in log.lapses.unaccepted if lapse.end is None), None)
        shown = lasting or first
        end = t if shown.end is None else shown.end
        reason += f" in {self._time.span(max(0.0, end - shown.start))}: {shown.cause}"
        if more:
            reason += f", and in {len(more)} other windows" if len(more) > 1 else ", and once more"
        return Finding(State.INCONCLUSIVE, reason, 0.0, Why.LOSS)


def _counted(log: _Log) -> str:
    noun = "record" if log.criticals == 1 else "records"
    return f"{_least(log)}{log.criticals:.0f} critical {noun} in {log.name}"


def _also(log: _Log) -> str:
    return f"{_least(log)}{log.criticals:.0f} in {log.name}"


def _least(log: _Log) -> str:
    return "at least " if log.lapses.any or log.partial else ""
