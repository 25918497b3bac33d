"""Recorded sessions to judge: a real session, a real history, fabricated readings."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from stagewatch.history import HistoryWriter
from stagewatch.judge.watchtime import WatchTime
from stagewatch.paths import sessions_dir
from stagewatch.probes import InstalledKinds, signals_of
from stagewatch.profile.load import load
from stagewatch.session import edits
from stagewatch.session.document import Instant, Session
from stagewatch.session.store import SessionStore
from stagewatch.trials.fabricate import readings_of
from stagewatch.trials.schema import Expectation, Series, Trial

START = 1_767_225_600.0
HOURS = 2
PROFILE = """
version = 1
[deployment]
name = "staging"
window = "2h"
review_every = "1h"
[probe.health]
kind = "http"
url = "http://127.0.0.1:1/health"
every = "30s"
read = { orphans = "orphans" }
[nogo.sockets]
rule = "held"
title = "orphaned sockets"
signal = "health.orphans"
limit = 100
[nogo.slow]
rule = "average"
title = "slow API"
signal = "health.latency"
limit = "500ms"
"""


class _Still:
    def now(self) -> float:
        return START

    boot = monotonic = now

    async def sleep(self, seconds: float) -> None: ...


def make_record(readings: Sequence[Series] = (), *, text: str = PROFILE) -> Path:
    """The folder of a session whose window is over, with these readings in its history."""
    name = "staging-20260101-000000"
    folder = sessions_dir(os.environ) / name
    folder.mkdir(parents=True)
    (folder / "profile.toml").write_text(text)
    session = Session(
        id=name,
        profile="staging",
        deployment="staging",
        started_at=Instant(START),
        ends_at=Instant(START + HOURS * 3600),
    )
    SessionStore(folder).create(edits.confirm(session, "GO", by="ann", at=START + HOURS * 3600))
    profile = load(folder / "profile.toml", InstalledKinds())
    trial = Trial(name="x", others="healthy", readings=list(readings), expect=[Expectation()])
    writer = HistoryWriter(folder / "history.db", _Still())
    signals = signals_of(profile.probe)
    for probe, config in profile.probe.items():
        own = [s for name, s in signals.items() if name.startswith(f"{probe}.")]
        writer.declare(probe, config.kind, config.every, own)
    for reading in readings_of(profile, trial, WatchTime(START), HOURS * 3600):
        writer.add(reading)
    assert writer.flush(20)
    writer.close()
    return folder


@pytest.fixture
def record() -> Callable[..., Path]:
    """Makes a recorded session."""
    return make_record


@pytest.fixture
def profile_text() -> str:
    """The profile that records are made by."""
    return PROFILE
