"""``stagewatch trust``: what it shows, what it asks, and what runs after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from stagewatch.cli import run

PROFILE = """
version = 1
[deployment]
name = "staging"
[probe.cache]
kind = "command"
argv = ["touch", "ran one"]
every = "60s"
"""


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """A profile that runs a command."""
    path = tmp_path / "cache.toml"
    path.write_text(PROFILE)
    return path


def test_a_command_runs_once_it_is_trusted(
    profile: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """``check`` says how to trust it, ``trust`` shows what would run, and then it runs."""
    ran = profile.parent / "ran one"
    assert run(["check", "--profile", str(profile)]) == 1
    assert f"stagewatch trust --profile {profile}" in capfd.readouterr().out
    assert not ran.exists()
    assert run(["trust", "--yes", "--profile", str(profile)]) == 0
    told = capfd.readouterr().out
    assert f"cache, every 1m, in {profile.parent}: touch 'ran one'" in told
    assert run(["check", "--profile", str(profile)]) == 0
    assert ran.exists()


def test_an_edit_and_a_revocation_ask_again(
    profile: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither runs."""
    run(["trust", "--yes", "--profile", str(profile)])
    profile.write_text(PROFILE + "\n")
    assert run(["check", "--profile", str(profile)]) == 1
    run(["trust", "--yes", "--profile", str(profile)])
    assert run(["trust", "--revoke", "--profile", str(profile)]) == 0
    assert "trusted no longer" in capfd.readouterr().out
    assert run(["check", "--profile", str(profile)]) == 1
    assert not (profile.parent / "ran one").exists()


def test_without_a_terminal_nobody_is_asked(
    profile: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is trusted."""
    with Path("/dev/null").open() as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        assert run(["trust", "--profile", str(profile)]) == 2
    assert "look, and add --yes" in capfd.readouterr().err


def test_a_profile_without_commands_needs_no_trust(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """And says so."""
    path = tmp_path / "plain.toml"
    path.write_text('version = 1\n[deployment]\nname = "plain"\n')
    assert run(["trust", "--profile", str(path)]) == 0
    assert "there is nothing to trust" in capfd.readouterr().out
