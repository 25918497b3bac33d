"""The screen ends within seconds of any signal or hang-up, whether the terminal is read or not."""

from __future__ import annotations

import gc
import inspect
import re
import signal
import subprocess
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual import _compositor, _styles_cache
from textual.app import App
from textual.color import Color
from textual.drivers import _writer_thread, linux_driver

from stagewatch.tui.patches import mend_styles_cache, send_only_what_changed
from stagewatch.tui.terminal import PatientWriter

if TYPE_CHECKING:
    from bench.ptyrun import Terminal

Run = Callable[..., "Terminal"]
DEADLINE = 6.0
"""Seconds; the guard promises 2, and the machine may be busy."""
LEFT = b"\x1b[?1049l"
"""Leaves the alternate screen."""


def gone(terminal: Terminal) -> int:
    """The exit status, once the process has ended; a shell above it passes the status on."""
    try:
        return terminal.process.wait(DEADLINE)
    except subprocess.TimeoutExpired:
        pytest.fail(f"still running {DEADLINE} s later")


def fill_up(terminal: Terminal) -> None:
    """Stop reading, and make the screen draw far more than the terminal and a queue take."""
    terminal.freeze()
    for step in range(60):
        terminal.resize(120 + step % 60, 50)
        time.sleep(0.03)  # lets each size be drawn; nothing is waited for


class TestThePrivateNames:
    """What is replaced in Textual is there, and is used the way that the replacement needs."""

    def test_the_driver_looks_its_writer_up_in_its_module(self) -> None:
        assert hasattr(linux_driver, "WriterThread")
        source = inspect.getsource(linux_driver.LinuxDriver.start_application_mode)
        assert "WriterThread(self._file)" in source

    def test_the_writer_has_every_method_of_the_one_it_replaces(self) -> None:
        public = {name for name in vars(_writer_thread.WriterThread) if not name.startswith("_")}
        assert public <= set(dir(PatientWriter))

    def test_the_driver_keeps_the_terminal_s_attributes(self) -> None:
        assert "self.attrs_before" in inspect.getsource(linux_driver.LinuxDriver)
        assert "_driver" in inspect.getsource(App)

    def test_the_styles_cache_is_mended_once(self) -> None:
        assert "get_inner_outer" in inspect.getsource(_styles_cache.StylesCache.render_line)
        mend_styles_cache()
        mended = _styles_cache.StylesCache.get_inner_outer
        mend_styles_cache()
        assert _styles_cache.StylesCache.get_inner_outer is mended

    def test_a_styles_cache_is_not_kept_once_its_widget_is_gone(self) -> None:
        mend_styles_cache()
        cache = _styles_cache.StylesCache()
        cache.get_inner_outer(Color(1, 2, 3), Color(4, 5, 6))
        kept = weakref.ref(cache)
        del cache
        gc.collect()
        assert kept() is None

    def test_partial_updates_have_the_parts_that_are_cropped(self) -> None:
        names = ["chops", "spans", "chop_ends"]
        assert list(inspect.signature(_compositor.ChopsUpdate).parameters) == names
        send_only_what_changed()
        changed = _compositor.ChopsUpdate.render_segments
        send_only_what_changed()
        assert _compositor.ChopsUpdate.render_segments is changed


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["TERM", "HUP"]
)
class TestSignals:
    def test_a_signal_ends_the_screen_and_restores_the_terminal(
        self, terminal: Run, number: signal.Signals, status: int
    ) -> None:
        screen = terminal()
        screen.until("healthy")
        screen.process.send_signal(number)
        assert gone(screen) == status
        screen.until(lambda: LEFT in screen.tail)

    def test_a_signal_ends_the_screen_while_nobody_reads_the_terminal(
        self, terminal: Run, number: signal.Signals, status: int
    ) -> None:
        screen = terminal()
        screen.until("healthy")
        fill_up(screen)
        screen.process.send_signal(number)
        assert gone(screen) == status

    def test_an_edit_on_its_way_is_saved_first(
        self, terminal: Run, number: signal.Signals, status: int, tmp_path: Path
    ) -> None:
        screen = terminal("slow", columns=120, rows=40)
        screen.until("Resource consumption")
        screen.press(" ")
        screen.until("[~]")
        screen.process.send_signal(number)
        assert gone(screen) == status
        assert (tmp_path / "saved").read_text() == "11\n"

    def test_a_signal_ends_the_screen_while_its_event_loop_hangs(
        self, terminal: Run, number: signal.Signals, status: int, tmp_path: Path
    ) -> None:
        screen = terminal()
        screen.until("healthy")
        (tmp_path / "saved.stuck").touch()
        clock, since = time_of(screen.text()), time.monotonic()

        def hangs() -> bool:
            nonlocal clock, since
            if time_of(screen.text()) != clock:
                clock, since = time_of(screen.text()), time.monotonic()
            return time.monotonic() - since > 2

        screen.until(hangs)
        screen.process.send_signal(number)
        assert gone(screen) == status
        screen.until(lambda: LEFT in screen.tail)


class TestHangUp:
    def test_a_closed_terminal_ends_the_screen(self, terminal: Run) -> None:
        screen = terminal()
        screen.until("healthy")
        screen.hang_up()
        assert gone(screen) == 129

    def test_a_closed_terminal_ends_the_screen_where_no_signal_comes(self, terminal: Run) -> None:
        screen = terminal(controlling=False)
        screen.until("healthy")
        screen.hang_up()
        assert gone(screen) == 129

    def test_a_terminal_that_was_not_read_and_then_closed_ends_the_screen(
        self, terminal: Run
    ) -> None:
        screen = terminal()
        screen.until("healthy")
        fill_up(screen)
        screen.hang_up()
        assert gone(screen) == 129


def test_a_terminal_that_is_not_read_does_not_stop_the_screen(
    terminal: Run, tmp_path: Path, until: Callable[[Callable[[], bool]], None]
) -> None:
    screen = terminal(columns=120, rows=40)
    screen.until("Resource consumption")
    fill_up(screen)
    screen.press(" ")
    until((tmp_path / "saved").exists)


def test_a_terminal_that_is_read_again_shows_the_present_state(terminal: Run) -> None:
    screen = terminal()
    screen.until("healthy")
    fill_up(screen)
    screen.resize(120, 40)
    screen.press("c")
    screen.thaw()
    screen.until("Resource consumption")
    screen.until("13:07:")
    screen.press("q")
    screen.until("Leave it recording")


def test_leaving_with_q_restores_the_terminal_and_tells_the_caller(
    terminal: Run, tmp_path: Path
) -> None:
    screen = terminal()
    screen.until("healthy")
    screen.press("q")
    screen.until("Leave it recording")
    screen.press("l")
    assert gone(screen) == 0
    screen.until(lambda: LEFT in screen.tail)
    assert (tmp_path / "saved").read_text() == "left\n"


def test_partial_repaints_leave_the_same_screen_as_a_whole_one(terminal: Run) -> None:
    screen = terminal(columns=120, rows=24)
    screen.until("Resource consumption")
    screen.press("jjjkk\t\t\t\t\x1b[5~")
    screen.until("held")
    partial = untorn(screen)
    # A change of size and back makes Textual send every cell again.
    screen.resize(119, 24)
    screen.until(lambda: screen.text().partition("\n")[0].rstrip().endswith("left"))
    screen.until(lambda: len(screen.text().partition("\n")[0].rstrip()) == 118)
    screen.resize(120, 24)
    screen.until(lambda: without_time(screen.text()) == partial)


def test_while_only_the_clock_moves_only_the_clock_is_sent(terminal: Run) -> None:
    screen = terminal(columns=120, rows=40)
    screen.until("healthy")
    untorn(screen)
    begun, sent = time_of(screen.text()), screen.bytes
    screen.until(lambda: seconds_of(screen.text()) >= seconds_of(begun) + 5)
    # Five ticks of the clock and one renewal of the ages; a row alone takes half a kilobyte.
    assert screen.bytes - sent < 5 * 300


def seconds_of(text: str) -> int:
    """The clock in the header, in seconds."""
    hours, minutes, seconds = map(int, (time_of(text) or text or "0:0:0").split(":"))
    return 3600 * hours + 60 * minutes + seconds


def untorn(screen: Terminal) -> str:
    """The screen without times, once it was the same before and after a tick of the clock."""
    seen: dict[str, str] = {}

    def twice() -> bool:
        text = screen.text()
        seen.setdefault(time_of(text), without_time(text))
        return len(seen) > 1 and len(set(list(seen.values())[-2:])) == 1

    screen.until(twice)
    return list(seen.values())[-1]


def time_of(text: str) -> str:
    """The clock in the header."""
    found = re.search(r"\d\d:\d\d:\d\d", text)
    return found[0] if found else ""


def without_time(text: str) -> str:
    """The screen without what changes from second to second."""
    return re.sub(r"\d\d:\d\d:\d\d · \d\d:\d\d:\d\d| +(?:\d+m)?\d+s ago", "", text)


class TestTheWriter:
    def test_writing_never_waits_and_keeps_what_fits(self) -> None:
        held = threading.Event()
        written: list[bytes] = []
        drained = threading.Event()

        class Slow(PatientWriter):
            LIMIT = 1000

            def _put(self, data: bytes) -> bool:
                held.wait(20)
                written.append(data)
                return True

        with open("/dev/null", "w") as file:
            writer = Slow(file, drained.set)
            writer.start()
            for _ in range(500):
                writer.write("x" * 100)
            assert writer._size <= 1000
            held.set()
            writer.stop()
        assert drained.is_set()
        assert sum(map(len, written)) <= 2000

    def test_a_dead_terminal_is_written_to_no_more(self) -> None:
        with open("/dev/full", "w") as file:
            writer = PatientWriter(file)
            writer.start()
            writer.write("x")
            writer.join(20)
            assert not writer.is_alive()
            writer.write("y")
            assert not writer._queue
