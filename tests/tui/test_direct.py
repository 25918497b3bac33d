"""What panes draw straight onto the terminal is what Textual would have painted."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual import _compositor, _parser
from textual.app import App
from textual.drivers import linux_driver
from textual.screen import Screen

from stagewatch.tui.driver import QuietDriver

if TYPE_CHECKING:
    from bench.ptyrun import Terminal

Run = Callable[..., "Terminal"]
Until = Callable[[Callable[[], bool]], None]


def picture(terminal: Terminal) -> list[list[object]]:
    """Every cell, with its colours, below what changes with the minute."""
    with terminal._lock:
        screen = terminal._screen
        return [[screen.buffer[y][x] for x in range(screen.columns)] for y in range(3, 39)]


def _later(terminal: Terminal, than: str) -> bool:
    """Whether the row with the clock shows something else."""
    return terminal.text()[:120] != than


def test_a_whole_repaint_changes_nothing(terminal: Run, until: Until) -> None:
    """The cursor of the checklist and a tick are drawn directly; then Textual paints it all."""
    shown = terminal(columns=120, rows=40)
    shown.until("512 MiB")
    for keys in ("j", "k", " "):
        shown.press(keys)
    shown.until("[x] Resource consumption")
    shown.until(lambda: "[~]" not in shown.text())
    drawn = picture(shown)
    shown.press("?")
    until(lambda: picture(shown) != drawn)
    shown.press("\x1b")
    until(lambda: picture(shown) == drawn)


def test_under_a_dialogue_nothing_is_drawn_directly(terminal: Run, until: Until) -> None:
    """The clock goes on behind it, in the faint colours of what lies behind."""
    shown = terminal(columns=120, rows=40)
    shown.until("512 MiB")
    shown.press("n")
    shown.until("the note; enter saves it")

    for _ in range(4):
        until(partial(_later, shown, shown.text()[:120]))
    with shown._lock:
        row = shown._screen.buffer[0]
        at = shown._screen.display[0].index(" left") - len("13:07:12 · 10:52:48")
        colours = {(row[x].fg, row[x].bg) for x in range(at, at + len("13:07:12"))}
    assert len(colours) == 1, "the seconds stand out from the rest of the clock"


def test_the_driver_ends_at_once(terminal: Run, until: Until) -> None:
    """The thread that waits for keys is woken when there are none to come."""
    shown = terminal(columns=120, rows=40)
    shown.until("512 MiB")
    shown.press("q")
    shown.until("recording")
    shown.press("\r")
    assert shown.process.wait(10) == 0


class TestThePrivateNames:
    """What is used of Textual 8.2.8 without its leave is there and does what is expected."""

    def test_the_driver_ends_its_input_by_the_event(self) -> None:
        source = inspect.getsource(linux_driver.LinuxDriver.disable_input)
        assert source.index("exit_event.set()") < source.index("_key_thread.join()")
        assert "exit_event.clear()" in source
        assert issubclass(QuietDriver, linux_driver.LinuxDriver)

    def test_the_parser_says_when_a_sequence_has_begun(self) -> None:
        source = inspect.getsource(_parser.Parser)
        assert "self._timeout_time: float | None = None" in source

    def test_the_compositor_knows_where_widgets_are_seen(self) -> None:
        assert isinstance(_compositor.Compositor.visible_widgets, property)
        assert "_layout_required" in inspect.getsource(Screen)
        for name in ("_batch_count", "_driver"):
            assert name in inspect.getsource(App)
