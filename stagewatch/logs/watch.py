"""All the files of one log probe: finding them, following them, counting, and what to remember."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from functools import partial

from stagewatch.expressions import Expression
from stagewatch.logs.baseline import Baseline
from stagewatch.logs.batch import Batch
from stagewatch.logs.files import Files
from stagewatch.logs.finding import Finding
from stagewatch.logs.follower import LATE, Follower, Origin
from stagewatch.logs.joins import Joins
from stagewatch.logs.ledger import Ledger
from stagewatch.logs.lookalikes import Neighbours
from stagewatch.logs.losses import CAME_AND_WENT, CROWDED, Losses
from stagewatch.logs.named import Named
from stagewatch.logs.names import is_rotated
from stagewatch.logs.patterns import Patterns
from stagewatch.logs.sources import Source, Sources
from stagewatch.logs.state import Counts, Loss, State
from stagewatch.logs.tail import CHUNK, Tail
from stagewatch.logs.tally import Tally
from stagewatch.logs.trouble import MISSING, Trouble
from stagewatch.text import clean

BUDGET = 8 * 1024 * 1024
"""Bytes read in one look, over all files."""
MOST_FILES = 64
SEARCH = 1.0
"""Seconds between two looks for new files of a pattern."""
CONTEXT_BYTES = 16 * 1024
CONTEXT_LINES = 50


@dataclass(frozen=True, slots=True)
class Heard:
    """What the kernel told of."""

    appeared: Mapping[str, int] = field(default_factory=dict)
    """How often a file appeared under a followed path, or was made under one that the pattern may
    find."""
    written: Set[str] = frozenset()
    """The followed paths whose files were written to."""


SILENCE = Heard()


@dataclass(frozen=True, slots=True)
class Plan:
    """What to follow and how to count it."""

    path: str
    """Absolute; a pattern when it has ``*``, ``?`` or ``[``."""
    watch_start: float
    from_start: bool = False
    offset_at: Callable[[float], float] = lambda at: 0.0
    """Seconds that the log's times without a zone are east of UTC, at a time."""
    expressions: Mapping[str, Expression] = field(default_factory=dict)
    """Name → what is counted under it."""
    baseline: str = ""
    """The file whose patterns are known; empty: what the log held before the watch."""
    is_pattern: bool = field(init=False)
    """Whether several files may be meant; every look asks."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_pattern", glob.has_magic(self.path))


class LogWatch:
    """Every file of a probe. Not safe for threads: one look at a time."""

    def __init__(
        self,
        plan: Plan,
        files: Files,
        state: State | None = None,
        patterns: Patterns | None = None,
    ) -> None:
        self.plan, self.files = plan, files
        self.counts = state.counts.copy() if state else Counts()
        self.patterns = patterns or Patterns()
        self.patterns.wordless = state is not None and state.wordless
        came_late = state.partial if state else {}
        before = state.expressions if state else None
        self.named = Named(plan.expressions, self.counts, came_late, before=before)
        self._baseline = Baseline(plan.baseline, files, self.patterns, state)
        self.losses = Losses()
        if state:
            self.losses = Losses(state.losses, state.lasting)
        self.unfinished = False
        """The last look left something for the next one."""
        self.crowded = False
        """There are more files than are followed."""
        # Those as well that were being read: a file may be at another path by now, or away.
        places = state.places.values() if state else ()
        marks = [mark for place in places for mark in (place.current, *place.old) if mark]
        self._ledger = Ledger(files, [*(state.done if state else ()), *marks])
        # Of another log since, nothing is known, whatever was counted in the former one.
        self._resume = state if state and state.path == plan.path else None
        self._all = Sources(files, coming=self._resume.places if self._resume else ())
        self._sources = self._all.every
        self._searched: float | None = None
        self._looked: float | None = state.at if state else None
        alike = self._resume.alike if self._resume else None
        self._finding = Finding(plan.path, files, is_pattern=plan.is_pattern, alike=alike)

    def look(
        self,
        now: float,
        boot: float,
        budget: int = BUDGET,
        batch: Batch | None = None,
        heard: Heard = SILENCE,
    ) -> Batch:
        """Read and count what is new; it joins what ``batch`` holds already.

        ``heard``: what the kernel told of since the last look.
        """
        batch = Batch() if batch is None else batch
        first = self._searched is None
        self._baseline.learn(boot)
        made = self._made(heard.appeared)
        due = self.plan.is_pattern and boot - (self._searched or 0.0) >= SEARCH
        if first or due or made:
            self._search(now, boot, batch)
            self._searched = boot
        self.losses.add(
            Loss(path=path, since=self._looked or now, until=now, cause=CAME_AND_WENT)
            for path in made
            if path not in self._sources
            and (self._all.identity(path) is None or heard.appeared[path] > 1)
        )
        self._looked = now
        share = max(CHUNK, budget // max(1, len(self._sources)))
        self.unfinished = False
        read = dict(self._sources)
        for path, source in read.items():
            source.follower.appeared = heard.appeared.get(path, 0)
            source.follower.written = path in heard.written
            self._read(source, now, boot, share, batch)
        if self._forget_finished():
            self._search(now, boot, batch)
            for source in [s for path, s in self._sources.items() if s is not read.get(path)]:
                self._read(source, now, boot, share, batch)
        self.patterns.settle()
        self._baseline.settle()
        if self.plan.is_pattern:
            self.losses.note(self.plan.path, MISSING, now, holds=not self._sources)
            self.losses.note(self.plan.path, CROWDED, now, holds=self.crowded)
        return batch

    @property
    def no_baseline(self) -> str:
        """Why the baseline is not known: then nothing is known to be new."""
        return self._baseline.missing

    @property
    def behind(self) -> int:
        """Bytes that are there and not read yet."""
        return sum(source.follower.behind for source in self._sources.values())

    @property
    def troubles(self) -> list[Trouble]:
        """What is wrong, one for each file in trouble."""
        every = (source.follower.windows.trouble for source in self._sources.values())
        found = [trouble for trouble in every if trouble]
        if not self._sources:
            found.append(Trouble(f"no file matches {clean(self.plan.path)}", True))
        if self.crowded:
            found.append(Trouble(f"only {MOST_FILES} files are followed; narrow the path", False))
        return found

    @property
    def paths(self) -> list[str]:
        """The followed paths, sorted."""
        return sorted(self._sources)

    def all_losses(self) -> list[Loss]:
        """Closed windows and those that still last, oldest first."""
        lasting = (source.follower.windows.lasting for source in self._sources.values())
        return self.losses.all([loss for loss in lasting if loss], self.plan.path)

    def state(self, now: float) -> State:
        """What to remember across a restart."""
        sources = self._sources.items()
        joins = {path: source.tally.joins for path, source in sources}
        times = {path: each.settled() for path, each in joins.items()}
        return State(
            at=now,
            path=self.plan.path,
            expressions={name: each.text for name, each in self.plan.expressions.items()},
            baseline=self.plan.baseline,
            counts=self.counts,
            places={path: source.follower.place() for path, source in sources},
            losses=self.losses.closed,
            lasting=self.losses.lasting,
            alike=self._finding.state(),
            record_at={path: at for path, at in times.items() if at is not None},
            chained=[path for path, each in joins.items() if each.chained],
            done=self._ledger.marks(),
            partial=self.named.partial,
            wordless=self.patterns.wordless,
            no_baseline=self.no_baseline,
        )

    def finds(self, path: str) -> bool:
        """Whether a file of this path is, or would be, followed."""
        return path in self._sources or self._finding.finds(path)

    def close(self) -> None:
        """Give every descriptor back; idempotent."""
        for source in self._sources.values():
            source.follower.close()

    def _read(self, source: Source, now: float, boot: float, share: int, batch: Batch) -> None:
        def take(data: bytes) -> None:
            source.tally.be_east_of_utc(self._offset(now))
            source.tally.feed(data, now, source.looked, batch)

        follower = source.follower
        read = follower.poll(now, boot, share, take)
        if read < share and not follower.waiting:
            source.looked = now
        else:
            self.unfinished = True
        self.losses.add(follower.windows.take())

    def _made(self, appeared: Mapping[str, int]) -> list[str]:
        """The files that the pattern would find and that were made under paths of their own; a
        rotated one was there before."""
        return [
            path
            for path in appeared
            if path not in self._sources
            and self._finding.finds(path)
            and not any(is_rotated(path, log) for log in self._sources)
        ]

    def _offset(self, now: float) -> float:
        """The least since the watch began: none of its records seems to be from before then, also
        when summer time has ended."""
        return min(self.plan.offset_at(self.plan.watch_start), self.plan.offset_at(now))

    def _forget_finished(self) -> bool:
        """Leave the files that are gone for good; True when there were any."""
        gone = [path for path, source in self._sources.items() if source.follower.finished]
        for path in gone:
            del self._sources[path]
        return bool(gone)

    def _search(self, now: float, boot: float, batch: Batch) -> None:
        resumed, self._resume = self._resume, None
        new = resumed is not None or self._searched is not None
        self.crowded = False
        # What was followed before comes first: it may lie under a name that the pattern finds too.
        known = sorted(resumed.places) if resumed else []
        claimed = set()
        logs = self._finding.find(
            self._sources, now, there=self._all_there(resumed), beside=self._beside(now)
        )
        self.losses.add(
            Loss(path=path, since=since, until=now, cause=LATE)
            for path, since in self._finding.doubts()
        )
        for path in [*known, *sorted(logs, key=_links_last)]:
            found = self._all.identity(path)
            if path in self._sources or found in claimed or self._all.own(found):
                continue
            if len(self._sources) >= MOST_FILES:
                self.crowded = True
                break
            claimed |= {found} - {None}
            begin = logs.get(path)
            origin = Origin(
                self.plan.watch_start,
                from_start=(self.plan.from_start or new) and not begin,
                new=new and not (begin and begin.offset),
                begin=begin,
            )
            self._follow(path, origin, now, boot, batch, resumed)
        self._all.coming = ()
        if resumed:
            self._ledger.forget(self._all.tails())

    def _follow(
        self,
        path: str,
        origin: Origin,
        now: float,
        boot: float,
        batch: Batch,
        resumed: State | None,
    ) -> None:
        plan = self.plan
        follower = Follower(path, self.files, origin, self._ledger, optional=plan.is_pattern)
        follower.on_skip = partial(self._pass, path, batch)
        follower.others = self._all.of(path)
        joins = Joins(None)
        if resumed:
            joins = Joins(resumed.record_at.get(path), chained=path in resumed.chained)
        tally = Tally(
            path,
            self.counts,
            plan.watch_start,
            joins=joins,
            patterns=self.patterns,
            named=self.named if plan.expressions else None,
        )
        if resumed and path in resumed.places:
            follower.resume(resumed.places[path], resumed.at, now, boot)
        self._sources[path] = Source(follower, tally, resumed.at if resumed else now)

    def _all_there(self, resumed: State | None) -> bool:
        """Whether files that are seen now were there when the watch began, as far as is known."""
        return self._searched is None and (resumed is None or resumed.alike is None)

    def _beside(self, now: float) -> Neighbours:
        """The logs that files with odd names lie beside."""
        followers = [source.follower for source in self._sources.values()]

        def read(path: str) -> bool:
            return self._all.own(self._all.identity(path))

        return Neighbours(
            logs=list(self._all.tails()),
            read=read,
            known=lambda path: read(path) or self._ledger.knows(path),
            emptied=lambda: any(follower.rewritten(now) for follower in followers),
        )

    def _pass(self, path: str, batch: Batch, tail: Tail) -> None:
        """Show the end of what was written before the watch, and know its patterns."""
        begin = max(0, tail.offset - CONTEXT_BYTES)
        data = tail.files.read(tail.fd, tail.offset - begin, begin)
        if tail.wide:
            data = tail.wide.utf8(data)
        lines = data.split(b"\n")[:-1]
        kept = lines[1 if begin else 0 :][-CONTEXT_LINES:]
        batch.context(path, kept, self.plan.watch_start - 0.001)
        self._baseline.learn_before(tail)


def _links_last(path: str) -> tuple[bool, str]:
    return os.path.islink(path), path
