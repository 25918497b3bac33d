"""The polling validation, where the probe that looks into the source does what it should not."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest

from stagewatch.clock import SystemClock
from stagewatch.drills import validations
from stagewatch.drills.ground import Ground
from stagewatch.model import Reading
from stagewatch.probes.files import FilesConfig
from stagewatch.profile.drills import Polling
from stagewatch.profile.schema import Deployment, Profile
from stagewatch.profile.values import Duration


class Misbehaving:
    """A probe that hangs, or raises."""

    name, every, deadline = "hooks", 60.0, 0.05

    def __init__(self, *, hangs: bool) -> None:
        self.closed = False
        self._hangs = hangs

    async def read(self) -> Reading | None:
        if self._hangs:
            await asyncio.sleep(3600)
        raise RuntimeError("a defect")

    async def aclose(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("hangs", "says"), [(True, "not done after"), (False, "RuntimeError: a defect")]
)
async def test_a_probe_that_hangs_or_raises_is_a_named_outcome(
    hangs: bool, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for ever, and there is no traceback; the probe is closed."""
    probe = Misbehaving(hangs=hangs)
    kind = SimpleNamespace(open=lambda *given: probe)
    monkeypatch.setattr("stagewatch.drills.polling.probe_kind", lambda name: kind)
    hooks = FilesConfig(kind="files", every=Duration(60), paths=["src"], patterns=["30000"])
    profile = Profile(version=1, deployment=Deployment(name="staging"), probe={"hooks": hooks})
    drill = Polling(source="hooks.lines")
    outcome = await validations.run(drill, Ground(profile, Path("/"), SystemClock()))
    assert (outcome.word, outcome.passed) == ("no-source", False)
    assert says in outcome.text
    assert probe.closed
