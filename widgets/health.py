"""The health pane: is it up, how reliably, what it says about itself, and every other probe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stagewatch.model import Result
from stagewatch.profile.derived import DERIVED
from stagewatch.profile.drills import DRILL
from stagewatch.profile.values import format_value
from stagewatch.widgets.box import Frame, frame
from stagewatch.widgets.paint import BLANK, Line, Role, crop, ends, fit, flow, join, line, wrap
from stagewatch.widgets.pane import Pane
from stagewatch.widgets.subjects import main_probe, title_of
from stagewatch.widgets.view import View, failing, kept, late, over, probe_of
from stagewatch.widgets.words import ago, coarse, plural, span, time_of

if TYPE_CHECKING:
    from stagewatch.snapshot import ProbeNow, SignalNow, Snapshot

HAPPENED = 4
"""Rows that are left to the latest events, the blank above them included."""
_OWN = frozenset(
    (
        "ok",
        "latency",
        "http_status",
        "address",
        "failure",
        "phase",
        "timed_out",
        "deadline",
        "tls",
        "unexpected",
    )
) | {f"phase_{name}" for name in ("resolve", "connect", "tls", "first_byte", "body")}
"""Signals and facts that the headline shows, or that nobody needs at a glance."""

OVER = "◌ over"
"""The state of a probe once the watch is over, where its last reading was as expected."""


def state_of(probe: ProbeNow, now: float) -> tuple[str, Role]:
    """The state of a probe as a mark and a word."""
    if probe.result is None:
        return "○ waiting", Role.DIM
    if probe.result is Result.ERROR:
        return "✖ DOWN", Role.BAD
    if probe.result is Result.NO_DATA:
        return "✖ BAD ANSWER" if probe.kind == "http" else "✖ NO DATA", Role.BAD
    if late(probe, now):
        return (OVER, Role.DIM) if over(probe, now) else ("◌ LATE", Role.WARN)
    if probe.result is Result.SKIPPED:
        return "◌ skipped", Role.WARN
    return ("● healthy" if probe.kind == "http" else "● ok"), Role.GOOD


def _well(probe: ProbeNow, now: float) -> bool:
    word, role = state_of(probe, now)
    return role is Role.GOOD or word == OVER


def took_text(seconds: float) -> str:
    """``12 ms``; below one millisecond ``<1 ms``, which is not nothing."""
    return format_value(round(seconds * 1000), "ms") if seconds >= 0.001 else "<1 ms"


def headline(probe: ProbeNow, now: float) -> Line:
    """``● healthy  200  12 ms``."""
    word, role = state_of(probe, now)
    parts = [line((word, role))]
    status = probe.facts.get("http_status")
    if status is not None:
        parts.append(line(str(status)))
    if probe.took is not None and probe.result in (Result.VALUE, Result.NO_DATA):
        parts.append(line(took_text(probe.took)))
    age = overdue_age(probe, now)
    return join([*parts, age] if age else parts)


def overdue_age(probe: ProbeNow, now: float) -> Line:
    """``tried 3s ago`` while it fails, ``4m12s ago`` when it is old; otherwise nothing.

    A fresh reading needs no age, and one that counts the seconds is sent again every second.
    """
    if probe.at is None:
        return BLANK
    if failing(probe):
        return line((f"tried {ago(probe.at, now)}", Role.DIM))
    if not late(probe, now):
        return BLANK
    return line((ago(probe.at, now), Role.DIM if over(probe, now) else Role.WARN))


def availability(probe: ProbeNow, now: float, *, brief: bool = False) -> tuple[Line, ...]:
    """``up 99.93 % of 1,574 readings`` and ``last failure 09:12, for 2m``, where there was one."""
    if not probe.total:
        return (line(("no reading yet", Role.DIM)),)
    failed = probe.total - probe.good
    # Rounding must not turn a failure into perfection.
    share = "100 %" if not failed else f"{min(100 * probe.good / probe.total, 99.99):.2f} %"
    count = "" if brief else f" of {plural(probe.total, 'reading')}"
    up = line(("up ", Role.DIM), share, (count, Role.DIM))
    if probe.last_failure is None:
        return (up,)
    word = "failing since " if failing(probe) else "last failure "
    when = time_of(probe.last_failure, now)
    return up, line((word, Role.DIM), when, (f", for {span(probe.failed_for)}", Role.DIM))


def said(snapshot: Snapshot, probe: ProbeNow, now: float, width: int) -> list[Line]:
    """What the answer said about itself, subject by subject: ``db  ok  in use 12/80``."""
    if probe.result is None:
        return []
    prefix = f"{probe.name}."
    groups: dict[str, list[Line]] = {}
    stale: dict[str, float] = {}
    for name, fact in probe.facts.items():
        if name not in _OWN:
            group, _, rest = name.partition("_")
            label = "" if rest in ("", "status", "state") else f"{rest} "
            role = Role.GOOD if str(fact) in ("ok", "healthy", "connected") else Role.PLAIN
            groups.setdefault(group, []).insert(0, line((label, Role.DIM), (str(fact), role)))
    for name, signal in snapshot.signals.items():
        key = name.removeprefix(prefix)
        if name.startswith(prefix) and key not in _OWN:
            group, _, rest = key.partition("_")
            groups.setdefault(group, []).extend(_number(snapshot, signal, rest))
            if signal.value is None and signal.last_value_at is not None:
                stale[group] = max(stale.get(group, 0.0), now - signal.last_value_at)
    wide = max((len(group) for group in groups), default=0) + 2
    lines: list[Line] = []
    for group, parts in groups.items():
        aged = [(*_age(stale.get(group)), *parts[0]), *parts[1:]] if parts else []
        rows = flow(aged, max(8, width - wide), rows=3)
        for label, row in zip((group, "", ""), rows, strict=False):
            lines.append(line((label.ljust(wide), Role.DIM), *row))
    return lines


def _age(seconds: float | None) -> Line:
    """``15m ago: `` before values that are not from the last reading."""
    return line((f"{coarse(seconds)} ago: ", Role.WARN)) if seconds is not None else BLANK


def _number(snapshot: Snapshot, signal: SignalNow, rest: str) -> Iterator[Line]:
    """A signal beside its subject; a maximum is shown with what is used of it."""
    if rest in ("max", "size") and _sibling(snapshot, signal, ("used", "in_use")):
        return
    label = f"{rest.replace('_', ' ')} " if rest else ""
    value = signal.value if signal.value is not None else signal.last_value
    if value is None:
        probe = probe_of(snapshot, signal.name)
        if probe is not None and not failing(probe):
            yield line((label, Role.DIM), ("n/a", Role.WARN))
        return
    text = format_value(value, signal.unit)
    most = _sibling(snapshot, signal, ("max", "size")) if rest in ("used", "in_use") else None
    bound = (most.value if most.value is not None else most.last_value) if most else None
    if bound is None:
        yield line((label, Role.DIM), text)
    else:
        yield line(("in use ", Role.DIM), f"{text}/{format_value(bound)}")


def _sibling(snapshot: Snapshot, signal: SignalNow, endings: tuple[str, ...]) -> SignalNow | None:
    """The signal with the same stem and another ending: ``db_used`` and ``db_max``."""
    stem = signal.name.rpartition("_")[0].removesuffix("_in")
    names = (f"{stem}_{ending}" for ending in endings)
    return next((snapshot.signals[name] for name in names if name in snapshot.signals), None)


def others(
    snapshot: Snapshot, shown: ProbeNow, now: float, width: int, rows: int = 99
) -> list[Line]:
    """The other probes, a line each; where they do not fit, those first that are not well, and how
    many more there are. What is worked out of them, or what a person ran, is no probe."""
    probes = [
        probe
        for probe in snapshot.probes.values()
        if probe is not shown and probe.kind not in (DERIVED, DRILL)
    ]
    rest: list[ProbeNow] = []
    if len(probes) > rows:
        probes.sort(key=lambda probe: _well(probe, now))
        most = max(0, rows - 1)
        probes, rest = probes[:most], probes[most:]
    wide = max((len(state_of(probe, now)[0]) for probe in probes), default=0)
    lines = []
    for probe in probes:
        word, role = state_of(probe, now)
        age = overdue_age(probe, now)
        detail = BLANK
        if failing(probe):
            detail = line((f"  {probe.reason}", Role.DIM))
        elif probe.kind == "http" and probe.took is not None:
            detail = line((f"  {took_text(probe.took)}", Role.DIM))
        name = title_of(probe)
        lines.append(ends(line((word.ljust(wide), role), "  ", name, *detail), age, width))
    if rest:
        well = all(_well(probe, now) for probe in rest)
        words = (", all well", Role.DIM) if well else (", not all well", Role.WARN)
        lines.append(line((f"and {len(rest)} more", Role.DIM), words))
    return lines


def happened(snapshot: Snapshot, now: float, width: int, height: int) -> list[Line]:
    """The latest events, newest first, in at most ``height`` rows."""
    rows: list[Line] = []
    for event in snapshot.events:
        if len(rows) >= height:
            break
        when = f"{time_of(event.at, now)}  "
        room = min(2, height - len(rows))
        first, *rest = wrap(event.text, width - len(when), rows=room) or (BLANK,)
        rows.append(line((when, Role.DIM), *first))
        rows.extend(line(" " * len(when), *row) for row in rest)
    return rows


def health_lines(view: View, width: int, height: int) -> list[Line]:
    """The body of the health pane."""
    snapshot = view.snapshot
    if snapshot is None:
        return [line(("waiting for the first reading", Role.DIM))]
    probe = main_probe(snapshot)
    if probe is None:
        return [line(("this profile asks no health endpoint", Role.DIM))]
    now = view.now
    if height <= 2:
        return _short(snapshot, probe, now, width)
    reason = wrap(probe.reason, width, Role.BAD, rows=3)
    lines = [headline(probe, now), *reason, *availability(probe, now)]
    if (part := said(snapshot, probe, now, width)) and len(lines) + 2 <= height:
        lines.extend([BLANK, *part])
    room = height - len(lines) - 1
    part = others(snapshot, probe, now, width, max(room - HAPPENED, room // 2))
    if part and room > 0:
        lines.extend([BLANK, *part])
    if latest := happened(snapshot, now, width, height - len(lines) - 1):
        lines.extend([BLANK, *latest])
    return [crop(row, width) for row in lines]


def _short(snapshot: Snapshot, probe: ProbeNow, now: float, width: int) -> list[Line]:
    """Two rows: the state and its reliability; then what is wrong, else what the answer said."""
    first = fit((headline(probe, now), *availability(probe, now, brief=True)), width)
    if probe.reason:
        return [first, crop(line((probe.reason, Role.BAD)), width)]
    rows = others(snapshot, probe, now, width)
    bad = [row for row in rows if row[0][1] in (Role.BAD, Role.WARN)]
    return [first, bad[0] if bad else fit(said(snapshot, probe, now, width), width, "   ")]


@kept
def _all_drawn(snapshot: Snapshot) -> object:
    """What the pane shows, beside ages."""
    main = main_probe(snapshot)
    own = f"{main.name}." if main else ""
    return (
        [_drawn(probe, whole=probe is main) for probe in snapshot.probes.values()],
        [_value(s) for name, s in snapshot.signals.items() if own and name.startswith(own)],
        snapshot.events,
    )


def _drawn(probe: ProbeNow, *, whole: bool) -> object:
    """What the pane shows of a probe, beside its age."""
    took = took_text(probe.took) if probe.took is not None else ""
    if not whole:
        return probe.title, probe.result, probe.reason, took if probe.kind == "http" else ""
    counts = probe.good, probe.total, probe.last_failure, probe.failed_for
    facts = {name: fact for name, fact in probe.facts.items() if name not in _OWN}
    return (
        probe.title,
        probe.result,
        probe.reason,
        took,
        counts,
        facts,
        probe.facts.get("http_status"),
    )


def _value(signal: SignalNow) -> object:
    """What the pane shows of a signal, beside its age."""
    return signal.value, signal.last_value, signal.value is None and signal.last_value_at


@kept
def _stale(snapshot: Snapshot) -> bool:
    """Whether a value is shown with its age, since the last answer had none."""
    main = main_probe(snapshot)
    if main is None or main.result is None:
        return False
    own = (s for name, s in snapshot.signals.items() if name.startswith(f"{main.name}."))
    return any(s.value is None and s.last_value_at is not None for s in own)


class HealthPane(Pane, can_focus=True):
    """Whether the deployment answers, and what it says about itself."""

    PACE = 60.0

    def about(self, snapshot: Snapshot) -> object:
        return _all_drawn(snapshot)

    def moment(self, view: View) -> object:
        """Which probes are late; what is late or fails shows how long ago it was asked."""
        if view.snapshot is None:
            return None
        probes = view.snapshot.probes.values()
        aged = tuple(late(probe, view.now) for probe in probes)
        counts = any(aged) or any(map(failing, probes)) or _stale(view.snapshot)
        return aged, view.now // 5 if counts else None

    def lines(self, view: View, width: int, height: int) -> list[Line]:
        probe = main_probe(view.snapshot) if view.snapshot else None
        title = line(("health", Role.STRONG))
        if probe is not None and title_of(probe) != "health":
            title = line(("health", Role.STRONG), (f" · {title_of(probe)}", Role.DIM))
        how = Frame(title, boxed=not view.compact, focused=self.has_focus)
        return frame(how, health_lines(view, *how.room(width, height)), width, height)
