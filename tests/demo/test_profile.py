"""The demo profile: it loads, it fits the backend, and it says what the staging profile says."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from stagewatch.clock import SystemClock
from stagewatch.demo.run import Backend, demo_profile, start_backend
from stagewatch.model import Reading, Result
from stagewatch.probes import InstalledKinds, OpenContext, is_opened, probe_kind
from stagewatch.profile.load import load, loads
from stagewatch.profile.schema import Profile

Start = Callable[..., Backend]


def shipped(name: str) -> Path:
    """The file of a profile that comes with stagewatch."""
    return Path(str(files("stagewatch.profiles") / f"{name}.toml"))


def profile_of(backend: Backend) -> Profile:
    """The demo profile of a running backend, loaded as any other."""
    return loads(demo_profile(backend), Path("demo.toml"), InstalledKinds())


async def read_all(backend: Backend, *, times: int = 1) -> dict[str, Reading]:
    """Each probe's last reading after some runs."""
    context = OpenContext(clock=SystemClock(), base=Path("/"), watch_start=0.0)
    readings: dict[str, Reading] = {}
    opened = {n: c for n, c in profile_of(backend).probe.items() if is_opened(c)}
    for name, config in opened.items():
        probe = probe_kind(config.kind).open(name, config, context)
        for _ in range(times):
            readings[name] = await probe.read() or readings[name]
        await probe.aclose()
    return readings


def test_demo_profile_loads_by_itself() -> None:
    """The shipped file has no problem, and its phases are six minutes of real time."""
    profile = load(shipped("demo"), InstalledKinds())

    assert profile.deployment.window / profile.deployment.speed == 24 * 60
    assert [phase.hours for phase in profile.phase] == [(0, 6), (6, 12), (12, 18), (18, 24)]
    assert all(config.every <= 5 for config in profile.probe.values() if is_opened(config))


def test_demo_and_staging_say_the_same() -> None:
    """Rules, gates, optimisations and the checklist's words are those of the staging profile."""
    demo, staging = (tomllib.loads(shipped(name).read_text()) for name in ("demo", "staging"))

    def without_signals(document: dict[str, Any]) -> object:
        rules = [*document["nogo"].values(), *document["go"].values()]
        return (
            [(rule["rule"], rule["title"], rule.get("limit")) for rule in rules],
            [
                (phase["name"], [item["text"] for item in phase["items"]])
                for phase in document["phase"]
            ],
            document["gate"],
            [(one["name"], one["target"]) for one in document["optimisation"]],
            document["contact"],
            document["savings"]["per_workspace_month"],
        )

    assert without_signals(demo) == without_signals(staging)


async def test_every_probe_reads_the_backend(healthy: Backend) -> None:
    """In health, every signal that the profile names comes from the backend with a value."""
    readings = await read_all(healthy, times=2)

    missing = {signal for reading in readings.values() for signal in reading.missing}
    assert missing <= {"backend.pss"}  # Read once a minute only, on a machine where it is costly.
    assert {reading.result for reading in readings.values()} == {Result.VALUE}
    assert readings["health"].values["health.db_max"] == 20
    assert 0 < readings["backend"].values["backend.rss"] < 200 << 20
    assert readings["backend"].values["backend.count"] == 1
    assert readings["hooks"].values["hooks.lines"] == 2


async def test_faults_reach_the_readings(start: Start) -> None:
    """A backend that is down gives an ERROR for http, and a value for the process that lives."""
    readings = await read_all(start("down"))

    assert readings["health"].result is Result.ERROR
    assert readings["quota"].result is Result.ERROR
    assert readings["backend"].result is Result.VALUE


@pytest.mark.parametrize("name", ["with blank", "quote'\"back\\slash", "[br]acket*"])
async def test_odd_folders_are_no_obstacle(tmp_path: Path, name: str) -> None:
    """Whatever the folder is called, process and log are found."""
    backend = start_backend(tmp_path / name)
    try:
        readings = await read_all(backend)
    finally:
        backend.stop()
    assert readings["backend"].result is Result.VALUE
    assert readings["errors"].result is Result.VALUE
