"""How a criterion's state is marked and coloured; its word is always shown beside it."""

from __future__ import annotations

from stagewatch.model import State
from stagewatch.widgets.paint import Line, Role, line


def role_of(state: State) -> Role:
    """The role that goes with a state."""
    match state:
        case State.PASS:
            return Role.GOOD
        case State.FAIL:
            return Role.BAD
        case State.WARN | State.WAIVED:
            return Role.WARN
        case State.INCONCLUSIVE | State.PENDING:
            return Role.DIM


MARKS = {
    State.PASS: "✓",
    State.WARN: "!",
    State.FAIL: "✖",
    State.INCONCLUSIVE: "◌",
    State.WAIVED: "≈",
    State.PENDING: "·",
}


def badge(state: State) -> Line:
    """``✓ PASS``: the mark and the word, in the state's colour."""
    return line((f"{MARKS[state]} {state.value}", role_of(state)))
