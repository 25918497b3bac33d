"""A log read in pieces, cut anywhere, comes to what reading it line by line comes to."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from hypothesis import example, given, settings
from hypothesis import strategies as st

from stagewatch.logs.files import RealFiles
from stagewatch.logs.levels import LIMIT, TRACEBACK, look
from stagewatch.logs.records import Entry, RecordReader
from stagewatch.logs.stamps import stamp_of
from stagewatch.logs.state import Counts
from stagewatch.logs.table import EXAMPLE
from stagewatch.logs.traces import begins, line_by_line
from stagewatch.logs.watch import LogWatch, Plan
from stagewatch.logs.wording import text_of
from stagewatch.text import clean
from tests.logs.test_tally import FORMS, NOW, START, line

SHOWN = 2000
"""Bytes of a line that is shown that are compared: in UTF-16, about as many are kept."""
COUNTED = {"CRITICAL": "criticals", "ERROR": "errors", "WARNING": "warnings"}
EXCEPTIONS = ("ValueError: {ms} is odd", "app.errors.Gone", "KeyError: 'x{d}'", "no exception")
FRAMES = (
    '  File "/srv/app.py", line {ms}, in run',
    "    raise ValueError(number)",
    "    {d}",
    '  File "<stdin>", line {d}, in <module>',
    "",
    "During handling of the above exception, another exception occurred:",
    "Traceback (most recent call last):",
)
PREFIXES = (b"", b"", b"app-1  | ", b"Jan  2 00:00:00 host app[12]: ")
ODD = (b"\xc3\x28 ERROR \x80", b"ERROR \0 in it", b"a\0ERROR b", b"\xc3", b"ERROR " + b"y" * 2500)

Row = tuple[int, float, float, str, bool]
"""Count, first and last time, example, whether it is new."""


@dataclass
class Plainly:
    """Every line read in full, one after another, each record with what follows it."""

    counts: Counts = field(default_factory=Counts)
    rows: dict[tuple[str, str], Row] = field(default_factory=dict)
    known: set[tuple[str, str]] = field(default_factory=set)
    shown: list[tuple[bytes, str]] = field(default_factory=list)
    reader: RecordReader = field(default_factory=RecordReader)

    def feed(self, data: bytes, at: float, written_after: float) -> None:
        """Read the lines of one look."""
        self.counts.lines += data.count(b"\n")
        position = 0
        for raw in data.split(b"\n")[:-1]:
            position += len(raw) + 1
            entry = self.reader.feed(raw[:LIMIT].rstrip(b"\r"), at, written_after)
            counted = entry.starts and entry.level in COUNTED
            level = entry.level if counted else look(raw[:LIMIT].rstrip(b"\r")).level
            self.shown.append((raw[:SHOWN], level))
            if counted:
                self._record(entry, raw, data, position, at)

    def _record(self, entry: Entry, raw: bytes, data: bytes, position: int, at: float) -> None:
        exception: bytes | None = b""
        if begins(raw, 0) or begins(data, position):
            exception = line_by_line(data, position)
        key = entry.level, text_of(look(raw[:LIMIT]), exception=exception or b"")
        stamp = stamp_of(entry.look, at)
        if stamp is not None and stamp < START:
            self.counts.before_watch += 1
            self.known.add(key)
            return
        name = COUNTED[entry.level]
        setattr(self.counts, name, getattr(self.counts, name) + 1)
        self.counts.tracebacks += entry.crash == TRACEBACK
        count, first, *_ = self.rows.get(key, (0, at))
        shown = clean(raw[:EXAMPLE].rstrip(b"\r").decode("utf-8", "replace"), EXAMPLE)
        self.rows[key] = count + 1, first, at, shown, False


def told(watch: LogWatch) -> dict[tuple[str, str], Row]:
    """The patterns that occurred, without what the order of looking decides."""
    rows = (row for row in watch.patterns.changed() if row.count)
    return {(r.level, r.text): (r.count, r.first, r.last, r.example, False) for r in rows}


def written(rng: random.Random, forms: list[str], count: int) -> Iterator[bytes]:
    """Lines that mostly repeat few forms, with tracebacks and worse among them."""
    while count > 0:
        count -= 1
        if rng.random() < 0.85:
            yield line(rng.choice(forms), rng).encode()
        elif rng.random() < 0.2:
            yield rng.choice(ODD)
        else:
            prefix = rng.choice(PREFIXES)
            yield prefix + b"Traceback (most recent call last):"
            frames = [rng.choice(FRAMES) for _ in range(rng.randrange(6))]
            for frame in [*frames, rng.choice(EXCEPTIONS)]:
                yield prefix + line(frame, rng).encode()


@st.composite
def logs(draw: st.DrawFn) -> tuple[bytes, list[int], int, bool]:
    """A log, where each look ends, how much is read at a time, and whether it is UTF-16."""
    rng = random.Random(draw(st.integers(0, 2**32)))
    forms = draw(st.lists(st.sampled_from(FORMS), min_size=1, max_size=5))
    ends = draw(st.sampled_from(["\n", "\r\n"]))
    lines = list(written(rng, forms, draw(st.integers(1, 160))))
    data = b"".join(raw + ends.encode() for raw in lines)
    wide = draw(st.booleans())
    if wide:
        data = "\ufeff".encode("utf-16-le") + data.decode("utf-8", "replace").encode("utf-16-le")
    cuts = draw(st.lists(st.integers(0, len(data)), max_size=2).map(sorted))
    chunk = draw(st.sampled_from([64, 333, 4096, 65536]))
    return data, [*cuts, len(data)], chunk, wide


@settings(max_examples=150, deadline=None)
@given(logs())
@example(
    (
        b"ERROR a\nTraceback (most recent call last):\n  2026-01-01 00:00:00 ERROR b\n",
        [75],
        64,
        False,
    )
)
def test_pieces_come_to_what_lines_come_to(log: tuple[bytes, list[int], int, bool]) -> None:
    """Counts, levels, patterns, their times and examples, and what is shown."""
    data, cuts, chunk, wide = log
    plainly = Plainly()
    held = patch("stagewatch.logs.patterns._MOST_HELD", 1000)  # there is a bound, and it is small
    chunked = patch("stagewatch.logs.tail.CHUNK", chunk)
    all_shown = patch.multiple("stagewatch.logs.batch", MOST_BAD=10_000, MOST_OTHERS=10_000)
    with tempfile.TemporaryDirectory() as folder, chunked, held, all_shown:
        path = Path(folder) / "x.log"
        path.touch()
        watch = LogWatch(Plan(str(path), START, from_start=True), RealFiles())
        rows: dict[tuple[str, str], Row] = {}
        position, looked, lines_end = 0, NOW, 0
        for number, cut in enumerate(cuts):
            with open(path, "ab") as file:
                file.write(data[position:cut])
            position = cut
            at = NOW + 0.8 * number
            batch = watch.look(at, 0.8 * number, 1 << 30)
            text = data[:cut]
            if wide:
                text = text[: len(text) & ~1].decode("utf-16-le", "replace").encode()
                text = text.removeprefix("\ufeff".encode())
            end = text.rfind(b"\n") + 1
            plainly.shown.clear()
            plainly.feed(text[lines_end:end], at, looked)
            lines_end, looked = max(end, lines_end), at
            rows |= told(watch)
            assert watch.counts == plainly.counts
            assert rows == plainly.rows
            assert [(kept.raw[:SHOWN], kept.level) for kept in batch.lines()] == plainly.shown
        watch.close()
