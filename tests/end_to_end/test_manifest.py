"""Every row of docs/manifest.md on the demo backend: its evidence in health, and in fault.

One backend and one set of probes serve all rows: first without a fault, then with all of them that
leave the port open, then without a limit, then down. Intervals are those of the demo's profile or
shorter; workspaces poll every three seconds, so that there is something to see of it soon.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count, takewhile
from pathlib import Path

import httpx
import pytest

from stagewatch.clock import Clock, SystemClock
from stagewatch.demo.control import switch
from stagewatch.demo.run import Backend, demo_profile, start_backend
from stagewatch.derived import Derivations
from stagewatch.model import Reading
from stagewatch.probes import InstalledKinds, OpenContext, Probe, is_opened, probe_kind, signals_of
from stagewatch.probes._bounded import read_bounded
from stagewatch.profile.load import loads
from stagewatch.profile.schema import Profile
from tests.manifest import CHECKS, POINTS, Row, rows

PATIENCE = 60.0
"""Seconds after which what has not shown never will; on an idle machine each takes below eight."""
POLLS = 3.0
QUICK = (
    (r'(api/cache/stats"\nevery = )"5s"', r'\1"3s"'),
    (r'(?m)^every = "[25]s"$', 'every = "1s"'),
    (r'over = "1min"', 'over = "3s"'),
    (r'over = "30s"', 'over = "4s"'),
)
ROWS = [*rows(CHECKS), *rows(POINTS)]

Values = Mapping[str, float]
Shows = Callable[[float, float], bool]
"""(now, in health) → whether a value shows the fault."""

SHOWN: Mapping[str, Mapping[str, Shows]] = {
    "leak": {"backend.rss": lambda now, well: now > well + 1.5e6},
    "slow": {
        "quota.latency": lambda now, _: now > 1000,
        "quota_p95.value": lambda now, _: now > 1000,
    },
    "errors": {
        "errors.errors": lambda now, _: now > 0,
        "errors.criticals": lambda now, _: now > 0,
    },
    "sockets": {
        "health.ws_orphans": lambda now, _: now > 15,
        "untracked.value": lambda now, _: now > 15,
        "backend.fds": lambda now, well: now > well + 10,
    },
    "pool": {
        "health.db_waiting": lambda now, _: now > 0,
        "health.db_query_ms": lambda now, _: now > 100,
    },
    "polling": {"polling.value": lambda now, _: now < POLLS / 2},
    "cache": {"hit_rate.value": lambda now, _: now < 70},
    "calls": {"calls_hour.value": lambda now, _: now > 8},
    "build": {"frontend.ok": lambda now, _: now == 0, "frontend.errors": lambda now, _: now == 3},
    "limit": {"refused.value": lambda now, _: now == 0},
    "down": {"health.ok": lambda now, _: now == 0},
}


@dataclass
class Watch:
    """The probes of the demo's profile, read side by side, and what they said last."""

    profile: Profile
    values: dict[str, float] = field(default_factory=dict)
    """Signal → its newest value."""

    over: asyncio.Event = field(default_factory=asyncio.Event)
    """What is under way is ended, and nothing begun."""

    def __post_init__(self) -> None:
        self._derivations = Derivations(self.profile.probe)

    async def run(self) -> None:
        """Read every probe at its interval, until it is over."""
        context = OpenContext(SystemClock(), Path("/"), watch_start=time.time())
        probes = [
            probe_kind(config.kind).open(name, config, context)
            for name, config in self.profile.probe.items()
            if is_opened(config)
        ]
        try:
            async with asyncio.TaskGroup() as group:
                for probe in probes:
                    group.create_task(self._read(probe, context.clock))
        finally:
            for probe in probes:
                await probe.aclose()

    async def _read(self, probe: Probe, clock: Clock) -> None:
        while not self.over.is_set():
            reading = await read_bounded(probe, clock)
            if reading is not None:
                self._take(reading)
            await self.rest(max(0.0, probe.every - (reading.took if reading else 0)))

    async def rest(self, seconds: float) -> None:
        """Sleep, but not once it is over."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.over.wait(), seconds)

    def _take(self, reading: Reading) -> None:
        for each in (reading, *self._derivations.readings(reading)):
            self.values.update(each.values)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until it holds, or until it never will: the tests say what is missing."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while not condition():  # noqa: ASYNC110
                    await asyncio.sleep(0.05)


@dataclass(frozen=True)
class Seen:
    """What the backend showed."""

    healthy: Values
    faults: Mapping[str, Values]
    """Fault → the values when it showed, or when nobody waited any longer."""


async def ask_too_often(backend: Backend, watch: Watch) -> None:
    """Clients that ask seven times at once, a new one every half second, until it is over."""
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        for number in takewhile(lambda _: not watch.over.is_set(), count()):
            headers = {"X-Client-Key": f"burst-{number}"}
            url = f"{backend.url}/api/quota/status"
            with suppress(httpx.TransportError):
                await asyncio.gather(*(client.get(url, headers=headers) for _ in range(7)))
            await watch.rest(0.5)


async def observe(backend: Backend, profile: Profile) -> Seen:
    """From health through every fault."""
    watch = Watch(profile)
    wanted = {s for row in ROWS for s in row.signals if s in signals_of(profile.probe)}
    healthy: dict[str, float] = {}
    faults: dict[str, Values] = {}

    def shown(fault: str) -> bool:
        if fault not in faults and all(
            signal in watch.values and shows(watch.values[signal], healthy[signal])
            for signal, shows in SHOWN[fault].items()
        ):
            faults[fault] = dict(watch.values)
        return fault in faults

    def all_shown(stage: Sequence[str]) -> bool:
        # Each is asked at every look: one may show while another does not yet.
        return len([fault for fault in stage if shown(fault)]) == len(stage)

    def well() -> bool:
        values = watch.values
        return wanted <= values.keys() and not any(
            shows(values[signal], values[signal])
            for fault in SHOWN.values()
            for signal, shows in fault.items()
        )

    tasks = [asyncio.create_task(watch.run()), asyncio.create_task(ask_too_often(backend, watch))]
    try:
        await watch.until(well)
        healthy.update(watch.values)
        last = ("limit", "down")
        together = [fault for fault in SHOWN if fault not in last]
        for stage in (together, *([fault] for fault in last)):
            for fault in stage:
                await asyncio.to_thread(switch, backend.control_port, fault, True)
            await watch.until(partial(all_shown, stage))
            for fault in stage:
                faults.setdefault(fault, dict(watch.values))
    finally:
        watch.over.set()
        await asyncio.gather(*tasks)
    return Seen(healthy, faults)


@pytest.fixture(scope="module")
def profile_and_backend(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Profile, Backend]]:
    backend = start_backend(tmp_path_factory.mktemp("manifest"), poll_every=POLLS)
    try:
        text = demo_profile(backend)
        for written, quicker in QUICK:
            text, changed = re.subn(written, quicker, text)
            assert changed, written
        yield loads(text, Path("demo.toml"), InstalledKinds()), backend
    finally:
        backend.stop()


@pytest.fixture(scope="module")
def profile(profile_and_backend: tuple[Profile, Backend]) -> Profile:
    """The demo's, with shorter intervals."""
    return profile_and_backend[0]


@pytest.fixture(scope="module")
def seen(profile_and_backend: tuple[Profile, Backend]) -> Seen:
    """Everything that the rows are held against."""
    profile, backend = profile_and_backend
    return asyncio.run(observe(backend, profile))


each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.item)


@each_row
def test_all_evidence_of_a_row_has_a_value_in_health(
    row: Row, profile: Profile, seen: Seen
) -> None:
    """Also what is worked out of others."""
    of_the_demo = {name for name in row.signals if name in signals_of(profile.probe)}
    assert of_the_demo
    assert of_the_demo <= seen.healthy.keys()


@each_row
def test_the_faults_of_a_row_show_in_its_evidence_and_health_does_not(row: Row, seen: Seen) -> None:
    """Each fault by at least one of the row's own signals."""
    for fault in row.faults:
        told = {s: shows for s, shows in SHOWN[fault].items() if s in row.signals}
        assert told, f"no signal of this row shows {fault}"
        for signal, shows in told.items():
            well, now = seen.healthy[signal], seen.faults[fault][signal]
            assert not shows(well, well), f"{signal} is {well} in health already"
            assert shows(now, well), f"{signal} is {now} under {fault}, {well} in health"
