"""The top of the screen: deployment and clock, the verdict, and what must not be overlooked."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from stagewatch.model import State, Verdict
from stagewatch.widgets.paint import (
    BLANK,
    Line,
    Role,
    crop,
    ends,
    fill,
    line,
    run,
    width_of,
    wrap,
)
from stagewatch.widgets.pane import Pane
from stagewatch.widgets.patterns import all_known
from stagewatch.widgets.view import View
from stagewatch.widgets.words import ago, hms, span, time_of

if TYPE_CHECKING:
    from stagewatch.snapshot import CriterionNow, Snapshot

WIDE = 100
"""From this width on, the banner takes one row for the deployment and the clock together."""
NAMED = 3
"""Criteria that a reminder names."""
_BADGES = {
    Verdict.GO: Role.BADGE_GOOD,
    Verdict.NO_GO: Role.BADGE_BAD,
    Verdict.HOLD: Role.BADGE_WARN,
    Verdict.INCONCLUSIVE: Role.BADGE_WARN,
}


def clock_of(snapshot: Snapshot, now: float) -> Line:
    """``13:07:12 · 10:52:48 left``, or how long the window has been over."""
    session = snapshot.session
    if now >= session.ends_at:
        return line((f"window over since {time_of(session.ends_at, now)}", Role.STRONG))
    left = f" · {hms(session.ends_at - now)} left"
    return line((hms(now - session.started_at), Role.STRONG), (left, Role.DIM))


def progress(snapshot: Snapshot, now: float, width: int) -> Line:
    """The window as a bar: heavy for what has gone by, light for what is to come."""
    session = snapshot.session
    whole = session.ends_at - session.started_at
    share = min(1.0, max(0.0, (now - session.started_at) / whole)) if whole > 0 else 1.0
    gone = int(share * width)
    return line(("━" * gone, Role.ACCENT), ("─" * (width - gone), Role.BORDER))


def header_lines(view: View, width: int) -> list[Line]:
    """Deployment, branch, progress and clock: one row where there is room, else two."""
    inner = width - 2
    brand = line(("stagewatch", Role.ACCENT))
    if view.snapshot is None:
        rows = [ends(brand, BLANK, inner)]
    else:
        rows = _header(view.snapshot, view.now, brand, inner, wide=width >= WIDE)
    return [((" ", Role.PLAIN), *fill(row, inner), (" ", Role.PLAIN)) for row in rows]


def _header(snapshot: Snapshot, now: float, brand: Line, inner: int, *, wide: bool) -> list[Line]:
    session = snapshot.session
    clock = clock_of(snapshot, now)
    room = inner - width_of(clock) - 2
    if not wide:
        named = crop((*brand, run("  "), *_named(session.deployment, session.branch)), inner)
        return [named, (*progress(snapshot, now, max(4, room)), run("  "), *clock)]
    left = _left(brand, session.deployment, session.branch, room - 12)
    bar = progress(snapshot, now, room - width_of(left) - 2)
    return [(*left, run("  "), *bar, run("  "), *clock)]


def _named(deployment: str, branch: str) -> Line:
    return line((deployment, Role.STRONG), *(((" · ", Role.DIM), branch) if branch else ()))


@lru_cache(4)
def _left(brand: Line, deployment: str, branch: str, room: int) -> Line:
    """What stands before the bar; kept, since the clock beside it is drawn every second."""
    return crop((*brand, run("  "), *_named(deployment, branch)), room)


def review_of(view: View, *, short: bool = False) -> Line:
    """``next review 18:00, in 4h52m``, or ``review 18:00``."""
    at = view.snapshot.next_review if view.snapshot else None
    if at is None:
        return BLANK
    if at <= view.now:
        return line((f"review due since {time_of(at, view.now)}", Role.WARN))
    if short:
        return line(("review ", Role.DIM), time_of(at, view.now))
    # Minutes are enough until the last one: a number that changes every second draws the eye.
    left = at - view.now
    rest = span(left - left % 60 if left >= 60 else left)
    return line(("next review ", Role.DIM), time_of(at, view.now), (f", in {rest}", Role.DIM))


def verdict_lines(view: View, width: int, rows: int = 3, *, review: bool = True) -> list[Line]:
    """The verdict as a badge, its reason in at most ``rows`` rows, the next review at the right."""
    snapshot = view.snapshot
    if snapshot is None:
        return [line(" ", (" … ", Role.BADGE_DIM), ("  opening the record", Role.DIM))]
    badge = line(" ", (f" {snapshot.verdict.value} ", _BADGES[snapshot.verdict]), "  ")
    indent = width_of(badge)
    reviews = (review_of(view), review_of(view, short=True)) if review else (BLANK,)
    for due in reviews:
        aside: Line = (*due, run(" ")) if due else BLANK
        beside = width - indent - (width_of(aside) + 2 if aside else 1)
        reason = wrap(snapshot.reason, max(10, beside)) or (BLANK,)
        if len(reason) == 1:
            return [ends((*badge, *reason[0]), aside, width)]
    first, *rest = wrap(snapshot.reason, width - indent - 1, rows=rows)
    below = [(run(" " * indent), *row) for row in rest]
    return [(*badge, *first), *_with_review(below, reviews, width, room=rows - 1)]


def _with_review(
    below: list[Line], reviews: tuple[Line, ...], width: int, *, room: int
) -> list[Line]:
    """The rows below the first, the next review at the right of the last or in one more: in the
    longest words that fit."""
    if not reviews[0]:
        return below
    asides = [(*review, run(" ")) for review in reviews]
    for aside in asides:
        if below and width_of(below[-1]) + width_of(aside) + 2 <= width:
            return [*below[:-1], ends(below[-1], aside, width)]
    if len(below) < room:
        return [*below, ends(BLANK, asides[0], width)]
    return [*below[:-1], ends(below[-1], asides[-1], width)]


def alert_lines(view: View, width: int, *, reminders: bool = True) -> list[Line]:
    """One line for everything that must not be overlooked; none when there is nothing.

    Without ``reminders``, what failed is left out: the verdict board shows it anyway.
    """
    alerts: list[tuple[str, Role]] = []
    if view.unreadable:
        alerts.append((f"✖ CANNOT READ THE RECORD · {view.unreadable}", Role.BADGE_BAD))
    if view.snapshot is not None:
        alerts.extend(_recording_alerts(view.snapshot, view.now))
        alerts.extend(_reminder(view.snapshot) if reminders else ())
    unsaved = view.unsaved or (view.snapshot.not_saved if view.snapshot else "")
    if unsaved:
        alerts.append((f"✖ {unsaved}", Role.BADGE_BAD))
    alerts.extend(
        (notice.text, Role.BADGE_WARN if notice.bad else Role.BADGE_DIM)
        for notice in view.notices
        if notice.until > view.now
    )
    lines: list[Line] = []
    for text, role in alerts:
        rows = list(wrap(text, width - 3, role, rows=3))
        lines.extend(
            ((" ", Role.PLAIN), *fill((run(" ", role), *row), width - 2, role=role)) for row in rows
        )
    return lines


def _reminder(snapshot: Snapshot) -> list[tuple[str, Role]]:
    """What failed or warns and nobody has acknowledged."""
    loud = [
        criterion
        for criterion in snapshot.criteria
        if criterion.state in (State.FAIL, State.WARN)
        if not _is_acknowledged(criterion) and not all_known(snapshot, criterion)
    ]
    if not loud:
        return []
    failed = any(criterion.state is State.FAIL for criterion in loud)
    loud.sort(key=lambda criterion: criterion.state is not State.FAIL)
    named = ", ".join(f"{c.title} {c.state}" for c in loud[:NAMED])
    more = f" and {len(loud) - NAMED} more" if len(loud) > NAMED else ""
    mark = "✖" if failed else "!"
    text = f"{mark} not acknowledged: {named}{more} · v shows why, a there silences it"
    return [(text, Role.BADGE_BAD if failed else Role.BADGE_WARN)]


def _is_acknowledged(criterion: CriterionNow) -> bool:
    """An older incident's silence is not that of the newest one."""
    known = criterion.acknowledged
    return known is not None and (criterion.incident or 0.0) <= known.at


def _recording_alerts(snapshot: Snapshot, now: float) -> list[tuple[str, Role]]:
    """Why readings are not coming in, when they are not."""
    session, recorder = snapshot.session, snapshot.recorder
    if session.state == "stopped":
        when = f" at {time_of(session.stopped_at, now)}" if session.stopped_at else ""
        by = f" by {session.stopped_by}" if session.stopped_by else ""
        return [(f"recording stopped{by}{when}; the record stays", Role.BADGE_DIM)]
    alerts: list[tuple[str, Role]] = []
    if not recorder.alive and now < session.ends_at:
        last = recorder.last_reading_at
        since = f"last reading {time_of(last, now)}, {ago(last, now)}" if last else "no reading yet"
        alerts.append((f"✖ NOT RECORDING · no recorder runs · {since}", Role.BADGE_BAD))
    if recorder.problem:
        alerts.append((f"✖ RECORDER · {recorder.problem}", Role.BADGE_BAD))
    if snapshot.paused:
        alerts.append(
            (f"‖ {snapshot.paused.replace('paused', 'PAUSED', 1)} · p resumes", Role.BADGE_WARN)
        )
    return alerts


class Header(Pane):
    """The deployment and the clock."""

    def ticks(self, view: View) -> bool:
        return True

    def lines(self, view: View, width: int, height: int) -> list[Line]:
        return header_lines(view, width)

    def about(self, snapshot: Snapshot) -> object:
        return snapshot.session

    def wanted_height(self, view: View, width: int) -> int:
        return 1 if view.snapshot is None or width >= WIDE else 2


class VerdictBar(Pane):
    """The verdict and why, in so many rows at most, and when the next review is."""

    PACE = 60.0

    def __init__(self, rows: int = 3, *, review: bool = True) -> None:
        super().__init__()
        self._rows, self._review = rows, review

    def about(self, snapshot: Snapshot) -> object:
        return snapshot.verdict, snapshot.reason, snapshot.next_review

    def moment(self, view: View) -> object:
        at = view.snapshot.next_review if view.snapshot else None
        left = at - view.now if at is not None else 0.0
        return at, left // 60 if left >= 60 else left // 5 if left > 0 else -1

    def lines(self, view: View, width: int, height: int) -> list[Line]:
        return verdict_lines(view, width, self._rows_in(view), review=self._review)

    def wanted_height(self, view: View, width: int) -> int:
        return len(verdict_lines(view, width, self._rows_in(view), review=self._review))

    def _rows_in(self, view: View) -> int:
        return min(self._rows, 3) if view.compact else self._rows


class AlertBar(Pane):
    """What must not be overlooked; takes no room when there is nothing."""

    PACE = 3600.0

    def __init__(self, *, reminders: bool = True) -> None:
        super().__init__()
        self._reminders = reminders

    def about(self, snapshot: Snapshot) -> object:
        recorder = snapshot.recorder
        seen = recorder.problem if recorder.alive else recorder
        told = snapshot.paused, snapshot.not_saved, _reminder(snapshot)
        return snapshot.session, seen, told

    def ticks(self, view: View) -> bool:
        """While it counts the seconds since the last reading."""
        return view.snapshot is not None and not view.snapshot.recorder.alive

    def moment(self, view: View) -> object:
        if self.ticks(view):
            return view.now // 1
        return view.now >= view.snapshot.session.ends_at if view.snapshot else None

    def lines(self, view: View, width: int, height: int) -> list[Line]:
        return alert_lines(view, width, reminders=self._reminders)

    def wanted_height(self, view: View, width: int) -> int:
        return len(alert_lines(view, width, reminders=self._reminders))


class TooSmall(Pane):
    """All that a very small terminal gets: the verdict, and the size that the screen needs."""

    PACE = 3600.0

    def about(self, snapshot: Snapshot) -> object:
        return snapshot.verdict

    def lines(self, view: View, width: int, height: int) -> list[Line]:
        verdict = view.snapshot.verdict.value if view.snapshot else "stagewatch"
        text = f"{verdict} · needs 60×16, this terminal is {width}×{height}"
        return list(wrap(text, width))
