"""The screen over what is not as it should be: said on the screen, and over as soon as it is."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagewatch.session.store import SessionStore

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Programs, Terminal

Until = Callable[[Callable[[], bool]], None]
COLOUR = re.compile(rb"[34]8;2;(\d+);(\d+);(\d+)(?=[;m])")
ORDINARY = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:3[0-7]|4[0-7]|9[0-7]|10[0-7])m")
"""One of the sixteen colours of old."""


@pytest.fixture
def screen(profile: Path, programs: Programs) -> Terminal:
    """An open screen that shows a healthy backend."""
    terminal = programs.open("--profile", str(profile), "--as", "ada")
    terminal.wait_for("healthy")
    return terminal


@pytest.mark.parametrize("size", [(59, 40), (120, 15), (20, 5), (8, 2), (1, 1)])
def test_a_terminal_that_is_too_small_says_so_until_it_is_bigger(
    size: tuple[int, int], profile: Path, programs: Programs
) -> None:
    """The verdict and the size that is needed, as far as there is room; nothing falls."""
    columns, rows = size
    terminal = programs.open("--profile", str(profile), columns=columns, rows=rows)
    if columns * rows > 50:
        terminal.wait_for(r"(?s)HOLD.*needs.*60×16")
    terminal.resize(120, 40)
    terminal.wait_for("healthy")
    terminal.resize(columns, rows)
    if columns * rows > 50:
        terminal.wait_for(r"(?s)HOLD.*needs.*60×16")
    terminal.resize(80, 24)
    terminal.wait_for("healthy")


def test_a_size_in_the_environment_is_not_taken_for_the_terminals(
    profile: Path, programs: Programs
) -> None:
    """A shell may have exported one that was right at some time."""
    programs.environment |= {"COLUMNS": "40", "LINES": "10"}
    terminal = programs.open("--profile", str(profile))
    terminal.wait_for("healthy")


@pytest.mark.parametrize("term", ["xterm-256color", "dumb"])
def test_without_colour_words_and_marks_say_everything(
    term: str, profile: Path, programs: Programs
) -> None:
    """NO_COLOR: shades of grey at most, and the state can be read."""
    terminal = _coloured(programs, profile, NO_COLOR="1", TERM=term)
    colours = {shade for shade in COLOUR.findall(terminal.raw) if len(set(shade)) > 1}
    assert not colours
    assert not ORDINARY.search(COLOUR.sub(b"", terminal.raw))


def test_else_there_is_colour(profile: Path, programs: Programs) -> None:
    """What the test above would miss if it looked for the wrong thing."""
    shades = COLOUR.findall(_coloured(programs, profile).raw)
    assert not all(red == green == blue for red, green, blue in shades)


def _coloured(programs: Programs, profile: Path, **variables: str) -> Terminal:
    """A screen with all its states in it, on a terminal that takes every colour."""
    programs.environment |= {"COLORTERM": "truecolor", **variables}
    terminal = programs.open("--profile", str(profile))
    terminal.wait_for("HOLD")
    terminal.wait_for("● healthy")
    return terminal


@pytest.mark.parametrize("kind", ["cut", "hand-edited", "missing", "a FIFO"])
def test_a_session_that_is_damaged_under_an_open_screen_is_told_and_loses_no_tick(
    kind: str, screen: Terminal, programs: Programs
) -> None:
    """The last whole one stays on the screen; the tick waits, and is saved once it is mended."""
    (folder,) = (programs.sessions).iterdir()
    screen.type(" ")
    screen.wait_for(r"\[x\] Look at the health")
    screen.wait_for("ada ticked")  # it was saved, and read again from the file
    path = folder / "session.toml"
    if kind == "cut":
        path.write_bytes(path.read_bytes()[:-60])
    elif kind == "hand-edited":
        path.write_text(path.read_text().replace('"ada"', '"eve"'))
    else:
        path.unlink()
        if kind == "a FIFO":
            os.mkfifo(path)
    screen.wait_for(r"session\.toml:\s+(was\s+cut|was\s+changed|is\s+missing|is\s+not\s+a\s+reg)")
    screen.wait_for(r"\[x\] Look at the health")
    screen.type("j ")
    screen.wait_for("NOT SAVED since")
    option = "--accept" if kind == "hand-edited" else "--restore"
    assert programs.run("sessions", option, folder.name, "--yes").returncode == 0
    screen.wait_gone("NOT SAVED|--restore|--accept")
    screen.wait_for(r"\[x\] Second item")
    assert "Second item" in [tick.item for tick in SessionStore(folder).load().tick]


def test_a_damaged_session_does_not_keep_a_recorder_from_being_started_again(
    screen: Terminal, programs: Programs, until: Until
) -> None:
    """The screen starts the next one; nothing is lost while nobody mends."""
    (folder,) = programs.sessions.iterdir()
    screen.type(" ")
    screen.wait_for(r"\[x\]")
    (folder / "session.toml").write_bytes(b"")
    screen.wait_for(r"is\s+empty")
    first = programs.status()["recorder"]["pid"]
    os.kill(first, signal.SIGKILL)
    until(lambda: programs.status().get("recorder", {}).get("pid") not in (None, first))
    until(lambda: programs.result("health") == "VALUE")


def test_a_history_that_is_damaged_under_an_open_screen_is_told(
    screen: Terminal, programs: Programs
) -> None:
    """No old picture that looks alive."""
    (folder,) = programs.sessions.iterdir()
    for name in ("history.db-wal", "history.db-shm"):
        (folder / name).unlink()
    junk = folder / "junk"
    junk.write_bytes(b"this is no history at all" * 400)
    junk.rename(folder / "history.db")
    screen.wait_for("CANNOT READ THE RECORD|RECORDER")


def test_the_screen_leaves_at_once_by_ctrl_c_after_a_question(screen: Terminal) -> None:
    """Ctrl-C asks as ``q`` does, and the answer ends it."""
    screen.type("\x03")
    screen.wait_for("(?i)leave it recording")
    screen.type("\r")
    assert screen.exit_status() == 0
