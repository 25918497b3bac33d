"""The recorder's log: private, bounded, and there when the interpreter crashes."""

from __future__ import annotations

import logging
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from stagewatch.recorder import logfile
from stagewatch.recorder.logfile import last_line, logging_to


def test_what_is_logged_is_in_a_private_file_with_utc_times(tmp_path: Path) -> None:
    with logging_to(tmp_path, foreground=False):
        logging.getLogger("stagewatch.recorder").info("started")
    path = tmp_path / "recorder.log"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    words = path.read_text().split()
    assert words[0].endswith("Z")
    assert words[1:] == ["INFO", "started"]
    assert last_line(tmp_path).endswith("INFO started")


def test_the_log_does_not_grow_without_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logfile, "MAX_BYTES", 10_000)
    with logging_to(tmp_path, foreground=False):
        for number in range(1000):
            logging.getLogger("stagewatch.recorder").info("line %d %s", number, "x" * 80)
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == ["recorder.log", "recorder.log.1"]
    assert all(path.stat().st_size <= 10_000 for path in files)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_only_in_the_foreground_warnings_go_to_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for foreground in (False, True):
        with logging_to(tmp_path, foreground=foreground):
            logging.getLogger("stagewatch.recorder").warning("warned %s", foreground)
    assert capsys.readouterr().err == "stagewatch: warned True\n"


def test_a_crash_of_the_interpreter_leaves_its_stack_in_the_log(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from stagewatch.recorder.logfile import logging_to\n"
        "with logging_to(Path(sys.argv[1]), foreground=False): os.kill(os.getpid(), signal.SIGSEGV)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert done.returncode < 0
    assert "Segmentation fault" in (tmp_path / "recorder.log").read_text()


def test_a_log_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "recorder.log").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic link"), logging_to(tmp_path, foreground=False):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_the_last_line_of_no_log_is_empty(tmp_path: Path) -> None:
    assert last_line(tmp_path) == ""
    (tmp_path / "recorder.log").write_bytes(b"a\n\x1b[2Jb\xff\n\n")
    assert last_line(tmp_path) == "␛[2Jb\ufffd"
