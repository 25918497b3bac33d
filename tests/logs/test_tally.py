"""Counting in runs counts what reading line by line counts."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagewatch.logs.batch import Batch
from stagewatch.logs.levels import LIMIT, Look
from stagewatch.logs.lines import Lines
from stagewatch.logs.records import RecordReader
from stagewatch.logs.stamps import stamp_of
from stagewatch.logs.state import Counts
from stagewatch.logs.tally import Tally

START = 1767225600.0  # 2026-01-01 00:00:00 UTC
NOW = START + 86400

TIMES = (
    "2026-01-01 {h:02}:{m:02}:{s:02},{ms:03}",
    "2025-12-31 {h:02}:{m:02}:{s:02},{ms:03}",
    "2026-01-01T{h:02}:{m:02}:{s:02}.{ms:03}Z",
    "2026-01-01T{h:02}:{m:02}:{s:02}+09:00",
    "2026-01-01T{h:02}:{m:02}:{s:02}+00:00",
    "Jan  1 {h:02}:{m:02}:{s:02}",
    "{h:02}:{m:02}:{s:02}",
)
LEVELS = (
    "INFO",
    "DEBUG",
    "WARNING",
    "ERROR",
    "CRITICAL",
    "info",
    "fatal",
    "warn",
    "error",
    "Alert",
    "critical",
)
FORMS = (
    "{time} {level} [sync] {text}",
    "{time} {level}    {text}",
    "{time} [{ms}] {level}: {text}",
    "[{time}] [{level}] {text}",
    "[{time}: {level}/Main-{s}] {text}",
    "{time} - app.db - {level} - {text}",
    "{time} | {level} | {text}",
    "{level}:app.db:{text}",
    "{time} worker-{d} {level} {text}",
    "{time} sync [{level}] {text}",
    "[{time}] [pool-{d}/{level}] {text}",
    '{{"Timestamp":"{time}","Level":"{level}","text":"{text}"}}',
    '{{"@t":"{time}","@mt":"{text}","@l":"{level}"}}',
    "{h:02}:{m:02}:{s:02} web.{d}   | {level}: {text}",
    "2026-01-01T{h:02}:{m:02}:{s:02}+00:00 app[web.{d}]: {level}: {text}",
    "{time} kernel: app[{m}]: segfault at {ms}",
    "{level} {text}",
    "{level} {time} {text}",
    "[{level}] {time} {text}",
    "\x1b[3{d}m{time} {level}\x1b[0m {text}",
    '{{"ts": "{time}", "level": "{level}", "msg": "{text}"}}',
    '{{"level":"{level}","time":"{time}","msg":"{text}"}}',
    '{{"level":{d}0,"time":{epoch},"msg":"{text}"}}',
    '{{"level":{h}{m}0,"msg":"{text}","level_name":"{level}"}}',
    '{{"version":"1.1","level":{d},"short_message":"{text}"}}',
    '{{"n":{ms},"log":{{"level":"{level}"}},"msg":"{text}"}}',
    "time={time} level={level} msg=x",
    'ts={epoch} level={level} msg="{text}"',
    "time=2026-01-01T{h:02}:{m:02}:{s:02}Z level={level} msg=x",
    "<{ms}>Jan  1 {h:02}:{m:02}:{s:02} host app[{m}]: {level} {text}",
    "Jan  1 {h:02}:{m:02}:{s:02} host app[{m}]: {level} {text}",
    "2026-01-01T{h:02}:{m:02}:{s:02}.{ms:03}Z stderr F {level} {text}",
    '{{"log":"{time} {level} {text}\\n","stream":"stderr","time":"2026-01-01T00:00:00Z"}}',
    "F01{d:02} {h:02}:{m:02}:{s:02}.{ms:03} {m} file.go:{s}] {text}",
    "I01{d:02} {h:02}:{m:02}:{s:02}.{ms:03} {m} file.go:{s}] {text}",
    '127.0.0.{d} - - [01/Jan/2026:{h:02}:{m:02}:{s:02} +0000] "GET /{text} HTTP/1.1" 200 {ms}',
    "Traceback (most recent call last):",
    '  File "app.py", line {ms}, in run',
    "During handling of the above exception, another exception occurred:",
    "ValueError: {text}",
    "panic: {text}",
    "kernel: [{ms}.{m}] Out of memory: Killed process {ms} (python3)",
    "{text}",
    "",
    '    raise ValueError("{text}")',
    "  {level} {text}",
    "  {level} {time} {text}",
    "\tat com.example.Thing.run(Thing.java:{m})",
    "  level={level} ts={epoch} msg=x",
    "   Mon {time} {level} {text}",
    "  E, [{time}] {level} {text}",
    "  bob@db: {time} {level} {text}",
    "    {text}",
    "{time} {level}",
    '{{"severity":"minor","level":"{level}","msg":"{text}"}}',
    '{{"severity":"none","level":{d}0,"time":{epoch},"msg":"{text}"}}',
    "severity=minor level={level} msg=x",
    "{time} {level}s cleared: {d}",
    "fail: app.Db[{d}]",
    "fail: app.Db {text}",
    "[{time}] PHP Fatal error:  {text}",
    "{time}\t6b7d9f0e-1111-2222-3333-44445555666{d}\t{level}\t{text}",
    "{time} [ {d} ] {{}} <{level}> app: {text}",
    "={level} REPORT==== {text}",
    '{{"log":"{level}\\n","stream":"stdout","time":"2026-01-01T00:00:00Z"}}',
    '{{"log":"{level}s cleared\\n","stream":"stdout","time":"2026-01-01T00:00:00Z"}}',
    "[{time}] [mod_proxy:{level}] [pid {ms}] {text}",
    "{time} app {ms} {level} {text}",
    "{time} - app - {ms} - {level} - {text}",
    "{time} part: {level}: {text}",
    "{time};{level};{text}",
    "{time} UTC [{d}] DETAIL:  {level}:  {text}",
    '{{"stream":"stderr","log":"{time} {level} {text}\\n","time":"2026-01-01T00:00:00Z"}}',
    '{{"MESSAGE":"{level} {text}","PRIORITY":"6","time":"{time}"}}',
    '{{"severityNumber":{ms},"time":"{time}","body":"{text}"}}',
)
LEARNT = (*FORMS[:11], *FORMS[16:21], *FORMS[28:29], *FORMS[30:32])
TEXTS = (
    "all went well",
    "retry 3 of 5 CRITICAL path",
    "2020-01-01 00:00:00 was long ago",
    "fatal error recovery guide",
    'level=fatal "level":"fatal"',
    "a=b c=d",
    "x" * 3000,
)


def line(form: str, rng: random.Random) -> str:
    """One line of this form, its parts drawn at random."""
    parts = {
        "h": rng.randrange(24),
        "m": rng.randrange(60),
        "s": rng.randrange(60),
        "ms": rng.randrange(1000),
        "d": rng.randrange(10),
        "epoch": int(START) - 7200 + rng.randrange(86400),
        "level": rng.choice(LEVELS),
        "text": rng.choice(TEXTS),
    }
    parts["time"] = rng.choice(TIMES).format(**parts)
    return form.format(**parts)


@st.composite
def logs(draw: st.DrawFn) -> list[bytes]:
    """Lines that mostly repeat few forms, as logs do."""
    rng = random.Random(draw(st.integers(0, 2**32)))
    forms = draw(st.lists(st.sampled_from(FORMS), min_size=1, max_size=4))
    count = draw(st.integers(1, 150))
    end = draw(st.sampled_from(["", "\r"]))
    return [(line(rng.choice(forms), rng) + end).encode() for _ in range(count)]


@dataclass
class Plainly:
    """Counts line by line, as the definitions read."""

    counts: Counts
    reader: RecordReader

    def feed(self, raw: bytes, at: float) -> None:
        self.counts.lines += 1
        entry = self.reader.feed(raw[:LIMIT].rstrip(b"\r"), at, at)
        if not entry.starts or entry.level not in ("CRITICAL", "ERROR", "WARNING"):
            return
        stamp = stamp_of(entry.look, at)
        if stamp is not None and stamp < START:
            self.counts.before_watch += 1
            return
        name = {"CRITICAL": "criticals", "ERROR": "errors", "WARNING": "warnings"}[entry.level]
        setattr(self.counts, name, getattr(self.counts, name) + 1)
        self.counts.tracebacks += entry.crash == "traceback"


@pytest.mark.untraced
@settings(max_examples=200, deadline=None)
@given(chunks=st.lists(logs(), min_size=1, max_size=6))
def test_counts_in_runs_equal_counts_line_by_line(chunks: list[list[bytes]]) -> None:
    """Learned headers never change a count."""
    fast = Tally("x.log", Counts(), START)
    slow = Plainly(Counts(), RecordReader())
    for number, chunk in enumerate(chunks):
        at = NOW + number * 0.8
        fast.feed(b"\n".join(chunk) + b"\n", at, at, Batch())
        for raw in chunk:
            slow.feed(raw, at)
        assert fast.counts == slow.counts


LOOKALIKES = {
    "another zone": (
        "2026-01-01T09:30:00+00:00 ERROR x",
        "2026-01-01T09:31:00+12:00 ERROR x",
        Counts(lines=101, errors=100, before_watch=1),
    ),
    "a number that a name explains": (
        '{"level":200,"level_name":"INFO"}',
        '{"level":200,"level_name":"CRITICAL"}',
        Counts(lines=101, criticals=1),
    ),
    "a number that GELF explains": (
        '{"level":4,"host":"x"}',
        '{"level":4,"version":"1.1","short_message":"x"}',
        Counts(lines=101, warnings=1),
    ),
    "another syslog priority": (
        "<14>Jan  1 10:00:00 host app: INFO x",
        "<10>Jan  1 10:00:00 host app: INFO x",
        Counts(lines=101, criticals=1),
    ),
    "another journal priority": (
        '{"PRIORITY":"6","level":"info"}',
        '{"PRIORITY":"2","level":"info"}',
        Counts(lines=101, criticals=1),
    ),
    "a time behind the level": (
        "ERROR x",
        "ERROR 2025-12-31 10:00:00 x",
        Counts(lines=101, errors=100, before_watch=1),
    ),
    "an earlier hour": (
        "2026-01-01 09:30:00 ERROR x",
        "2025-12-31 09:30:00 ERROR x",
        Counts(lines=101, errors=100, before_watch=1),
    ),
    "an earlier minute": (
        "2026-01-01 00:30:00 ERROR x",
        "2026-01-01 00:10:00 ERROR x",
        Counts(lines=101, errors=100, before_watch=1),
    ),
    "an earlier epoch": (
        '{"level":50,"time":1767229000123}',
        '{"level":50,"time":1767221000123}',
        Counts(lines=101, errors=100, before_watch=1),
    ),
    "a level where an access log has none": (
        '10.0.0.1 - - [01/Jan/2026:10:00:00 +0000] "GET / HTTP/1.1" 200',
        "10.0.0.1 - - [01/Jan/2026:10:00:00 +0000] CRITICAL: x",
        Counts(lines=101, criticals=1),
    ),
}


@pytest.mark.parametrize(("taught", "then", "expected"), LOOKALIKES.values(), ids=LOOKALIKES)
def test_a_lookalike_is_not_taken_for_a_known_header(
    taught: str, then: str, expected: Counts
) -> None:
    """A header that differs where it matters is read in full."""
    tally = Tally("x.log", Counts(), START + 1200)
    data = (f"{taught}\n" * 100 + f"{then}\n").encode()
    tally.feed(data, NOW, NOW, Batch())
    assert tally.counts == expected


def refuse(line: bytes) -> Look:
    raise AssertionError(f"read in full: {line!r}")


@pytest.mark.parametrize("form", LEARNT, ids=str)
def test_repeated_headers_are_learned(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines alike are not read in full again: else the promised speed is gone."""
    raw = form.format(
        time="2026-01-01 10:20:30,123", level="INFO", text="x", h=1, m=2, s=3, ms=4, d=5, epoch=1
    )
    tally = Tally("x.log", Counts(), START)
    tally.feed(f"{raw}\n".encode() * 3, NOW, NOW, Batch())
    with monkeypatch.context() as patched:
        patched.setattr("stagewatch.logs.tally.look", refuse)
        tally.feed(f"{raw}\n".encode() * 500, NOW, NOW, Batch())
        tally.feed(f"{raw}\n".encode() * 5, NOW, NOW, Batch())
    assert tally.counts == Counts(lines=508)


def test_a_chained_traceback_may_begin_what_is_read_next() -> None:
    """It belongs to the traceback before it, also where nothing else is a record."""
    tally = Tally("x.log", Counts(), START)
    trace = b"Traceback (most recent call last):\n  File\nKeyError\n\n"
    chain = b"During handling of the above exception, another exception occurred:\n\n"
    tally.feed(trace + chain, NOW, NOW, Batch())
    tally.feed(trace, NOW + 5, NOW + 5, Batch())
    assert (tally.counts.criticals, tally.counts.tracebacks) == (1, 1)


def test_what_has_no_end_yet_is_no_line() -> None:
    """Nor does it count when one asks what all of them begin with."""
    lines = Lines(b"ERROR 1\nINFO 2\nERROR 3")
    assert len(lines) == 2
    assert not lines.all_alike(b"ERROR")
    assert not lines.all_begin(b"ERROR")
    whole = Lines(b"ERROR 1\nERROR 2\n")
    assert whole.all_alike(b"ERROR 0")
    assert whole.all_begin(b"ERROR")
    assert not whole.all_begin(b"ERROR 1")
