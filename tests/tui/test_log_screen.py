"""The log's own screen, over real files: moving, searching, filtering, and the way back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from stagewatch.model import LogLine, LogPattern
from stagewatch.tui import specimen
from stagewatch.tui.app import StageWatch
from stagewatch.tui.lookfor import LookFor, LookForError
from stagewatch.tui.screens.log import LogScreen
from stagewatch.tui.stage import Clock, Stage

Shown = Callable[[Pilot[Any]], Awaitable[None]]
Settled = Callable[..., Awaitable[None]]
Read = Callable[[StageWatch], str]
SIZE = (100, 24)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log of a thousand lines, an error each hundred."""
    path = tmp_path / "error.log"
    lines = [
        f"2025-09-06 {n // 60:02}:{n % 60:02}:00 {'ERROR' if n % 100 == 7 else 'INFO'} line {n}"
        for n in range(1000)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def gone(path: Path) -> None:
    """The log is no longer there."""
    path.unlink()


@pytest.fixture
def rotated(path: Path) -> None:
    """And no new one is there yet."""
    path.rename(path.with_name("error.log.1"))


@pytest.fixture
def gone_after(path: Path) -> Callable[[], None]:
    """Deletes the log."""
    return path.unlink


def append(path: Path, text: str) -> None:
    with open(path, "a") as file:
        file.write(text)


def start_anew(path: Path) -> None:
    path.write_text("2025-09-07 01:00:00 INFO the new file\n" * 50)


def rotate(path: Path) -> None:
    """Twice."""
    path.rename(path.with_name("error.log.2"))
    path.with_name("error.log.1").write_text("2025-09-07 00:00:00 INFO between\n")
    start_anew(path)


@pytest.fixture
def kept() -> list[LogLine]:
    """What the record holds."""
    return [LogLine(specimen.NOW, "error.log", "ERROR", "kept in the record")]


@pytest.fixture
def stage(path: Path) -> Stage:
    """A watch of that log."""
    snapshot = specimen.healthy()
    at = specimen.NOW
    pattern = LogPattern(1, "ERROR", "line #", 10, at, at, "line 907", "error.log", True)
    log = replace(snapshot.logs[0], file=str(path), patterns=(pattern,))
    return Stage(replace(snapshot, logs=(log,)))


@pytest.fixture
def app(stage: Stage, clock: Clock, kept: list[LogLine]) -> StageWatch:
    """The screen over it."""
    hooks = replace(stage.hooks(), log_lines=lambda probe: tuple(kept))
    return StageWatch(hooks, "alice", clock)


async def test_it_opens_at_the_end_and_leads_back(
    app: StageWatch, shown: Shown, settled: Settled, lines: Read
) -> None:
    """With the newest lines; esc shows the watch again."""
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot)
        await pilot.press("l")
        await settled(pilot, lambda: "INFO line 999" in lines(app))
        assert "following" in lines(app)
        await pilot.press("escape")
        await settled(pilot, lambda: not isinstance(app.screen, LogScreen))
        assert "c list" in lines(app)


async def test_new_lines_are_followed(
    app: StageWatch, path: Path, shown: Shown, settled: Settled, lines: Read
) -> None:
    """While one looks at the end."""
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot)
        await pilot.press("l")
        await settled(pilot, lambda: "INFO line 999" in lines(app))
        append(path, "CRITICAL the newest\n")
        await settled(pilot, lambda: "CRITICAL the newest" in lines(app))


async def test_search_and_errors(
    app: StageWatch, shown: Shown, settled: Settled, lines: Read
) -> None:
    """Text and expressions; what may take for ever is refused with its reason."""
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot)
        await pilot.press("l")
        await settled(pilot, lambda: "INFO line 999" in lines(app))
        await pilot.press("slash", *"line 12", "enter")
        await settled(pilot, lambda: "line 129" in lines(app))
        await pilot.press("slash", *"~(a+)+b", "enter")
        await settled(pilot, lambda: "exponential" in lines(app))
        assert "~(a+)+b" in lines(app)
        await pilot.press("escape", "end", "e")
        await settled(pilot, lambda: "ERROR line 907" in lines(app))
        await pilot.press("e")
        await settled(pilot, lambda: "ERROR line 807" in lines(app))


async def test_filters(app: StageWatch, shown: Shown, settled: Settled, lines: Read) -> None:
    """By level and by text; again shows everything."""
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot)
        await pilot.press("l")
        await settled(pilot, lambda: "INFO line 999" in lines(app))
        await pilot.press("w", "w")
        await settled(pilot, lambda: "10 lines match" in lines(app))
        await settled(pilot, lambda: "INFO" not in lines(app))
        await pilot.press("f", *"line 50", "enter")
        await settled(pilot, lambda: "1 line matches" in lines(app))
        await pilot.press("f", "w", "w")
        await settled(pilot, lambda: "INFO line" in lines(app))


async def test_more_matches_than_are_kept(
    app: StageWatch, shown: Shown, settled: Settled, lines: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says of which part of the log they are; going there finds the others."""
    monkeypatch.setattr("stagewatch.logs.viewer.MOST", 200)
    monkeypatch.setattr("stagewatch.logs.scan.CHUNK", 1024)
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot)
        await pilot.press("l", "f", *"INFO", "enter")
        await settled(pilot, lambda: "200 lines match from " in lines(app))
        assert "% to 100% of the log; moving on finds older ones" in lines(app)
        await pilot.press("home")
        await settled(pilot, lambda: "INFO line 0 " in lines(app))
        await settled(pilot, lambda: "moving on finds newer ones" in lines(app))


async def test_a_jump_to_a_time(
    app: StageWatch, shown: Shown, settled: Settled, lines: Read
) -> None:
    """With a date, or a time of day; what is none stays there to be mended."""
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot)
        await pilot.press("l")
        await settled(pilot, lambda: "INFO line 999" in lines(app))
        await pilot.press("t", *"2025-09-06 01:40", "enter")
        await settled(pilot, lambda: "INFO line 100" in lines(app))
        await pilot.press("t", *"soon", "enter")
        await settled(pilot, lambda: "soon is no time" in lines(app))


async def test_enter_on_a_pattern_opens_its_newest_record(
    app: StageWatch, shown: Shown, settled: Settled, lines: Read
) -> None:
    """In its context; f shows its records alone, enter the record, a asks why it is accepted."""
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot)
        await pilot.press("enter")
        await settled(pilot, lambda: "ERROR line 907" in lines(app))
        assert "INFO line 906" in lines(app)
        await pilot.press("f")
        await settled(pilot, lambda: "lines match" in lines(app))
        await settled(pilot, lambda: "INFO line 906" not in lines(app))
        await pilot.press("enter")
        await settled(pilot, lambda: "y copies it" in lines(app))
        await pilot.press("y")
        await settled(pilot, lambda: "copied" in lines(app))
        await pilot.press("escape", "a")
        await settled(pilot, lambda: "Acknowledge" in lines(app))


async def test_what_is_acknowledged_here_is_said_here(
    app: StageWatch, shown: Shown, settled: Settled, lines: Read
) -> None:
    """And not asked again."""
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot)
        await pilot.press("enter")
        await settled(pilot, lambda: "ERROR line 907" in lines(app))
        assert "only ERROR line #" not in lines(app)
        await pilot.press("a")
        await settled(pilot, lambda: "Acknowledge" in lines(app))
        await pilot.press(*"known", "enter")
        await settled(pilot, lambda: "acknowledged by alice" in lines(app))
        await pilot.press("end")
        await settled(pilot, lambda: "acknowledged by" not in lines(app))
        await pilot.press("a")
        await settled(pilot, lambda: "alice has acknowledged this pattern already" in lines(app))
        await pilot.press("f")
        await settled(pilot, lambda: "only ERROR line #" in lines(app))


async def test_a_pattern_that_is_neither_critical_nor_new_is_not_acknowledged(
    stage: Stage, app: StageWatch, shown: Shown, settled: Settled, lines: Read
) -> None:
    """It says so, in the pane and on the log's screen."""
    (log,) = stage.look().logs  # type: ignore[union-attr]
    known = replace(log.patterns[0], new=False)
    stage.show(replace(specimen.healthy(), logs=(replace(log, patterns=(known,)),)))
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot)
        await pilot.press("a")
        await settled(pilot, lambda: "only a critical pattern" in lines(app))
        await pilot.press("enter")
        await settled(pilot, lambda: "ERROR line 907" in lines(app))
        await pilot.press("a")
        await settled(pilot, lambda: "only a critical pattern" in lines(app))


async def test_a_match_is_brought_into_view(
    app: StageWatch, path: Path, shown: Shown, settled: Settled, lines: Read
) -> None:
    """However far to the right it stands; what is not kept of a line is said."""
    pad = "x" * 300
    append(path, f"INFO {pad} far needle\nINFO near needle\nINFO {20 * pad} lost needle\n")
    append(path, "INFO " + "日本" * 25 + " wide needle\n")
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot)
        await pilot.press("l")
        await settled(pilot, lambda: "near needle" in lines(app))
        await pilot.press("slash", *"far needle", "enter")
        await settled(pilot, lambda: "far needle" in lines(app))
        await pilot.press("slash", *"~ne.r needle", "enter")
        await settled(pilot, lambda: "no match above" in lines(app))
        await pilot.press("end", "slash", *"~near", "enter")
        await settled(pilot, lambda: "near needle" in lines(app))
        await pilot.press("end", "slash", *"wide needle", "enter")
        await settled(pilot, lambda: "wide needle" in lines(app))
        await pilot.press("slash", *"far needle", "enter")
        await settled(pilot, lambda: "far needle" in lines(app))
        await pilot.press("e")
        await settled(pilot, lambda: "ERROR line 907" in lines(app))
        await pilot.press("end", "slash", *"lost needle", "enter")
        await settled(
            pilot, lambda: "in what is not shown of this line" in " ".join(lines(app).split())
        )


async def test_a_pattern_opens_at_its_records_after_a_rotation(
    app: StageWatch, path: Path, shown: Shown, settled: Settled, lines: Read
) -> None:
    """In the rotated file; what was looked for goes along to the other files."""
    rotate(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot)
        await pilot.press("enter")
        await settled(pilot, lambda: "ERROR line 907" in lines(app))
        await pilot.press("n")
        await settled(pilot, lambda: "ERROR line 807" in lines(app))
        await pilot.press("f")
        await settled(pilot, lambda: "10 lines match" in lines(app))
        await pilot.press("o")
        await settled(pilot, lambda: "no line" in lines(app))
        assert "ERROR line #" in lines(app)
        await pilot.press("f")
        await settled(pilot, lambda: "INFO" in lines(app))


async def test_filters_stay_at_the_moment_one_is_at(
    app: StageWatch, shown: Shown, settled: Settled, lines: Read
) -> None:
    """The lines of that time that match; where all of them are above, the last of those."""
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot)
        await pilot.press("l", "t", *"2025-09-06 01:40", "enter")
        await settled(pilot, lambda: "INFO line 100" in lines(app))
        await pilot.press("w", "w")
        await settled(pilot, lambda: "ERROR line 107" in lines(app))
        screen = app.screen
        assert isinstance(screen, LogScreen)
        page = screen._page
        assert page is not None
        assert page.rows[page.cursor].raw.endswith(b"ERROR line 107")
        assert "ERROR line 7 " in lines(app)  # the page is full, of what there is
        await pilot.press("w", "w")
        await settled(pilot, lambda: "INFO line 108" in lines(app))
        await pilot.press("t", *"2025-09-06 16:00", "enter")
        await settled(pilot, lambda: "INFO line 960" in lines(app))
        await pilot.press("w", "w")
        await settled(pilot, lambda: "ERROR line 907" in lines(app))


async def test_a_jump_beyond_the_log_says_so(
    app: StageWatch, shown: Shown, settled: Settled, lines: Read
) -> None:
    """On both sides, and not where the record is there."""
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot)
        await pilot.press("l", "t", *"2025-09-07 01:40", "enter")
        await settled(pilot, lambda: "no record here is that late" in lines(app))
        await pilot.press("t", *"2025-09-05 01:40", "enter")
        await settled(pilot, lambda: "no record here is that early" in lines(app))
        await pilot.press("t", *"2025-09-06 01:40", "enter")
        await settled(pilot, lambda: "INFO line 100" in lines(app))
        assert "no record" not in lines(app)


async def test_the_end_of_a_rotated_file_is_not_that_of_the_log(
    app: StageWatch, path: Path, shown: Shown, settled: Settled, lines: Read
) -> None:
    """It says so; the same key again goes on to the log."""
    rotate(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot)
        await pilot.press("l", "o")
        await settled(pilot, lambda: "end of a rotated file" in lines(app))
        assert "following" not in lines(app)
        await pilot.press("up")
        await settled(pilot, lambda: "rotated file 9" in lines(app) or "100%" in lines(app))
        await pilot.press("end")
        await settled(pilot, lambda: "end of a rotated file" in lines(app))
        await pilot.press("end")
        await settled(pilot, lambda: "the new file" in lines(app))
        assert "following" in lines(app)


async def test_a_log_that_is_deleted_is_not_followed_in_silence(
    app: StageWatch,
    gone_after: Callable[[], None],
    shown: Shown,
    settled: Settled,
    lines: Read,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was read last stays there; end shows what the record holds."""
    monkeypatch.setattr("stagewatch.logs.viewer.GONE_AFTER", 2)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot)
        await pilot.press("l")
        await settled(pilot, lambda: "INFO line 999" in lines(app))
        gone_after()
        await settled(pilot, lambda: "not there any more" in lines(app))
        assert "INFO line 999" in lines(app)
        await pilot.press("end")
        await settled(pilot, lambda: "kept in the record" in lines(app))


async def test_a_pattern_opens_at_the_record_that_has_just_come(
    app: StageWatch, path: Path, shown: Shown, settled: Settled, lines: Read
) -> None:
    """The newest line of the log, with the cursor on it."""
    append(path, "2025-09-06 16:40:00 ERROR line 1000\n")
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot)
        await pilot.press("enter")
        await settled(pilot, lambda: "ERROR line 1000" in lines(app))
        await settled(pilot, lambda: "following" not in lines(app))
        assert "any more" not in lines(app)
        await pilot.press("enter")
        await settled(pilot, lambda: "y copies it" in lines(app))


async def test_a_pattern_whose_records_are_gone_says_so(
    app: StageWatch, path: Path, shown: Shown, settled: Settled, lines: Read
) -> None:
    """At the end of the log; the next key takes the message away."""
    start_anew(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot)
        await pilot.press("enter")
        await settled(pilot, lambda: "not in the log any more" in lines(app))
        assert "following" in lines(app)
        await pilot.press("w")
        await settled(pilot, lambda: "any more" not in lines(app))


async def test_what_one_looks_for_is_taken_as_it_is_written(
    app: StageWatch, shown: Shown, settled: Settled, lines: Read
) -> None:
    """Blanks at its end count; a filter without a match leads back to where one was."""
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot)
        await pilot.press("l", "slash", *"line 90", "enter")
        await settled(pilot, lambda: "INFO line 90" in lines(app))
        await pilot.press("slash", *"line 90 ", "enter")
        await settled(pilot, lambda: "no match above" in lines(app))
        await pilot.press("f", *"line 90 ", "enter")
        await settled(pilot, lambda: "0 lines match" in lines(app))
        await pilot.press("f")
        await settled(pilot, lambda: "INFO line 90" in lines(app))
        await pilot.press("end", "f", *"line 90 ", "enter")
        await settled(pilot, lambda: "0 lines match" in lines(app))
        await pilot.press("f")
        await settled(pilot, lambda: "INFO line 999" in lines(app) and "following" in lines(app))


async def test_the_next_log(
    app: StageWatch, path: Path, shown: Shown, settled: Settled, lines: Read
) -> None:
    """With one log there is none."""
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot)
        await pilot.press("l")
        await settled(pilot, lambda: "INFO line 999" in lines(app))
        await pilot.press("L")
        await settled(pilot, lambda: "follows no other log" in lines(app))


def over_two_logs(path: Path, clock: Clock, jobs: str) -> StageWatch:
    """The screen over the log and one beside it with this text."""
    path.with_name("jobs.log").write_text(jobs)
    snapshot = specimen.healthy()
    logs = [
        replace(snapshot.logs[0], probe=probe, file=str(path.with_name(name)))
        for probe, name in (("errors", "error.log"), ("health", "jobs.log"))
    ]
    return StageWatch(Stage(replace(snapshot, logs=tuple(logs))).hooks(), "alice", clock)


async def test_two_logs(
    path: Path, clock: Clock, shown: Shown, settled: Settled, lines: Read
) -> None:
    """L goes from one to the other, and round."""
    app = over_two_logs(path, clock, "INFO a job\n")
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot)
        await pilot.press("l")
        await settled(pilot, lambda: "INFO line 999" in lines(app))
        await pilot.press("L")
        await settled(pilot, lambda: "INFO      a job" in lines(app) or "INFO a job" in lines(app))
        await pilot.press("L")
        await settled(pilot, lambda: "INFO line 999" in lines(app))
        await pilot.press("escape")
        await settled(pilot, lambda: not isinstance(app.screen, LogScreen))


async def test_the_way_back_from_the_charts_leads_to_the_same_log(
    path: Path, clock: Clock, shown: Shown, settled: Settled, lines: Read
) -> None:
    """Until one points at no moment any more."""
    app = over_two_logs(path, clock, "2025-09-06T04:30:05+00:00 INFO a job\n")
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot)
        await pilot.press("l", "L")
        await settled(pilot, lambda: "jobs.log" in lines(app))
        await settled(pilot, lambda: "a job" in lines(app))
        await pilot.press("c")
        await settled(pilot, lambda: not isinstance(app.screen, LogScreen))
        await pilot.press("l")
        await settled(pilot, lambda: "jobs.log" in lines(app))
        await pilot.press("escape")
        await settled(pilot, lambda: not isinstance(app.screen, LogScreen))
        await pilot.press("escape", "l")
        await settled(pilot, lambda: "INFO line 999" in lines(app))


async def test_without_its_file_the_record_has_the_lines(
    app: StageWatch, gone: None, shown: Shown, settled: Settled, lines: Read
) -> None:
    """And it says why, in as many rows as that takes, wherever one goes."""
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot)
        await pilot.press("l")
        why = "is not there; these lines are kept in the record"
        await settled(pilot, lambda: why in " ".join(lines(app).split()))
        await pilot.press("up", "w")
        await settled(pilot, lambda: "0 lines match" in lines(app))
        assert why in " ".join(lines(app).split())


async def test_the_record_is_shown_only_until_the_log_is_there(
    app: StageWatch,
    kept: list[LogLine],
    path: Path,
    gone: None,
    shown: Shown,
    settled: Settled,
    lines: Read,
) -> None:
    """It grows as the record does, and is not called the log; the log follows by itself."""
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot)
        await pilot.press("l")
        await settled(pilot, lambda: "from the record" in lines(app))
        assert "following" not in lines(app)
        kept.append(LogLine(specimen.NOW, "error.log", "", "recorded since"))
        await settled(pilot, lambda: "recorded since" in lines(app))
        await pilot.press("up")
        start_anew(path)
        await settled(pilot, lambda: "from the record" in lines(app))
        await pilot.press("end")
        await settled(pilot, lambda: "the new file" in lines(app))
        assert "following" in lines(app)


async def test_a_rotated_file_stands_in_for_a_log_that_is_not_there(
    app: StageWatch, path: Path, rotated: None, shown: Shown, settled: Settled, lines: Read
) -> None:
    """And says so, until the log is there again."""
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot)
        await pilot.press("l")
        await settled(pilot, lambda: "end of a rotated file" in lines(app))
        assert "is not there; this is a rotated file of it" in " ".join(lines(app).split())
        assert "INFO line 999" in lines(app)
        start_anew(path)
        await settled(pilot, lambda: "the new file" in lines(app))
        assert "following" in lines(app)
        assert "the log is there again" in lines(app)


@pytest.mark.parametrize(
    ("text", "ago"), [("-15m", 900.0), ("-1.5h", 5400.0), ("-2d", 172800.0), ("-3 s", 3.0)]
)
def test_times_ago(text: str, ago: float) -> None:
    """As people write them."""
    assert LookFor("utf-8", "UTC").time(text, 1e9) == 1e9 - ago


@pytest.mark.parametrize(
    ("text", "ago"), [("15m", 900.0), ("-15min", 900.0), ("-1h30m", 5400.0), ("2 h ago", 7200.0)]
)
def test_lengths_as_elsewhere(text: str, ago: float) -> None:
    """With and without a sign."""
    assert LookFor("utf-8", "UTC").time(text, 1e9) == 1e9 - ago


@pytest.mark.parametrize("text", ["2001-09-09", "0146", "01:46", "2001-9-9 01:46:40"])
def test_clocks_are_local(text: str) -> None:
    """A day begins at midnight."""
    at = LookFor("utf-8", "Asia/Tokyo").time(text, 1e9)
    hour = 0 if text == "2001-09-09" else 1
    assert datetime.fromtimestamp(at).hour == hour


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2001-09-09 01:46:40,5", 1e9 + 0.5 - 9 * 3600),
        ("2001-09-09T01:46:40Z", 1e9),
        ("2001-09-09T01:46:40.25+00:00", 1e9 + 0.25),
        ("2001-09-09 03:46:40 +0200", 1e9),
    ],
)
def test_a_time_may_be_copied_from_a_line(text: str, at: float) -> None:
    """Then it is the log's: in the zone that it names, or in that of the log."""
    assert LookFor("utf-8", "Asia/Tokyo").time(text, 1e9) == at


@pytest.mark.parametrize("text", ["25:00", "2026-02-31 10:00", "", "yesterday", "9999"])
def test_what_is_no_time_says_so(text: str) -> None:
    """Instead of jumping anywhere."""
    with pytest.raises(LookForError, match=r"\w"):
        LookFor("utf-8", "UTC").time(text, 1e9)
