"""Several logs under one pattern, whose files change places: no line counts twice, none is lost."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from stagewatch.logs.files import RealFiles
from stagewatch.logs.state import dumps, loads
from stagewatch.logs.watch import LogWatch, Plan

# As the model of one log: to trace it would take four times as long.
pytestmark = pytest.mark.untraced

START = 1767225600.0
NAMES = st.sampled_from(["a.log", "b.log", "c.log"])


class Logs(RuleBasedStateMachine):
    """A folder of logs and a watch over it, on real files and a clock of our own."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="logs-model-"))
        self.folder, self.away = self.root / "logs", self.root / "away"
        self.folder.mkdir()
        self.clock = 0.0
        self.written = self.copies = 0
        self.counted: list[int] = []
        self.watch = self._watch(None)
        self._look(0.0)

    def _watch(self, checkpoint: str | None) -> LogWatch:
        state = loads(checkpoint) if checkpoint else None
        return LogWatch(Plan(str(self.folder / "*.log"), START), RealFiles(), state)

    def _look(self, seconds: float = 1.5) -> None:
        self.clock += seconds
        batch = self.watch.look(START + self.clock, self.clock)
        self.counted += [int(kept.raw.split()[3]) for kept in batch.lines()]

    def _append(self, path: Path, lines: int) -> None:
        with path.open("a") as file:
            for _ in range(lines):
                self.written += 1
                minutes, seconds = divmod(self.written, 60)
                clock = f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
                file.write(f"2026-01-01 {clock} ERROR {self.written} failed\n")

    def _there(self, name: str) -> bool:
        return (self.folder / name).exists()

    @property
    def _mounted(self) -> bool:
        return self.folder.exists()

    @precondition(lambda self: self._mounted)
    @rule(name=NAMES, lines=st.integers(1, 5))
    def append(self, name: str, lines: int) -> None:
        self._append(self.folder / name, lines)

    @rule(seconds=st.sampled_from([0.25, 1.5, 4.0, 12.0]))
    def look(self, seconds: float) -> None:
        self._look(seconds)

    # Of a file that nobody saw nothing is left: before each of these there is a look.

    @precondition(lambda self: self._mounted)
    @rule(one=NAMES, other=NAMES)
    def move(self, one: str, other: str) -> None:
        """Over another log, or to a name that is free."""
        self._look()
        if one != other and self._there(one):
            (self.folder / one).rename(self.folder / other)

    @precondition(lambda self: self._mounted)
    @rule(one=NAMES, other=NAMES)
    def swap(self, one: str, other: str) -> None:
        self._look()
        if one != other and self._there(one) and self._there(other):
            (self.folder / one).rename(self.folder / "aside")
            (self.folder / other).rename(self.folder / one)
            (self.folder / "aside").rename(self.folder / other)

    @precondition(lambda self: self._mounted)
    @rule(name=NAMES)
    def rotate(self, name: str) -> None:
        self._look()
        for number in (2, 1):
            older = self.folder / f"{name}.{number}"
            if older.exists():
                older.rename(self.folder / f"{name}.{number + 1}")
        if self._there(name):
            (self.folder / name).rename(self.folder / f"{name}.1")
            (self.folder / name).touch()

    @precondition(lambda self: self._mounted)
    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        self._look()
        (self.folder / name).unlink(missing_ok=True)

    @precondition(lambda self: self._mounted)
    @rule(name=NAMES)
    def copy(self, name: str) -> None:
        """As an operator does to keep what is there; a single line proves no copy."""
        self._look()
        if self._there(name) and (self.folder / name).read_bytes().count(b"\n") > 1:
            self.copies += 1
            shutil.copy(self.folder / name, self.folder / f"incident{self.copies}.log")

    @precondition(lambda self: self._mounted)
    @rule(name=NAMES)
    def link(self, name: str) -> None:
        """A second name for the same file."""
        self._look()
        link = self.folder / "current.log"
        link.unlink(missing_ok=True)
        link.symlink_to(self.folder / name)

    @rule()
    def take_away_or_back(self) -> None:
        self._look()
        if self._mounted:
            self.folder.rename(self.away)
        else:
            self.away.rename(self.folder)

    @rule()
    def restart(self) -> None:
        self._look()
        checkpoint = dumps(self.watch.state(START + self.clock))
        self.watch.close()
        self.watch = self._watch(checkpoint)

    @invariant()
    def nothing_counts_twice(self) -> None:
        assert len(self.counted) == len(set(self.counted))
        assert len(self.counted) <= self.written
        assert self.watch.counts.errors == len(self.counted)

    def teardown(self) -> None:
        try:
            if not self._mounted:
                self.away.rename(self.folder)
            for _ in range(6):
                self._look(4.0)
            self.nothing_counts_twice()
            missed = self.written - len(self.counted)
            assert not missed or self.watch.all_losses()
        finally:
            self.watch.close()
            shutil.rmtree(self.root)


TestSeveral = Logs.TestCase
TestSeveral.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
