"""The demo backend at work: its port, its control, its users, its second-by-second life."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from stagewatch.demo.control import States, serve_control
from stagewatch.demo.faults import DemoError
from stagewatch.demo.hooks import write_hooks
from stagewatch.demo.hub import HEARTBEAT
from stagewatch.demo.listener import Accessed, Listener
from stagewatch.demo.logs import AccessLog, ErrorLog
from stagewatch.demo.service import Endpoints, Life
from stagewatch.demo.users import (
    HASTY_EVERY,
    POLL_STORM,
    TABS,
    WORKSPACES,
    Ghosts,
    Place,
    browse,
    poll,
)

if TYPE_CHECKING:
    from stagewatch.demo.backend import Options

FLAP_DOWN, FLAP_PERIOD = 5.0, 15.0


class Backend:
    """One running backend."""

    def __init__(self, options: Options) -> None:
        """Take the port and open the logs; raises DemoError."""
        self._random = Random(options.seed)
        self.life = Life(
            ErrorLog(options.log, self._random, failing="errors" in options.faults), self._random
        )
        endpoints = Endpoints(self.life, self._wish, options.token)
        app = Accessed(endpoints.app(), AccessLog(options.access_log))
        write_hooks(options.log.parent)
        self.listener = Listener(app, options.host, options.port)
        self._place = Place(options.host, self.listener.port)
        self._ghosts = Ghosts(self._place, self._random)
        self._poll_every = options.poll_every
        self._settling = asyncio.Lock()
        self._wishes: set[asyncio.Task[States]] = set()
        self.life.on |= set(options.faults)

    async def apply(self, wanted: States) -> States:
        """Switch faults; returns when they are in force. Raises DemoError."""
        self.life.on |= {fault for fault, on in wanted.items() if on}
        self.life.on -= {fault for fault, on in wanted.items() if not on}
        await self._ghosts.step("sockets" in self.life.on)
        await self.settle()
        return self.life.states()

    async def settle(self) -> None:
        """Open or close the port as the faults want it."""
        async with self._settling:
            flapped = "flap" in self.life.on and time.monotonic() % FLAP_PERIOD < FLAP_DOWN
            if "down" in self.life.on or flapped:
                await self.listener.close()
            else:
                await self.listener.open()

    def _wish(self, wanted: States) -> None:
        task = asyncio.create_task(self.apply(wanted))
        self._wishes.add(task)
        task.add_done_callback(self._wishes.discard)

    async def live(self) -> None:
        """A step a second, for ever."""
        beat_at = time.monotonic()
        while True:
            await asyncio.sleep(1)
            self.life.step()
            await self._ghosts.step("sockets" in self.life.on)
            if time.monotonic() >= beat_at:
                beat_at += HEARTBEAT
                await self.life.hub.beat(time.monotonic(), reap="sockets" not in self.life.on)
            if "flap" in self.life.on:
                await self.settle()

    async def close(self) -> None:
        """End users and port."""
        self._ghosts.let_go()
        async with self._settling:
            await self.listener.close()

    def users(self) -> list[asyncio.Task[None]]:
        """The simulated users, at work."""
        place, random = self._place, self._random
        workspaces = (f"workspace-{n}" for n in range(1, WORKSPACES + 1))
        pollers = (poll(place, name, self._polls, random) for name in workspaces)
        hasty = poll(place, "script-1", lambda: HASTY_EVERY, random)
        tabs = (browse(place, n, random) for n in range(1, TABS + 1))
        return [asyncio.create_task(user) for user in (*pollers, hasty, *tabs)]

    def _polls(self) -> float:
        """Seconds between two polls of a workspace."""
        return self._poll_every / (POLL_STORM if "polling" in self.life.on else 1)


async def serve(options: Options) -> None:
    """Serve until a signal or the end of the parent; raises DemoError when it cannot start."""
    backend = Backend(options)
    port = backend.listener.port
    try:
        control = await serve_control(port, backend.apply)
    except OSError as error:
        raise DemoError(f"another demo backend has port {port} already; choose another") from error
    await backend.settle()
    sys.stdout.write(f"listening {options.host}:{port}\n")
    sys.stdout.flush()
    tasks = [*backend.users(), asyncio.create_task(backend.live())]
    over = [asyncio.create_task(_signalled())]
    if options.parent is not None:
        over.append(asyncio.create_task(_orphaned(options.parent)))
    try:
        ended, _ = await asyncio.wait([*tasks, *over], return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
    finally:
        for task in (*tasks, *over):
            task.cancel()
        control.close()
        await backend.close()


async def _signalled() -> None:
    """Return at SIGTERM or SIGINT."""
    come = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, come.set)
    await come.wait()


async def _orphaned(parent: int) -> None:
    """Return when the process ``parent`` has ended, also if its number was given away again."""
    born = _birth(parent)
    # Nothing tells us when a process ends that is not our child.
    while born and _birth(parent) == born:  # noqa: ASYNC110
        await asyncio.sleep(0.5)


def _birth(pid: int) -> str:
    """When a process started, in ticks; empty when it is gone or only waits to be collected."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    words = stat.rpartition(")")[2].split()
    return "" if words[0] in "ZX" else words[19]
