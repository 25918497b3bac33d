"""The parts of the demo backend that need no network."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagewatch.demo import hub as hubs
from stagewatch.demo import parts
from stagewatch.demo.hub import SILENCE, Hub, Peer
from stagewatch.demo.parts import Leak, Memory, Pool, RateLimit, Sawtooth, resident


@given(st.lists(st.floats(0, 30), max_size=60))
def test_limit_holds_in_every_minute(pauses: list[float]) -> None:
    """However requests come, no 60 s hold more than five granted ones, and five are granted."""
    limit, now, granted = RateLimit(5), 0.0, list[float]()
    for pause in pauses:
        now += pause
        left = limit.left("a", now)
        granted_now = limit.ask("a", now) == 0
        assert granted_now == (left > 0)
        granted += [now] * granted_now
        assert sum(now - at < 60 for at in granted) <= 5


def test_limit_recovers() -> None:
    """Who waits as long as the refusal says is granted again; refused requests do not count."""
    limit = RateLimit(5)
    assert [limit.ask("a", at) for at in (0, 1, 2, 3, 4)] == [0] * 5
    assert limit.ask("a", 10.5) == 50
    assert limit.ask("a", 59.9) == 1
    assert limit.ask("a", 60.5) == 0
    assert limit.ask("a", 60.6) > 0


def test_limit_forgets_the_longest_unseen() -> None:
    """A flood of made-up keys is bounded and cannot take a busy client's count away."""
    limit = RateLimit(1, clients=10)
    limit.ask("busy", 0)
    for number in range(100):
        limit.ask(f"made-up-{number}", 0)
        assert limit.ask("busy", 1) > 0
    assert len(limit._granted) == 10


def test_a_failing_cache_misses_more_often_than_it_hits() -> None:
    """From the moment on, whatever it had counted before."""
    cache, random = parts.Cache(), Random(1)
    for _ in range(100):
        cache.step(random)
    hits, misses = cache.hits, cache.misses
    assert cache.hit_rate > 0.9
    for _ in range(100):
        cache.step(random, failing=True)
    assert cache.hits - hits < cache.misses - misses


def test_memory_is_resident_and_given_back() -> None:
    """What is taken shows in the process's resident size, page by page, and goes again."""
    memory, before = Memory(), resident()
    memory.take(50 << 20)

    assert memory.size == 50 << 20
    assert resident() - before > 45 << 20
    memory.give_back()
    assert memory.size == 0
    assert resident() - before < 10 << 20


def test_leak_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The leak stops before the process passes its bound."""
    bound = resident() + (8 << 20)
    monkeypatch.setattr(parts, "RSS_BOUND", bound)
    leak = Leak()
    for _ in range(200):
        leak.step(on=True)

    assert leak.memory.size > 4 << 20
    assert resident() <= bound + (1 << 20)
    leak.step(on=False)
    assert leak.memory.size == 0


def test_leak_grows_by_the_same_amount(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every second takes the same share of the size at the start: 60 % in a minute."""
    leak, start = Leak(), resident()
    monkeypatch.setattr(parts, "RSS_BOUND", 2 * start)  # whatever other tests have left here
    sizes = []
    for _ in range(10):
        leak.step(on=True)
        sizes.append(leak.memory.size)

    assert len({after - before for before, after in pairwise(sizes)}) == 1
    assert sizes[0] * 60 == pytest.approx(0.6 * start, rel=0.2)
    leak.step(on=False)


def test_sawtooth_stays_small() -> None:
    """What a healthy service collects is let go before it is a megabyte."""
    sawtooth = Sawtooth()
    sizes = []
    for _ in range(200):
        sawtooth.step()
        sizes.append(sawtooth.memory.size)

    assert 0 in sizes
    assert 500_000 < max(sizes) <= 2 << 20


def test_pool_keeps_its_promises() -> None:
    """In health nobody waits and use stays below what rules warn of; a fault makes time-outs."""
    pool, random = Pool(), Random(1)
    for _ in range(1000):
        pool.step(random, exhausted=False)
        assert (pool.waiting, pool.timeouts_total) == (0, 0)
        assert pool.in_use < 0.85 * pool.size
    for seconds in range(1, 10):
        pool.step(random, exhausted=True)
        assert (pool.in_use, pool.waiting > 0) == (pool.size, True)
        assert pool.timeouts_total >= 2 * seconds


class Socket:
    """A peer that notes what happens to it."""

    def __init__(self, hub: Hub, *, hangs: bool = False) -> None:
        self.sent: list[str] = []
        self.closed = False
        self.hangs = hangs
        self.peer = Peer(self._send, self._close, heard=0.0)
        hub.add(self.peer)

    async def _send(self, text: str) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        self.sent.append(text)

    async def _close(self) -> None:
        self.closed = True


async def test_session_is_lost_by_silence() -> None:
    """A session that stops answering becomes an orphan, and is closed only where that is wanted."""
    hub = Hub()
    socket, silent = Socket(hub), Socket(hub)
    hub.hear(socket.peer, '{"type": "hello"}', 0.0)
    hub.hear(silent.peer, '{"type": "pong"}', SILENCE)

    assert hub.counts(SILENCE) == (2, 1)
    assert hub.counts(SILENCE + 0.1) == (2, 0)
    await hub.beat(SILENCE + 0.1, reap=False)
    assert not socket.closed
    await hub.beat(SILENCE + 0.1, reap=True)
    assert socket.closed
    assert silent.closed


@pytest.mark.parametrize("text", ["", "{", "[]", "1", '{"type": 1}', '{"type": "other"}'])
async def test_nonsense_is_no_life(text: str) -> None:
    """Only hello opens a session."""
    hub = Hub()
    socket = Socket(hub)
    hub.hear(socket.peer, text, 1.0)
    assert hub.counts(1.0) == (1, 0)


async def test_one_stuck_client_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The heartbeat reaches the others although one client takes nothing."""
    monkeypatch.setattr(hubs, "SEND_WITHIN", 0.01)
    hub = Hub()
    stuck, fine = Socket(hub, hangs=True), Socket(hub)
    for socket in (stuck, fine):
        hub.hear(socket.peer, '{"type": "hello"}', 0.0)
    await asyncio.wait_for(hub.beat(0.0, reap=True), 10)
    assert len(fine.sent) == 1


def test_sockets_are_bounded() -> None:
    """Beyond its bound the service takes no further socket."""
    hub = Hub()
    for _ in range(hubs.MOST):
        assert not hub.full
        Socket(hub)
    assert hub.full
