"""Derived signals: what they come to, and what they never come to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from stagewatch.clock import SystemClock
from stagewatch.derived import Derivations
from stagewatch.history.reader import History
from stagewatch.history.writer import HistoryWriter
from stagewatch.logs.told import why_least
from stagewatch.model import Fact, Gap, LogLine, Reading, Result
from stagewatch.probes import InstalledKinds
from stagewatch.profile.load import ProfileError, loads
from stagewatch.profile.schema import Profile
from stagewatch.recorder.desk import Desk

HEAD = """
version = 1
[deployment]
name = "staging"
[probe.app]
kind = "metrics"
url = "http://localhost/metrics"
read = { hits = "hits", misses = "misses", calls = "calls", open = "open" }
every = "10s"
timeout = "5s"
[probe.health]
kind = "http"
url = "http://localhost/health"
read = { sessions = "sessions" }
every = "10s"
timeout = "5s"
[probe.access]
kind = "log"
path = "access.log"
[probe.backend]
kind = "process"
match = "x"
"""
Feed = Callable[..., Reading]


def _profile(tables: str) -> Profile:
    return loads(HEAD + tables, Path("a.toml"), InstalledKinds())


class Desktop:
    """Derivations, fed by a test."""

    def __init__(self, tables: str) -> None:
        self.all = Derivations(_profile(tables).probe)

    def feed(
        self, at: float, probe: str = "app", *, result: Result = Result.VALUE, **values: float
    ) -> list[Reading]:
        named = {f"{probe}.{key}": value for key, value in values.items()}
        return list(self.all.readings(Reading(probe, at, 0.1, result, "because", named)))

    def value(self, at: float, probe: str = "app", **values: float) -> float | str:
        """The one derived value, or why there is none."""
        (made,) = self.feed(at, probe, result=Result.VALUE, **values)
        assert (made.result is Result.VALUE) is bool(made.values)
        assert made.at == at
        return next(iter(made.values.values()), made.reason)


HIT_RATE = '[signal.hit]\nkind = "ratio"\npart = ["app.hits"]\nwhole = ["app.hits", "app.misses"]\n'
RATE = '[signal.speed]\nkind = "rate"\nof = "app.calls"\n'


def test_a_ratio_of_levels() -> None:
    """In percent; of nothing there is no share."""
    desk = Desktop(HIT_RATE)
    assert desk.value(0, hits=90, misses=10) == 90
    assert desk.value(10, hits=0, misses=0) == "there was nothing to take a share of (0 of 0)"


def test_of_an_answer_that_was_not_the_expected_one_nothing_is_worked_out() -> None:
    """Its numbers are an error's; that it was not the expected one is what is known of it."""
    desk = Desktop(
        '[signal.busy]\nkind = "count"\nof = "health.sessions"\nover = "60s"\n'
        '[signal.share]\nkind = "ratio"\npart = ["health.ok"]\nwhole = ["health.ok"]\n'
    )
    reading = Reading(
        "health",
        10.0,
        0.1,
        Result.NO_DATA,
        "status 500, expected 200",
        {"health.sessions": 3.0, "health.ok": 1.0},
        facts={"unexpected": True},
    )
    busy, share = desk.all.readings(reading)
    assert busy.reason == "health.sessions: status 500, expected 200"
    assert share.values == {"share.value": 100.0}


def test_a_ratio_of_counters_is_of_what_they_gained() -> None:
    """An old record of hits does not hide a cache that has stopped to work."""
    desk = Desktop(HIT_RATE + "counters = true\n")
    assert desk.value(0, hits=1_000_000, misses=10) == "known from the second reading on"
    assert desk.value(10, hits=1_000_001, misses=13) == 25
    assert desk.value(20, hits=3, misses=1) == 75
    assert desk.value(30, hits=3, misses=1) == "there was nothing to take a share of (0 of 0)"


def test_a_rate_knows_resets() -> None:
    """A counter that fell began again at 0, and is never negative."""
    desk = Desktop(RATE)
    assert desk.value(0, calls=500) == "known from the second reading on"
    assert desk.value(10, calls=520) == 2
    assert desk.value(20, calls=5) == 0.5
    assert desk.value(30, calls=5) == 0


def test_a_missing_value_is_never_a_zero() -> None:
    """It makes no value, and one missing reading does not lose what was added meanwhile."""
    desk = Desktop(RATE)
    desk.value(0, calls=0)
    assert desk.value(10) == "app.calls: because"
    assert desk.value(20, calls=40) == 2


def test_no_value_across_a_gap() -> None:
    """Neither one that the recorder tells of, nor one that shows in the times."""
    desk = Desktop(RATE)
    desk.value(0, calls=0)
    assert desk.value(26, calls=100) == "the reading before was 26s ago: a gap"
    assert desk.value(36, calls=110) == 1
    assert list(desk.all.gaps(Gap("app", 36, 40, "stalled"))) == [Gap("speed", 36, 40, "stalled")]
    assert desk.value(46, calls=120) == "known from the second reading on"
    list(desk.all.gaps(Gap("", 46, 50, "suspended")))
    assert desk.value(56, calls=130) == "known from the second reading on"
    list(desk.all.gaps(Gap("health", 56, 60, "of another probe")))
    assert desk.value(66, calls=140) == 1
    assert desk.value(60, calls=140) == "the reading before was -6s ago: a gap"


def test_a_skipped_reading_is_skipped() -> None:
    """As its source was."""
    (made,) = Desktop(RATE).feed(0, result=Result.SKIPPED)
    assert (made.probe, made.result, made.reason) == ("speed", Result.SKIPPED, "because")


UNTRACKED = (
    '[signal.untracked]\nkind = "difference"\nof = ["app.open", "health.sessions"]\n'
    "least = 0\nlowest_of = 3\n"
)


def test_a_difference_of_two_probes() -> None:
    """The lowest of three in a row, and never below its floor: sessions that the service lost."""
    desk = Desktop(UNTRACKED)
    assert desk.value(0, open=50) == "health.sessions: no reading yet"
    assert desk.feed(1, "health", sessions=40) == []
    assert desk.value(10, open=50) == "known from 3 readings in a row on"
    assert desk.value(20, open=45) == "known from 3 readings in a row on"
    desk.feed(21, "health", sessions=40)
    assert desk.value(30, open=90) == 5
    desk.feed(31, "health", sessions=100)
    assert desk.value(40, open=90) == 0


def test_the_other_source_must_not_be_late() -> None:
    """A count of minutes ago is no count of now, and a failed one is none."""
    desk = Desktop(UNTRACKED)
    desk.feed(0, "health", sessions=40)
    assert desk.value(25, open=50) == "known from 3 readings in a row on"
    assert desk.value(35, open=50) == "health.sessions is late: 35s old"
    desk.feed(36, "health", result=Result.ERROR)
    assert desk.value(45, open=50) == "health.sessions: because"


def test_a_quantile_over_the_readings_of_late() -> None:
    """Nearest rank; known once enough of the stretch was seen without a gap."""
    tables = '[signal.slow]\nkind = "quantile"\nof = "app.open"\nq = 0.9\nover = "100s"\n'
    desk = Desktop(tables)
    told = [desk.value(10.0 * n, open=n) for n in range(10)]
    assert told[5] == "6 readings without a gap, needs 7"
    assert told[6:] == [6, 7, 8, 8]
    assert desk.value(100, open=100) == 9
    assert desk.value(200, open=0) == "1 readings without a gap, needs 7"


def test_a_count_within_an_interval() -> None:
    """What the counter gained in it, through a reset; not before it was seen whole."""
    desk = Desktop('[signal.burst]\nkind = "count"\nof = "app.calls"\nover = "30s"\n')
    assert desk.value(0, calls=1000) == "0s of 30s seen without a gap"
    assert desk.value(10, calls=1001) == "10s of 30s seen without a gap"
    assert desk.value(20, calls=1002) == "20s of 30s seen without a gap"
    assert desk.value(30, calls=1004) == 4
    assert desk.value(40, calls=6) == 9
    assert desk.value(100, calls=6) == "0s of 30s seen without a gap"


ACCESS = (
    '[signal.polling]\nkind = "intervals"\nlog = "access"\npath = "/api/quota/.*"\n'
    'at_least = 3\nover = "5m"\npause = "2m"\n'
)
COMMON = '{client} - - [25/Nov/2026:04:00:00 +0000] "GET {path} HTTP/1.1" 200 12 "-" "curl"'
UVICORN = 'INFO:     {client}:5{n:04} - "GET {path}?n={n} HTTP/1.1" 200 OK'


def _lines(at: float, *texts: str, **facts: int | str) -> Reading:
    lines = tuple(LogLine(at, "access.log", "", text) for text in texts)
    return Reading("access", at, 0.0, Result.VALUE, lines=lines, facts=facts)


@pytest.mark.parametrize("form", [COMMON, UVICORN])
def test_the_polling_interval_of_an_access_log(form: str) -> None:
    """Per client and path, from lines as servers write them: the median, and the fastest."""
    derivations = Derivations(_profile(ACCESS).probe)
    made: list[Reading] = []
    for n in range(5):
        slow = form.format(client="10.0.0.1", path="/api/quota/status", n=n)
        other = form.format(client="10.0.0.1", path="/health", n=n)
        made = list(derivations.readings(_lines(30.0 * n, slow, other, "no request")))
    for n in range(3):
        fast = form.format(client="::1", path="/api/quota/status", n=n)
        made = list(derivations.readings(_lines(130.0 + 3 * n, fast)))
    (last,) = made
    assert dict(last.values) == {"polling.value": 30, "polling.fastest": 3, "polling.clients": 2}


def test_lines_from_before_the_watch_make_no_intervals() -> None:
    """They are read all at once, however far apart they were written."""
    derivations = Derivations(_profile(ACCESS).probe)
    line = COMMON.format(client="10.0.0.1", path="/api/quota/status", n=0)
    first = _lines(0, line, line, line, line)
    (made,) = derivations.readings(replace(first, facts={"lines_before": 0.0}))
    assert made.reason == "0 intervals of late, needs 3"
    for n in range(1, 5):
        (made,) = derivations.readings(_lines(30.0 * n, line))
    assert made.values["polling.value"] == 30


def test_intervals_span_neither_gaps_nor_absences() -> None:
    """Lost lines would make two intervals one; a client that was away begins anew."""
    derivations = Derivations(_profile(ACCESS).probe)
    line = COMMON.format(client="10.0.0.1", path="/api/quota/status", n=0)

    def told(at: float, **facts: int | str) -> Reading:
        (made,) = derivations.readings(_lines(at, line, **facts))
        return made

    told(0)
    told(30)
    assert told(60).reason == "2 intervals of late, needs 3"
    assert told(181).reason == "2 intervals of late, needs 3"
    assert told(211, left_out=7).reason == "2 intervals of late, needs 3"
    list(derivations.gaps(Gap("access", 211, 215, "lost")))
    assert told(241).reason == "2 intervals of late, needs 3"
    assert told(271).values["polling.value"] == 30
    (failed,) = derivations.readings(Reading("access", 280, 0, Result.ERROR, "gone"))
    assert (failed.result, failed.reason) == (Result.NO_DATA, "gone")
    assert told(290).values["polling.value"] == 30


def test_what_grows_with_a_lower_bound_is_one() -> None:
    """A count and a rate of a log's lines; a share of two of them may be too high as well."""
    tables = (
        '[signal.recent]\nkind = "count"\nof = "access.errors"\nover = "10s"\n'
        '[signal.share]\nkind = "ratio"\npart = ["access.errors"]\nwhole = ["access.lines"]\n'
    )
    derivations = Derivations(_profile(tables).probe)
    for n in range(4):
        values = {"access.errors": float(n), "access.lines": 100.0}
        facts: dict[str, Fact] = {"at_least": n > 1}
        reading = Reading("access", 5.0 * n, 0.0, Result.VALUE, values=values, facts=facts)
        recent, share = derivations.readings(reading)
    assert recent.values["recent.value"] == 2
    assert why_least("recent.value", recent.facts) == "lines of the log may have been lost"
    assert not why_least("share.value", share.facts)


def test_lost_lines_end_every_interval() -> None:
    """What a client asked for in the window is not known."""
    derivations = Derivations(_profile(ACCESS).probe)
    line = COMMON.format(client="10.0.0.1", path="/api/quota/status", n=0)
    for n in range(4):
        list(derivations.readings(_lines(30.0 * n, line)))
    list(derivations.readings(_lines(180.0, line, losses="one window")))
    (made,) = derivations.readings(_lines(190.0, line, losses="one window"))
    assert (made.values["polling.value"], made.values["polling.fastest"]) == (30, 10)


def test_patterns_that_take_too_long_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reading says so; it is not told again and again."""
    derivations = Derivations(_profile(ACCESS).probe)
    line = COMMON.format(client="10.0.0.1", path="/api/quota/status", n=0)
    with monkeypatch.context() as patch:
        patch.setattr("stagewatch.derived.BUDGET", -1.0)
        (made,) = derivations.readings(_lines(0.0, line))
    assert made.result is Result.NO_DATA
    assert "make them simpler" in made.missing["polling.value"]
    (made,) = derivations.readings(_lines(30.0))
    assert "make them simpler" in made.reason


def test_a_derived_signal_of_derived_signals() -> None:
    """What stands above may be used."""
    tables = '[signal.smooth]\nkind = "quantile"\nof = "speed.value"\nover = "20s"\n'
    desk = Desktop(RATE + tables)
    desk.feed(0, calls=0)
    desk.feed(10, calls=10)
    first, second = desk.feed(20, calls=40)
    assert (first.probe, second.probe) == ("speed", "smooth")
    assert (first.values, second.values) == ({"speed.value": 3}, {"smooth.value": 3})


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ("signal = 3", "signal: must be tables [signal.NAME], not a number"),
        ("[signal]\na = 3", "signal.a: must be a table [signal.a], not a number"),
        ('[signal.app]\nkind = "rate"\nof = "app.calls"', 'signal.app: "app" is a probe as well'),
        ('[signal."a.b"]\nkind = "rate"\nof = "app.calls"', "this name cannot be a part of a sig"),
        ('[signal.a]\nkind = "rat"\nof = "app.calls"', 'there is no kind "rat"; did you mean "rat'),
        ('[signal.a]\nkind = "rate"\nof = "app.cals"', 'no probe provides "app.cals"; did you mea'),
        ('[signal.a]\nkind = "rate"\nof = "a.value"', 'no probe provides "a.value"'),
        ('[signal.a]\nkind = "rate"\nof = "app.calls"\nover = "1m"', "signal.a.over: unknown key"),
        ('[signal.a]\nkind = "rate"\nof = "health.latency"', "is measured in ms; a rate needs a c"),
        (
            '[signal.a]\nkind = "difference"\nof = ["health.latency", "app.open"]',
            "signal.a: mixes ms and plain numbers",
        ),
        (
            '[signal.a]\nkind = "ratio"\npart = []\nwhole = ["app.open"]',
            "signal.a.part: must not be empty",
        ),
        (
            '[signal.a]\nkind = "count"\nof = "app.calls"\nover = "15s"',
            "is shorter than two readin",
        ),
        (
            '[signal.a]\nkind = "intervals"\nlog = "app"\npath = "/"',
            'signal.a.log: "app" is no log probe',
        ),
        (
            '[signal.a]\nkind = "intervals"\nlog = "access"\npath = "("\npattern = "x"',
            "signal.a.path: is no regular expression",
        ),
        (
            '[signal.a]\nkind = "intervals"\nlog = "access"\npath = "/"\npattern = "x"',
            "signal.a.pattern: needs the groups (?P<client>…) and (?P<path>…)",
        ),
        ('[probe.b]\nkind = "signal"', 'there is no kind of probe "signal"'),
    ],
)
def test_a_table_that_cannot_work(tables: str, told: str) -> None:
    """Each mistake is told with its key, where it stands."""
    # A key of the top table must stand before the first table.
    text = f"{tables}\n{HEAD}" if tables == "signal = 3" else f"{HEAD}{tables}\n"
    with pytest.raises(ProfileError, match=re.escape(told)):
        loads(text, Path("a.toml"), InstalledKinds())


def test_rules_take_limits_in_the_units_of_derived_signals() -> None:
    """A share in %, a rate a second; as of any other signal."""
    profile = _profile(
        HIT_RATE
        + RATE
        + '[go.cache]\nrule = "compare"\nsignal = "hit.value"\nbelow = "80 %"\n'
        + '[nogo.calls]\nrule = "compare"\nsignal = "speed.value"\nabove = "60/min"\n'
    )
    assert profile.nogo["calls"].above == 1  # type: ignore[union-attr]
    assert profile.go["cache"].below == 80  # type: ignore[union-attr]
    assert list(profile.signal) == ["hit", "speed"]
    assert profile.probe["hit"].every == 10


def test_a_signal_of_a_broken_probe_adds_no_problem_of_its_own() -> None:
    """What it rests on is to be mended first."""
    text = HEAD.replace('every = "10s"', 'every = "10"') + HIT_RATE
    with pytest.raises(ProfileError) as caught:
        loads(text, Path("a.toml"), InstalledKinds())
    assert not [problem for problem in caught.value.problems if "signal" in problem.key]


@pytest.fixture
def history(tmp_path: Path) -> Iterator[HistoryWriter]:
    """A history to record into."""
    writer = HistoryWriter(tmp_path / "history.db", SystemClock())
    yield writer
    writer.close(5.0)


def test_recorder_and_history_see_an_ordinary_probe(history: HistoryWriter, tmp_path: Path) -> None:
    """With readings, values, coverage and gaps of its own; and without events of its own."""
    profile = _profile(RATE)
    kinds = InstalledKinds()
    for name, config in profile.probe.items():
        history.declare(name, config.kind, config.every, kinds.signals(name, config))
    desk = Desk(history, None, {}, {}, Derivations(profile.probe))
    for n in range(4):
        desk.add(Reading("app", 1000.0 + 10 * n, 0.1, Result.VALUE, values={"app.calls": 20.0 * n}))
    desk.gap(Gap("app", 1040, 1060, "stalled"))
    assert history.flush(10.0)
    with History.open(tmp_path / "history.db") as read:
        assert read.samples("speed.value") == [(1010, 2), (1020, 2), (1030, 2)]
        assert read.signals()["speed.value"].unit == "/s"
        assert read.coverage("speed", 1010, 1040) == 1
        assert [gap.probe for gap in read.gaps()] == ["app", "speed"]
        assert [event.probe for event in read.events(10)] == []
