"""The feed posts what is new, survives whatever a look raises, and ends when told to."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator

import pytest
from textual.message import Message

from stagewatch.snapshot import Snapshot
from stagewatch.tui import feed as feed_module
from stagewatch.tui import specimen
from stagewatch.tui.feed import Feed
from stagewatch.tui.messages import FeedFailed, SnapshotArrived

Until = Callable[[Callable[[], bool]], None]


class Scripted:
    """Answers looks from a list; raises what is an exception; then has nothing new."""

    def __init__(self, answers: list[Snapshot | Exception | None]) -> None:
        self.answers = answers
        self.closed = 0
        self.told = -1

    def look(self) -> Snapshot | None:
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def fileno(self) -> int:
        return self.told

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def feeding() -> Iterator[Callable[[Callable[[], Scripted]], list[Message]]]:
    """Start a feed over this source; what it posts."""
    feeds: list[Feed] = []

    def start(open_source: Callable[[], Scripted]) -> list[Message]:
        posted: list[Message] = []
        feeds.append(Feed(open_source, posted.append))
        feeds[-1].start()
        return posted

    yield start
    for each in feeds:
        each.stop()


def test_only_what_is_new_is_posted(feeding: Callable[..., list[Message]], until: Until) -> None:
    source = Scripted([specimen.healthy(), None, specimen.trouble(), None])
    posted = feeding(lambda: source)
    until(lambda: not source.answers)
    assert [type(message) for message in posted] == [SnapshotArrived, SnapshotArrived]


def test_an_error_is_told_and_the_record_is_opened_again(
    feeding: Callable[..., list[Message]], until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "PATIENCE", 0.01)
    source = Scripted([OSError("disk gone"), specimen.healthy()])
    posted = feeding(lambda: source)
    until(lambda: len(posted) == 2)
    assert isinstance(posted[0], FeedFailed)
    assert posted[0].reason == "disk gone"
    assert isinstance(posted[1], SnapshotArrived)
    assert source.closed == 1


def test_a_record_that_cannot_be_opened_is_tried_again(
    feeding: Callable[..., list[Message]], until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "PATIENCE", 0.01)
    attempts: list[int] = []

    def open_source() -> Scripted:
        attempts.append(1)
        if len(attempts) < 3:
            raise FileNotFoundError("history.db")
        return Scripted([specimen.healthy()])

    posted = feeding(open_source)
    until(lambda: any(isinstance(message, SnapshotArrived) for message in posted))
    assert len(attempts) == 3


def test_hurry_looks_at_once(until: Until, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "PERIOD", 3600.0)
    looked = threading.Semaphore(0)

    class Counting(Scripted):
        def look(self) -> Snapshot | None:
            looked.release()
            return None

    made = Feed(lambda: Counting([]), lambda message: None)
    made.start()
    assert looked.acquire(timeout=20)
    made.hurry()
    assert looked.acquire(timeout=20)
    made.stop()


def test_what_is_told_is_looked_at_at_once(until: Until, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the next look where the kernel says that something was written."""
    monkeypatch.setattr(feed_module, "SLOW_PERIOD", 3600.0)
    looked = threading.Semaphore(0)

    class Telling(Scripted):
        def look(self) -> Snapshot | None:
            with contextlib.suppress(BlockingIOError):
                os.eventfd_read(self.told)
            looked.release()
            return None

    source = Telling([])
    source.told = os.eventfd(0, os.EFD_NONBLOCK)
    made = Feed(lambda: source, lambda message: None)
    made.start()
    assert looked.acquire(timeout=20)
    os.eventfd_write(source.told, 1)
    assert looked.acquire(timeout=20)
    made.stop()
    until(lambda: source.closed == 1)
    os.close(source.told)


def test_where_something_tells_it_is_still_looked_at(
    until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel may wake the look, and never replaces it."""
    monkeypatch.setattr(feed_module, "SLOW_PERIOD", 0.01)
    silent = Scripted([None, None, specimen.healthy()])
    silent.told = os.eventfd(0, os.EFD_NONBLOCK)
    made = Feed(lambda: silent, lambda message: None)
    made.start()
    until(lambda: not silent.answers)
    made.stop()
    until(lambda: silent.closed == 1)
    os.close(silent.told)


def test_a_newer_snapshot_replaces_one_that_waits() -> None:
    old, new = SnapshotArrived(specimen.empty()), SnapshotArrived(specimen.healthy())
    assert new.can_replace(old)
    assert not new.can_replace(FeedFailed("x"))
