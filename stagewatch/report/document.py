"""A report as headings, sentences and tables, before any markup: what Markdown and HTML share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stagewatch.judge.checked import bounds_of
from stagewatch.judge.score import CheckScore, one_decimal
from stagewatch.logs.words import CRITICAL, RANK
from stagewatch.model import LogPattern, State
from stagewatch.profile.values import format_duration, format_value
from stagewatch.report.model import Report, SignalSummary, stamp
from stagewatch.snapshot import CriterionNow, ItemNow


@dataclass(frozen=True, slots=True)
class Heading:
    """A section title."""

    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence; ``strong`` for the one that must be seen."""

    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under column titles; every cell is plain text from anywhere."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


PATTERNS = 200
"""Rows of patterns that a person may still read."""

Block = Heading | Line | Table


def blocks(report: Report) -> Iterator[Block]:
    """The report from the verdict down to the events."""
    yield from _summary(report)
    yield from _section("Criteria", _criteria(report))
    yield from _section("Optimisations", _optimisations(report))
    yield from _section("Savings", _savings(report))
    yield from _section("Signals in this range", _signals(report))
    yield from _section("Log lines that may have been lost", _losses(report))
    yield from _section("New and critical patterns in the logs", _patterns(report))
    yield from _section("Acknowledgements", _acknowledgements(report))
    yield from _section("Checklist", _checklist(report))
    yield from _section("Gates", _gates(report))
    yield from _section("Notes", _notes(report))
    yield from _section("Gaps in the recording", _gaps(report))
    yield from _section("Events", _events(report))
    yield from _section("Rollback plan", _plan(report, "rollback"))
    yield from _section("Rollout plan", _plan(report, "rollout"))
    yield from _section("Contacts", _contacts(report))


def title(report: Report) -> str:
    """What the report is called."""
    return f"{report.session.deployment} staging watch"


def _summary(report: Report) -> Iterator[Block]:
    snapshot, session = report.snapshot, report.session
    yield Line(f"{snapshot.verdict.value}: {snapshot.reason}", strong=True)
    yield Table(
        ("", ""),
        (
            ("Branch", session.branch or "not given"),
            ("Window", f"{stamp(session.started_at)} to {stamp(session.ends_at)}"),
            ("This report", f"{stamp(report.since)} to {stamp(report.until)}"),
            ("State as of", stamp(snapshot.now)),
            ("Session", session.id),
            ("Profile", f"{session.profile}, SHA-256 {session.profile_sha256 or 'unknown'}"),
            ("Started by", session.started_by or "unknown"),
            ("Recorder", _recorder(report)),
        ),
    )
    if snapshot.not_saved:
        yield Line(snapshot.not_saved, strong=True)


def _recorder(report: Report) -> str:
    recorder = report.snapshot.recorder
    if recorder.problem:
        return recorder.problem
    last = stamp(recorder.last_reading_at) or "never"
    state = "running" if recorder.alive else "not running"
    return f"{state}, last reading {last}"


def _section(name: str, content: Iterable[Block]) -> Iterator[Block]:
    found = list(content)
    if found:
        yield Heading(name)
        yield from found


def _criteria(report: Report) -> Iterator[Block]:
    if report.snapshot.criteria:
        yield Table(
            ("Criterion", "Kind", "State", "Value", "Limit", "Since", "Coverage", "Why"),
            tuple(_criterion(c, report) for c in report.snapshot.criteria),
        )


def _criterion(criterion: CriterionNow, report: Report) -> tuple[str, ...]:
    value = _value(criterion.value, criterion.unit)
    return (
        criterion.title or criterion.name,
        criterion.kind,
        criterion.state.value,
        f"at least {value}" if value and report.snapshot.is_least(criterion) else value,
        _value(criterion.limit, criterion.unit),
        stamp(criterion.since),
        _share(criterion.coverage),
        criterion.reason,
    )


def _optimisations(report: Report) -> Iterator[Block]:
    score = report.snapshot.score
    if score is None:
        return
    mean = "not known" if score.mean is None else f"{one_decimal(score.mean)} of 100"
    yield Line(f"{score.state.value}: {mean}, at least {score.limit:g}")
    yield Table(
        ("Optimisation", "Score", "Check", "State", "Value", "Passes", "Why"),
        tuple(
            (
                row.name,
                "" if row.score is None else one_decimal(row.score),
                check.name,
                check.state.value,
                _value(check.value, check.unit),
                bounds_of(check.at_least, check.at_most, check.unit) if check.signal else "",
                _check_why(check),
            )
            for row in score.rows
            for check in row.checks
        ),
    )


def _check_why(check: CheckScore) -> str:
    """Who waived it and why, what the signal says, and the profile's remark."""
    waived = f"waived by {check.waived_by}: {check.waived_because}" if check.waived_by else ""
    return "; ".join(filter(None, (waived, check.reason, check.note)))


def _savings(report: Report) -> Iterator[Block]:
    found = report.snapshot.savings
    if found is None or found.per_workspace_month is None:
        return
    days = f"{found.pay_back_days} days" if found.pay_back_days else ""
    yield Table(
        ("", ""),
        (
            ("Calls a day and workspace", f"{found.calls_per_day:g}"),
            ("Before", found.baseline_per_day),
            ("Saved per workspace and month", f"{found.per_workspace_month} {found.currency}"),
            ("Claim", f"{found.claim} {found.currency}"),
            ("Saved a year", f"{found.per_year} {found.currency}, {found.workspaces} workspaces"),
            ("Pays back in", days),
        ),
    )


def _signals(report: Report) -> Iterator[Block]:
    if report.signals:
        yield Table(
            ("Signal", "Readings", "Least", "Mean", "p95", "Most", "Coverage"),
            tuple(
                (
                    s.name,
                    str(s.spread.count),
                    _value(s.low, s.unit),
                    _value(s.spread.mean, s.unit),
                    _value(s.spread.p95, s.unit),
                    _most(s),
                    _share(s.coverage),
                )
                for s in report.signals
            ),
        )
        reasons = defaultdict[str, list[str]](list)
        for signal in report.signals:
            if signal.at_least and signal.spread.count:
                reasons[signal.reason].append(signal.name)
        for reason, names in reasons.items():
            few = "is" if len(names) == 1 else "are"
            yield Line(f"{', '.join(names)} {few} at least that: {reason}.")


def _most(signal: SignalSummary) -> str:
    most = _value(signal.high, signal.unit)
    return f"at least {most}" if most and signal.at_least else most


def _losses(report: Report) -> Iterator[Block]:
    rows = tuple(
        (
            loss.probe,
            stamp(loss.since),
            stamp(loss.until) or "still lasts",
            loss.path,
            loss.cause,
            loss.accepted_by,
        )
        for loss in report.snapshot.losses
        if loss.since < report.until and (loss.until is None or loss.until > report.since)
    )
    if rows:
        yield Line("The counts of these logs are lower bounds.")
        yield Table(("Probe", "From", "To", "File", "Cause", "Accepted by"), rows)


def _patterns(report: Report) -> Iterator[Block]:
    found = [
        (log.probe, p)
        for log in report.snapshot.logs
        for p in log.patterns
        if (p.new or p.level == CRITICAL) and p.first < report.until and p.last >= report.since
    ]
    if len(found) > PATTERNS:
        yield Line(
            f"There are {len(found):,}; the {PATTERNS} most urgent are listed. All of them are in"
            " the JSON export."
        )
        found.sort(key=_urgency)
    if found:
        columns = ("Probe", "Level", "", "Records", "First", "Last", "Pattern", "Newest record")
        yield Table(columns, tuple(_pattern(*each) for each in found[:PATTERNS]))


def _urgency(found: tuple[str, LogPattern]) -> tuple[bool, int, bool, float]:
    """Those that stand for many first, then by level, new ones, and the newest."""
    pattern = found[1]
    return not pattern.other, -RANK.get(pattern.level, 0), not pattern.new, -pattern.last


def _pattern(probe: str, p: LogPattern) -> tuple[str, ...]:
    known = "new" if p.new else "known"
    times = stamp(p.first), stamp(p.last)
    return probe, p.level, known, str(p.count), *times, p.text, p.example


def _acknowledgements(report: Report) -> Iterator[Block]:
    rows = tuple(
        (stamp(a.at), a.by, a.criterion, a.pattern or "all of it", a.reason, stamp(a.until))
        for a in report.session.acknowledgement
        if a.at < report.until and a.until >= report.since
    )
    if rows:
        yield Line("They silence reminders and change no verdict.")
        yield Table(("At", "By", "Criterion", "Of it", "Reason", "Until"), rows)


def _checklist(report: Report) -> Iterator[Block]:
    for phase in report.snapshot.phases:
        done = sum(item.done for item in phase.items)
        yield Line(
            f"{phase.name}, hours {phase.hours[0]:g} to {phase.hours[1]:g}: "
            f"{done} of {len(phase.items)} done"
        )
        if phase.items:
            yield Table(
                ("Item", "State", "By", "At", "Note", "Evidence"),
                tuple(_item(item) for item in phase.items),
            )


def _item(item: ItemNow) -> tuple[str, ...]:
    state = "done" if item.done else "overdue" if item.overdue else "open"
    said = [n.text for n in item.notes]
    if item.done and item.history and item.history[-1].note:
        said.append(item.history[-1].note)
    evidence = [
        f"{e.signal} {_value(e.value, e.unit) if e.value is not None else e.reason or 'no value'}"
        for e in item.evidence
    ]
    return (item.item, state, item.by, stamp(item.at), "; ".join(said), "; ".join(evidence))


def _gates(report: Report) -> Iterator[Block]:
    if report.snapshot.gates:
        words = {State.PASS: "approved", State.FAIL: "rejected", State.PENDING: "pending"}
        yield Table(
            ("Gate", "Reviewer", "Decision", "By", "At", "Reason", "Action required"),
            tuple(
                (
                    g.name,
                    g.reviewer,
                    words.get(g.state, g.state.value),
                    g.by,
                    stamp(g.at),
                    g.reason,
                    g.action,
                )
                for g in report.snapshot.gates
            ),
        )


def _notes(report: Report) -> Iterator[Block]:
    if report.notes:
        yield Table(
            ("At", "By", "About", "Note"),
            tuple((stamp(n.at), n.by, n.item or "the watch", n.text) for n in report.notes),
        )


def _gaps(report: Report) -> Iterator[Block]:
    if not report.gaps:
        yield Line("None.")
        return
    yield Table(
        ("From", "To", "Length", "Probe", "Cause"),
        tuple(
            (
                stamp(g.start),
                stamp(g.end) or "still open",
                format_duration((g.end or report.snapshot.now) - g.start),
                g.probe or "all",
                g.cause,
            )
            for g in report.gaps
        ),
    )


def _events(report: Report) -> Iterator[Block]:
    if report.events:
        yield Table(
            ("At", "What", "Text"), tuple((stamp(e.at), e.kind, e.text) for e in report.events)
        )


def _plan(report: Report, name: str) -> Iterator[Block]:
    plan = report.profile.rollback if name == "rollback" else report.profile.rollout
    if plan.steps:
        yield Table(
            ("Step", "When", "What", "Command"),
            tuple(
                (str(number), step.at, step.text, " ".join(step.run))
                for number, step in enumerate(plan.steps, 1)
            ),
        )


def _contacts(report: Report) -> Iterator[Block]:
    if report.profile.contact:
        yield Table(("Topic", "Who"), tuple((c.topic, c.who) for c in report.profile.contact))


def _value(value: float | None, unit: str) -> str:
    return "" if value is None else format_value(value, unit)


def _share(share: float | None) -> str:
    return "" if share is None else f"{_floor(share * 100):.1f} %"


def _floor(percent: float) -> float:
    # Rounding up could show 95.0 % for a coverage that misses 95 %.
    return int(percent * 10 + 1e-9) / 10
