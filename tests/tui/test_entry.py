"""Around Textual: no terminal, no screen; its settings are in place before it is imported."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from stagewatch.tui.entry import NoTerminalError, prepare, require_terminal

OPEN = """
import sys
from pathlib import Path
from stagewatch.tui import run
from stagewatch.errors import PersonError
try:
    run(Path("."), "alice")
except PersonError as error:
    print(error)
    print("textual" in sys.modules)
"""


def test_without_a_terminal_it_names_the_commands_that_need_none(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", OPEN],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    assert "stagewatch record" in done.stdout
    assert "stagewatch status" in done.stdout
    assert done.stdout.endswith("False\n")  # and Textual was not imported for that


@pytest.mark.parametrize("missing", ["input", "error"])
def test_each_stream_that_the_screen_needs_is_checked(
    missing: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    master, slave = pty.openpty()
    with (
        open(slave, "r+b", buffering=0) as terminal,
        open(tmp_path / "file", "w+b") as file,
    ):
        monkeypatch.setattr(sys, "__stdin__", file if missing == "input" else terminal)
        monkeypatch.setattr(sys, "__stderr__", file if missing == "error" else terminal)
        with pytest.raises(NoTerminalError, match=f"standard {missing} is not a terminal"):
            require_terminal()
    os.close(master)


def test_the_operator_s_own_settings_are_kept() -> None:
    environ = {"TEXTUAL_ANIMATIONS": "full"}
    prepare(environ)
    assert environ["TEXTUAL_ANIMATIONS"] == "full"
    assert environ["TEXTUAL_SMOOTH_SCROLL"] == "0"


def test_importing_the_package_does_not_import_textual() -> None:
    code = "import stagewatch.tui, sys; print('textual' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
