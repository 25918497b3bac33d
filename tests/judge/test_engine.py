"""All rules of a watch together: what feeds them, when they judge, what a broken one costs."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagewatch.judge.engine import Engine
from stagewatch.judge.finding import Finding, Why
from stagewatch.judge.rulings import Rulings, Stretch
from stagewatch.judge.tracker import Computed
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import Reading, Result, State
from stagewatch.probes import InstalledKinds
from stagewatch.profile.load import load
from stagewatch.profile.schema import Profile

START = 1_700_000_000.0
HOUR = 3600.0
TEXT = """
version = 1
[deployment]
name = "staging"
window = "6h"
speed = 1
[probe.health]
kind = "http"
url = "http://127.0.0.1:1/health"
every = "30s"
read = { orphans = "orphans", used = "used" }
[probe.errors]
kind = "log"
path = "error.log"
every = "20s"
[nogo.sockets]
rule = "held"
signal = "health.orphans"
[nogo.bound]
rule = "compare"
signal = "health.used"
above = 50
[nogo.criticals]
rule = "records"
probes = ["errors"]
[go.up]
rule = "available"
probe = "health"
"""


def profile_from(folder: Path, text: str = TEXT) -> Profile:
    path = folder / "staging.toml"
    path.write_text(text)
    return load(path, InstalledKinds())


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Profile:
    """Three no-go rules and one go rule over two probes."""
    return profile_from(tmp_path_factory.mktemp("profile"))


def engine(profile: Profile, rulings: Rulings | None = None) -> Engine:
    speed = profile.deployment.speed
    ends = float(profile.deployment.window)
    return Engine(profile, WatchTime(START, speed), ends, rulings=rulings)


def health(at: float, orphans: float | None = 3, used: float = 12, took: float = 0.02) -> Reading:
    values = {"health.ok": 1.0, "health.latency": 20.0, "health.used": used}
    if orphans is None:
        return Reading("health", START + at, took, Result.NO_DATA, "no orphans", values)
    return Reading(
        "health", START + at, took, Result.VALUE, values={**values, "health.orphans": orphans}
    )


def log(at: float, criticals: float = 0) -> Reading:
    return Reading(
        "errors",
        START + at,
        0.001,
        Result.VALUE,
        values={"errors.criticals": criticals},
        facts={"tracebacks": 0},
    )


def day(until: float = 6 * HOUR, orphans: float = 3) -> list[Reading]:
    found = [health(3 + 30 * i, orphans) for i in range(int(until // 30))]
    return found + [log(1 + 20 * i) for i in range(int(until // 20))]


def feed(into: Engine, readings: Iterable[Reading], until: float = 6 * HOUR) -> dict[str, Computed]:
    for reading in sorted(readings, key=lambda r: r.at + r.took):
        into.take(reading)
    into.pass_time(START + until)
    return into.computed()


def states(computed: dict[str, Computed]) -> dict[str, State]:
    return {name: one.state for name, one in computed.items()}


def test_a_good_watch_passes_everything(profile: Profile) -> None:
    """And the coverage that nobody wrote into the profile is there as well."""
    found = states(feed(engine(profile), day()))
    assert found == dict.fromkeys(("sockets", "bound", "criticals", "up", "coverage"), State.PASS)


def test_states_come_with_the_reading_that_brought_them(profile: Profile) -> None:
    """The first critical record fails its criterion at once."""
    judge = engine(profile)
    feed(judge, [*day(HOUR), log(HOUR + 1, criticals=1)], HOUR + 2)
    failed = [turn for turn in judge.turns() if turn.computed.state is State.FAIL]
    assert [turn.computed.name for turn in failed] == ["criticals"]
    assert failed[0].reading == log(HOUR + 1, criticals=1)
    assert failed[0].t == pytest.approx(HOUR + 1.001)


def test_silence_shows(profile: Profile) -> None:
    """A probe that stops leaves no PASS behind, though nothing ever said that it was bad."""
    found = feed(engine(profile), day(HOUR), until=2 * HOUR)
    assert State.PASS not in states(found).values()


def test_what_nobody_ever_read_is_unknown(profile: Profile) -> None:
    """A watch without a single reading."""
    assert set(states(feed(engine(profile), [])).values()) == {State.INCONCLUSIVE}


def test_a_skipped_run_is_no_reading(profile: Profile) -> None:
    """It neither passes nor covers anything."""
    skipped = [
        Reading("health", START + 30 * i, 0.0, Result.SKIPPED, values={"health.orphans": 1.0})
        for i in range(720)
    ]
    found = states(feed(engine(profile), skipped))
    assert set(found.values()) == {State.INCONCLUSIVE}


def test_what_comes_after_the_window_changes_nothing(profile: Profile) -> None:
    """The watch is judged as it was when it ended."""
    judge = engine(profile)
    before = feed(judge, day())
    assert judge.final
    for at in range(30):
        judge.take(log(6 * HOUR + at, criticals=5))
    judge.pass_time(START + 9 * HOUR)
    assert judge.computed() == before


def test_void_readings_do_not_count_and_cover_nothing(profile: Profile) -> None:
    """The failure is gone, and the time is a gap."""
    bad = [health(3 + 30 * i, 500 if 60 <= i < 120 else 3) for i in range(720)]
    void = Rulings(void=(Stretch("health", START + 1800, START + 3605, "ann"),))
    assert states(feed(engine(profile), [*bad, *day()[720:]]))["sockets"] is State.FAIL
    found = feed(engine(profile, void), [*bad, *day()[720:]])
    assert found["sockets"].state is State.PASS
    assert found["coverage"].state is State.INCONCLUSIVE
    assert "no reading of health" in found["coverage"].finding.reason


def test_a_loss_of_log_lines_counts_until_somebody_accepts_it(profile: Profile) -> None:
    """By name, and for its whole window."""
    window = {"path": "error.log", "since": START + 600, "until": START + 605, "cause": "cut"}
    lost = json.dumps([window])
    readings = [
        Reading(r.probe, r.at, r.took, r.result, values=r.values, facts={"losses": lost})
        if r.probe == "errors" and r.at >= START + 605
        else r
        for r in day()
    ]
    part, whole = (Stretch("errors", START + 600, START + 600 + s, "ann") for s in (2, 5))
    for accepted, state in (((), State.INCONCLUSIVE), ((part,), State.INCONCLUSIVE)):
        found = feed(engine(profile, Rulings(accepted=accepted)), readings)
        assert found["criticals"].state is state
        assert found["criticals"].finding.why is Why.LOSS
    found = feed(engine(profile, Rulings(accepted=(whole,))), readings)
    assert found["criticals"].state is State.PASS


def test_a_rule_that_raises_is_inconclusive_and_the_others_go_on(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the reason, and told to whoever keeps the log."""
    from stagewatch.judge.held import HeldJudge

    def fall(self: HeldJudge, t: float) -> Finding:
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr(HeldJudge, "look", fall)
    told: list[str] = []
    judge = Engine(profile, WatchTime(START), 6 * HOUR, fault=lambda name, error: told.append(name))
    found = feed(judge, day())
    assert found["sockets"].state is State.INCONCLUSIVE
    assert found["sockets"].finding.why is Why.FAULT
    assert "by nought" in found["sockets"].finding.reason
    assert found["bound"].state is State.PASS
    assert told == ["sockets"]


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32), looks=st.integers(0, 200))
def test_order_repetition_and_pace_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, seed: int, looks: int
) -> None:
    """Live, one by one with looks in between, or all at once, or twice: the same turns."""
    profile = profile_from(tmp_path_factory.mktemp("p"))
    rng = random.Random(seed)
    readings = [
        health(3 + 30 * i, rng.choice([3, 90, 150, None]), rng.choice([12, 60]))
        for i in range(240)
        if rng.random() > 0.1
    ] + [log(1 + 20 * i, float(i > 200)) for i in range(360) if rng.random() > 0.1]
    readings.sort(key=lambda r: r.at + r.took)
    once, live = engine(profile), engine(profile)
    feed(once, readings, 2 * HOUR)
    for reading in readings:
        live.take(reading)
        if rng.random() < looks / 200:
            live.take(rng.choice(readings[: readings.index(reading) + 1]))
            live.pass_time(reading.at + reading.took)
    live.pass_time(START + 2 * HOUR)
    assert live.turns() == once.turns()
    assert live.computed() == once.computed()


def test_speed_scales_every_time_and_touches_no_rule(tmp_path: Path) -> None:
    """A day of six minutes comes to the same states at the same watch times."""
    slow = profile_from(tmp_path)
    quick = [
        Reading(r.probe, START + (r.at - START) / 60, r.took / 60, r.result, values=r.values)
        for r in day(orphans=150)
    ]
    text = TEXT.replace("speed = 1", "speed = 60").replace('every = "30s"', 'every = "500ms"')
    fast = profile_from(tmp_path, text)
    one, other = engine(slow), engine(fast)
    feed(one, day(orphans=150))
    for reading in sorted(quick, key=lambda r: r.at + r.took):
        other.take(reading)
    other.pass_time(START + 6 * HOUR / 60)
    found = [(c.name, c.state) for c in one.computed().values() if c.name != "coverage"]
    assert found == [(c.name, c.state) for c in other.computed().values() if c.name != "coverage"]
    known = [c.incident.known for e in (one, other) if (c := e.computed()["sockets"]).incident]
    assert known[0] == pytest.approx(known[1], abs=1)


def test_the_coverage_of_a_criterion_is_that_of_its_signals(profile: Profile) -> None:
    """Half of the runs had no orphans: the probe answered, the signal was not there."""
    readings = [health(3 + 30 * i, 3 if i % 2 else None) for i in range(720)]
    judge = engine(profile)
    feed(judge, readings)
    sockets, bound = judge.coverage("sockets"), judge.coverage("bound")
    assert sockets == pytest.approx(0.5, abs=0.01)
    assert bound == pytest.approx(1.0, abs=0.01)
    assert judge.coverage("coverage") is None


POOL_OF_TWO = """
version = 1
[deployment]
name = "staging"
window = "6h"
[probe.health]
kind = "http"
url = "http://127.0.0.1:1/health"
every = "30s"
read = { used = "used" }
[probe.queue]
kind = "http"
url = "http://127.0.0.1:1/queue"
every = "30s"
read = { waiting = "waiting" }
[nogo.pool]
rule = "exhausted"
used = "health.used"
max = 20
waiting = "queue.waiting"
"""


def test_what_another_probe_said_long_ago_tells_nothing_of_a_full_pool(tmp_path: Path) -> None:
    """That nobody waited is known for as long as any reading is; then the pool is unknown."""
    made = engine(profile_from(tmp_path, POOL_OF_TWO))
    idle = Reading("queue", START, 0.02, Result.VALUE, values={"queue.waiting": 0.0})
    full = [
        Reading("health", START + at, 0.02, Result.VALUE, values={"health.used": 20.0})
        for at in range(1, 1200, 30)
    ]
    assert states(feed(made, [idle, *full[:5]], 125))["pool"] is State.WARN
    assert states(feed(made, full[5:], 1200))["pool"] is State.INCONCLUSIVE


CHECKED = (
    TEXT
    + """
[go.score]
rule = "score"
[[optimisation]]
name = "Pool"
checks = [
    { name = "small", signal = "health.used", at_most = 20 },
    { name = "reviewed", passes = true },
]
"""
)


def test_a_check_that_a_signal_decides_is_judged_beside_the_criteria(tmp_path: Path) -> None:
    """It turns with the reading that turns it, back as well, and is no criterion."""
    judge = engine(profile_from(tmp_path, CHECKED))
    turned = []
    for number, used in enumerate((12, 30, 12)):
        judge.take(health(30.0 * number, used=used))
        turned += [
            (t.computed.state, t.reading.at if t.reading else None)
            for t in judge.turns()
            if t.computed.name == "Pool/small"
        ]
    assert turned == [
        (State.PASS, START),
        (State.FAIL, START + 30),
        (State.PASS, START + 60),
    ]
    assert set(judge.checks()) == {"Pool/small"}
    assert "Pool/small" not in judge.computed()


def test_a_check_is_no_data_that_a_go_needs_all_day(tmp_path: Path) -> None:
    """The latest value decides it: the signal counts for no coverage by that."""
    text = CHECKED.replace(
        '[nogo.bound]\nrule = "compare"\nsignal = "health.used"\nabove = 50\n', ""
    )
    judge = engine(profile_from(tmp_path, text))
    for reading in day():
        values = {k: v for k, v in reading.values.items() if k != "health.used"}
        judge.take(Reading(reading.probe, reading.at, 0.0, reading.result, values=values))
    judge.pass_time(START + 6 * HOUR)
    assert judge.computed()["coverage"].state is State.PASS
    assert judge.checks()["Pool/small"].state is State.INCONCLUSIVE


def test_void_readings_verify_nothing(tmp_path: Path) -> None:
    """What was declared void decides no check."""
    void = Rulings(void=(Stretch("health", START, START + HOUR, "ann"),))
    judge = engine(profile_from(tmp_path, CHECKED), void)
    judge.take(health(60.0))
    judge.pass_time(START + 120)
    assert judge.checks()["Pool/small"].state is State.INCONCLUSIVE


def wrong(reading: Reading) -> Reading:
    """The same numbers in an answer that was not the expected one."""
    facts = {"unexpected": True}
    return replace(reading, result=Result.NO_DATA, reason="status 500", facts=facts)


SAVED = (
    CHECKED.replace('window = "6h"', 'window = "24h"')
    + """
[go.saved]
rule = "savings"
[savings]
per_workspace_month = "346.14"
baseline_calls_per_day = "7200"
price_per_call = "0.002"
calls = "health.used"
"""
)


@pytest.mark.parametrize("is_wrong", [False, True])
def test_a_wrong_answer_verifies_and_saves_nothing(tmp_path: Path, is_wrong: bool) -> None:
    """A counter that stands still in an error is no proof that nothing is called any more."""
    judge = engine(profile_from(tmp_path, SAVED))
    for number in range(24 * 120):
        reading = health(30.0 * number, used=12 if number else 11)
        judge.take(wrong(reading) if is_wrong else reading)
    judge.pass_time(START + 24 * HOUR)
    expected = State.INCONCLUSIVE if is_wrong else State.PASS
    assert judge.computed()["saved"].state is expected
    assert judge.checks()["Pool/small"].state is expected


def test_what_a_wrong_answer_says_ends_no_trouble(profile: Profile) -> None:
    """Orphans that are many in good answers are not few because an error says so."""
    sometimes = [
        health(3 + 30 * i, orphans=200) if i % 2 else wrong(health(3 + 30 * i, orphans=0))
        for i in range(120)
    ]
    assert states(feed(engine(profile), sometimes, HOUR))["sockets"] is State.FAIL


def test_acquires_that_failed_count_whoever_says_so(tmp_path: Path) -> None:
    """What waits in vain for a connection answers with an error, and with their number."""
    text = (
        TEXT.replace('used = "used" }', 'used = "used", failed = "failed" }')
        + """
[nogo.pool]
rule = "exhausted"
used = "health.used"
max = 20
timeouts = "health.failed"
"""
    )
    made = engine(profile_from(tmp_path, text))
    answers = [
        replace(reading, values={**reading.values, "health.failed": 2.0 * number})
        for number, reading in enumerate(wrong(health(30.0 * n)) for n in range(8))
    ]
    assert states(feed(made, answers, 230))["pool"] is State.FAIL


def test_what_is_wrong_with_a_probe_is_part_of_the_reason(profile: Profile) -> None:
    """While its rule has nothing to go by, and no longer."""
    judge = engine(profile)
    wrong = "error.log may not be read; let the recorder's user read it"
    bad = Reading("errors", START + 1, 0.001, Result.ERROR, wrong)
    found = feed(judge, [bad], 10)["criticals"].finding
    assert found.reason == f"no usable reading of error.log yet; {wrong}"
    assert found.why is Why.STALE
    waits = Reading("errors", START + 1, 0.001, Result.NO_DATA, "it does not exist yet")
    assert feed(engine(profile), [waits], 10)["criticals"].finding.why is Why.WARMING_UP
    assert (
        feed(judge, [log(20)], 21)["criticals"].finding.reason == "no critical record in error.log"
    )
    found = feed(judge, [replace(bad, at=START + 40)], 2000)["criticals"].finding
    assert found.reason.startswith("no usable reading of error.log for ")
    assert found.reason.endswith(f"; {wrong}")
