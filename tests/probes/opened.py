"""A log's probe over a file of the test's own, with a clock that is moved by hand."""

from __future__ import annotations

from pathlib import Path

from stagewatch.model import LogPattern, Reading
from stagewatch.probes import OpenContext
from stagewatch.probes._logprobe import LogProbe
from stagewatch.probes.log import LogConfig, open_log

START = 1767225600.0


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return START + self.time

    def boot(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds


class Opened:
    """A probe over error.log in a folder, with its clock."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / "error.log"
        self.clock = Hand()
        self.probes: list[LogProbe] = []

    def open(
        self,
        checkpoint: str | None = None,
        patterns: tuple[LogPattern, ...] = (),
        **keys: object,
    ) -> LogProbe:
        config = LogConfig(**{"kind": "log", "path": "error.log", **keys})  # type: ignore[arg-type]
        context = OpenContext(self.clock, self.folder, START, checkpoint, patterns=patterns)
        probe = open_log("errors", config, context)
        self.probes.append(probe)
        return probe

    def write(self, text: str | bytes) -> None:
        with open(self.path, "ab") as file:
            file.write(text.encode() if isinstance(text, str) else text)


async def reading(probe: LogProbe) -> Reading:
    """The reading that must come now."""
    found = await probe.read()
    assert found is not None
    return found
