"""The logs of one probe, of which a file may go from one to another: ``mv worker.log other.log``.

Each file is read by one of them at a time, and goes over with its place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from stagewatch.logs.files import Files, Identity
from stagewatch.logs.follower import Follower
from stagewatch.logs.tail import Tail
from stagewatch.logs.tally import Tally


@dataclass
class Source:
    """One followed path."""

    follower: Follower
    tally: Tally
    looked: float
    """Until when everything in it was read."""


@dataclass
class Sources:
    """All of them, by their paths."""

    files: Files
    every: dict[str, Source] = field(default_factory=dict)
    coming: Collection[str] = ()
    """Paths that were followed before the recorder was started again, and are not yet."""

    def identity(self, path: str) -> Identity | None:
        """Which file the path leads to; None where it leads to none."""
        try:
            found = self.files.stat(path)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def tails(self) -> Iterator[Tail]:
        """Every file that is read, rotated ones too."""
        for source in self.every.values():
            yield from source.follower.tails

    def own(self, found: Identity | None) -> bool:
        """Whether this file is read under another name: it was renamed, or is linked."""
        return any(source.follower.owns(found) for source in self.every.values())

    def of(self, path: str) -> OtherLogs:
        """The others than the one at this path."""
        return OtherLogs(path, self)


@dataclass(frozen=True)
class OtherLogs:
    """The other logs, as the follower of one path asks for them."""

    path: str
    sources: Sources

    def have(self, path: str, found: Identity) -> bool:
        """Whether the file at this path is a log's."""
        return path in self.sources.every or self.sources.own(found)

    def keep(self, found: Identity) -> bool:
        """Whether another path leads to this file, and it is, or will be, read there."""
        sources = self.sources
        paths = [path for path, each in sources.every.items() if each.follower.owns(found)]
        paths += [path for path in sources.coming if path not in sources.every]
        return any(path != self.path and sources.identity(path) == found for path in paths)

    def logs(self) -> Iterator[Tail]:
        """Every file that one of them reads."""
        for path, source in self.sources.every.items():
            if path != self.path:
                yield from source.follower.tails

    def give(self, found: Identity, now: float) -> Tail | None:
        """The reader of this file, which another path led to; that one reads it no more."""
        for path, source in self.sources.every.items():
            if path != self.path and (tail := source.follower.give(found, now)):
                return tail
        return None
