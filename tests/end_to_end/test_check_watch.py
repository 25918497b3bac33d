"""``stagewatch check --watch``: on the same screen until Ctrl-C, or until nobody reads."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Programs

PROFILE = """version = 1
[deployment]
name = "x"
[probe.errors]
kind = "log"
path = "error.log"
every = "1s"
[probe.hooks]
kind = "files"
paths = ["hooks"]
patterns = ["poll"]
every = "60s"
[signal.rate]
kind = "rate"
of = "errors.lines"
"""


@pytest.fixture
def watched(programs: Programs) -> Path:
    """A profile whose hooks are not there yet."""
    (programs.folder / "error.log").write_text("")
    path = programs.folder / "w.toml"
    path.write_text(PROFILE)
    return path


def test_it_goes_on_until_ctrl_c_and_tells_what_is_known_later(
    watched: Path, programs: Programs
) -> None:
    """Into a pipe, one text after the other; and in order at the end."""
    check = programs.start("check", "--watch", "--profile", str(watched))
    first = programs.hear(check.stdout, "hooks (files")
    assert "1 of 3 probes have no complete reading" in first
    assert f"{watched}:8: probe.hooks: " in first
    programs.hear(check.stdout, "VALUE    rate (signal")
    check.send_signal(signal.SIGINT)
    out, err = check.communicate(timeout=20)
    assert check.returncode == 130
    assert "\x1b" not in out
    assert "Traceback" not in err


def test_a_reader_that_goes_away_ends_it(watched: Path, programs: Programs) -> None:
    """With nothing said of it."""
    check = programs.start("check", "--watch", "--json", "--profile", str(watched))
    assert check.stdout is not None
    told = json.loads(check.stdout.readline())
    assert told["probes"]["hooks"]["result"] != "VALUE"
    check.stdout.close()
    assert check.wait(20) == 2
    assert check.stderr is not None
    assert check.stderr.read() == ""


def test_on_a_terminal_it_stays_on_one_screen(watched: Path, programs: Programs) -> None:
    """What is longer than it is cropped and counted; Ctrl-C leaves a terminal that wraps."""
    terminal = programs.open("check", "--watch", "--profile", str(watched), columns=100, rows=14)
    terminal.wait_for(r"… \d+ more lines; a taller terminal shows them")
    said = terminal.wait_for("probe.hooks: ").replace("\n", " ")
    assert "not known" in re.sub(" +", " ", said)  # the whole sentence, over several lines
    # Not run again before its time, and it says so.
    screen = terminal.wait_for(r"hooks \(files, .* [1-9]s ago")
    assert str(watched)[:50] in screen.splitlines()[0]
    terminal.type("\x03")
    assert terminal.exit_status() == 130
    assert terminal.raw.count(b"\x1b[?7h") == terminal.raw.count(b"\x1b[?7l") > 1
