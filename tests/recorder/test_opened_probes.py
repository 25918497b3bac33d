"""What the recorder hands to the probes that it opens."""

from __future__ import annotations

from pathlib import Path

from stagewatch.clock import SystemClock
from stagewatch.model import Result
from stagewatch.probes import InstalledKinds
from stagewatch.profile.load import loads
from stagewatch.recorder.past import Past
from stagewatch.recorder.run import open_probes
from stagewatch.session.document import Instant, Session

PROFILE = """
version = 1
[deployment]
name = "staging"
window = "24h"
[probe.errors]
kind = "log"
path = "error.log"
"""


async def test_a_log_that_is_first_looked_at_long_after_the_watch_began_is_read(
    tmp_path: Path,
) -> None:
    """The start of the watch becomes part of the checkpoint, so it has to be a plain number."""
    (tmp_path / "error.log").write_text("2026-01-01 00:00:00,000 INFO  [x] before\n")
    clock = SystemClock()
    started = Instant(clock.now() - 3600)
    session = Session(
        id="s",
        profile="staging",
        deployment="staging",
        base=str(tmp_path),
        started_at=started,
        ends_at=Instant(9e9),
    )
    profile = loads(PROFILE, tmp_path / "staging.toml", InstalledKinds())
    (probe,) = open_probes(profile, session, Past(), clock)
    reading = await probe.read()
    await probe.aclose()
    assert reading is not None
    assert reading.result is Result.VALUE, reading.reason
    assert reading.checkpoint is not None
    assert reading.facts["loss_since"] == float(started)
