"""What types cannot say about the window, its phases, the names, the savings and the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from stagewatch.profile.convert import Findings
from stagewatch.profile.probes import Probes
from stagewatch.profile.problems import Key, quoted
from stagewatch.profile.rules import check_signal
from stagewatch.profile.schema import Deployment, Phase, Savings
from stagewatch.profile.values import format_duration

_DECIMAL = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?")
_DECIMAL_KEYS = (
    "per_workspace_month",
    "baseline_calls_per_day",
    "price_per_call",
    "investment",
    "tolerance",
)


def check_deployment(deployment: Deployment | None, findings: Findings) -> float | None:
    """The window in seconds, its reviews checked; None where it is not known."""
    if deployment is None:
        return None
    every = deployment.review_every
    if every <= 0:
        findings.add(("deployment", "review_every"), "must be more than 0s")
    if deployment.window <= 0:
        findings.add(("deployment", "window"), "must be more than 0s")
        return None
    if ("deployment", "window") in findings.unread:
        return None
    if every > deployment.window:
        window = format_duration(deployment.window)
        what = f"{format_duration(every)} is longer than the window of {window}"
        findings.add(("deployment", "review_every"), what)
    return deployment.window


def check_phases(phases: dict[int, Phase], window: float | None, findings: Findings) -> None:
    """The phases cover the window from its start to its end, each hour once."""
    in_order = sorted(phases.items(), key=lambda entry: entry[1].hours)
    reached, last = 0.0, ""
    for index, phase in in_order:
        start, end = phase.hours
        key: Key = ("phase", index, "hours")
        if not 0 <= start < end:
            findings.add(key, f"{_hours(start, end)} does not run forward from 0 or later")
            continue
        if start < reached:
            findings.add(key, f"{_hours(start, end)} overlaps {last}")
        elif start > reached:
            what = f"nothing covers {_hours(reached, start)}"
            findings.add(key, what, f"start at {reached:g}, or add a phase")
        reached, last = max(reached, end), quoted(phase.name)
    if window is None or not in_order:
        return
    hours = window / 3600
    key = ("phase", in_order[-1][0], "hours")
    if reached > hours + 1e-9:
        findings.add(key, f"hour {reached:g} is outside the window of {hours:g} hours")
    elif reached < hours - 1e-9:
        findings.add(key, f"nothing covers {_hours(reached, hours)}, the end of the window")


def _hours(start: float, end: float) -> str:
    return f"hours {start:g} to {end:g}"


def check_unique(names: Iterable[tuple[Key, str]], what: str, findings: Findings) -> None:
    """No two of these names are the same, spacing and case left aside."""
    seen: dict[str, str] = {}
    for key, name in names:
        folded = " ".join(name.split()).casefold()
        if folded in seen:
            findings.add(key, f"there are two {what} called {quoted(seen[folded])}")
        seen.setdefault(folded, name)


def check_savings(savings: Savings, probes: Probes, findings: Findings) -> None:
    """Amounts are plain decimals, and the counter of calls exists."""
    for name in _DECIMAL_KEYS:
        text = getattr(savings, name)
        if text and not _DECIMAL.fullmatch(text):
            what = f"{quoted(text)} is not an amount"
            findings.add(("savings", name), what, 'write a plain decimal in quotes: "346.14"')
    if savings.calls:
        check_signal(savings.calls, ("savings", "calls"), probes, findings)
        signal = probes.signals.get(savings.calls)
        if signal is not None and signal.unit:
            what = f"is measured in {signal.unit}; calls are counted by a signal without a unit"
            findings.add(("savings", "calls"), what)


_NEEDED = {
    "score": ("optimisation", "[[optimisation]]"),
    "savings": ("savings", "[savings]"),
    "gates": ("gate", "[[gate]]"),
    "checklist": ("phase", "[[phase]]"),
}


def check_needed(rule: object, key: Key, raw: dict[str, Any], findings: Findings) -> None:
    """A rule over people's data needs that data in the profile: nothing is no PASS."""
    if isinstance(rule, str) and rule in _NEEDED:
        table, header = _NEEDED[rule]
        if not raw.get(table):
            findings.add(key, f'rule "{rule}" has nothing to judge', f"add {header}")
    if rule == "checklist" and raw.get("phase") and not _has_items(raw["phase"]):
        findings.add(key, 'rule "checklist" has nothing to judge', "no phase has items")


def _has_items(phases: object) -> bool:
    return not isinstance(phases, list) or any(
        not isinstance(phase, dict) or phase.get("items") for phase in phases
    )


def check_text(raw: object, findings: Findings, key: Key = ()) -> None:
    """No text or name holds characters that a terminal obeys or an eye cannot see."""
    if isinstance(raw, str):
        if not raw.isprintable() and _is_unsafe(raw):
            findings.add(key, "holds control or invisible characters", "remove them")
    elif isinstance(raw, dict):
        for name, value in raw.items():
            check_text(name, findings, (*key, name))
            check_text(value, findings, (*key, name))
    elif isinstance(raw, list):
        for index, value in enumerate(raw):
            check_text(value, findings, (*key, index))


def _is_unsafe(text: str) -> bool:
    from stagewatch.text import clean  # rarely needed: nearly every text is printable

    one_line = text.replace("\r\n", " ").replace("\n", " ").replace("\t", " ")
    return clean(one_line, len(one_line)) != one_line
