"""A trace's CSV text as rows, whatever its order, and what is said of one that is not right."""

from __future__ import annotations

from pathlib import Path

import pytest

from stagewatch.traces.table import Row, TraceError, median_step, read_trace

PATH = Path("trace.csv")


def rows(text: str, *, log: bool = False) -> list[Row]:
    return read_trace(text.splitlines(keepends=True), PATH, log=log)


def refused(text: str) -> list[str]:
    with pytest.raises(TraceError) as caught:
        rows(text)
    return caught.value.told().splitlines()


def test_rows_come_in_the_order_of_time_and_once() -> None:
    """Whatever the order in the file."""
    found = rows("timestamp,value\n30,3\n10,1\n20,\n30,3\n")
    assert [(row.at, row.value) for row in found] == [(10, 1), (20, None), (30, 3)]


def test_the_order_of_rows_that_share_a_time_does_not_matter() -> None:
    """Two processes, or two readings, of one instant."""
    text = ["1,5,a@0", "1,4,b@0", "1,4,a@0"]
    there, back = (rows("\n".join(["timestamp,value,proc", *t])) for t in (text, text[::-1]))
    assert there == back


def test_the_lines_of_a_log_that_share_a_time_keep_their_order() -> None:
    """A traceback is read from its first line to its last."""
    found = rows('timestamp,value,source\n1,"b, quoted",x.log\n1,a,x.log\n', log=True)
    assert [row.text for row in found] == ["b, quoted", "a"]


def test_a_time_may_be_written_as_a_date() -> None:
    """With its offset, as other tools export it."""
    (row,) = rows("timestamp,value\n2026-01-01T00:00:00Z,1\n")
    assert row.at == 1767225600


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "", "  "])
def test_what_is_not_finite_is_no_reading(value: str) -> None:
    """As with any probe."""
    (row,) = rows(f"timestamp,value\n1,{value}\n")
    assert row.value is None


def test_the_further_columns_are_read_by_name() -> None:
    """In whatever order they stand."""
    (row,) = rows("max,timestamp,waiting,value,timeouts_total,extra\n20,1,,7,3,x\n")
    assert dict(row.numbers) == {"max": 20, "waiting": None, "timeouts_total": 3}
    assert (row.at, row.value) == (1, 7)


def test_every_class_of_problem_is_told_once_with_its_first_line() -> None:
    """A broken export has the same problem in every line."""
    text = "timestamp,value,status\nx,2,ok\ny,abc,okay\n1,2\nz,1,OK\n1767225600000,,ok\n"
    told = refused(text)
    assert told == [
        'trace.csv:2: timestamp: "x" is no time (and in 2 more lines);'
        " write Unix seconds, 1767225600.000",
        'trace.csv:3: value: "abc" is no number;'
        " write it with a point and without a unit; leave it empty where there is none",
        'trace.csv:3: status: "okay" is no status (and in 1 more line); did you mean "ok"?',
        "trace.csv:4: 2 cells, but the first line names 3 columns;"
        ' put a comma in a value in "quotes"',
        'trace.csv:6: timestamp: "1767225600000" is far in the future;'
        " the column holds seconds; divide milliseconds by 1000",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "trace.csv:1: is empty; the first line names the columns: timestamp,value"),
        ("timestamp;value\n1;2\n", "trace.csv:1: is not separated by commas; save the table as"),
        ("timestamp,val\n1,2\n", 'trace.csv:1: there is no column "val"; did you mean "value"?'),
        ("timestamp,value,stauts\n", 'trace.csv:1: there is no column "stauts"; did you mean "sta'),
        ("timestamp,x\n1,2\n", 'trace.csv:1: has no column "value"; the first line names'),
        ("timestamp,value,value\n", 'trace.csv:1: has two columns called "value"; leave one'),
        ("timestamp,value\n", "trace.csv: holds no reading; a line a reading"),
        ('timestamp,value\n1,"' + 200_000 * "x" + '"\n', "trace.csv:2: no CSV: field larger"),
    ],
)
def test_a_table_that_is_none_is_refused_with_the_remedy(text: str, said: str) -> None:
    """In one line."""
    (told,) = refused(text)
    assert told.startswith(said)


def test_the_interval_is_the_distance_that_most_readings_have() -> None:
    """A gap and a second process change nothing."""
    text = "\n".join(f"{at},1" for at in (0, 30, 30.5, 60, 90, 4000, 4030, 4060))
    assert median_step(rows(f"timestamp,value\n{text}\n")) == 30
