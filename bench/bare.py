"""The least that a screen and a recorder of this kind can cost, to measure against.

``bare.py screen``: a Textual app whose one row shows the time, once a second, the usual way.
``bare.py recorder``: an asyncio loop that wakes up once a second and asks the clock.
"""

from __future__ import annotations

import asyncio
import sys
import time

from textual.app import App, ComposeResult
from textual.widgets import Static


class BareScreen(App[None]):
    """One row with the time."""

    CSS = "Static { height: 1; }"

    def compose(self) -> ComposeResult:
        yield Static("")

    def on_mount(self) -> None:
        self.set_interval(1.0, self._tick)

    def _tick(self) -> None:
        self.query_one(Static).update(time.strftime("%H:%M:%S"))


async def bare_recorder() -> None:
    """Wake up once a second."""
    while True:
        time.time()
        await asyncio.sleep(1.0)


if __name__ == "__main__":
    if sys.argv[1] == "screen":
        BareScreen().run()
    else:
        asyncio.run(bare_recorder())
