"""``stagewatch judge TRACE.csv``: one rule over one file."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from stagewatch.commands.texts import second
from stagewatch.errors import PersonError
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State
from stagewatch.moments import rfc3339
from stagewatch.profile.problems import inert, quoted
from stagewatch.profile.values import format_duration, parse_duration
from stagewatch.text import clean, json_text
from stagewatch.traces.choice import RULES, UNITS, TraceRule, chosen_rule, rule_named
from stagewatch.traces.feeds import Setting
from stagewatch.traces.judging import TraceStep, judge_trace
from stagewatch.traces.table import Row, median_step, moment_of, read_trace

EXIT = {State.FAIL: 1, State.INCONCLUSIVE: 4}
TIMEOUT = 10.0
LOG_INTERVAL = 5.0
"""A log is read all the time, however seldom it has a new line."""


def judge_file(what: str, said: dict[str, Any], *, as_json: bool) -> int:
    """Judge a trace and print it; returns the exit status. Raises PersonError."""
    path = Path("standard input") if what == "-" else Path(what)
    if "rule" not in said:
        rules = ", ".join(RULES)
        raise PersonError(f"{path}: by which rule? say --rule and one of {rules}")
    name = rule_named(said.pop("rule"))
    around = {key: said.pop(key) for key in ("interval", "start", "end", "signal") if key in said}
    timeout = _duration(said.get("timeout"), "--timeout", TIMEOUT)
    signal = clean(around.get("signal") or ("value" if what == "-" else path.stem), 100)
    rule = chosen_rule(name, said, signal)
    rows = read_trace(_text(what, path), path, log=name == "records")
    _check_columns(rows, rule, path)
    start = _moment(around.get("start"), "--start", rows[0].at)
    end = _moment(around.get("end"), "--end", rows[-1].at)
    if not start <= end:
        raise PersonError("--end lies before --start, or before the first reading")
    usual = LOG_INTERVAL if name == "records" else median_step(rows)
    interval = _duration(around.get("interval"), "--interval", usual)
    setting = Setting(signal, interval, WatchTime(start), timeout, _unit(rule, name))
    *changes, last = judge_trace(rows, rule, setting, end)
    told = _json if as_json else _lines
    for line in told(changes, last, name, rows, setting):
        click.echo(line)
    return EXIT.get(last.state, 0)


def _text(what: str, path: Path) -> io.StringIO:
    """All of the file: rows come in any order, so that nothing can be said before its end."""
    try:
        raw = sys.stdin.buffer.read() if what == "-" else path.read_bytes()
    except OSError as error:
        why = error.strerror or "cannot be read"
        raise PersonError(
            inert(f"{path}: {why}; name a CSV file, or - for standard input")
        ) from None
    except ValueError:
        raise PersonError(inert(f"{path}: no file can have this name")) from None
    return io.StringIO(raw.decode("utf-8-sig", "replace"), newline="")


def _check_columns(rows: Sequence[Row], rule: TraceRule, path: Path) -> None:
    """The pool's size is in the table, or on the command line."""
    if getattr(rule, "max", None) == "max" and all(row.numbers["max"] is None for row in rows):
        raise PersonError(f"{path}: has no column max; add it, or say --max N")


def _unit(rule: TraceRule, name: str) -> str:
    """Of the values, as far as the limits tell."""
    limits = (getattr(rule, key, None) for key in ("limit", "above", "below"))
    return UNITS.get(name) or next((limit.unit for limit in limits if limit is not None), "")


def _duration(text: str | None, option: str, otherwise: float) -> float:
    if text is None:
        return otherwise
    try:
        found = parse_duration(text)
    except ValueError as error:
        raise PersonError(inert(f"{option}: {error}")) from None
    if found <= 0:
        raise PersonError(f"{option}: must be more than 0s")
    return float(found)


def _moment(text: str | None, option: str, otherwise: float) -> float:
    if text is None:
        return otherwise
    try:
        return moment_of(text)
    except (ValueError, OverflowError):
        hint = "write Unix seconds, or 2026-01-01T00:00:00Z"
        raise PersonError(inert(f"{option}: {quoted(text)} is no time; {hint}")) from None


def _lines(
    changes: Sequence[TraceStep], last: TraceStep, name: str, rows: Sequence[Row], setting: Setting
) -> list[str]:
    every = format_duration(setting.interval)
    known = f"{len(rows)} readings of {setting.signal}, one every {every}"
    told = [f"{name} over {known}, from {second(setting.time.start)}"]
    told += [f"{second(step.at)}  {_said(step, setting)}" for step in changes]
    since = second(setting.time.at(last.computed.since))
    return [*told, f"{last.state.value} since {since}: {_why(last, setting)}"]


def _said(step: TraceStep, setting: Setting) -> str:
    return f"{step.state.value:<12}  {_why(step, setting)}"


def _why(step: TraceStep, setting: Setting) -> str:
    """The sentence, with the time since when it is bad."""
    computed, finding = step.computed, step.computed.finding
    if computed.recovered and computed.incident is not None:
        incident = computed.incident
        since = second(setting.time.at(incident.first_bad))
        return f"{incident.reason}, since {since}; recovered, now: {finding.reason}"
    bad = finding.first_bad
    return finding.reason + ("" if bad is None else f", since {second(setting.time.at(bad))}")


def _json(
    changes: Sequence[TraceStep], last: TraceStep, name: str, rows: Sequence[Row], setting: Setting
) -> list[str]:
    told = [{"type": "state", **_document(step, name, setting)} for step in changes]
    end = {"type": "end", **_document(last, name, setting), "readings": len(rows)}
    end["since"] = rfc3339(setting.time.at(last.computed.since))
    return [json_text(one) for one in (*told, end)]


def _document(step: TraceStep, name: str, setting: Setting) -> dict[str, Any]:
    computed, finding, at = step.computed, step.computed.finding, setting.time.at
    bad, incident = finding.first_bad, computed.incident
    return {
        "at": rfc3339(step.at),
        "rule": name,
        "signal": setting.signal,
        "was": None if step.was is None else step.was.value,
        "state": step.state.value,
        "why": "" if computed.latched else finding.why.value,
        "value": finding.value,
        "reason": finding.reason,
        "first_bad": None if bad is None else rfc3339(at(bad)),
        "incident_at": None if incident is None else rfc3339(at(incident.known)),
        "recovered": computed.recovered,
    }
