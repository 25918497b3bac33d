"""Paging through a log of any size: what is seen and found, and what a log may do meanwhile."""

from __future__ import annotations

import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stagewatch.expressions import Expression
from stagewatch.logs import matchers, scan
from stagewatch.logs.passage import RECORD
from stagewatch.logs.readable import parts, record_text, shown
from stagewatch.logs.source import (
    FileSource,
    Source,
    TextSource,
    backward,
    choices,
    forward,
    line_start,
)
from stagewatch.logs.viewer import GONE_AFTER, Viewer
from stagewatch.logs.wide import wide_of

START = 1767225600.0  # 2026-01-01 00:00:00 UTC


class Opened:
    """A log file and a viewer over it."""

    def __init__(self, path: Path, height: int = 10) -> None:
        self.path = path
        self.told = threading.Event()
        self.viewer = Viewer(self.source(), self.source, self.told.set)
        self.viewer.height = height
        self.viewer.to_end()

    def source(self) -> Source:
        return FileSource(str(self.path))

    def texts(self) -> list[str]:
        return [row.raw.decode() for row in self.viewer.page().rows]

    @property
    def here(self) -> str:
        page = self.viewer.page()
        return page.rows[page.cursor].raw.decode() if page.rows else ""

    def wait(self, condition: Callable[[], bool]) -> None:
        """Let the scan go on until the condition holds."""
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline
            self.told.wait(0.05)
            self.told.clear()
            self.viewer.go_on()


def wait_for(condition: Callable[[], bool]) -> None:
    """Give other threads time until the condition holds."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.001)


def line(number: int) -> str:
    level = "ERROR" if number % 10 == 3 else "INFO"
    clock = f"{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}"
    return f"2026-01-01 {clock} {level} line {number}"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Opened]:
    """Of ten thousand lines, one a second."""
    path = tmp_path / "app.log"
    path.write_text("".join(f"{line(n)}\n" for n in range(10_000)))
    opened = Opened(path)
    yield opened
    opened.viewer.close()


LINES = st.lists(st.binary(max_size=200).map(lambda b: b.replace(b"\n", b"")), max_size=40).filter(
    lambda lines: not lines or wide_of(lines[0]) is None
)
"""Of text whose line ends have one byte."""


@given(LINES, st.booleans(), st.integers(1, 64))
@example([b"\r"], False, 1)
def test_forward_and_backward_agree_with_splitting(
    lines: list[bytes], ended: bool, block: int
) -> None:
    """Whatever the lines hold and wherever blocks end."""
    data = b"\n".join(lines) + (b"\n" if ended and lines else b"")
    pieces = data.split(b"\n")
    if not pieces[-1]:
        pieces.pop()
    wanted = [each.rstrip(b"\r") for each in pieces]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stagewatch.logs.source.BLOCK", block)
        source = TextSource("x", data)
        assert [row.raw for row in forward(source, 0)] == wanted
        assert [row.raw for row in backward(source, len(data))] == wanted[::-1]


def test_it_opens_at_the_end(log: Opened) -> None:
    """With the newest lines, and follows."""
    assert log.texts() == [line(n) for n in range(9990, 10_000)]
    assert log.viewer.page().following
    with open(log.path, "a") as file:
        file.write("ERROR newest\n")
    assert log.viewer.poll()
    assert log.here == "ERROR newest"
    assert not log.viewer.poll()


def test_moving_is_by_rows_and_stops_at_the_ends(log: Opened) -> None:
    """The page follows the cursor as little as possible."""
    log.viewer.move(-3)
    assert log.here == line(9996)
    assert log.texts()[-1] == line(9999)
    log.viewer.move(-100)
    assert log.here == log.texts()[0] == line(9896)
    log.viewer.to_start()
    log.viewer.move(-5)
    assert log.here == line(0)
    log.viewer.move(20_000)
    assert log.here == line(9999)


def test_scrolling_back_holds_the_page_while_the_log_grows(log: Opened) -> None:
    """Until one follows again."""
    log.viewer.move(-30)
    before = log.texts()
    with open(log.path, "a") as file:
        file.write("more\n" * 100)
    log.viewer.poll()
    assert log.texts() == before


@pytest.mark.parametrize("second", [0, 1, 4321, 9999])
def test_a_jump_to_a_time_finds_its_line(log: Opened, second: int) -> None:
    """By halving: without looking through the log."""
    assert log.viewer.to_time(START + second)
    assert log.here == line(second)


def test_a_jump_behind_the_end_shows_the_end(log: Opened) -> None:
    """And one before the beginning shows the beginning."""
    assert log.viewer.to_time(START + 10**6)
    assert log.here == line(9999)
    assert log.viewer.to_time(START - 10**6)
    assert log.here == line(0)


def test_a_log_without_times_cannot_be_jumped_in(tmp_path: Path) -> None:
    """It says so instead of showing some line."""
    (tmp_path / "x.log").write_text("plain\n" * 10)
    opened = Opened(tmp_path / "x.log")
    assert not opened.viewer.to_time(START)
    opened.viewer.close()


def test_search_goes_from_match_to_match(log: Opened) -> None:
    """Up and down, and says when there is none."""
    log.viewer.set_search(matchers.by_text("line 77"))
    log.viewer.find(-1)
    log.wait(lambda: not log.viewer.page().waiting)
    assert log.here == line(7799)
    log.viewer.find(-1)
    log.wait(lambda: not log.viewer.page().waiting)
    assert log.here == line(7798)
    log.viewer.find(1)
    assert log.here == line(7799)
    log.viewer.find(1)
    log.wait(lambda: not log.viewer.page().waiting)
    assert log.viewer.page().note == "no match below"


def test_errors_are_found_by_their_level(log: Opened) -> None:
    """Not by a word in a message."""
    with open(log.path, "a") as file:
        file.write("INFO no ERROR here\n")
    log.viewer.poll()
    log.viewer.set_search(matchers.by_level("ERROR"), "errors")
    log.viewer.find(-1, "errors")
    log.wait(lambda: not log.viewer.page().waiting)
    assert log.here == line(9993)


def test_a_filter_shows_only_what_matches_and_grows(log: Opened) -> None:
    """Lines that come later are found as well."""
    log.viewer.set_filter(matchers.both(matchers.by_level("ERROR"), matchers.by_text("9")))
    log.wait(lambda: log.viewer.page().progress == 1.0)
    log.viewer.to_end()
    assert log.texts()[-3:] == [line(9973), line(9983), line(9993)]
    with open(log.path, "a") as file:
        file.write("ERROR 9 at last\nERROR 8\n")
    log.viewer.poll()
    log.wait(lambda: log.here == "ERROR 9 at last")
    found = log.viewer.page().found
    assert found == sum("ERROR" in line(n) and "9" in line(n) for n in range(10_000)) + 1
    log.viewer.move(-1)
    log.viewer.set_filter(None)
    assert log.here == line(9993)
    assert line(9992) in log.texts()


def test_a_search_is_cancelled_at_once(log: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much there is left to look through."""
    asked, go = threading.Event(), threading.Event()

    def slowly(data: bytes) -> list[int]:
        asked.set()
        assert go.wait(20)
        return []

    monkeypatch.setattr(scan, "CHUNK", 1024)
    log.viewer.set_search(slowly)
    log.viewer.find(-1)
    assert asked.wait(20)
    assert log.viewer.page().waiting
    assert log.viewer.cancel()
    assert not log.viewer.page().waiting
    log.viewer.find(-1)
    log.viewer.set_search(slowly)  # another one, while the line of the first is waited for
    assert not log.viewer.page().waiting
    go.set()
    log.viewer.move(-1)
    assert log.here == line(9998)


def test_an_expression_that_is_slow_is_given_up(
    log: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says so."""
    monkeypatch.setattr(scan, "BUDGET", -1.0)
    log.viewer.set_search(matchers.by_expression(Expression("nowhere at all")))
    log.viewer.find(-1)
    log.wait(lambda: not log.viewer.page().waiting)
    assert log.viewer.page().note == scan.TOO_SLOW


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a filter no more than a hundred places are kept, and chunks are small."""
    monkeypatch.setattr("stagewatch.logs.viewer.MOST", 100)
    monkeypatch.setattr(scan, "CHUNK", 1024)


def settled(log: Opened) -> bool:
    return log.viewer.page().progress == 1.0


def test_of_too_many_matches_the_newest_are_kept(log: Opened, few: None) -> None:
    """Memory is bounded whatever is looked for, and it says of which part of the log they are."""
    log.viewer.set_filter(matchers.by_text("line"))
    log.wait(lambda: settled(log))
    page = log.viewer.page()
    assert page.found == 100
    assert 0.98 < page.stretch[0] < 1.0 == page.stretch[1]


def test_one_can_go_on_to_older_matches_and_back(log: Opened, few: None) -> None:
    """Every one of them, in its order, though only a hundred are kept at a time."""
    log.viewer.set_filter(matchers.both(matchers.by_level("ERROR"), matchers.by_text("7")))
    wanted = [line(n) for n in range(3, 10_000, 10) if "7" in line(n)]
    assert len(wanted) > 300
    for step, edge in ((-1, wanted[0]), (1, wanted[-1])):
        log.wait(lambda: settled(log))
        seen = [log.here]
        while seen[-1] != edge:
            log.viewer.move(step)
            log.wait(lambda: settled(log))
            if log.here != seen[-1]:
                seen.append(log.here)
            assert (log.viewer.page().found or 0) <= 100
        assert seen == wanted[::step]


def test_the_oldest_match_is_one_key_away(log: Opened, few: None) -> None:
    """And so is the newest one, and a time between them."""
    log.viewer.set_filter(matchers.by_text("line"))
    log.viewer.to_start()
    log.wait(lambda: log.texts()[:1] == [line(0)])
    assert log.here == line(0)
    log.viewer.to_time(START + 5000)
    log.wait(lambda: log.texts()[-1:] == [line(5009)])
    assert log.here == line(5000)
    log.wait(lambda: settled(log))
    log.viewer.move(-10)
    log.wait(lambda: settled(log))
    assert log.here in (line(4990), line(5000))  # the first press may have asked for them only
    log.viewer.to_end()
    log.wait(lambda: log.here == line(9999))


def test_a_full_filter_follows_the_log(log: Opened, few: None) -> None:
    """What is oldest makes room for what comes."""
    log.viewer.set_filter(matchers.by_text("line"))
    log.wait(lambda: settled(log))
    with open(log.path, "a") as file:
        file.writelines(f"{line(n)}\n" for n in range(10_000, 10_500))
    log.viewer.poll()
    log.wait(lambda: log.here == line(10_499))
    assert log.viewer.page().found == 100


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 999), st.sampled_from([-1, 1])), max_size=8), st.integers()
)
def test_every_place_of_the_stretch_is_known(wishes: list[tuple[int, int]], seed: int) -> None:
    """Wherever one goes, and whatever is added meanwhile: none is missing and none is wrong."""
    rng = random.Random(seed)
    text = "".join(f"{rng.choice(['hit', 'no'])} {n}\n" for n in range(1000))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "CHUNK", 512)
        path = Path(folder, "x.log")
        path.write_text(text)
        found = scan.Scan(FileSource(str(path)), matchers.by_text("hit"), lambda: None, 64)
        found.start()
        for number, (row, step) in enumerate(wishes):
            with open(path, "a") as file:
                file.write(f"hit late {number}\n")
            found.follow()
            found.want(len("".join(text.splitlines(keepends=True)[:row])), step)
            wait_for(lambda: found.done)
            check(found, path.read_bytes())
        found.stop()


def check(found: scan.Scan, data: bytes) -> None:
    low, high = (round(share * found._end) for share in found.stretch)
    places = found.after(low, 10_000)
    assert len(places) <= 64
    assert places == [at for at in matchers.by_text("hit")(data) if low <= at < high]


def test_a_truncated_log_is_shown_from_its_new_beginning(log: Opened) -> None:
    """The reader lives, also with a search that runs."""
    log.viewer.set_search(matchers.by_text("nowhere"))
    log.viewer.find(-1)
    os.truncate(log.path, 0)
    log.viewer.page()
    with open(log.path, "a") as file:
        file.write("fresh\n")
    assert log.viewer.poll()
    assert log.texts() == ["fresh"]
    assert log.viewer.page().note == "the log was truncated"


def test_a_rotated_log_is_followed_by_the_new_one(log: Opened) -> None:
    """When one follows; who reads the old one keeps it."""
    log.viewer.move(-5)
    log.path.rename(log.path.with_suffix(".1"))
    log.path.write_text("in the new one\n")
    log.viewer.poll()
    assert line(9990) in log.texts()
    log.viewer.to_end()
    assert log.viewer.poll()
    assert log.texts() == ["in the new one"]


def test_a_new_file_that_cannot_be_read_is_waited_for(
    log: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old one stays there meanwhile, and the page says why."""
    log.path.rename(log.path.with_name("x.log.1"))
    log.path.mkdir()
    assert log.viewer.poll()
    assert "its new file cannot be read" in log.viewer.page().note
    assert log.here == line(9999)
    assert not log.viewer.poll()
    log.path.rmdir()
    log.path.write_text("INFO new\n")
    assert log.viewer.poll()
    assert log.here == "INFO new"
    assert "this is the new one" in log.viewer.page().note


def test_a_rotation_is_told_also_where_one_has_scrolled_back(log: Opened) -> None:
    """The page stays; the end is that of the new file."""
    log.viewer.move(-20)
    here = log.here
    log.path.rename(log.path.with_name("x.log.1"))
    log.path.write_text("INFO new\n")
    assert log.viewer.poll()
    assert log.here == here
    assert "end goes to its new file" in log.viewer.page().note
    assert not log.viewer.poll()
    log.viewer.to_end()
    assert log.viewer.poll()
    assert log.here == "INFO new"


def test_without_its_filter_a_log_is_followed_on(log: Opened) -> None:
    """Where it was followed with it."""
    log.viewer.set_filter(matchers.by_level("ERROR"))
    log.wait(lambda: log.viewer.page().progress == 1.0)
    assert log.viewer.following
    log.viewer.set_filter(None)
    assert log.viewer.following
    assert log.here == line(9999)


def test_a_file_that_was_only_away_is_there_again(log: Opened) -> None:
    """Moved away for long, and back."""
    away = log.path.with_name("away")
    log.path.rename(away)
    for _ in range(GONE_AFTER):
        assert "not there any more" not in log.viewer.page().note
        log.viewer.poll()
    assert "not there any more" in log.viewer.page().note
    away.rename(log.path)
    assert log.viewer.poll()
    assert log.viewer.page().note == ""


def test_a_line_of_many_megabytes_is_one_row(tmp_path: Path) -> None:
    """Bounded in memory, and passed in one step."""
    path = tmp_path / "x.log"
    path.write_bytes(b"before\n" + b"x" * (20 << 20) + b"\nafter\n")
    opened = Opened(path)
    assert [len(row.raw) for row in opened.viewer.page().rows] == [6, 4096, 5]
    opened.viewer.move(-1)
    opened.viewer.move(-1)
    assert opened.here == "before"
    opened.viewer.close()


def viewer_of(data: bytes) -> Viewer:
    source = TextSource("x", data)
    return Viewer(source, lambda: source, lambda: None)


def test_a_record_is_shown_and_copied_as_a_whole() -> None:
    """Also where a row keeps only its beginning, also where it has many lines."""
    long = b'{"level":"error","pad":"' + b"x" * 9000 + b'","tail":1}'
    assert viewer_of(b"INFO a\n" + long + b"\n").record() == [long]
    trace = [b"ERROR a", *(b"  at %d" % n for n in range(1000))]
    viewer = viewer_of(b"\n".join([*trace, b"INFO b\n"]))
    viewer.to_start()
    assert viewer.record() == trace


TRACED = b"""\
INFO before
ERROR job failed
Traceback (most recent call last):
  File "j.py", line 3, in run
ValueError: bad
INFO after
"""


@pytest.mark.parametrize("up", range(2, 6))
def test_a_traceback_is_part_of_its_record(up: int) -> None:
    """Wherever in it the cursor is."""
    viewer = viewer_of(TRACED)
    viewer.move(1 - up)
    assert viewer.record() == TRACED.splitlines()[1:5]


def test_a_traceback_without_a_record_is_one() -> None:
    """From its first line on."""
    viewer = viewer_of(b"".join(TRACED.splitlines(keepends=True)[2:]))
    viewer.move(-2)
    assert viewer.record() == TRACED.splitlines()[2:5]


def test_the_newest_match_may_be_the_newest_line() -> None:
    """And the one before it comes next."""
    data = b"ERROR old\nINFO x\nERROR new\n"
    viewer = viewer_of(data)
    viewer.resize(10)

    def found() -> bool:
        viewer.go_on()
        return not viewer.waiting

    viewer.set_search(matchers.by_text("ERROR"))
    viewer.find_newest()
    wait_for(found)
    assert viewer.page().rows[viewer.page().cursor].raw == b"ERROR new"
    viewer.find(-1)
    wait_for(found)
    assert viewer.page().rows[viewer.page().cursor].raw == b"ERROR old"
    viewer.close()


def test_what_is_left_out_of_a_record_is_said() -> None:
    """It never looks like all of it."""
    viewer = viewer_of(b"ERROR " + b"x" * 100_000 + b"\n")
    first, last = viewer.record()
    assert len(first) == RECORD
    assert last == b"[the rest of this line, of 100007 bytes, is not shown]"
    viewer = viewer_of(b"ERROR a\n" + b"  at b\n" * 20_000)
    viewer.to_start()
    lines = viewer.record()
    assert lines[-1] == b"[more lines of this record are not shown]"
    assert RECORD - 10 < sum(len(line) + 1 for line in lines[:-1]) < RECORD + 10


def test_a_hole_is_no_trouble(tmp_path: Path) -> None:
    """A file that was truncated under a writer that goes on has one."""
    path = tmp_path / "x.log"
    with open(path, "wb") as file:
        file.truncate(200 << 20)
        file.seek(0, os.SEEK_END)
        file.write(b"after the hole\nlast\n")
    opened = Opened(path)
    assert opened.here == "last"
    opened.viewer.move(-1)
    assert opened.here.endswith("after the hole") or opened.here.startswith("\0")
    opened.viewer.close()


@given(st.binary(max_size=300))
def test_what_is_shown_is_inert(raw: bytes) -> None:
    """Whatever a line holds."""
    raw = raw.replace(b"\n", b"")
    texts = [shown(raw, "utf-8").text, *record_text([raw], "utf-8")]
    for text in texts:
        assert not any(ord(c) < 32 or 127 <= ord(c) < 160 or c == "\u202e" for c in text)


def test_json_is_readable() -> None:
    """The message first, the rest as pairs; as a record, indented."""
    raw = b'{"ts":"2026-01-01T00:00:00Z","level":"error","msg":"it broke","n":3,"who":"bob"}'
    assert shown(raw, "utf-8").text == "2026-01-01T00:00:00Z  ERROR     it broke  n=3  who=bob"
    assert record_text([raw], "utf-8")[1] == '  "ts": "2026-01-01T00:00:00Z",'


def test_a_number_of_seconds_is_shown_as_a_date() -> None:
    """Whatever its unit; the parts tell it as it is."""
    raw = b'{"level":60,"time":1767225600250,"msg":"it broke","n":3}'
    assert shown(raw, "utf-8").text == "2026-01-01T00:00:00.250Z  CRITICAL  it broke  n=3"
    assert parts(raw) == (1767225600.25, "CRITICAL", "it broke  n=3")
    assert parts(b"2026-01-01 00:00:00 ERROR plain") is None


def test_json_that_is_cut_says_so() -> None:
    """The value that is cut is shown as far as it goes, and nothing in it as a field."""
    text = shown(b'{"level":"error","msg":"m","pad":"a, b: c ' + b"x y " * 2000, "utf-8").text
    assert text.startswith("ERROR     m  pad=a, b: c x y x y")
    assert text.endswith("x y x   …")


def test_rotated_files_may_be_chosen_and_packed_ones_not(tmp_path: Path) -> None:
    """The last written first."""
    for age, name in enumerate(["error.log", "error.log.1", "error.log.2.gz", "other.log"]):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (START - age, START - age))
    found = choices(str(tmp_path / "error.log"))
    assert [Path(path).name for path in found] == ["error.log", "error.log.1"]


def test_line_start_finds_the_line_of_any_byte() -> None:
    """Also of a line end, which belongs to its line."""
    data = b"ab\n\ncd\n"
    starts = [line_start(TextSource("x", data), offset) for offset in range(len(data) + 1)]
    assert starts == [0, 0, 0, 3, 4, 4, 4, 7]


def test_two_matchers_agree_on_random_logs() -> None:
    """A literal as text and as an expression."""
    rng = random.Random(1)
    data = "".join("".join(rng.choices("ab ", k=rng.randrange(9))) + "\n" for _ in range(500))
    raw = data.encode()
    assert matchers.by_text("ab")(raw) == matchers.by_expression(Expression("ab"))(raw)
