"""The log kind: when it reports, what its readings carry, and that nothing counts twice."""

from __future__ import annotations

import asyncio
import json
import os
import threading

import pytest

from stagewatch.logs.batch import Batch
from stagewatch.logs.state import loads
from stagewatch.logs.told import at_least, why_least
from stagewatch.logs.watch import Heard
from stagewatch.model import Result
from stagewatch.probes import InstalledKinds, probe_kind
from stagewatch.probes.log import LogConfig, problems
from stagewatch.text import clean
from tests.probes.opened import START, Opened, reading


def test_the_kind_is_installed() -> None:
    """A profile finds it by its name, with its signals."""
    config = LogConfig(kind="log", path="error.log")
    assert probe_kind("log").config is LogConfig
    assert [signal.name for signal in InstalledKinds().signals("errors", config)] == [
        "errors.lines",
        "errors.errors",
        "errors.warnings",
        "errors.criticals",
        "errors.new",
    ]
    assert float(config.every) == 5.0


@pytest.mark.parametrize(
    ("keys", "key"),
    [
        ({"path": " "}, "path"),
        ({"encoding": "klingon"}, "encoding"),
        ({"encoding": "utf-16"}, "encoding"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"zone": "../../etc/passwd"}, "zone"),
    ],
)
def test_what_a_profile_may_not_say(keys: dict[str, str], key: str) -> None:
    """Each problem names its key."""
    config = LogConfig(**{"kind": "log", "path": "error.log", **keys})  # type: ignore[arg-type]
    assert [name for name, _ in problems(config)] == [key]


def test_the_usual_profile_has_no_problem() -> None:
    """Names of zones and encodings that exist are accepted."""
    config = LogConfig(kind="log", path="*.log", zone="Europe/Berlin", encoding="latin-1")
    assert list(problems(config)) == []


async def test_silence_is_reported_every_interval(log: Opened) -> None:
    """The first look, then one reading each five seconds, and none between."""
    probe = log.open()
    assert (await reading(probe)).values == dict.fromkeys(
        [f"errors.{k}" for k in ("lines", "errors", "warnings", "criticals", "new")], 0.0
    )
    for _ in range(round(probe.every / probe.tick) - 1):
        log.clock.time += probe.tick
        assert await probe.read() is None
    log.clock.time += probe.tick
    assert (await reading(probe)).result is Result.VALUE


async def test_new_lines_are_reported_at_once(log: Opened) -> None:
    """With their levels, in their order, and with the counts since the watch began."""
    probe = log.open()
    await probe.read()
    log.write("INFO fine\nERROR bad\r\nCRITICAL worse\x1b[2J\nWARNING well\nplain\n")
    found = await reading(probe)
    assert found.values == {
        "errors.lines": 5,
        "errors.errors": 1,
        "errors.warnings": 1,
        "errors.criticals": 1,
        "errors.new": 3,
    }
    assert [line.level for line in found.lines] == ["INFO", "ERROR", "CRITICAL", "WARNING", ""]
    assert found.lines[1].text == "ERROR bad"
    assert "\x1b" not in found.lines[2].text
    assert {line.source for line in found.lines} == {"error.log"}
    assert found.facts["at_least"] is False


@pytest.mark.parametrize("size", [3000, 5000, 400_000])
async def test_a_level_far_behind_counts_or_makes_the_counts_lower_bounds(
    log: Opened, size: int
) -> None:
    """Wherever the reads end; a long line with no level anywhere is no reason."""
    probe = log.open()
    await probe.read()
    padding = "x" * size
    log.write(f'{{"msg":"{padding}","level":"fatal"}}\n{{"msg":"{padding}"}}\n')
    found = await reading(probe)
    criticals = int(size == 3000)
    assert found.values["errors.criticals"] == criticals
    count = {3000: 0, 5000: 1, 400_000: 2}[size]
    assert probe.watch.counts.cut == count
    for key in ("criticals", "errors", "new"):
        assert at_least(f"errors.{key}", found.facts) is (count > 0)
    assert not at_least("errors.lines", found.facts)
    if count == 1:
        why = why_least("errors.criticals", found.facts)
        assert why == "1 record is longer than 4 KiB, with no level in that"
    assert log.open(found.checkpoint).watch.counts.cut == count


async def test_lines_that_cannot_be_read_are_passed_once_and_admitted(
    log: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A defect of ours neither stops the log nor counts a line twice."""
    probe = log.open()
    await probe.read()

    def broken(*args: object) -> None:
        raise RuntimeError("odd")

    with monkeypatch.context() as patch:
        patch.setattr("stagewatch.logs.tally.suspects", broken)
        log.write("odd line\n" * 200 + "CRITICAL hidden\n")
        log.clock.time += probe.every
        found = await reading(probe)
    assert (found.result, found.values["errors.lines"]) == (Result.VALUE, 201)
    log.write("CRITICAL seen\n")
    found = await reading(probe)
    assert (found.values["errors.lines"], found.values["errors.criticals"]) == (202, 1)
    why = why_least("errors.criticals", found.facts)
    assert why.startswith("201 lines could not be read (RuntimeError: odd), which is a defect")
    assert not at_least("errors.lines", found.facts)
    log.clock.time += probe.every
    found = await reading(log.open(found.checkpoint))
    assert why_least("errors.criticals", found.facts) == why


async def test_lines_from_before_the_watch_are_context(log: Opened) -> None:
    """They are shown with a time before the watch, and do not count."""
    log.write("2025-12-31 12:00:00 CRITICAL old\nCRITICAL undated\n")
    found = await reading(log.open())
    assert found.values["errors.criticals"] == 0
    assert [line.text for line in found.lines][-1] == "CRITICAL undated"
    assert all(line.at < START for line in found.lines)
    assert found.facts["lines_before"] == max(line.at for line in found.lines)
    log.write("new\n")
    assert "lines_before" not in (await reading(log.open(found.checkpoint))).facts


async def test_the_lines_of_a_flood_are_bounded(log: Opened) -> None:
    """The newest of each kind are kept, critical ones first, and the rest is numbered."""
    probe = log.open()
    await probe.read()
    log.write("CRITICAL first\n" + "INFO x\n" * 2000 + "ERROR y\n" * 2000)
    found = await reading(probe)
    levels = [line.level for line in found.lines]
    assert (levels.count("CRITICAL"), levels.count("ERROR")) == (1, 199)
    assert levels.count("INFO") == 60
    assert found.facts["left_out"] == 4001 - len(levels)
    assert found.values["errors.errors"] == 2000


async def test_a_restarted_recorder_goes_on_exactly(log: Opened) -> None:
    """What was stored counts once; what was read and not stored is read again."""
    probe = log.open()
    await probe.read()
    log.write("ERROR 1\n")
    stored = await reading(probe)
    log.write("ERROR 2\n")
    await probe.read()  # the recorder dies before this one is stored
    again = await reading(log.open(stored.checkpoint))
    assert [line.text for line in again.lines] == ["ERROR 2"]
    assert again.values["errors.errors"] == 2


async def test_a_checkpoint_that_is_not_ours_is_not_believed(log: Opened) -> None:
    """Broken or foreign, the log is followed as if for the first time."""
    log.write("ERROR before\n")
    for checkpoint in ("{", "[]", '{"version": 99}'):
        assert (await reading(log.open(checkpoint))).values["errors.errors"] == 0


async def test_a_loss_makes_the_count_at_least(log: Opened) -> None:
    """The facts carry the windows with their cause."""
    probe = log.open()
    log.write("ERROR one of several\n")
    await probe.read()
    log.path.write_text("")
    log.clock.time += probe.tick
    log.write("ERROR new\n")
    log.clock.time += probe.tick
    found = await reading(probe)
    facts = found.facts
    assert (facts["at_least"], facts["loss_since"], facts["loss_until"]) == (
        True,
        START,
        START + 2 * probe.tick,
    )
    assert facts["loss_cause"] == "the file was truncated in place"
    assert [window["until"] for window in json.loads(str(facts["losses"]))] == [
        START + 2 * probe.tick
    ]


async def test_a_reading_lists_the_newest_windows(log: Opened) -> None:
    """And says how many more its checkpoint has, so that the record stays small."""
    probe = log.open()
    await probe.read()
    for number in range(25):
        log.write(f"ERROR {number} of some length\n")
        log.clock.time += probe.tick
        await probe.read()
        log.path.write_text("")
        log.clock.time += probe.tick
        found = await reading(probe)
    listed = json.loads(str(found.facts["losses"]))
    assert (len(listed), found.facts["losses_before"]) == (20, 5)
    state = loads(found.checkpoint or "")
    assert state is not None
    assert [loss.since for loss in state.losses[-20:]] == [loss["since"] for loss in listed]
    assert len(state.losses) == 25


async def test_a_file_name_may_be_no_utf8_and_hold_anything(log: Opened) -> None:
    """It is counted like any other, also after a restart, and told inertly."""
    probe = log.open(path="*.log")
    await probe.read()
    odd = log.folder / os.fsdecode(b"odd\xff\x1b[31m\xe2\x80\xae.log")
    odd.write_text("CRITICAL one of several\n")
    log.clock.time += 2.0
    first = await reading(probe)
    assert first.values["errors.criticals"] == 1
    await probe.aclose()
    probe = log.open(first.checkpoint, path="*.log")
    odd.write_text("CRITICAL two\n")
    log.clock.time += 2.0
    second = await reading(probe)
    assert second.values["errors.criticals"] == 2
    (window,) = json.loads(str(second.facts["losses"]))
    assert window["path"].endswith("/odd\\xff␛[31m\\u202e.log")
    odd.unlink()
    os.mkfifo(odd)
    log.clock.time += 2.0
    told = await reading(probe)
    assert clean(str(told.facts["problem"])) == told.facts["problem"]
    assert "is not a regular file" in told.reason


async def test_a_missing_log_is_no_data(log: Opened) -> None:
    """It never reads as zero errors, and says what is wrong."""
    log.path.unlink()
    found = await reading(log.open())
    assert (found.result, found.values) == (Result.NO_DATA, {})
    assert "does not exist" in found.missing["errors.criticals"]
    assert found.facts["at_least"] is True
    assert "loss_until" not in found.facts


async def test_a_folder_is_an_error(log: Opened) -> None:
    """The path cannot be followed, whoever asks."""
    log.path.unlink()
    log.path.mkdir()
    found = await reading(log.open())
    assert (found.result, found.reason) == (Result.ERROR, found.facts["problem"])


async def test_trouble_is_reported_when_it_begins_and_when_it_ends(log: Opened) -> None:
    """Not at the next interval."""
    probe = log.open()
    await probe.read()
    log.path.unlink()
    log.clock.time += probe.tick
    await probe.read()
    log.clock.time += 11.0
    assert (await reading(probe)).result is Result.NO_DATA
    log.path.touch()
    log.clock.time += probe.tick
    assert (await reading(probe)).result is Result.VALUE


async def test_what_is_read_while_the_path_is_missing_counts_at_once(log: Opened) -> None:
    """The writer still has its file: a critical line in it is not held back."""
    probe = log.open()
    await probe.read()
    aside = log.folder / "aside"
    log.path.rename(aside)
    await probe.read()
    log.clock.time += 11.0
    assert (await reading(probe)).result is Result.NO_DATA
    aside.write_text("CRITICAL x\n")
    log.clock.time += probe.tick
    found = await reading(probe)
    assert (found.result, found.values["errors.criticals"]) == (Result.VALUE, 1)
    assert "does not exist" in found.reason


async def test_one_log_in_trouble_does_not_hide_the_others(log: Opened) -> None:
    """Its trouble is the reason beside the counts of the rest."""
    os.mkfifo(log.folder / "pipe.log")
    probe = log.open(path="*.log")
    await probe.read()
    log.write("CRITICAL x\n")
    found = await reading(probe)
    assert (found.result, found.values["errors.criticals"]) == (Result.VALUE, 1)
    assert "pipe.log is not a regular file" in found.reason
    assert found.lines[0].source == str(log.path)
    log.clock.time += 5.0
    assert (await reading(probe)).result is Result.VALUE


async def test_records_older_than_the_watch_are_named(log: Opened) -> None:
    """A log in another zone is not left out in silence; with its zone it counts."""
    for zone, errors in (("UTC", 0), ("Etc/GMT+5", 1)):
        probe = log.open(zone=zone)
        await probe.read()
        log.write("2025-12-31 22:00:00 ERROR x\n")  # three in the morning of New Year's Day
        found = await reading(probe)
        assert found.values["errors.errors"] == errors
        assert ("set zone" in found.reason) is (errors == 0)
        assert found.facts["before_watch"] == 1 - errors


async def test_no_file_is_touched_on_the_loop(log: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mount that hangs holds nobody up, and what is found there outlives a deadline."""
    probe = log.open()
    await probe.read()
    log.write("ERROR x\n" * 1000)
    go, look = threading.Event(), probe.watch.look

    def slowly(now: float, boot: float, batch: Batch | None, heard: Heard) -> Batch:
        assert go.wait(20)
        return look(now, boot, batch=batch, heard=heard)

    monkeypatch.setattr(probe.watch, "look", slowly)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(probe.read(), 0.01)
    go.set()
    found = await reading(probe)
    assert found.values["errors.errors"] == 1000
    assert len(found.lines) == 200


def descriptors() -> int:
    """How many this process has open."""
    return len(os.listdir("/proc/self/fd"))


async def test_closing_gives_everything_back(log: Opened) -> None:
    """Descriptors and threads; twice is once."""
    files = descriptors()
    probe = log.open()
    await probe.read()
    await probe.aclose()
    await probe.aclose()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("log-")]
    assert descriptors() == files


async def test_named_expressions_are_signals(log: Opened) -> None:
    """Lines that match are counted, and go on being counted by the next recorder."""
    count = {"slow_query": "duration: [0-9]{4,}"}
    probe = log.open(count=count)
    await probe.read()
    log.write("LOG duration: 12 ms\nLOG duration: 1200 ms\nLOG duration: 99999 ms\n")
    first = await reading(probe)
    assert first.values["errors.slow_query"] == 2
    assert [s.name for s in probe.signals][-1] == "errors.slow_query"
    log.write("LOG duration: 5000 ms\n")
    again = log.open(first.checkpoint, count=count)
    second = await reading(again)
    assert second.values["errors.slow_query"] == 3
    assert "partial" not in second.facts


async def test_an_expression_that_came_later_says_that_it_is_partial(log: Opened) -> None:
    """A profile that was edited in the middle of a watch counts from then on, and says so."""
    first = await reading(log.open())
    again = log.open(first.checkpoint, count={"slow": "duration"})
    second = await reading(again)
    assert at_least("errors.slow", second.facts)
    assert not at_least("errors.lines", second.facts)


async def test_patterns_go_on_after_a_restart(log: Opened) -> None:
    """The next recorder knows the baseline and the counts, from what was stored."""
    log.write("ERROR known\n")
    probe = log.open()
    stored = {p.number: p for p in (await reading(probe)).patterns}
    log.write("ERROR fresh 1\n")
    first = await reading(probe)
    stored |= {p.number: p for p in first.patterns}
    log.write("ERROR fresh 2\nERROR known\n")
    again = log.open(first.checkpoint, tuple(stored.values()))
    second = await reading(again)
    assert second.values["errors.new"] == 1
    assert {p.text: (p.count, p.new) for p in second.patterns} == {
        "fresh #": (2, True),
        "known": (1, False),
    }


async def test_only_patterns_that_changed_travel(log: Opened) -> None:
    """A batch does not carry every pattern again."""
    probe = log.open()
    await probe.read()
    log.write("".join(f"ERROR {'x' * n}\n" for n in range(1, 100)))
    assert len((await reading(probe)).patterns) == 99
    log.write("ERROR xxx\n")
    assert [p.count for p in (await reading(probe)).patterns] == [2]
