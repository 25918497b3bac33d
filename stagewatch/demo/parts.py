"""What the demo backend is made of: pool, cache, rate limit and memory. No network, no clock."""

from __future__ import annotations

import math
import mmap
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

MIB = 1 << 20
RSS_BOUND = 600 * MIB
LEAK_SHARE = 0.6
"""Of the size at the start of the leak, lost every minute: 60 %/h in the demo's time."""
PAGE = mmap.PAGESIZE


@dataclass(slots=True)
class Pool:
    """A database connection pool under a load that wanders."""

    size: int = 20
    in_use: int = 12
    waiting: int = 0
    timeouts_total: int = 0
    query_ms: float = 4.0
    """What a query takes, on average over the last second."""

    def step(self, random: Random, exhausted: bool) -> None:
        """A second passes."""
        if exhausted:
            self.in_use = self.size
            self.waiting = random.randint(3, 9)
            self.timeouts_total += random.randint(2, 3)
            self.query_ms = random.uniform(400, 900)
            return
        self.waiting = 0
        self.query_ms = random.uniform(2, 9)
        self.in_use = min(15, max(6, self.in_use + random.randint(-2, 2)))


@dataclass(slots=True)
class Cache:
    """Counters of a cache; what warmed it before the first request is counted."""

    hits: int = 47
    misses: int = 3

    @property
    def hit_rate(self) -> float:
        """Share of hits, 0..1."""
        return self.hits / (self.hits + self.misses)

    def step(self, random: Random, failing: bool = False) -> None:
        """A second passes."""
        for _ in range(random.randint(2, 8)):
            if random.random() < (0.4 if failing else 0.94):
                self.hits += 1
            else:
                self.misses += 1


@dataclass(slots=True)
class RateLimit:
    """At most ``limit`` granted requests of a client in any ``span`` seconds."""

    limit: int
    span: float = 60.0
    clients: int = 1000
    """How many clients are remembered; the one longest unseen is forgotten first."""
    _granted: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict)

    def ask(self, client: str, now: float) -> int:
        """0 when granted, else the whole seconds after which to ask again."""
        granted = self._granted.setdefault(client, deque(maxlen=self.limit))
        self._granted.move_to_end(client)
        while len(self._granted) > self.clients:
            self._granted.popitem(last=False)
        if len(granted) == self.limit and now - granted[0] < self.span:
            return max(1, math.ceil(granted[0] + self.span - now))
        granted.append(now)
        return 0

    def left(self, client: str, now: float) -> int:
        """How many requests this client would be granted at once."""
        granted = self._granted.get(client, ())
        return self.limit - sum(now - at < self.span for at in granted)


class Memory:
    """Memory that is really taken, a touched page at a time, and given back to the system."""

    def __init__(self) -> None:
        self._blocks: list[mmap.mmap] = []

    @property
    def size(self) -> int:
        """Bytes taken."""
        return sum(len(block) for block in self._blocks)

    def take(self, size: int) -> None:
        """Take ``size`` bytes, rounded up to pages, and touch every page."""
        length = -(-size // PAGE) * PAGE
        block = mmap.mmap(-1, length, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        block[::PAGE] = b"x" * (length // PAGE)
        self._blocks.append(block)

    def give_back(self) -> None:
        """Return everything to the system."""
        for block in self._blocks:
            block.close()
        self._blocks.clear()


@dataclass(slots=True)
class Leak:
    """Memory that only grows while the fault is on: the same amount every second."""

    memory: Memory = field(default_factory=Memory)
    rate: int = 0
    """Bytes a second; 0 while the fault is off."""

    def step(self, on: bool) -> None:
        """A second passes."""
        if not on:
            self.rate = 0
            self.memory.give_back()
            return
        size = resident()
        self.rate = self.rate or int(size * LEAK_SHARE / 60)
        if size + self.rate <= RSS_BOUND:
            self.memory.take(self.rate)


@dataclass(slots=True)
class Sawtooth:
    """What a healthy service does: collect for a while, then let go."""

    memory: Memory = field(default_factory=Memory)
    period: int = 40
    _age: int = 0

    def step(self) -> None:
        """A second passes."""
        self._age = (self._age + 1) % self.period
        if self._age == 0:
            self.memory.give_back()
        else:
            self.memory.take(MIB // self.period)


def resident() -> int:
    """This process's resident memory in bytes."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE
