"""What ``validate`` and ``exercise`` share on the command line."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from stagewatch.cli import stagewatch
from stagewatch.clock import SystemClock
from stagewatch.commands.drilling import mention, station
from stagewatch.commands.options import Settings
from stagewatch.drills.station import DrillError
from stagewatch.lock import RecorderLock
from stagewatch.paths import PROFILE, sessions_dir
from stagewatch.profile.find import find_profile
from stagewatch.recorder.launch import start_session

Watch = Callable[[Path], Path]


def test_a_drill_goes_on_where_nobody_reads_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its result is recorded, whatever became of the terminal or the pipe."""

    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr("sys.stderr", Gone())
    mention("request 1 of 5")


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """Starts a watch by a profile; somebody records it until the test is over."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    locks = []

    def begin(profile: Path) -> Path:
        home = sessions_dir({"XDG_STATE_HOME": str(tmp_path / "state")})
        folder = start_session(profile, home=home, operator="ada", clock=SystemClock())
        locks.append(RecorderLock(folder))
        assert locks[-1].acquire(1.0)
        return folder

    yield begin
    for lock in locks:
        lock.release()


def demo(folder: Path) -> Path:
    """A profile called demo."""
    folder.mkdir()
    path = folder / "demo.toml"
    path.write_bytes(find_profile("demo", environ={}).read_bytes())
    return path


def test_a_file_that_is_named_is_that_file_and_no_watch_of_the_same_name(
    watch: Watch, tmp_path: Path
) -> None:
    """It is refused, with both files and what can be done."""
    theirs, ours = demo(tmp_path / "theirs"), demo(tmp_path / "ours")
    folder = watch(theirs)
    with pytest.raises(DrillError) as refused:
        station(Settings(profile=str(ours)))
    said = str(refused.value)
    assert said.startswith(f"{ours}: no watch of this file is running, but {folder.name} is, by")
    assert f"by {theirs}; add --session {folder.name} to" in said
    with pytest.raises(DrillError, match=f"goes by {theirs}, not by {ours}; leave out --profile"):
        station(Settings(profile=str(ours), session=folder.name))
    for settings in (
        Settings(profile=str(theirs)),
        Settings(profile="demo"),
        Settings(session=folder.name),
        Settings(session=folder.name, profile=str(theirs)),
    ):
        assert station(settings).folder == folder
        assert station(settings).note == ""


def test_of_several_watches_the_one_by_the_file_is_meant(
    watch: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the path to it is written, and whichever is the newer."""
    ours = demo(tmp_path / "ours")
    folder = watch(ours)
    assert watch(demo(tmp_path / "theirs")) != folder
    monkeypatch.chdir(ours.parent)
    (tmp_path / "link").symlink_to(ours.parent)
    for named in ("./demo.toml", "demo.toml", str(tmp_path / "link" / "demo.toml")):
        assert station(Settings(profile=named)).folder == folder


def test_a_file_that_nobody_watches_is_run_without_a_watch(watch: Watch, tmp_path: Path) -> None:
    """Nothing is recorded, as it says."""
    watch(demo(tmp_path / "theirs"))
    ours = demo(tmp_path / "ours").rename(tmp_path / "ours" / "mine.toml")
    place = station(Settings(profile=str(ours)))
    assert (place.folder, place.path) == (None, ours)


def test_a_profile_that_was_edited_since_is_told_of(watch: Watch, tmp_path: Path) -> None:
    """The watch goes on with its own copy, and that is what is run."""
    path = demo(tmp_path / "ours")
    folder = watch(path)
    path.write_text(path.read_text() + "# edited\n")
    note = f"{path} differs from what {folder.name} goes by, and this will run: {folder / PROFILE}"
    assert station(Settings(profile=str(path))).note == note
    for command in ("validate", "exercise"):
        done = CliRunner().invoke(stagewatch, [command, "--plan", "--profile", str(path)])
        assert done.output.splitlines()[0] == note
