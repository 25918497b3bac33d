"""Where things are kept, and how a session is named and found."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagewatch.errors import PersonError
from stagewatch.paths import (
    SESSION,
    UnknownSessionError,
    config_home,
    create_session_folder,
    find_session,
    list_sessions,
    new_session_id,
    sessions_dir,
    state_home,
    valid_name,
)

NOON = 1763924532.9  # 2025-11-23T19:02:12Z


def _session(home: Path, profile: str = "staging", at: float = NOON) -> Path:
    folder = create_session_folder(home, profile, at)
    (folder / SESSION).touch()
    return folder


def test_xdg_variables_are_honoured() -> None:
    """State and configuration lie where XDG says."""
    environ = {"XDG_STATE_HOME": "/s", "XDG_CONFIG_HOME": "/c", "HOME": "/h"}
    assert state_home(environ) == Path("/s/stagewatch")
    assert sessions_dir(environ) == Path("/s/stagewatch/sessions")
    assert config_home(environ) == Path("/c/stagewatch")


@pytest.mark.parametrize("value", ["", "relative/state", "./x"])
def test_a_relative_xdg_value_is_ignored(value: str) -> None:
    """As the XDG specification asks: the default below HOME takes its place."""
    environ = {"XDG_STATE_HOME": value, "HOME": "/h"}
    assert state_home(environ) == Path("/h/.local/state/stagewatch")
    assert config_home({"HOME": "/h"}) == Path("/h/.config/stagewatch")


@pytest.mark.parametrize("environ", [{}, {"HOME": ""}, {"HOME": "relative"}])
def test_without_a_home_the_accounts_own_is_taken(environ: dict[str, str]) -> None:
    """A service that starts with no environment still finds its place, never the working folder."""
    assert state_home(environ).is_absolute()


def test_whoever_has_no_account_is_asked_for_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container with a user's number only."""

    def none(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr("pwd.getpwuid", none)
    with pytest.raises(PersonError, match=r"no account here.*set HOME, or XDG_STATE_HOME"):
        state_home({})


@pytest.mark.parametrize("name", ["a", "staging-20251123-190212", "A.b_c-9", "x" * 64])
def test_a_plain_name_is_valid(name: str) -> None:
    """One path component of plain characters."""
    assert valid_name(name)


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "a b", "é", "x" * 65, "a\n"])
def test_what_could_be_a_path_or_hide_is_no_name(name: str) -> None:
    """No separators, no leading dot, no more than 64 characters."""
    assert not valid_name(name)


def test_a_session_is_called_after_its_profile_and_time() -> None:
    """The time is UTC, so that ids sort as the sessions began."""
    assert new_session_id("staging", NOON) == "staging-20251123-190212"


@given(st.text(max_size=100), st.floats(0, 4e9))
def test_every_profile_name_gives_a_valid_id(profile: str, now: float) -> None:
    """Foreign characters and long names still make one path component."""
    assert valid_name(new_session_id(profile, now) + "-999")


def test_a_session_folder_is_the_owners_alone(tmp_path: Path) -> None:
    """Mode 0700 for the session's folder and for the folder of all sessions."""
    home = tmp_path / "state" / "sessions"
    folder = create_session_folder(home, "staging", NOON)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_sessions_of_one_second_get_names_of_their_own(tmp_path: Path) -> None:
    """A collision is counted, never shared."""
    names = [create_session_folder(tmp_path, "staging", NOON).name for _ in range(3)]
    assert names == [f"staging-20251123-190212{end}" for end in ("", "-2", "-3")]


def test_sessions_are_listed_newest_first(tmp_path: Path) -> None:
    """By when they began, whatever the profile; folders that are no session are left out."""
    old, new = _session(tmp_path, "zeta"), _session(tmp_path, "alpha", NOON + 60)
    again = _session(tmp_path, "alpha", NOON + 60)
    odd = tmp_path / "renamed-by-hand"
    odd.mkdir()
    (odd / f"{SESSION}.1").touch()
    os.utime(odd, (NOON - 3600, NOON - 3600))
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    assert list_sessions(tmp_path) == [again, new, old, odd]
    assert list_sessions(tmp_path / "none") == []


def test_a_session_is_found_by_profile_id_or_folder(tmp_path: Path) -> None:
    """The newest of all, the newest of a profile, one by its id, one by its folder."""
    staging = _session(tmp_path)
    demo = _session(tmp_path, "demo", NOON + 60)
    assert find_session(tmp_path) == demo
    assert find_session(tmp_path, profile="staging") == staging
    assert find_session(tmp_path, session=staging.name) == staging
    assert find_session(tmp_path, profile="demo", session=staging.name) == staging
    assert find_session(tmp_path / "elsewhere", session=str(staging)) == staging


def test_an_unknown_session_is_told_with_what_there_is(tmp_path: Path) -> None:
    """The error lists what exists, or says that nothing does."""
    with pytest.raises(UnknownSessionError, match="holds none"):
        find_session(tmp_path)
    staging = _session(tmp_path)
    with pytest.raises(UnknownSessionError, match=f"no session 'nope'; there is {staging.name}"):
        find_session(tmp_path, session="nope")
    with pytest.raises(UnknownSessionError, match=r"no session of profile 'prod'; there is stag"):
        find_session(tmp_path, profile="prod")
    with pytest.raises(UnknownSessionError, match="no session here"):
        find_session(tmp_path, session=f"{tmp_path}/nope")


def test_importing_the_paths_loads_nothing_heavy() -> None:
    """Every command imports this first."""
    code = "import sys, stagewatch.paths; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"msgspec", "platformdirs", "tomllib", "textual"} & set(done.stdout.split())
