"""Whatever happens to a log: no line counts twice, all count under the promise, or it says so."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import IO

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from stagewatch.expressions import Expression
from stagewatch.logs.files import RealFiles
from stagewatch.logs.patterns import Patterns
from stagewatch.logs.state import dumps, loads
from stagewatch.logs.watch import LogWatch, Plan
from stagewatch.model import LogPattern

# A hundred histories of a log: to trace them would take four times as long.
pytestmark = pytest.mark.untraced

START = 1767225600.0
PADDINGS = (0, 0, 300, 2000, 0)
"""Lines are short, and some of them long: of a log that was trimmed one line may be left."""


class Log(RuleBasedStateMachine):
    """A log with its writers, and a watch over it, on real files and a clock of our own."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="log-model-"))
        self.path = self.folder / "error.log"
        self.clock = 0.0
        self.written = 0
        self.complete: set[int] = set()
        self.counted: list[int] = []
        self.writer = self._create()
        self.open_line: dict[int, int] = {}
        self.late: list[tuple[IO[bytes], float]] = []
        self.deleted = False
        self.rotations, self.rewritten = 0, False
        """Since the last look."""
        self.size = 0
        """What the file held at the last look."""
        self.rotations_since_save = self.rewritten_since_save = 0
        self.promised = True
        """Nothing has happened yet that the promise leaves out."""
        self.stored: dict[int, LogPattern] = {}
        """The patterns as the history would have them."""
        self.watch = self._watch(None)
        self._look()
        self.saved, self.saved_counted = self._save()

    def _create(self) -> IO[bytes]:
        return open(self.path, "ab", buffering=0)

    def _watch(self, checkpoint: str | None) -> LogWatch:
        state = loads(checkpoint) if checkpoint else None
        assert state is not None or checkpoint is None
        plan = Plan(str(self.path), START, expressions={"even": Expression("[02468] at ")})
        return LogWatch(plan, RealFiles(), state, Patterns(self.stored.values()))

    def _save(self) -> tuple[str, list[int]]:
        self.rotations_since_save = self.rewritten_since_save = 0
        self.saved_size = self.size
        self.saved_patterns = dict(self.stored)
        return dumps(self.watch.state(START + self.clock)), list(self.counted)

    def _look(self) -> None:
        batch = self.watch.look(START + self.clock, self.clock)
        self.counted += [int(kept.raw.split()[3]) for kept in batch.lines()]
        self.stored |= {pattern.number: pattern for pattern in self.watch.patterns.changed()}
        self.rotations, self.rewritten = 0, False
        self.size = self.path.stat().st_size if self.path.exists() else 0

    def _write(self, writer: IO[bytes], *, ending: bool) -> None:
        """Write a line, or finish the one that this writer began."""
        number = self.open_line.pop(writer.fileno(), None)
        if number is None:
            self.written += 1
            number = self.written
            hours, rest = divmod(int(self.clock), 3600)
            padding = '"' + "x" * PADDINGS[number % len(PADDINGS)] + '"'
            clock = f"{hours:02}:{rest // 60:02}:{rest % 60:02}"
            writer.write(f"2026-01-01 {clock} ERROR {number} at {padding} on".encode())
        if ending:
            writer.write(b" time\n")
            self.complete.add(number)
        else:
            self.open_line[writer.fileno()] = number

    def _retire_writer(self) -> None:
        self.late.append((self.writer, self.clock))
        self.rotations += 1
        self.rotations_since_save += 1
        if self.rotations > 1:
            self.promised = False

    @rule(lines=st.integers(1, 5))
    def append(self, lines: int) -> None:
        for _ in range(lines):
            self._write(self.writer, ending=True)

    @rule()
    def begin_a_line(self) -> None:
        self._write(self.writer, ending=False)

    @rule(seconds=st.sampled_from([0.25, 1.0, 4.0, 11.0]))
    def look(self, seconds: float) -> None:
        self.clock += seconds
        self._look()

    @rule(seconds=st.sampled_from([5.0, 60.0]))
    def pause(self, seconds: float) -> None:
        self.clock += seconds

    @rule()
    def rotate_by_rename(self) -> None:
        for number in (3, 2, 1):
            older = self.folder / f"error.log.{number}"
            if older.exists():
                older.rename(self.folder / f"error.log.{number + 1}")
        self.path.rename(self.folder / "error.log.1")
        self._retire_writer()
        self.writer = self._create()

    @rule(seconds=st.sampled_from([0.25, 9.0, 12.0]))
    def rotate_and_create_later(self, seconds: float) -> None:
        self._look()
        self.path.rename(self.folder / f"error.log-{self.written}-{self.clock}")
        self._retire_writer()
        self._look()
        self.clock += seconds
        self._look()
        if seconds > 10.0:
            self.promised = False
        self.rotations = 1
        self.writer = self._create()

    @precondition(lambda self: not self.rotations)  # a file nobody saw leaves no trace
    @rule()
    def rotate_by_delete_and_create(self) -> None:
        self.path.unlink()
        self.deleted = True
        self._retire_writer()
        self.writer = self._create()

    @precondition(lambda self: self.late)
    @rule(ending=st.booleans())
    def late_write(self, ending: bool) -> None:
        writer, since = self.late[-1]
        if self.clock - since < 10.0:
            self._write(writer, ending=ending)

    @precondition(
        lambda self: self.size and self.saved_size and not self.rotations
    )  # of an empty file only the time of change tells
    @rule()
    def copy_and_truncate(self) -> None:
        shutil.copy(self.path, self.folder / "error.log.copy")
        os.truncate(self.path, 0)
        self.size = 0
        self.open_line.pop(self.writer.fileno(), None)
        self.promised = False

    def _lines(self) -> list[bytes]:
        return self.path.read_bytes().splitlines(keepends=True)

    def _look_if(self, shown: bool) -> None:
        if shown:
            self._look()

    @property
    def _is_whole(self) -> bool:
        """The log has lines and was seen as it is, but for what came since; the last line has
        its end."""
        if self.rotations or self.rewritten:
            return False
        seen = self.size and self.saved_size and self.path.stat().st_size
        return bool(seen) and self.writer.fileno() not in self.open_line

    def _rewritten(self) -> None:
        self.promised = False
        self.rewritten = True
        self.rewritten_since_save += 1

    def _replace(self, lines: list[bytes]) -> None:
        copy = self.folder / "copy"
        copy.write_bytes(b"".join(lines))
        copy.replace(self.path)
        self.deleted = True
        self._rewritten()
        self._retire_writer()
        self.writer = self._create()

    @precondition(lambda self: self._is_whole)
    @rule(keep=st.integers(0, 6), shown=st.booleans())
    def trim_in_place(self, keep: int, *, shown: bool) -> None:
        self._look_if(shown)
        self.path.write_bytes(b"".join(self._lines()[-keep:] if keep else []))
        self._rewritten()

    @precondition(lambda self: self._is_whole)
    @rule(keep=st.integers(1, 6))
    def cut_in_place(self, keep: int) -> None:
        self._look()  # what nobody saw leaves no trace
        self.path.write_bytes(b"".join(self._lines()[:keep]))
        self._rewritten()

    @precondition(lambda self: self._is_whole)
    @rule(keep=st.integers(1, 60), shown=st.booleans(), writes=st.booleans(), lost=st.booleans())
    def replace_by_a_copy(self, keep: int, *, shown: bool, writes: bool, lost: bool) -> None:
        """As ``sed -i`` and ``tail … > tmp; mv tmp error.log`` do."""
        self._look_if(shown)
        lines = self._lines()[-keep:]
        if lost:
            self._write(self.writer, ending=True)
        self._replace(lines)
        if writes:
            self._write(self.writer, ending=True)

    @precondition(lambda self: self._is_whole)
    @rule(number=st.integers(0, 9))
    def edit_by_sed(self, number: int) -> None:
        """Lines with this digit are deleted, but for the first one."""
        self._look()
        digit = str(number).encode()
        first, *lines = self._lines()
        self._replace([first, *(line for line in lines if digit not in line.split()[3])])

    @rule()
    def move_away_and_back(self) -> None:
        self._look()
        aside = self.folder / "aside"
        self.path.rename(aside)
        self.clock += 0.25
        self._look()
        aside.rename(self.path)

    @rule()
    def save(self) -> None:
        self._look()
        self.saved, self.saved_counted = self._save()

    @precondition(lambda self: self.rewritten_since_save <= 1)  # else little is left to go by
    @rule()
    def kill_and_restart(self) -> None:
        """The recorder dies; what it read since the last save was never recorded."""
        self.watch.close()
        self.stored = dict(self.saved_patterns)
        self.watch = self._watch(self.saved)
        self.counted = list(self.saved_counted)
        if self.rotations_since_save or self.deleted:  # nobody finds a deleted file again
            self.promised = False
        self._look()
        self.saved, self.saved_counted = self._save()

    @invariant()
    def nothing_counts_twice(self) -> None:
        assert len(self.counted) == len(set(self.counted))
        assert set(self.counted) <= self.complete
        assert self.watch.counts.errors == len(self.counted)

    @invariant()
    def patterns_and_expressions_count_the_same(self) -> None:
        assert sum(pattern.count for pattern in self.stored.values()) == len(self.counted)
        even = sum(number % 2 == 0 for number in self.counted)
        assert self.watch.counts.named == {"even": even}
        assert self.watch.patterns.new == min(1, len(self.counted))

    def teardown(self) -> None:
        try:
            for _ in range(4):
                self.clock += 4.0
                self._look()
            self.nothing_counts_twice()
            missed = self.complete - set(self.counted)
            losses = self.watch.all_losses()
            if self.promised:
                assert not missed
                assert not losses
            elif missed:
                assert losses
        finally:
            self.watch.close()
            for writer in [self.writer, *(writer for writer, _ in self.late)]:
                writer.close()
            shutil.rmtree(self.folder)


TestFollowing = Log.TestCase
TestFollowing.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
