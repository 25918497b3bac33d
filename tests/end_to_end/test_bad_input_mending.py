"""Mending a damaged session: shown, asked, done, noted; and nothing is thrown away."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagewatch.session import edits
from stagewatch.session.document import Session
from stagewatch.session.store import SessionStore

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Programs

Told = Callable[..., None]


def texts(session: Session) -> list[str]:
    return [note.text for note in session.note]


@pytest.fixture
def cut(session: Path) -> bytes:
    """The session with a tick as its last edit, cut in the middle of its last line."""
    SessionStore(session).edit(
        lambda s: edits.tick(s, "Initial stability", "Second item", by="bob", at=1763924600.0)
    )
    path = session / "session.toml"
    path.write_bytes(path.read_bytes()[:-40])
    return path.read_bytes()


@pytest.fixture
def changed(session: Path) -> bytes:
    """The session as somebody changed it: one note less, another deployment."""
    path = session / "session.toml"
    text = path.read_text().replace('deployment = "staging"', 'deployment = "blue"')
    start = text.index("[[note]]", text.index("first note"))
    end = text.index("[[note]]", text.index("second note"))
    path.write_text(text[:start] + text[end:])
    return path.read_bytes()


def test_what_would_be_restored_is_shown_before_anybody_decides(
    cut: bytes, session: Path, programs: Programs, told: Told
) -> None:
    """File, revision, time and the edits that would be missing; without --yes nothing is done."""
    done = programs.run("sessions", "--restore", session.name)
    told(done, "nobody can be asked here .*say --yes", lines=1)
    assert "session.toml: was cut" in done.stdout
    assert "would be taken: session.toml.1, revision 4, saved 20" in done.stdout
    assert "would be missing: tick «Second item» by bob, 2025-11-23T19:03:20.000Z" in done.stdout
    assert "would be missing: what stood where the file is damaged" in done.stdout
    assert (session / "session.toml").read_bytes() == cut


def test_restoring_takes_the_newest_whole_text_and_keeps_the_damaged_one(
    cut: bytes, session: Path, programs: Programs
) -> None:
    done = programs.run("sessions", "--restore", session.name, "--yes", "--as", "eve")
    assert (done.returncode, done.stderr) == (0, "")
    kept = SessionStore(session).load()
    assert texts(kept)[:3] == ["first note", "second note", "third note"]
    assert (kept.note[-1].by, kept.tick) == ("eve", [])
    assert "restored from session.toml.1, revision 4" in kept.note[-1].text
    assert (session / "session.toml.damaged-1").read_bytes() == cut
    assert programs.run("stop").returncode == 0


def test_on_a_terminal_the_answer_no_changes_nothing(
    cut: bytes, session: Path, programs: Programs
) -> None:
    terminal = programs.open("sessions", "--restore", session.name, columns=200)
    terminal.wait_for(r"Put it in the place of session\.toml\? \[y/N\]")
    terminal.type("\r")
    assert terminal.exit_status() == 1
    assert "nothing was changed" in terminal.text()
    assert (session / "session.toml").read_bytes() == cut


def test_on_a_terminal_the_answer_yes_restores(
    cut: bytes, session: Path, programs: Programs
) -> None:
    terminal = programs.open("sessions", "--restore", session.name)
    terminal.wait_for(r"\[y/N\]")
    terminal.type("y\r")
    assert terminal.exit_status() == 0
    assert SessionStore(session).load().tick == []


def test_leaving_the_question_changes_nothing(
    cut: bytes, session: Path, programs: Programs
) -> None:
    """Ctrl-C is no answer."""
    terminal = programs.open("sessions", "--restore", session.name)
    terminal.wait_for(r"\[y/N\]")
    terminal.type("\x03")
    assert terminal.exit_status() == 130
    assert (session / "session.toml").read_bytes() == cut


def test_what_was_changed_by_hand_is_shown_then_accepted(
    changed: bytes, session: Path, programs: Programs
) -> None:
    """Compared with the newest earlier text: what is new, gone and different."""
    done = programs.run("sessions", "--accept", session.name, "--yes", "--as", "eve")
    assert (done.returncode, done.stderr) == (0, "")
    assert "session.toml: changed by hand, last written 20" in done.stdout
    assert "compared with session.toml.1, revision 3, saved 20" in done.stdout
    assert 'changed: deployment: "staging" becomes "blue"' in done.stdout
    assert "no longer there: note «second note» by ada, 20" in done.stdout
    assert "new: note «third note» by ada, 20" in done.stdout
    kept = SessionStore(session).load()
    assert kept.deployment == "blue"
    assert texts(kept)[:2] == ["first note", "third note"]
    assert "eve" in [note.by for note in kept.note[2:]]
    assert (session / "session.toml.1").read_bytes() == changed


def test_a_change_by_hand_can_be_undone_instead(
    changed: bytes, session: Path, programs: Programs
) -> None:
    done = programs.run("sessions", "--restore", session.name, "--yes")
    assert 'would change: deployment: "blue" becomes "staging"' in done.stdout
    assert "would be missing: note «third note» by ada" in done.stdout
    assert SessionStore(session).load().deployment == "staging"
    assert (session / "session.toml.damaged-1").read_bytes() == changed


def test_what_was_changed_again_while_the_question_stood_is_not_accepted(
    changed: bytes, session: Path, programs: Programs
) -> None:
    """Only what was shown is taken."""
    terminal = programs.open("sessions", "--accept", session.name, columns=200)
    terminal.wait_for(r"Take it as it is\? \[y/N\]")
    path = session / "session.toml"
    path.write_text(path.read_text().replace('"blue"', '"green"'))
    terminal.type("y\r")
    assert terminal.exit_status() == 2
    assert "was changed by hand" in terminal.text()
    assert '"green"' in path.read_text()


@pytest.mark.parametrize("option", ["--accept", "--restore"])
def test_a_whole_session_has_nothing_to_mend(
    option: str, session: Path, programs: Programs, told: Told
) -> None:
    before = (session / "session.toml").read_bytes()
    done = programs.run("sessions", option, session.name, "--yes")
    told(done, "it is whole; there is nothing to", lines=1)
    assert (session / "session.toml").read_bytes() == before


def test_a_cut_session_is_not_accepted_as_a_change_by_hand(
    cut: bytes, session: Path, programs: Programs, told: Told
) -> None:
    done = programs.run("sessions", "--accept", session.name, "--yes")
    told(done, "was cut: .*--restore", lines=1)


def test_what_a_newer_stagewatch_wrote_is_left_alone(
    session: Path, programs: Programs, told: Told
) -> None:
    path = session / "session.toml"
    path.write_text(path.read_text().replace("version = 1", "version = 2", 1))
    newer = path.read_bytes()
    for option in ("--accept", "--restore"):
        done = programs.run("sessions", option, session.name, "--yes")
        told(done, "upgrade stagewatch", lines=1)
    assert path.read_bytes() == newer


def test_without_a_whole_text_there_is_nothing_to_restore(
    session: Path, programs: Programs, told: Told
) -> None:
    for text in session.glob("session.toml*"):
        text.write_bytes(b"")
    done = programs.run("sessions", "--restore", session.name, "--yes")
    told(done, "no earlier text is whole; move its folder away", lines=1)


def test_a_fifo_in_the_sessions_place_is_moved_aside(session: Path, programs: Programs) -> None:
    """Nothing can be read of it, which is said."""
    path = session / "session.toml"
    path.unlink()
    os.mkfifo(path)
    done = programs.run("sessions", "--restore", session.name, "--yes")
    assert done.returncode == 0
    assert "would be missing: every edit after that; nothing else can be read" in done.stdout
    assert (session / "session.toml.damaged-1").is_fifo()
    assert len(SessionStore(session).load().note) == 3


def test_a_session_elsewhere_is_mended_by_its_folder(
    cut: bytes, session: Path, programs: Programs
) -> None:
    """The remedy that its error names can be pasted, blanks and all."""
    elsewhere = session.rename(programs.folder / "two words")
    done = programs.run("stop", "--session", str(elsewhere))
    assert f"--restore '{elsewhere}'`" in done.stderr
    done = programs.run("sessions", "--restore", str(elsewhere), "--yes")
    assert done.returncode == 0


@pytest.mark.parametrize(
    "options",
    [["--yes"], ["--accept", "x", "--restore", "x"], ["--accept", "x", "--json"]],
)
def test_options_that_do_not_go_together_are_refused(
    options: list[str], programs: Programs, told: Told
) -> None:
    told(programs.run("sessions", *options), r"goes? with|do not go together", lines=1)


@pytest.mark.parametrize("option", ["--accept", "--restore"])
def test_an_unknown_session_lists_what_there_is(
    option: str, session: Path, programs: Programs, told: Told
) -> None:
    told(programs.run("sessions", option, "nope"), f"no session 'nope'; there is {session.name}")
