"""A profile that cannot be used: every problem at once, with its place, from every command."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Programs

TWICE = """\
version = 1
[deployment]
name = "staging"
[probe.backend]
kind = "process"
match = "main"
[probe.backend]
"""
MANY = """\
version = 1
[deployment]
name = "staging"
windw = "24h"
[probe.health]
kind = "http"
url = "http://127.0.0.1:9/health"
every = 30
[probe.backend]
kind = "proces"
match = "main"
[nogo.leak]
rule = "growht"
[nogo.slow]
rule = "average"
signal = "helth.latency"
limit = "500 MB"
[go.done]
rule = "checklist"
[[phase]]
name = "early"
hours = [0, 8]
items = [1]
[[phase]]
name = "early"
hours = [6, 30]
"""
PROBLEMS = """\
4: deployment.windw: unknown key; did you mean "window"?
8: probe.health.every: 30 has no unit; write "30s", "30min" or "30h"
10: probe.backend.kind: there is no kind of probe "proces"; did you mean "process"?
13: nogo.leak.rule: there is no rule "growht"; did you mean "growth"?
16: nogo.slow.signal: no probe provides "helth.latency"
23: phase#1.items#1: must be text in quotes or a table, not a whole number
24: phase#2: there are two phases called "early"
26: phase#2.hours: hours 6 to 30 overlaps "early"
26: phase#2.hours: hour 30 is outside the window of 24 hours
"""

Make = Callable[[Path], object]
FILES: dict[str, tuple[Make, str]] = {
    "missing": (lambda path: None, "there is no such file"),
    "empty": (lambda path: path.touch(), "version: missing; begin the file with version = 1"),
    "not UTF-8": (
        lambda path: path.write_bytes(b'version = 1\nname = "\xff"\n'),
        "bad.toml:2: byte 0xff is not UTF-8; save the file as UTF-8",
    ),
    "not TOML": (lambda path: path.write_text(TWICE), "bad.toml:7: is not TOML: Cannot declare"),
    "a folder": (lambda path: path.mkdir(), "is a folder; name the .toml file in it"),
    "a FIFO": (os.mkfifo, "is not a regular file"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "is not a regular file"),
    "a link to itself": (lambda path: path.symlink_to(path), "symbolic links"),
    "huge": (lambda path: path.write_bytes(b"#" * (1 << 21)), "is larger than 1 MiB"),
}


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """Where the bad profile lies."""
    return tmp_path / "bad.toml"


@pytest.mark.parametrize("command", ["check", "record"])
def test_every_problem_is_told_at_once_with_its_line_and_a_hint(
    command: str, bad: Path, programs: Programs
) -> None:
    """Each line begins with the place, as editors and people want it."""
    bad.write_text(MANY)
    done = programs.run(command, "--profile", str(bad))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "".join(f"{bad}:{line}\n" for line in PROBLEMS.splitlines())


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("command", ["check", "record"])
def test_a_file_that_is_no_profile_is_named_and_why(
    command: str, kind: str, bad: Path, programs: Programs, told: Callable[..., None]
) -> None:
    make, sentence = FILES[kind]
    make(bad)
    done = programs.run(command, "--profile", str(bad))
    told(done, f"^{bad}")
    assert sentence in done.stderr
    assert programs.run("sessions").stdout.startswith("No sessions"), "none was begun"


def test_a_profile_that_may_not_be_read_is_named(
    bad: Path, programs: Programs, told: Callable[..., None], as_anybody: list[str]
) -> None:
    bad.write_text(MANY)
    bad.chmod(0)
    told(
        programs.run("check", "--profile", str(bad), before=as_anybody),
        f"^{bad}: cannot be read: Permission denied",
    )


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("stagin", r'there is no profile "stagin"; did you mean "staging"\? there are demo, stag'),
        ("nothing", r'there is no profile "nothing"; there are demo, staging'),
        ("bad", r"for the file in this folder write ./bad\.toml"),
        ("a\x1b]0;x\x07", r"there is no profile .a␛\]0;x␇"),
    ],
)
def test_a_name_that_no_profile_has_lists_those_there_are(
    name: str, hint: str, bad: Path, programs: Programs, told: Callable[..., None]
) -> None:
    bad.touch()
    told(programs.run("check", "--profile", name), hint)


@pytest.mark.parametrize("option", ["--profile", "--session", "--as"])
def test_an_option_that_is_empty_is_no_choice(
    option: str, programs: Programs, told: Callable[..., None]
) -> None:
    """What an unset variable makes of a script must not stand for the default."""
    told(programs.run(option, "", "record"), f"'{option}': it is empty")


def test_on_a_terminal_the_problems_are_told_and_no_screen_opens(
    bad: Path, programs: Programs
) -> None:
    bad.write_text(MANY)
    terminal = programs.open("--profile", str(bad), columns=200)
    assert terminal.exit_status() == 2
    for line in PROBLEMS.splitlines():
        assert f"{bad}:{line}" in terminal.text()
    assert "stagewatch:" not in terminal.text()


def test_the_copy_in_force_of_a_session_is_checked_as_well(
    session: Path, programs: Programs, told: Callable[..., None]
) -> None:
    """Whoever broke it is told by every command that needs it, and by the recorder once."""
    copy = session / "profile.toml"
    copy.write_text(copy.read_text().replace("every", "evry", 1))
    for command in (["status"], ["status", "--json"], ["export"], ["record"]):
        done = programs.run("--session", session.name, *command)
        told(done, rf'{copy}:9: probe\.health\.evry: unknown key; did you mean "every"\?', lines=1)


def test_a_session_without_its_profile_says_what_to_put_there(
    session: Path, profile: Path, programs: Programs, told: Callable[..., None]
) -> None:
    (session / "profile.toml").unlink()
    for command in ("status", "export", "record"):
        done = programs.run("--session", session.name, command)
        told(
            done,
            f"{session}/profile.toml: this session's copy .* is missing; copy it back; .*{profile}",
            lines=1,
        )
