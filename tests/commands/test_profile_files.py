"""``--profile FILE``: whose session it is, and the text that one's own profile begins with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stagewatch.cli import run
from stagewatch.clock import SystemClock
from stagewatch.paths import sessions_dir
from stagewatch.profile.find import shipped_folder
from stagewatch.recorder.launch import start_session

PROFILE = 'version = 1\n[deployment]\nname = "{name}"\n[probe.p]\nkind = "process"\nmatch = "x"\n'


@pytest.fixture
def folders(tmp_path: Path, own_home: Path) -> dict[str, Path]:
    """Two profiles of one file name in two folders, each with a session."""
    home = sessions_dir({"XDG_STATE_HOME": str(own_home / "state")})
    found = {}
    for name in ("one", "two"):
        file = tmp_path / name / "mine.toml"
        file.parent.mkdir()
        file.write_text(PROFILE.format(name=name))
        found[name] = start_session(file, home=home, operator="ann", clock=SystemClock())
    return found


def profile(tmp_path: Path, name: str) -> list[str]:
    return ["--profile", str(tmp_path / name / "mine.toml")]


@pytest.mark.parametrize("name", ["one", "two"])
def test_a_file_means_the_session_that_it_began(
    folders: dict[str, Path], tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """And not the newest of a profile that is called the same."""
    run(["status", "--json", *profile(tmp_path, name)])
    told = json.loads(capfd.readouterr().out)
    assert told["session"]["folder"] == str(folders[name])
    assert run(["sessions", "--json", *profile(tmp_path, name)]) == 0
    (row,) = json.loads(capfd.readouterr().out)
    assert row["id"] == folders[name].name
    assert run(["stop", *profile(tmp_path, name)]) == 0
    assert folders[name].name in capfd.readouterr().out


def test_a_damaged_session_of_a_file_is_told(
    folders: dict[str, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It may be the one that is meant; it is never passed over."""
    (folders["two"] / "session.toml").write_text("")
    assert run(["status", *profile(tmp_path, "two")]) == 2
    assert f"{folders['two']}/session.toml: is empty" in capfd.readouterr().err


def test_a_file_that_began_no_session_is_told(
    tmp_path: Path, folders: dict[str, Path], capfd: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.toml"
    other.write_text(PROFILE.format(name="x"))
    assert run(["status", "--profile", str(other)]) == 2
    err = capfd.readouterr().err
    assert err == (
        f"stagewatch: no session of {other}; `stagewatch sessions` lists those there are\n"
    )


def test_the_text_of_a_shipped_profile_begins_ones_own(
    own_home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """As it is written, comments included; nothing is asked."""
    assert run(["check", "--profile", "staging", "--text"]) == 0
    text = capfd.readouterr().out
    assert text == (shipped_folder() / "staging.toml").read_text()
    assert run(["check", "--text", "--json", "--profile", "staging"]) == 2
    assert "--text does not go with" in capfd.readouterr().err


def test_what_an_error_quotes_is_inert(capfd: pytest.CaptureFixture[str]) -> None:
    """A title for the terminal, in a folder's name."""
    assert run(["status", "--session", "/nowhere/\x1b]0;x\x07"]) == 2
    err = capfd.readouterr().err
    assert "/nowhere/␛]0;x␇: no session here" in err
    assert "\x1b" not in err


@pytest.mark.parametrize(
    ("command", "option"),
    [("demo", "--profile"), ("check", "--session"), ("sessions", "--session")],
)
def test_what_a_command_does_not_take_is_refused_before_its_name_too(
    command: str, option: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """It would be ignored in silence, and another watch would be shown than the one meant."""
    assert run([option, "nope", command]) == 2
    assert f"`stagewatch {command}` takes no {option}" in capfd.readouterr().err
