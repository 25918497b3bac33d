"""A log's thread: woken by the kernel where that tells, always awake where it does not."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from stagewatch.clock import SystemClock
from stagewatch.inotify import ATTRIB
from stagewatch.logs.batch import Batch
from stagewatch.logs.follower import SEVERAL
from stagewatch.logs.losses import CAME_AND_WENT
from stagewatch.logs.reading import ALIKE
from stagewatch.model import Reading
from stagewatch.probes import Follower, OpenContext, _ears, _lookout
from stagewatch.probes._logprobe import LogProbe
from stagewatch.probes.log import LogConfig, open_log

Follow = Callable[[], Awaitable[LogProbe]]


class Log:
    """A followed log: what its probe asks for."""

    def __init__(self, path: Path, *, shown: bool = True) -> None:
        self.path = path
        self.hurried = 0
        self.probe = open_log(
            "errors",
            LogConfig(kind="log", path=path.name),
            OpenContext(SystemClock(), path.parent, time.time(), shown=shown),
        )

    async def follow(self) -> None:
        """As the recorder does: first say so, then take the first reading."""
        self.probe.follow(self._hurry)
        assert await self.probe.read() is not None
        await until(lambda: self.ears is not None and not self.probe._lookout._fresh)

    def _hurry(self) -> None:
        self.hurried += 1

    @property
    def ears(self) -> _ears.Ears | None:
        return self.probe._lookout._ears

    def write(self, text: str) -> None:
        with self.path.open("a") as file:
            file.write(text)

    def held_up(self) -> threading.Event:
        """Let its next look begin only once this is set."""
        lookout = self.probe._lookout
        go, look = threading.Event(), lookout._look

        def slowly() -> Batch:
            assert go.wait(20)
            return look()

        lookout._look = slowly  # type: ignore[method-assign]
        return go

    def overflow(self) -> int:
        """Do more than the kernel's queue can tell of, and nothing but that; how many lines."""
        lines = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
        with self.path.open("a", 1) as file:
            for _ in range(lines):
                file.write("x\n")
                os.utime(self.path)  # or the kernel would tell of all the writing once
        return lines

    async def look(self) -> None:
        """Let it look once more, from its beginning to its end."""
        await self.probe._lookout.ask(lambda batch: None)

    async def reading(self) -> Reading:
        """The reading that was announced."""
        await until(lambda: self.probe._lookout.news)
        found = await self.probe.read()
        assert found is not None
        return found


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "still not true after 20 s"
        await asyncio.sleep(0.005)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[Log]:
    (tmp_path / "error.log").touch()
    made = Log(tmp_path / "error.log")
    yield made
    await made.probe.aclose()


@pytest.fixture
async def unseen(tmp_path: Path) -> AsyncIterator[Log]:
    """One whose lines nobody looks at."""
    (tmp_path / "access.log").touch()
    made = Log(tmp_path / "access.log", shown=False)
    yield made
    await made.probe.aclose()


@pytest.fixture
def never_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the kernel wakes it."""
    monkeypatch.setattr(_lookout, "SLOW", 3600.0)
    monkeypatch.setattr(_lookout, "APART", 0.0)


def test_a_log_probe_is_a_follower(tmp_path: Path) -> None:
    """The recorder tells by this whether a probe looks by itself."""
    assert isinstance(Log(tmp_path / "error.log").probe, Follower)


@pytest.mark.usefixtures("never_by_itself")
async def test_a_critical_line_asks_for_a_reading_at_once(log: Log) -> None:
    await log.follow()
    log.write("CRITICAL disk full\n")
    await until(lambda: log.hurried == 1)
    assert [line.text for line in (await log.reading()).lines] == ["CRITICAL disk full"]
    log.write("CRITICAL again\n")
    await until(lambda: log.hurried == 2)


@pytest.mark.usefixtures("never_by_itself")
async def test_other_lines_wait_for_company(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many come meanwhile, they are one reading."""
    monkeypatch.setattr(_lookout, "OTHERS_WAIT", 3600.0)
    await log.follow()
    for number in range(3):
        log.write(f"WARNING {number}\n")
        await until(lambda: log.probe._lookout.news)
    lines = [line.text for line in (await log.reading()).lines]
    assert lines == ["WARNING 0", "WARNING 1", "WARNING 2"]
    assert log.hurried == 0


@pytest.mark.usefixtures("never_by_itself")
async def test_what_waited_long_enough_asks_for_a_reading(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No further line is needed for that."""
    monkeypatch.setattr(_lookout, "OTHERS_WAIT", 0.2)
    await log.follow()
    log.write("WARNING x\n")
    await until(lambda: log.hurried > 0)


@pytest.mark.usefixtures("never_by_itself")
async def test_errors_wait_less(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first asks at once; those that follow it soon wait, however many there are."""
    monkeypatch.setattr(_lookout, "OTHERS_WAIT", 3600.0)
    monkeypatch.setattr(_lookout, "ERRORS_WAIT", 0.0)
    await log.follow()
    log.write("ERROR first\n")
    await until(lambda: log.hurried == 1)
    await log.reading()
    monkeypatch.setattr(_lookout, "ERRORS_WAIT", 3600.0)
    log.write("ERROR second\n")
    assert [line.text for line in (await log.reading()).lines] == ["ERROR second"]
    assert log.hurried == 1


@pytest.mark.usefixtures("never_by_itself")
async def test_lines_that_nobody_looks_at_wait_for_the_next_reading(
    unseen: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as there is room for them; then one is asked for, and none is left out."""
    monkeypatch.setattr(_lookout, "OTHERS_WAIT", 0.0)
    await unseen.follow()
    for number in range(30):
        unseen.write(f"GET /{number}\n")
    lookout = unseen.probe._lookout
    await until(lambda: lookout._batch is not None and lookout._batch.seen == 30)
    assert unseen.hurried == 0
    unseen.write("GET /30\n")
    await until(lambda: unseen.hurried == 1)
    assert len((await unseen.reading()).lines) == 31


@pytest.mark.usefixtures("never_by_itself")
async def test_what_presses_is_told_though_nobody_looks(
    unseen: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_lookout, "ERRORS_WAIT", 0.0)
    await unseen.follow()
    unseen.write("ERROR x\n")
    await until(lambda: unseen.hurried == 1)
    await unseen.reading()
    unseen.write("CRITICAL y\n")
    await until(lambda: unseen.hurried == 2)


async def test_a_log_that_is_gone_is_told_though_nobody_looks(
    unseen: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no line that could wait."""
    monkeypatch.setattr(_lookout, "SLOW", 0.05)
    monkeypatch.setattr(_lookout, "APART", 0.0)
    monkeypatch.setattr(_lookout, "OTHERS_WAIT", 0.0)
    monkeypatch.setattr("stagewatch.logs.follower.GRACE", 0.0)
    await unseen.follow()
    unseen.path.unlink()
    await until(lambda: unseen.hurried > 0)
    assert "does not exist" in (await unseen.reading()).reason


@pytest.mark.usefixtures("never_by_itself")
async def test_silence_is_not_looked_up_again(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two readings that are due nothing is touched, on whatever thread."""
    await log.follow()
    monkeypatch.setattr(log.probe.watch, "look", None)
    assert await log.probe.read() is None


@pytest.mark.usefixtures("never_by_itself")
async def test_a_rotation_is_heard_and_the_late_writer_too(log: Log) -> None:
    """The new file is listened to, and the old one still."""
    await log.follow()
    with log.path.open("a") as late:
        log.path.rename(log.path.with_name("error.log.1"))
        log.write("CRITICAL new\n")
        assert (await log.reading()).values["errors.criticals"] == 1
        late.write("CRITICAL late\n")
        late.flush()
        assert (await log.reading()).values["errors.criticals"] == 2
    log.write("CRITICAL newer\n")
    assert (await log.reading()).values["errors.criticals"] == 3


ROTATIONS: dict[str, Callable[[Path, int], object]] = {
    "moved elsewhere": lambda path, n: path.rename(path.parent / "old" / f"app-{n}"),
    "under an odd name": lambda path, n: path.rename(path.with_name(f"error.log.s{n}")),
    "deleted": lambda path, n: path.unlink(),
    "as logrotate names them": lambda path, n: path.rename(path.with_name(f"error.log.{9 - n}")),
}


@pytest.mark.parametrize("rotate", ROTATIONS.values(), ids=ROTATIONS.keys())
@pytest.mark.parametrize("times", [1, 3])
async def test_files_that_came_and_went_between_two_looks_are_a_loss(
    log: Log, rotate: Callable[[Path, int], object], times: int
) -> None:
    """Wherever they are now; one that came is none."""
    (log.path.parent / "old").mkdir()
    await log.follow()
    log.write("ERROR 0\n")
    assert (await log.reading()).values["errors.errors"] == 1
    # Held up, so that all of it lies between two looks.
    go = log.held_up()
    for number in range(times):
        rotate(log.path, number)
        log.write(f"ERROR {number}\n")
    go.set()
    await until(lambda: log.probe.watch.counts.errors == 2)
    found = await log.reading()
    assert found.facts["at_least"] is (times > 1)
    causes = [loss.cause for loss in log.probe.watch.all_losses()]
    assert causes == ([SEVERAL] if times > 1 else [])


@pytest.fixture
async def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Log]:
    """A pattern, of which only what the kernel tells of is looked for after the first look."""
    monkeypatch.setattr("stagewatch.logs.watch.SEARCH", 1e6)
    (tmp_path / "first.log").touch()
    made = Log(tmp_path / "*.log")
    yield made
    await made.probe.aclose()


async def test_a_log_that_is_made_is_followed_at_once(jobs: Log) -> None:
    """Before it can be gone again."""
    await jobs.follow()
    job = jobs.path.with_name("job.log")
    job.write_text("CRITICAL in a job\n")
    await until(lambda: jobs.probe.watch.counts.criticals == 1)
    job.unlink()
    await jobs.reading()
    assert jobs.probe.watch.all_losses() == []


async def test_a_log_that_came_and_went_between_two_looks_is_a_loss(jobs: Log) -> None:
    """Nobody knows what was in it."""
    await jobs.follow()
    go = jobs.held_up()
    job = jobs.path.with_name("job.log")
    job.write_text("CRITICAL in a job\n")
    job.unlink()
    jobs.path.with_name(".hidden.log").write_text("CRITICAL hidden\n")
    jobs.path.with_name("job.txt").write_text("CRITICAL no log\n")
    go.set()
    await until(lambda: bool(jobs.probe.watch.all_losses()))
    (loss,) = jobs.probe.watch.all_losses()
    assert (loss.path, loss.cause) == (str(job), CAME_AND_WENT)
    assert jobs.probe.watch.paths == [str(jobs.path.with_name("first.log"))]


async def test_a_log_that_was_made_and_moved_out_of_the_pattern_is_a_loss(jobs: Log) -> None:
    """And so is one that was rotated away before anybody saw it, or overwritten."""
    await jobs.follow()
    folder = jobs.path.parent
    go = jobs.held_up()
    (folder / "job.log").write_text("CRITICAL one\n")
    (folder / "job.log").rename(folder / "job.txt")
    (folder / "w.log").write_text("CRITICAL two\n")
    (folder / "w.log").rename(folder / "w.log.1")
    (folder / "w.log").write_text("ERROR three\n")
    (folder / "c.log").write_text("CRITICAL four\n")
    (folder / "first.log").rename(folder / "c.log")
    go.set()
    await until(lambda: jobs.probe.watch.counts.errors == 1)
    told = {(Path(each.path).name, each.cause) for each in jobs.probe.watch.all_losses()}
    assert told == {("job.log", CAME_AND_WENT), ("w.log", SEVERAL), ("c.log", CAME_AND_WENT)}


async def test_a_log_that_is_made_and_renamed_within_the_pattern_is_no_loss(jobs: Log) -> None:
    """It is read where it is."""
    await jobs.follow()
    folder = jobs.path.parent
    go = jobs.held_up()
    (folder / "a.log").write_text("ERROR one\nERROR two\n")
    (folder / "a.log").rename(folder / "b.log")
    go.set()
    await until(lambda: jobs.probe.watch.counts.errors == 2)
    assert jobs.probe.watch.all_losses() == []


async def test_a_file_that_only_changes_its_name_is_no_loss(jobs: Log) -> None:
    """As ``sed -i`` makes one, and a log that is moved away; nor is a folder."""
    await jobs.follow()
    first = jobs.path.with_name("first.log")
    go = jobs.held_up()
    made = jobs.path.with_name("sed4F.log")
    made.write_text("ERROR one\nERROR two\n")
    made.rename(first)
    folder = jobs.path.with_name("folder.log")
    folder.mkdir()
    folder.rmdir()
    go.set()
    await until(lambda: jobs.probe.watch.counts.errors == 2)
    assert jobs.probe.watch.all_losses() == []


async def test_a_log_that_is_emptied_and_says_the_same_again_is_a_loss(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As ``app > app.log`` does when the app crashes at once, again and again."""
    monkeypatch.setattr(_lookout, "APART", 0.0)
    await log.follow()
    log.write("CRITICAL boot failed\n")
    await until(lambda: log.probe.watch.counts.criticals == 1)
    for number in range(2):
        go = log.held_up()
        log.path.write_text("CRITICAL boot failed\n")
        os.utime(log.path, (time.time(), time.time() + number))  # clocks of files are coarse
        go.set()
        await log.look()
    assert [loss.cause for loss in log.probe.watch.all_losses()] == [ALIKE]
    assert log.probe.watch.counts.criticals == 1


async def test_a_log_that_is_touched_is_not_written_anew(log: Log) -> None:
    """As a script does that makes sure that it is there."""
    await log.follow()
    log.write("CRITICAL boot failed\n")
    await until(lambda: log.probe.watch.counts.criticals == 1)
    for _ in range(4):
        os.utime(log.path)
        await log.look()
    log.write("INFO x\n")
    await until(lambda: log.probe.watch.counts.lines == 2)
    assert log.probe.watch.all_losses() == []


async def test_writing_alone_is_no_loss_however_much_of_it_there_is(log: Log) -> None:
    """What the kernel could not tell any more was writing."""
    await log.follow()
    go = log.held_up()
    lines = log.overflow()
    go.set()
    await until(lambda: log.probe.watch.counts.lines == lines)
    assert log.probe.watch.all_losses() == []


async def test_a_file_that_came_and_went_while_none_is_there_is_a_loss(log: Log) -> None:
    """Nothing is there at either look."""
    await log.follow()
    go = log.held_up()
    log.path.unlink()
    log.write("ERROR 1\n")
    log.path.unlink()
    go.set()
    await until(lambda: bool(log.probe.watch.all_losses()))
    assert [loss.cause for loss in log.probe.watch.all_losses()] == [SEVERAL]


async def test_without_inotify_it_looks_by_itself(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> None:
        raise OSError(24, "no descriptor left")

    monkeypatch.setattr(_ears, "Inotify", refused)
    await log.follow()
    log.write("CRITICAL x\n")
    await until(lambda: log.hurried == 1)


async def test_a_kernel_that_does_not_tell_is_not_relied_on(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines that a look finds by itself show that nothing is told here: it looks often then."""
    monkeypatch.setattr(_lookout, "SLOW", 0.05)
    monkeypatch.setattr(_ears, "CONTENT", ATTRIB)
    await log.follow()
    assert log.ears is not None
    assert not log.ears.deaf
    log.write("CRITICAL x\n")
    await until(lambda: log.hurried == 1)
    assert log.ears.deaf


async def test_on_a_network_file_system_it_looks_by_itself(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_ears, "file_system", lambda path: "nfs4")
    await log.follow()
    assert log.ears is not None
    assert log.ears.deaf


@pytest.mark.usefixtures("never_by_itself")
async def test_the_slow_look_is_never_given_up(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that nobody told of is found by it."""
    monkeypatch.setattr(_lookout, "SLOW", 0.05)
    monkeypatch.setattr(_ears.Ears, "happened", lambda self: False)
    monkeypatch.setattr(_ears.Ears, "fd", -1)
    await log.follow()
    log.write("CRITICAL x\n")
    await until(lambda: log.hurried == 1)


async def test_an_error_of_the_look_is_the_readings(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reaches whoever asks, and the thread goes on."""
    await log.follow()
    look = log.probe.watch.look

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(_lookout, "SLOW", 0.01)
    monkeypatch.setattr(log.probe.watch, "look", broken)
    log.write("x\n")
    await until(lambda: log.probe._lookout.news)
    with pytest.raises(RuntimeError, match="a defect"):
        await log.probe.read()
    monkeypatch.setattr(log.probe.watch, "look", look)
    assert (await log.reading()).values["errors.lines"] == 1
