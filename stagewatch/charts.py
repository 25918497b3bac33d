"""What the charts show: each signal in buckets since the start, and how latencies lay of late."""

from __future__ import annotations

from collections.abc import Mapping

from stagewatch.history.reader import History
from stagewatch.model import Series, Signal, Spread, probe_of
from stagewatch.needs import rule_signals
from stagewatch.profile.schema import Profile

BUCKETS = 480
"""At most so many in a series, at least half as many once the watch is old enough."""
SPREAD_SPAN = 900.0
"""Seconds of profile time that a spread covers."""
SPREAD_AGAIN = 30.0
"""Seconds after which a spread is worked out again though its probe has been silent."""
SPREAD_READINGS = 20
"""It covers at least this many intervals of its probe."""
SILENT = 1.5
"""Intervals without a reading after which a chart goes on without one."""
CHARTED = ("latency", "rss", "pss")
"""The fields that have a chart, beside the signals that a rule judges."""
CHARTS = 60
"""At most so many signals are charted; a profile of a thousand probes has no room for more."""


News = Mapping[str, tuple[float, object]]
"""Probe → when it reported last, and something that differs with every report."""


class Charts:
    """The signals of a profile that have a chart. Asking raises HistoryError."""

    def __init__(self, profile: Profile, signals: Mapping[str, Signal]) -> None:
        self._speed = profile.deployment.speed
        self._every: dict[str, float] = {
            name: profile.probe[probe_of(name)].every for name in _charted(profile, signals)
        }
        self._timed = [name for name in self._every if signals[name].unit == "ms"]
        self._series: dict[str, tuple[object, Series]] = {}
        self._spreads: dict[str, tuple[object, Spread]] = {}

    def forget(self) -> None:
        """The history was replaced."""
        self._series.clear()
        self._spreads.clear()

    def series(
        self, history: History | None, news: News, start: float, until: float
    ) -> dict[str, Series]:
        """The charted signals from ``start`` to ``until``; see ``stretch``.

        ``news`` tells of each probe how often it has reported; what it reported is read once.
        """
        if history is None:
            return {}
        found = {}
        for name, every in self._every.items():
            width, count = stretch(max(0.0, until - start), every)
            told = news.get(probe_of(name))
            # While its probe reports in time, a series goes on with the next reading.
            silent = told is None or until - told[0] > SILENT * every
            asked = told, start, width, count if silent else None
            known = self._series.get(name)
            if known is None or known[0] != asked:
                whole = history.series(name, start, start + BUCKETS * width, BUCKETS)
                known = self._series[name] = (asked, _first(whole, count, width))
            found[name] = known[1]
        return found

    def spreads(self, history: History | None, news: News, until: float) -> dict[str, Spread]:
        """How the latencies lay in the quarter of an hour of profile time before the last one."""
        if history is None:
            return {}
        found = {}
        for name in self._timed:
            asked = news.get(probe_of(name)), until // SPREAD_AGAIN
            known = self._spreads.get(name)
            if known is None or known[0] != asked:
                span = max(SPREAD_SPAN / self._speed, SPREAD_READINGS * self._every[name])
                known = self._spreads[name] = (asked, history.spread(name, until - span, until))
            found[name] = known[1]
        return found


def stretch(elapsed: float, every: float) -> tuple[float, int]:
    """(seconds of a bucket, how many of them have begun) for a series of ``elapsed`` seconds.

    A bucket holds one reading at first and twice as many whenever BUCKETS of them are full, so
    that a chart is as fine as it can be, and the buckets stay the same for long: the history
    adds new readings to those it has counted.
    """
    width = max(every, 1e-3)
    while elapsed >= BUCKETS * width:
        width *= 2
    return width, int(elapsed // width) + 1


def _first(series: Series, count: int, width: float) -> Series:
    end = series.start + count * width
    parts = (series.mean[:count], series.low[:count], series.high[:count])
    return Series(series.signal, series.start, end, *parts)


def _charted(profile: Profile, signals: Mapping[str, Signal]) -> tuple[str, ...]:
    """The signals that have a chart: the judged ones first."""
    rules = [*profile.nogo.values(), *profile.go.values()]
    wanted = [name for rule in rules for name in rule_signals(rule)]
    wanted += [name for name in signals if name.partition(".")[2] in CHARTED]
    return tuple(dict.fromkeys(name for name in wanted if name in signals))[:CHARTS]
