"""A session's file that is not as it was left: refused with the remedy, mended, and never lost."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagewatch.session.files import BIGGEST
from stagewatch.session.store import SessionStore

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Programs

Told = Callable[..., None]
Until = Callable[[Callable[[], bool]], None]
RESTORE = r"session\.toml\.1 is whole \(revision 3\): `stagewatch sessions --restore {id}` takes it"
ACCEPT = r"`stagewatch sessions --accept {id}` takes it as it is, --restore goes back to session"


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def replaced(old: str, new: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(path.read_text().replace(old, new, 1))


def instead(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def damage(path: Path) -> None:
        path.unlink()
        make(path)

    return damage


def huge(path: Path) -> None:
    os.truncate(path, BIGGEST + 1)


DAMAGES: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "cut": (cut, "was cut: its last line, with the checksum, is missing", RESTORE),
    "empty": (lambda path: path.write_bytes(b""), "is empty", RESTORE),
    "zeros": (lambda path: path.write_bytes(bytes(900)), "is empty", RESTORE),
    "not TOML": (replaced("version = 1", "version = = 1"), "is not valid TOML: .*line 3", RESTORE),
    "not UTF-8": (lambda path: path.write_bytes(b"\xff" + path.read_bytes()), "not UTF-8", RESTORE),
    "hand-edited": (replaced("first note", "another"), "was changed by hand", ACCEPT),
    "newer": (replaced("version = 1", "version = 2"), "made by a newer stagewatch", "upgrade"),
    "missing": (instead(lambda path: None), "is missing", RESTORE),
    "a FIFO": (instead(os.mkfifo), "is not a regular file", RESTORE),
    "a folder": (instead(lambda path: path.mkdir()), "is not a regular file", RESTORE),
    "a link": (instead(lambda path: path.symlink_to("/dev/zero")), "is a symbolic link", RESTORE),
    "huge": (huge, "is larger than 16 MiB", RESTORE),
}


@pytest.fixture(params=DAMAGES)
def damage(request: pytest.FixtureRequest, session: Path) -> tuple[str, str]:
    """A damaged session: what is wrong with it, and the remedy."""
    make, sentence, remedy = DAMAGES[request.param]
    make(session / "session.toml")
    return sentence, remedy.format(id=session.name)


@pytest.mark.parametrize("command", ["status", "status --json", "export", "stop"])
def test_no_command_passes_over_a_damaged_session(
    command: str, damage: tuple[str, str], session: Path, programs: Programs, told: Told
) -> None:
    """Status 2, the file, what is wrong and the command that mends it; and nothing is changed."""
    before = _everything(session)
    done = programs.run(*command.split(), "--session", session.name)
    told(done, f"^stagewatch: {session}/session.toml: ", *damage, lines=1)
    assert _everything(session) == before
    assert not list(programs.folder.glob("*report*"))


def test_the_list_names_a_damaged_session_and_its_remedy(
    damage: tuple[str, str], session: Path, programs: Programs
) -> None:
    """One bad session hides no other, and fails nobody who only wants the list."""
    done = programs.run("sessions", "--json")
    (row,) = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert (row["id"], row["recording"]) == (session.name, False)
    assert str(session) in row["problem"]
    assert programs.run("sessions").stdout == f"{session.name}  {row['problem']}\n"


def test_the_screen_does_not_open_over_a_damaged_session(
    damage: tuple[str, str], session: Path, programs: Programs
) -> None:
    terminal = programs.open("--session", session.name, columns=400)
    assert terminal.exit_status() == 2
    assert "session.toml: " in terminal.text()
    assert "Traceback" not in terminal.text()


def test_another_watch_is_not_begun_over_a_damaged_one(
    damage: tuple[str, str], session: Path, profile: Path, programs: Programs
) -> None:
    """Whoever starts the screen as always is told, and does not find an empty checklist."""
    terminal = programs.open("--profile", str(profile), columns=400)
    assert terminal.exit_status() == 2
    assert [folder.name for folder in session.parent.iterdir()] == [session.name]


@pytest.mark.parametrize("kind", ["cut", "hand-edited", "a FIFO"])
def test_recording_goes_on_over_a_damaged_session_and_says_so(
    kind: str, session: Path, profile: Path, programs: Programs, until: Until
) -> None:
    """A service that is restarted loses no reading because somebody is editing."""
    DAMAGES[kind][0](session / "session.toml")
    recorder = programs.start("record", "--profile", str(profile))
    until(lambda: programs.result("health") == "VALUE")
    document = programs.status()
    assert "session.toml" in document["session"]["problem"]
    assert "session-damaged" in [event["kind"] for event in document["events"]]
    recorder.send_signal(signal.SIGTERM)
    said = recorder.communicate(timeout=30)[1]
    assert recorder.returncode == 0
    assert f"recording to {session}" in said
    assert len([line for line in said.splitlines() if "session.toml: " in line]) == 1


@pytest.mark.parametrize("kind", ["newer", "no whole text"])
def test_what_cannot_be_read_at_all_is_not_recorded_over(
    kind: str, session: Path, profile: Path, programs: Programs, told: Told
) -> None:
    if kind == "newer":
        DAMAGES[kind][0](session / "session.toml")
    else:
        for text in session.glob("session.toml*"):
            text.write_bytes(b"")
    for options in (["--session", session.name], ["--profile", str(profile)]):
        done = programs.run("record", *options)
        told(done, r"upgrade|move its folder away to start another session", lines=1)
    assert len(list(session.parent.iterdir())) == 1


def test_a_damaged_file_while_its_recorder_runs_stops_nothing(
    session: Path, profile: Path, programs: Programs, told: Told, until: Until
) -> None:
    """The recorder keeps to what it read, tells of it, and takes up what is restored."""
    programs.start("record", "--profile", str(profile))
    until(lambda: programs.status().get("recorder", {}).get("alive") is True)
    whole = (session / "session.toml").read_bytes()
    (session / "session.toml").write_bytes(b"")
    until(lambda: "session-damaged" in _kinds(programs))
    told(programs.run("stop"), "is empty")
    assert programs.status()["recorder"]["alive"] is True
    (session / "session.toml").write_bytes(whole)
    until(lambda: not programs.status()["session"]["problem"])
    done = programs.run("stop", "--as", "bob")
    assert (done.returncode, done.stderr) == (0, "")
    assert SessionStore(session).load().stopped_by == "bob"


def _kinds(programs: Programs) -> list[str]:
    return [event["kind"] for event in programs.status()["events"]]


def _everything(folder: Path) -> dict[str, object]:
    """Every file of the session but those that a look at the history makes."""
    return {
        path.name: (path.lstat().st_ino, path.lstat().st_mtime_ns, path.lstat().st_size)
        for path in folder.iterdir()
        if path.name != "session.toml.lock"
    }


def test_only_people_with_the_right_to_it_read_a_session(
    session: Path, programs: Programs, told: Told, as_anybody: list[str]
) -> None:
    """It is told of, not passed over as if it were not there."""
    (session / "session.toml").chmod(0)
    done = programs.run("stop", before=as_anybody)
    told(done, r"cannot be opened \(Permission denied\); check its owner and mode", lines=1)
    session.chmod(0)
    done = programs.run("status", before=as_anybody)
    session.chmod(0o700)
    told(done, r"Permission denied", lines=1)


def test_an_unknown_key_names_its_line(session: Path, programs: Programs, told: Told) -> None:
    """A declared edit with a slip in it: the place, and what was meant."""
    path = session / "session.toml"
    text = path.read_text().replace('by = "ada"\nat', 'bye = "ada"\nat', 1)
    path.write_text(text[: text.index(" sha256 ")] + " edited\n")
    told(programs.run("stop"), r"line \d+, note\.bye: unknown key 'bye'; did you mean 'by'\?")


OTHERS = {
    "recorder.lock": r"recorder\.lock: (is not a regular file|cannot be opened .*); check",
    "recorder.log": r"recorder\.log: ",
    "history.db": r"history\.db: it is not a regular file; move it aside",
    "profile.toml": r"profile\.toml: (is not a regular file|is a folder|cannot be read)",
}


@pytest.mark.parametrize("kind", ["a FIFO", "a folder", "a link"])
@pytest.mark.parametrize("name", OTHERS)
def test_what_lies_in_the_place_of_another_file_is_named_and_nothing_hangs(
    name: str, kind: str, session: Path, programs: Programs, told: Told
) -> None:
    """The commands that need the file say so; the list goes on."""
    (session / name).touch()
    DAMAGES[kind][0](session / name)
    recorded = programs.run("record", "--session", session.name)
    told(recorded, OTHERS[name], lines=1)
    if name in ("recorder.lock", "recorder.log"):
        terminal = programs.open("--session", session.name, columns=300)
        assert terminal.exit_status() == 2
        assert name in terminal.text()
    for command in ("status", "export", "stop", "sessions"):
        done = programs.run(command)
        assert "Traceback" not in done.stderr
        assert len(done.stderr.splitlines()) <= 1
        if done.returncode == 2:
            assert re.search(OTHERS[name], done.stderr) or "nothing is recorded" in done.stderr
