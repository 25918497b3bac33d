"""``stagewatch judge TRACE.csv``: states as lines, an exit status, and errors for people."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from stagewatch.cli import run

START = 1_767_225_600


def trace(path: Path, high: range = range(0), *, minutes: int = 120) -> str:
    """A file with a reading every half minute, above 100 in some minutes."""
    rows = [f"{START + 30 * n},{140 if n // 2 in high else 3}" for n in range(2 * minutes)]
    path.write_text("timestamp,value\n" + "\n".join(rows) + "\n")
    return str(path)


def test_every_state_is_told_and_a_failure_is_status_1(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """With its sentence, since when it is bad, and what became of it."""
    file = trace(tmp_path / "sockets.csv", range(60, 75))
    assert run(["judge", file, "--rule", "held", "--limit", "100"]) == 1
    lines = capfd.readouterr().out.splitlines()
    assert lines[0] == "held over 240 readings of sockets, one every 30s, from 2026-01-01 00:00:00Z"
    assert lines[1] == "2026-01-01 00:00:00Z  PASS          3, limit 100"
    assert "2026-01-01 01:09:00Z  FAIL          140, limit 100, above it in 19 of 21" in lines[3]
    assert lines[-1].startswith("FAIL since 2026-01-01 01:09:00Z: 140, limit 100, above it in 19")
    assert "recovered, now: 3, limit 100" in lines[-1]


@pytest.mark.parametrize(
    ("more", "status", "state"),
    [
        ([], 0, "PASS"),
        (["--limit", "9"], 0, "PASS"),
        (["--warn", "1"], 0, "WARN"),
        (["--limit", "2", "--hold", "20min"], 1, "FAIL"),
        (["--end", "2026-01-01T03:00:00Z"], 4, "INCONCLUSIVE"),
    ],
)
def test_the_exit_status_is_that_of_the_last_state(
    more: list[str], status: int, state: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """0 PASS or WARN, 1 FAIL, 4 INCONCLUSIVE."""
    said = ["judge", trace(tmp_path / "x.csv"), "--rule", "held", *more]
    assert run(said) == status
    assert capfd.readouterr().out.splitlines()[-1].startswith(f"{state} since ")


def test_json_lines_have_every_field(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """One a state, and one for the end."""
    file = trace(tmp_path / "sockets.csv", range(60, 75))
    assert run(["judge", file, "--rule", "held", "--json", "--signal", "ws"]) == 1
    *states, end = map(json.loads, capfd.readouterr().out.splitlines())
    assert {one["type"] for one in states} == {"state"}
    failed = next(one for one in states if one["state"] == "FAIL")
    assert failed == {
        "type": "state",
        "at": "2026-01-01T01:09:00.000+00:00",
        "rule": "held",
        "signal": "ws",
        "was": "WARN",
        "state": "FAIL",
        "why": "",
        "value": 140.0,
        "reason": "140, limit 100, above it in 19 of 21 readings over 10m",
        "first_bad": "2026-01-01T01:00:00.000+00:00",
        "incident_at": "2026-01-01T01:09:00.000+00:00",
        "recovered": False,
    }
    assert (end["type"], end["readings"], end["recovered"]) == ("end", 240, True)
    assert end["since"] == failed["at"]


def test_a_trace_may_come_by_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """And is called so in what is wrong with it."""
    raw = Path(trace(tmp_path / "x.csv")).read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw)))
    assert run(["judge", "-", "--rule", "held"]) == 0
    assert "240 readings of value" in capfd.readouterr().out
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"timestamp\n")))
    assert run(["judge", "-", "--rule", "held"]) == 2
    assert capfd.readouterr().err.startswith('standard input:1: has no column "value"')


def test_bytes_that_are_no_utf_8_are_read_as_a_log_is(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """One bad byte in a message costs no record."""
    file = tmp_path / "log.csv"
    file.write_bytes(b"\xef\xbb\xbftimestamp,value\n1767225600,FATAL caf\xe9 closed\n")
    assert run(["judge", str(file), "--rule", "records"]) == 1
    assert "1 critical record in log" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["{}"], "by which rule? say --rule and one of growth, average, held, exhausted"),
        (["{}", "--rule", "heldd"], 'no rule "heldd" for a trace; did you mean "held"?'),
        (["{}", "--rule", "held", "--limit", "x"], '--limit: "x" is not a limit'),
        (["{}", "--rule", "held", "--interval", "0s"], "--interval: must be more than 0s"),
        (["{}", "--rule", "held", "--start", "noon"], '--start: "noon" is no time; write Unix'),
        (["{}", "--rule", "held", "--end", "5"], "--end lies before --start"),
        (["{}", "--rule", "exhausted"], "has no column max; add it, or say --max N"),
        (["{}.gone.csv", "--rule", "held"], "No such file or directory; name a CSV file, or -"),
    ],
)
def test_wrong_use_is_told_in_one_line(
    arguments: list[str], told: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """With the remedy, and nothing on standard output."""
    file = trace(tmp_path / "x.csv")
    assert run(["judge", *(part.replace("{}", file) for part in arguments)]) == 2
    out, err = capfd.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert told in err
