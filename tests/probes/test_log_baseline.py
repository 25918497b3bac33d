"""What a log's probe knows from before the watch, and of a profile that was edited since."""

from __future__ import annotations

import os

import pytest

from stagewatch.logs.told import why_least
from stagewatch.model import Result
from tests.probes.opened import Opened, reading


async def test_what_the_log_held_before_is_known(log: Opened) -> None:
    """A pattern from before the watch is not new; another one is, at once."""
    log.write("ERROR pool timed out after 3 s\n")
    probe = log.open()
    await probe.read()
    log.write("ERROR pool timed out after 12 s\nERROR disk full on 7\nERROR disk full on 8\n")
    found = await reading(probe)
    assert found.values["errors.new"] == 1
    told = {p.text: (p.count, p.new) for p in found.patterns}
    assert told == {"pool timed out after # s": (1, False), "disk full on #": (2, True)}


async def test_a_named_baseline_is_what_is_known(log: Opened) -> None:
    """The file that the profile names decides, not the log's own past."""
    (log.folder / "good.log").write_text("ERROR known for long\n")
    log.write("ERROR from the day before\n")
    probe = log.open(baseline="good.log")
    await probe.read()
    log.write("ERROR known for long\nERROR from the day before\n")
    found = await reading(probe)
    assert {p.text: p.new for p in found.patterns if p.count} == {
        "known for long": False,
        "from the day before": True,
    }


async def test_without_its_baseline_nothing_is_told_to_be_new(log: Opened) -> None:
    """The signal is missing, with the remedy's address; the other counts are there."""
    probe = log.open(baseline="gone.log")
    found = await reading(probe)
    assert found.result is Result.VALUE
    assert "errors.new" not in found.values
    assert "gone.log cannot be read" in found.missing["errors.new"]
    assert "gone.log cannot be read" in found.reason
    log.write("ERROR known for long\nERROR fresh 1\n")
    found = await reading(probe)
    assert [(p.text, p.count, p.new) for p in found.patterns] == [
        ("known for long", 1, False),
        ("fresh #", 1, False),
    ]


@pytest.mark.parametrize("kind", ["folder", "pipe"])
async def test_a_baseline_that_is_no_file_holds_nothing_up(log: Opened, kind: str) -> None:
    """A pipe would be waited for, for ever."""
    odd = log.folder / "odd.log"
    odd.mkdir() if kind == "folder" else os.mkfifo(odd)
    found = await reading(log.open(baseline="odd.log"))
    assert "is not a regular file; name a log" in found.missing["errors.new"]


async def test_of_a_large_baseline_the_newest_part_is_learned(
    log: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading all of it would hold the first look up."""
    monkeypatch.setattr("stagewatch.logs.baseline.LARGEST", 1000)
    good = log.folder / "good.log"
    good.write_text("ERROR older\n" + "INFO x\n" * 1000 + "ERROR newer\n")
    probe = log.open(baseline="good.log")
    await probe.read()
    log.write("ERROR older\nERROR newer\n")
    found = await reading(probe)
    assert {p.text: p.new for p in found.patterns if p.count} == {"older": True, "newer": False}


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_baseline_that_can_be_read_later_is_learned(log: Opened, restarted: bool) -> None:
    """Within a minute, or by the next recorder: then what it has not got is new after all."""
    probe = log.open(baseline="late.log")
    await probe.read()
    log.write("ERROR known for long\nERROR fresh 1\n")
    found = await reading(probe)
    (log.folder / "late.log").write_text("ERROR known for long\n")
    if restarted:
        await probe.aclose()
        probe = log.open(found.checkpoint, tuple(found.patterns), baseline="late.log")
    log.clock.time += 61.0
    found = await reading(probe)
    assert found.values["errors.new"] == 1
    assert {p.text: p.new for p in found.patterns if p.new} == {"fresh #": True}
    log.write("ERROR known for long\n")
    (pattern,) = (await reading(probe)).patterns
    assert (pattern.count, pattern.new) == (2, False)


async def test_a_profile_that_was_edited_follows_another_log(log: Opened) -> None:
    """What was counted stays; the past of the new log does not count, the former one is left,
    and read on from where it was when the profile follows it again."""
    probe = log.open()
    await probe.read()
    log.write("ERROR one\n")
    first = await reading(probe)
    await probe.aclose()
    other = log.folder / "other.log"
    other.write_text("ERROR from before\n")
    probe = log.open(first.checkpoint, tuple(first.patterns), path="other.log")
    await probe.read()
    log.write("CRITICAL in the former log\n")
    with other.open("a") as file:
        file.write("ERROR two\n")
    log.clock.time += 2.0
    found = await reading(probe)
    assert (found.values["errors.errors"], found.values["errors.criticals"]) == (2, 0)
    assert found.values["errors.new"] == 2
    probe = log.open(found.checkpoint, path="*.log")
    await probe.read()
    log.write("ERROR three\n")
    log.clock.time += 2.0
    found = await reading(probe)
    assert (found.values["errors.errors"], found.values["errors.criticals"]) == (3, 1)


async def test_an_expression_that_was_edited_counts_anew(log: Opened) -> None:
    """What it would have counted before is not known."""
    probe = log.open(count={"slow": "slow"})
    await probe.read()
    log.write("slow 1\nslow 2\nlate 1\n")
    first = await reading(probe)
    again = log.open(first.checkpoint, count={"slow": "late"})
    log.write("slow 3\nlate 2\n")
    found = await reading(again)
    assert found.values["errors.slow"] == 1
    assert "was not counted from the beginning" in why_least("errors.slow", found.facts)


async def test_a_baseline_that_was_edited_is_learned(log: Opened) -> None:
    """As if the profile had named it from the beginning."""
    (log.folder / "good.log").write_text("ERROR known\n")
    probe = log.open()
    await probe.read()
    log.write("ERROR known\nERROR fresh\n")
    first = await reading(probe)
    assert first.values["errors.new"] == 2
    again = log.open(first.checkpoint, tuple(first.patterns), baseline="good.log")
    assert (await reading(again)).values["errors.new"] == 1


async def test_a_baseline_with_too_many_patterns_tells_nothing_new(
    log: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was forgotten of it would be taken for new."""
    monkeypatch.setattr("stagewatch.logs.table.MOST_KNOWN", 3)
    for word in ("one", "two", "three", "four"):
        log.write(f"ERROR {word}\n")
    probe = log.open()
    await probe.read()
    log.write("ERROR four\n")
    found = await reading(probe)
    assert "has more than" in found.missing["errors.new"]
    assert [(p.text, p.new) for p in found.patterns if p.count] == [("four", False)]
    again = log.open(found.checkpoint, tuple(found.patterns))
    log.write("ERROR four\n")
    assert "has more than" in (await reading(again)).missing["errors.new"]
