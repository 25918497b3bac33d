"""All the files of one log probe: finding them, following them, counting, and what to remember."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from stagewatch.logs.batch import Batch
from stagewatch.logs.files import Files
from stagewatch.logs.follower import Follower
from stagewatch.logs.names import compressed, rotated_from
from stagewatch.logs.state import MOST_LOSSES, Counts, Loss, State
from stagewatch.logs.tail import CHUNK, Tail
from stagewatch.logs.tally import Tally

BUDGET = 8 * 1024 * 1024
"""Bytes read in one look, over all files."""
MOST_FILES = 64
SEARCH = 1.0
"""Seconds between two looks for new files of a pattern."""
CONTEXT_BYTES = 16 * 1024
CONTEXT_LINES = 50


@dataclass(frozen=True, slots=True)
class Plan:
    """What to follow and how to count it."""

    path: str
    """Absolute; a pattern when it has ``*``, ``?`` or ``[``."""
    watch_start: float
    from_start: bool = False
    zone_offset: float = 0.0

    @property
    def is_pattern(self) -> bool:
        """Whether several files may be meant."""
        return glob.has_magic(self.path)


@dataclass
class _Source:
    follower: Follower
    tally: Tally
    looked: float


class LogWatch:
    """Every file of a probe. Not safe for threads: one look at a time."""

    def __init__(self, plan: Plan, files: Files, state: State | None = None) -> None:
        self.plan, self.files = plan, files
        self.counts = replace_counts(state)
        self.losses: list[Loss] = list(state.losses) if state else []
        self.losses_left_out = state.losses_left_out if state else 0
        self.too_many = 0
        self._resume = state
        self._sources: dict[str, _Source] = {}
        self._searched: float | None = None

    def look(self, now: float, boot: float, budget: int = BUDGET) -> Batch:
        """Read and count what is new."""
        batch = Batch()
        first = self._searched is None
        if first or (self.plan.is_pattern and boot - (self._searched or 0.0) >= SEARCH):
            self._search(now, boot, batch)
            self._searched = boot
        share = max(CHUNK, budget // max(1, len(self._sources)))
        for source in self._sources.values():
            sink = _sink(source, now, batch)
            source.follower.poll(now, boot, share, sink)
            source.looked = now
            self._collect(source.follower)
        return batch

    @property
    def behind(self) -> int:
        """Bytes that are there and not read yet."""
        return sum(source.follower.behind for source in self._sources.values())

    @property
    def problems(self) -> list[tuple[str, bool]]:
        """(what is wrong, whether the file is merely absent), one a file in trouble."""
        found = [
            (s.follower.problem, s.follower.absent)
            for s in self._sources.values()
            if s.follower.problem
        ]
        if self.too_many:
            found.append((f"{self.too_many} files beyond {MOST_FILES} are not followed", False))
        return found

    @property
    def paths(self) -> list[str]:
        """The followed paths, sorted."""
        return sorted(self._sources)

    def all_losses(self) -> list[Loss]:
        """Closed windows and those that still last, oldest first."""
        lasting = [s.follower.open_loss for s in self._sources.values() if s.follower.open_loss]
        return sorted([*self.losses, *lasting], key=lambda loss: loss.since)

    def state(self, now: float) -> State:
        """What to remember across a restart."""
        return State(
            at=now,
            counts=self.counts,
            places={path: s.follower.place() for path, s in self._sources.items()},
            losses=self.losses,
            losses_left_out=self.losses_left_out,
            record_at={
                path: s.tally.reader.record_at
                for path, s in self._sources.items()
                if s.tally.reader.record_at is not None
            },
        )

    def close(self) -> None:
        """Give every descriptor back; idempotent."""
        for source in self._sources.values():
            source.follower.close()

    def _collect(self, follower: Follower) -> None:
        if follower.losses:
            self.losses += follower.losses
            follower.losses = []
            self.losses_left_out += max(0, len(self.losses) - MOST_LOSSES)
            self.losses = self.losses[-MOST_LOSSES:]

    def _search(self, now: float, boot: float, batch: Batch) -> None:
        resumed, self._resume = self._resume, None
        first = self._searched is None
        known = set(resumed.places) if resumed else set()
        for path in sorted(known | set(self._find())):
            if path in self._sources or self._owned(path):
                continue
            if len(self._sources) >= MOST_FILES:
                self.too_many += 1
                continue
            self._follow(path, now, boot, batch, resumed, new=not first or bool(resumed))

    def _follow(
        self, path: str, now: float, boot: float, batch: Batch, resumed: State | None, new: bool
    ) -> None:
        follower = Follower(path, self.files, from_start=self.plan.from_start or new)
        record_at = resumed.record_at.get(path) if resumed else None
        tally = Tally(path, self.counts, self.plan.watch_start, self.plan.zone_offset, record_at)
        follower.context = _context(path, self.plan.watch_start, batch)
        if resumed and path in resumed.places:
            follower.resume(resumed.places[path], resumed.at, now, boot)
        self._sources[path] = _Source(follower, tally, resumed.at if resumed else now)
        self._collect(follower)

    def _find(self) -> list[str]:
        if not self.plan.is_pattern:
            return [self.plan.path]
        found = [path for path in glob.glob(self.plan.path) if not compressed(path)]
        names = [*found, *self._sources]
        return [path for path in found if not any(_is_rotated(path, name) for name in names)]

    def _owned(self, path: str) -> bool:
        """Whether this is a file that is read under another name: renamed, or linked."""
        try:
            found = self.files.stat(path)
        except OSError:
            return False
        return any(s.follower.owns(found.st_dev, found.st_ino) for s in self._sources.values())


def replace_counts(state: State | None) -> Counts:
    """Counts to go on from, not shared with ``state``."""
    return msgspec.structs.replace(state.counts) if state else Counts()


def _sink(source: _Source, now: float, batch: Batch) -> Callable[[bytes], None]:
    def take(data: bytes) -> None:
        source.tally.feed(data, now, source.looked, batch)

    return take


def _context(path: str, watch_start: float, batch: Batch) -> Callable[[Tail], None]:
    def show(tail: Tail) -> None:
        begin = max(0, tail.offset - CONTEXT_BYTES)
        data = tail.files.read(tail.fd, tail.offset - begin, begin)
        lines = data.split(b"\n")[:-1]
        batch.context(path, lines[1 if begin else 0 :][-CONTEXT_LINES:], watch_start - 0.001)

    return show


def _is_rotated(path: str, base: str) -> bool:
    same_folder = os.path.dirname(path) == os.path.dirname(base)
    return same_folder and rotated_from(os.path.basename(base), os.path.basename(path))
