"""A judgement is kept while it cannot differ, and is never older than what it hangs on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from stagewatch.judge.standing import Stand, Standing
from stagewatch.judged import LATE
from stagewatch.judgements import FRESH, Ground, Judgements
from stagewatch.model import State
from stagewatch.probes import InstalledKinds
from stagewatch.profile.load import load
from stagewatch.session import edits
from stagewatch.session.document import Instant, Session

START = 1_700_000_000.0
TEXT = """
version = 1
[deployment]
name = "staging"
[probe.health]
kind = "http"
url = "http://127.0.0.1:1/health"
every = "30s"
[nogo.slow]
rule = "average"
title = "slow API"
signal = "health.latency"
limit = "500ms"
"""


@pytest.fixture
def kept(tmp_path: Path) -> Judgements:
    """Of a profile with one rule."""
    path = tmp_path / "staging.toml"
    path.write_text(TEXT)
    return Judgements(load(path, InstalledKinds()))


def ground(at: float = 0.0, state: State = State.PASS) -> Ground:
    """A watch of a day with one criterion, judged ``at`` seconds after its start."""
    session = Session(
        id="one",
        profile="staging",
        deployment="staging",
        started_at=Instant(START),
        ends_at=Instant(START + 86_400),
    )
    stand = Stand(state, "", "as it is", 600.0, START, latched=state is State.FAIL)
    return Ground(session, Standing(START + at, False, "", "", {"slow": stand}), True, "")


def test_it_is_kept_while_nothing_changes(kept: Judgements) -> None:
    """And not for ever: a time of day is worded with its date on the next day."""
    same = ground()
    first = kept.at(same, START + 1)
    assert kept.at(same, START + FRESH) is first
    assert kept.at(same, START + 1 + FRESH) is not first


OTHERS: dict[str, Callable[[Ground], Ground]] = {
    "session": lambda g: replace(
        g, session=edits.pause(g.session, "a look", by="ann", at=START + 2)
    ),
    "standing": lambda g: replace(g, standing=ground(state=State.FAIL).standing),
    "recorder": lambda g: replace(g, alive=False),
    "profile": lambda g: replace(g, sha256="edited"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_it_is_worked_out_again_when_what_it_hangs_on_is_another(
    kept: Judgements, other: str
) -> None:
    before = ground()
    first = kept.at(before, START + 1)
    assert kept.at(OTHERS[other](before), START + 2) is not first


def test_time_alone_ends_a_waiver(kept: Judgements) -> None:
    failed = ground(state=State.FAIL)
    session = edits.waive(
        failed.session, "slow", "known", until=START + 20, by="eve", at=START + 5, state="FAIL"
    )
    waived = replace(failed, session=session)

    def state(at: float) -> State:
        return kept.at(waived, START + at).criteria[0].state

    assert [state(4), state(6), state(19), state(21)] == [
        State.FAIL,
        State.WAIVED,
        State.WAIVED,
        State.FAIL,
    ]


def test_how_long_nobody_has_judged_is_never_old(kept: Judgements) -> None:
    silent = ground()
    fresh = kept.at(silent, START + LATE - 1)
    first, second = (kept.at(silent, START + LATE + more) for more in (1, 3))
    assert "has not judged" not in fresh.criteria[0].reason
    assert "has not judged for 2m1s" in first.criteria[0].reason
    assert "has not judged for 2m3s" in second.criteria[0].reason


def test_the_window_ends_by_itself(kept: Judgements) -> None:
    last = ground(86_399)
    before = kept.at(last, START + 86_399)
    assert kept.turn == START + 86_400
    assert kept.at(last, START + 86_400) is not before
