"""How a criterion's state is coloured; its word is always shown beside it."""

from __future__ import annotations

from stagewatch.model import State
from stagewatch.widgets.paint import Role


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
