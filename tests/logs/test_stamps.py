"""A record's own time is read from its header, and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagewatch.logs.levels import look
from stagewatch.logs.stamps import stamp_of, text_time

NOON = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC).timestamp()

AT_NOON = """\
2026-01-01 12:00:00 ERROR x
2026-01-01 12:00:00,000 ERROR x
2026-01-01T12:00:00.000000Z ERROR x
2026-01-01T14:00:00+02:00 ERROR x
2026-01-01T06:30:00-0530 ERROR x
2026/01/01 12:00:00 [error] 12#0: x
[2026-01-01 12:00:00 +0000] [12] [ERROR] x
[2026-01-01 12:00:00,000: ERROR/Main] x
[ERROR] 2026-01-01 12:00:00 x
ERROR: 2026-01-01 12:00:00 x
F, [2026-01-01T12:00:00.000000 #12] FATAL -- : x
Jan  1 12:00:00 host app[12]: ERROR x
[Thu Jan 01 12:00:00.000000 2026] [core:error] x
E0101 12:00:00.000000 12 x.go:1] x
E20260101 12:00:00.000000 12 x.cc:1] x
1767268800.000 ERROR x
2026-01-01 07:00:00.000 EST [12] ERROR:  x
2026-01-01 05:00:00 PDT [12] FATAL:  x
2026-01-01 14:00:00.000 CEST [12] ERROR:  x
2026-01-01 09:00:00.000 -03 [12] ERROR:  x
2026-01-01 12:00:00 UTC::@:[12]:FATAL:  x
2026-01-01 12:00:00,000:root:CRITICAL:x
01-Jan-2026 12:00:00.000 SEVERE [main] x
[01/Jan/2026:14:00:00 +0200] ERROR x
time=2026-01-01 12:00:00 level=error msg=x
{"ts":"2026-01-01T12:00:00Z","level":"error"}
{"level":"error","time":1767268800000}
{"level":"error","timestamp":1767268800.0}
{"level":"error","ts":"1767268800"}
{"level":"error","@timestamp":"2026-01-01T14:00:00+02:00"}
{"t":{"$date":"2026-01-01T12:00:00.000+00:00"},"s":"E"}
time=2026-01-01T12:00:00Z level=error msg=x
ts=1767268800 level=error
level=error time="2026-01-01 12:00:00" msg=x
2026-01-01T12:00:00.000000000Z stderr F ERROR x
{"log":"ERROR x\\n","stream":"stderr","time":"2026-01-01T12:00:00Z"}
<11>1 2026-01-01T12:00:00Z host app 12 - - x
""".splitlines()

NONE = """\
ERROR x
ERROR backup of 2020-01-01 00:00:00 is gone
{"level":"error","msg":"at 2020-01-01 00:00:00"}
{"level":"error","time":true}
level=error msg="2020-01-01 00:00:00"
2026-02-31 12:00:00 ERROR x
2026-01-01 25:00:00 ERROR x
2026-01-01 12:00:00 IST [12] ERROR:  x
Foo  1 12:00:00 host app: ERROR x
99999999999999 ERROR x
""".splitlines()


@pytest.mark.parametrize("line", AT_NOON)
def test_the_time_of_a_record(line: str) -> None:
    """In every usual form, UTC where no zone is given."""
    assert stamp_of(look(line.encode()), NOON) == NOON


@pytest.mark.parametrize("line", NONE)
def test_no_time(line: str) -> None:
    """A time in a message is not the record's, and an impossible one is none."""
    assert stamp_of(look(line.encode()), NOON) is None


def test_a_zone_of_the_profile() -> None:
    """Times that name no zone are of the zone that the profile names; others keep theirs."""
    east = 2 * 3600.0
    assert text_time(b"2026-01-01 14:00:00", NOON, east) == NOON
    assert text_time(b"2026-01-01 12:00:00Z", NOON, east) == NOON


@pytest.mark.parametrize("days", [0, 1, 180, 365])
def test_a_date_without_a_year_is_the_nearest(days: int) -> None:
    """On New Year's Day, December is last year's."""
    now = datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC).timestamp()
    assert text_time(b"Dec 31 23:59:30 host", now) == now - 60
    later = now + days * 86400
    found = text_time(datetime.fromtimestamp(later, UTC).strftime("%b %d %H:%M:%S").encode(), later)
    assert found == later


def test_leap_days_without_a_year() -> None:
    """The 29th of February exists in leap years only."""
    at = datetime(2028, 2, 29, 12, 0, 0, tzinfo=UTC).timestamp()
    assert text_time(b"Feb 29 12:00:00 host", at) == at
    assert text_time(b"Feb 29 12:00:00 host", NOON) is None


@given(st.binary(max_size=120))
def test_any_bytes(line: bytes) -> None:
    """Whatever stands there, reading it ends without an error."""
    stamp_of(look(line), NOON)


@given(st.text(alphabet="0123456789-: TZ.,+/[]", max_size=40))
def test_any_digits(text: str) -> None:
    """Impossible dates are no error."""
    text_time(text.encode(), NOON)
