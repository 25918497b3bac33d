"""A preflight for people, line by line, and for programs as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stagewatch.commands.check_report import (
    LATER,
    ProbeReport,
    Report,
    RuleReport,
    SignalReport,
    Standing,
)
from stagewatch.moments import rfc3339
from stagewatch.profile.problems import Problem, inert
from stagewatch.profile.values import format_duration, format_value

INDENT = " " * 11


def told(report: Report) -> Iterator[str]:
    """The probes with their signals, then the rules with what they need; all of it inert."""
    for probe in report.probes:
        yield from map(_inert, _probe(probe, report.at))
    if report.rules:
        yield ""
        yield "What the rules need:"
    for rule in report.rules:
        yield from map(_inert, _rule(rule))


def summary(report: Report) -> str:
    """The last word."""
    if report.ready:
        return "every probe reads what it is to read; a watch can start"
    if not report.unready:
        return "every probe reads what it is to read, and no watch can keep it"
    return f"{report.unready} of {len(report.probes)} probes have no complete reading"


def problems(report: Report) -> list[Problem]:
    """Everything that is to be mended."""
    return [*report.problems, *([report.place] if report.place else [])]


def _inert(text: str) -> str:
    lead = len(text) - len(text.lstrip(" "))
    return " " * lead + inert(text[lead:])


def _probe(probe: ProbeReport, now: float) -> Iterator[str]:
    reading = probe.reading
    took = f"{reading.took * 1000:.0f} ms"
    age = format_duration(max(0.0, round(now - reading.at))) or "0s"
    state = "later" if probe.later else reading.result.value
    why = f"  {reading.reason}" if reading.reason else ""
    yield f"{state:<8} {probe.name} ({probe.kind}, {took}, {age} ago){why}"
    without = []
    for signal in probe.signals:
        if signal.value is not None:
            yield f"{INDENT}{signal.name} = {format_value(signal.value, signal.unit)}"
        elif signal.reason == reading.reason:
            without.append(signal.name)
        else:
            yield f"{INDENT}{signal.name}: {signal.reason}"
    if without:
        later = f": {LATER}" if probe.later else ""
        yield f"{INDENT}no value for {', '.join(without)}{later}"


def _rule(rule: RuleReport) -> Iterator[str]:
    lacking = [signal for signal in rule.signals if signal.value is None or signal.reason]
    came = [signal.name for signal in rule.signals if signal not in lacking]
    what = rule.said or ", ".join(came)
    if not what and not lacking:
        what = "people decide" if rule.standing is Standing.PEOPLE else "every signal of the rules"
    head = f"{rule.standing.value:<8} {rule.kind:<5} {rule.name} ({rule.rule})"
    yield f"{head}: {what}" if what else head
    for signal in lacking:
        yield f"{INDENT}line {rule.line}: without {signal.name}: {_why(signal)}"


def _why(signal: SignalReport) -> str:
    return (signal.once or LATER) if signal.later else signal.reason


def document(report: Report, profile: str) -> dict[str, Any]:
    """The same for programs."""
    return {
        "profile": profile,
        "at": rfc3339(report.at),
        "ready": report.ready,
        "problems": [_problem(problem) for problem in problems(report)],
        "probes": {probe.name: _probe_document(probe, report.at) for probe in report.probes},
        "rules": [_rule_document(rule) for rule in report.rules],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "file": str(problem.path),
        "line": problem.line,
        "key": problem.key,
        "what": inert(problem.what),
        "remedy": problem.hint,
    }


def _probe_document(probe: ProbeReport, now: float) -> dict[str, Any]:
    reading = probe.reading
    return {
        "kind": probe.kind,
        "result": reading.result.value,
        "later": probe.later,
        "reason": inert(reading.reason),
        "at": rfc3339(reading.at),
        "age_s": round(now - reading.at, 3),
        "took_ms": round(reading.took * 1000, 3),
        "signals": {signal.name: _signal(signal) for signal in probe.signals},
    }


def _signal(signal: SignalReport) -> dict[str, Any]:
    return {"value": signal.value, "unit": signal.unit, "reason": inert(signal.reason)}


def _rule_document(rule: RuleReport) -> dict[str, Any]:
    return {
        "kind": rule.kind,
        "name": rule.name,
        "rule": rule.rule,
        "line": rule.line,
        "state": rule.standing.value,
        "said": inert(rule.said),
        "signals": [
            {"signal": signal.name, "came": signal.value is not None, "reason": inert(_why(signal))}
            for signal in rule.signals
        ],
    }
