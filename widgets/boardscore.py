"""The optimisations with the checks that do not pass, and the savings, on the verdict board."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from stagewatch.judge.score import one_decimal
from stagewatch.model import State
from stagewatch.profile.schema import check_key
from stagewatch.profile.values import format_value
from stagewatch.widgets.blocks import MARGIN, Block
from stagewatch.widgets.paint import BLANK, Line, Role, crop, ends, flow, line, run, wrap
from stagewatch.widgets.states import badge
from stagewatch.widgets.view import Row, View
from stagewatch.widgets.words import time_of

if TYPE_CHECKING:
    from stagewatch.judge.savings import SavingsResult
    from stagewatch.judge.score import CheckScore, OptimisationScore

INDENT = 4
SAVINGS: Row = ("savings", "")


def score_blocks(view: View, cursor: Row | None, width: int) -> list[Block]:
    """A row for every optimisation, and one for every check that fails, needs a word, or is
    decided by a signal."""
    assert view.snapshot is not None
    score = view.snapshot.score
    if score is None or not score.rows:
        return []
    mean = "not known yet" if score.mean is None else f"{one_decimal(score.mean)} of 100"
    result = line(*badge(score.state), f"  {mean}", (f"  ≥ {score.limit:g}", Role.DIM))
    room = width - MARGIN
    head = ends(line(("OPTIMISATIONS", Role.ACCENT)), result, room)
    blocks = [Block((head,))]
    for one in score.rows:
        row = ("optimisation", one.name)
        blocks.append(Block(tuple(_optimisation(one, room, here=row == cursor)), row))
        blocks.extend(
            _check_block(one, check, view, cursor, room) for check in one.checks if has_row(check)
        )
    return [*blocks, Block((BLANK,))]


def _optimisation(one: OptimisationScore, room: int, *, here: bool) -> list[Line]:
    score = "?" if one.score is None else one_decimal(one.score)
    passing = sum(1 for check in one.checks if check.counts)
    full = passing == len(one.checks)
    mark = ("✓", Role.GOOD) if full else ("!", Role.WARN)
    figures = line((f"{passing} of {len(one.checks)} checks", Role.DIM), f"  {score:>5}")
    name = line(mark, " ", (one.name, Role.STRONG), (f"  {one.target}", Role.DIM))
    rows = [ends(name, figures, room)]
    if here:
        passed = [check.name for check in one.checks if check.passes and not has_row(check)]
        text = "passes: " + " · ".join(passed) if passed else ""
        text = text if passing else "no check of it passes"
        rows.extend(_indented(list(wrap(text, room - INDENT, Role.DIM))))
    return rows


def check_row(optimisation: str, check: str) -> Row:
    """The row of one check of an optimisation."""
    return ("check", check_key(optimisation, check))


def has_row(check: CheckScore) -> bool:
    """Whether the check has a row of its own: it does not simply pass by a person's word."""
    return check.passes is not True or bool(check.signal)


def _check_block(
    one: OptimisationScore, check: CheckScore, view: View, cursor: Row | None, room: int
) -> Block:
    row = check_row(one.name, check.name)
    act = view.acts.get(row, "")
    (state, role), why = _SAYS[check.state], _why(check)
    first = line((state, role), "  ", check.name)
    aside = line((f"[~] saving {act}", Role.WARN)) if act else _figures(check)
    inner = room - INDENT
    if row == cursor:
        below = [r for text in (why, *_more(check, view.now)) for r in wrap(text, inner, Role.DIM)]
        rows = [ends(first, aside, inner) if aside else first, *below]
    else:
        told = line(*first, (f"  {why}" if why else "", Role.DIM))
        rows = [ends(told, aside, inner) if aside else crop(told, inner)]
    return Block(tuple(_indented(rows)), row)


_SAYS = {
    State.PASS: ("✓ passes", Role.GOOD),
    State.FAIL: ("✖ fails", Role.BAD),
    State.INCONCLUSIVE: ("◌ not verified", Role.WARN),
    State.WAIVED: ("≈ waived", Role.WARN),
}


def _why(check: CheckScore) -> str:
    """Beside the name: who waived it, what the signal says, else the profile's remark."""
    if check.waived_by:
        return f"by {check.waived_by}: {check.waived_because}"
    if not check.signal:
        return check.note
    return check.signal if check.value is not None and not check.turning else check.reason


def _figures(check: CheckScore) -> Line:
    """``93.5 %  ≥ 50 %``: the latest value, and what passes."""
    if not check.signal:
        return BLANK
    value = "no value" if check.value is None else format_value(check.value, check.unit)
    role = Role.PLAIN if check.passes else _SAYS[check.state][1]
    if check.turning:
        role = Role.WARN
    return line((value, role), (f"  {bounds(check)}", Role.DIM))


def bounds(check: CheckScore) -> str:
    """``≥ 50 %``, ``≤ 100``, ``25s to 35s``."""
    low, high = (
        None if bound is None else format_value(bound, check.unit)
        for bound in (check.at_least, check.at_most)
    )
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"≥ {low}" if low is not None else f"≤ {high}"


def _more(check: CheckScore, now: float) -> Iterator[str]:
    """Under the cursor: what the signal says and since when, and the profile's remark."""
    if check.signal and (check.value is not None or check.waived_by):
        since = "" if check.since is None else f", since {time_of(check.since, now)}"
        yield f"{check.reason}{since}"
    if check.note and (check.signal or check.waived_by):
        yield f"note: {check.note}"


def _indented(rows: list[Line]) -> list[Line]:
    return [(run(" " * INDENT), *row) for row in rows]


def money(text: str, currency: str = "") -> str:
    """``41,536.80 EUR``; what is no number stays as it is."""
    try:
        amount = f"{Decimal(text):,.2f}"
    except InvalidOperation:
        amount = text
    return f"{amount} {currency}".strip()


def savings_blocks(view: View, cursor: Row | None, width: int) -> list[Block]:
    """What the change saves, against the claim; one entry of a few rows."""
    snapshot = view.snapshot
    assert snapshot is not None
    if snapshot.savings is None:
        return []
    room = width - MARGIN
    judge = next((c for c in snapshot.criteria if c.rule == "savings"), None)
    state = badge(judge.state) if judge else BLANK
    head = ends(line(("SAVINGS", Role.ACCENT)), state, room)
    rows = _sums(snapshot.savings, room)
    if snapshot.savings.per_workspace_month is None:
        why = judge.reason if judge else "no criterion judges them"
        rows = [line("not known yet", (f"  {why}", Role.DIM)), *rows]
    return [
        Block((head,)),
        Block(tuple(crop(row, room) for row in rows), SAVINGS),
        Block((BLANK,)),
    ]


def _sums(found: SavingsResult, room: int) -> list[Line]:
    """The sums in as few rows as they fit into."""
    before = _calls(found.baseline_per_day)
    claim = line(("claim ", Role.DIM), money(found.claim, found.currency))
    tolerance = line(
        ("tolerance ", Role.DIM), money(found.tolerance) if found.tolerance else "none"
    )
    if found.per_workspace_month is None or found.calls_per_day is None:
        baseline = line(("before ", Role.DIM), f"{before} calls a day") if before else BLANK
        return flow((baseline, claim, tolerance), room, rows=3)
    saved = line(
        (money(found.per_workspace_month, found.currency), Role.STRONG),
        (" per workspace and month", Role.DIM),
    )
    calls = line(
        f"{_calls(str(found.calls_per_day))} calls a day", (f" instead of {before}", Role.DIM)
    )
    margin = line(("margin ", Role.DIM), _signed(found.margin or "0"))
    year = line(
        money(found.per_year or "", found.currency),
        (f" a year for {_spaces(found.workspaces)}", Role.DIM),
    )
    back = found.pay_back_days
    paid = line(("pays back in ", Role.DIM), f"{back} days") if back else BLANK
    first = flow((saved, claim, margin, tolerance), room, rows=2)
    return [*first, *flow((calls, year, paid), room, rows=2)]


def _spaces(count: int) -> str:
    return "1 workspace" if count == 1 else f"{count:,} workspaces"


def _signed(text: str) -> str:
    amount = money(text)
    return amount if amount.startswith("-") else f"+{amount}"


def _calls(text: str) -> str:
    """A count of calls, with thousands apart."""
    try:
        return f"{Decimal(text).normalize():,f}"
    except InvalidOperation:
        return text
