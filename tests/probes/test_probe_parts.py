"""The small parts below the probes: strict JSON, paths, and calls on a thread of their own."""

from __future__ import annotations

import asyncio
import json
import threading
import weakref
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagewatch.probes._aside import Aside, Resident
from stagewatch.probes._failure import FailureError
from stagewatch.probes._fields import MISSING, PathError, compile_path, number, same, shown
from stagewatch.probes._json import JsonError, parse

patient = settings(deadline=None)
"""A busy machine is no failure."""

documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


@patient
@given(documents)
def test_whole_json_is_read_as_it_is(document: object) -> None:
    """Strictness refuses nothing that is JSON."""
    assert parse(json.dumps(document).encode()) == document


@patient
@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_a_problem(body: bytes) -> None:
    """No input raises anything else."""
    with suppress(JsonError):
        parse(body)


@patient
@given(documents)
def test_text_around_json_is_refused(document: object) -> None:
    """A document is the whole body."""
    with pytest.raises(JsonError):
        parse(json.dumps(document).encode() + b" {}")


@patient
@given(st.dictionaries(st.text(), st.integers(), min_size=1))
def test_repeated_key_is_refused(document: dict[str, int]) -> None:
    """Two values for one name are none, however equal."""
    text = json.dumps(document)
    with pytest.raises(JsonError, match="is given twice"):
        parse(f"{text[:-1]}, {text[1:]}".encode())


@patient
@given(documents)
def test_a_document_is_the_same_as_itself(document: object) -> None:
    """Equality survives writing and reading."""
    assert same(document, json.loads(json.dumps(document)))


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (0, False), ([1], [True]), ({"a": 1}, {"a": True}), (1, "1"), ({}, []), (None, 0)],
)
def test_different_kinds_are_not_the_same(one: object, other: object) -> None:
    """JSON's true is not its 1, though Python's is."""
    assert not same(one, other)
    assert not same(other, one)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a", 1),
        ("b.c.d", "x"),
        ("l.1", 20),
        ("l[1]", 20),
        ("0", "zero"),
        ("with-dash.k", 5),
        ('"with.dot"', 6),
        ("length(l)", 2),
        ("n", None),
        ("zz", MISSING),
        ("a.b", MISSING),
        ("l.9", MISSING),
        ("l.x", MISSING),
        ("l[9]", MISSING),
        ("abs(b)", MISSING),
    ],
)
def test_path_finds(path: str, found: object) -> None:
    """Dotted keys, indexes and JMESPath."""
    document = {
        "a": 1,
        "b": {"c": {"d": "x"}},
        "l": [10, 20],
        "0": "zero",
        "n": None,
        "with-dash": {"k": 5},
        "with.dot": 6,
    }
    assert compile_path(path)(document) == found


@patient
@given(st.text(max_size=30))
def test_any_path_compiles_or_says_why(path: str) -> None:
    """No text in a profile makes a traceback."""
    with suppress(PathError):
        compile_path(path)({"a": [1]})


@patient
@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_number_in_quotes_is_the_number(value: float) -> None:
    """``convert`` reads what JSON would write."""
    try:
        expected = float(value)
    except OverflowError:
        return
    assert number(json.dumps(value), convert=True) == expected


def test_missing_field_is_shown_as_nothing() -> None:
    """A reason never contains a Python object."""
    assert shown(MISSING) == "nothing"


@pytest.fixture(params=[Aside, Resident])
def aside(request: pytest.FixtureRequest) -> Iterator[Aside]:
    """Either kind, called ``test``."""
    aside: Aside = request.param("test")
    yield aside
    if isinstance(aside, Resident):
        aside.close()


async def test_call_aside_returns_and_raises(aside: Aside) -> None:
    """What the thread returns or raises arrives."""
    main = threading.get_ident()
    assert await aside.run(threading.get_ident) != main
    with pytest.raises(ZeroDivisionError):
        await aside.run(lambda: 1 // 0)


async def test_abandoned_call_is_not_repeated_beside_itself(aside: Aside) -> None:
    """A call that hangs keeps one thread, and the next one waits for it."""
    release, complaints = threading.Event(), []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await aside.run(release.wait)
    assert [thread.name for thread in threading.enumerate()].count("test") == 1
    release.set()
    assert await aside.run(lambda: "next") == "next"
    assert complaints == []


async def test_calls_never_overlap(aside: Aside) -> None:
    """Several that wait for a call that was left behind get their turns, one after the other."""
    release, two = threading.Event(), threading.Barrier(2)

    def work() -> None:
        release.wait()
        with pytest.raises(threading.BrokenBarrierError):
            two.wait(0.02)  # for another call, which must not be there
        two.reset()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await aside.run(work)
    waiting = asyncio.gather(*(aside.run(work) for _ in range(5)))
    await asyncio.sleep(0)
    release.set()
    await waiting


async def test_machine_without_threads_is_a_failure(
    aside: Aside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A probe that gets no thread says so, and works again when there is one."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(FailureError, match="can't start new thread"):
            await aside.run(lambda: 1)
    async with asyncio.timeout(20):
        assert await aside.run(lambda: 1) == 1


async def test_resident_keeps_its_thread() -> None:
    """Every call is made in one thread, which ends when it is told to, and not before."""
    resident = Resident("test")
    first, second = [await resident.run(threading.current_thread) for _ in range(2)]
    assert first is second
    assert first.daemon
    assert first.is_alive()
    resident.close()
    resident.close()
    first.join(20)
    assert not first.is_alive()


async def test_closed_resident_starts_anew() -> None:
    """A call after the end gets a thread of its own."""
    resident = Resident("test")
    first = await resident.run(threading.current_thread)
    resident.close()
    async with asyncio.timeout(20):
        assert await resident.run(threading.current_thread) is not first
    resident.close()


async def test_resident_that_hangs_ends_when_its_call_does() -> None:
    """To close waits for nobody; the thread goes as soon as it can."""
    resident, release = Resident("test"), threading.Event()
    thread = await resident.run(threading.current_thread)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await resident.run(release.wait)
    resident.close()
    assert thread.is_alive()
    release.set()
    thread.join(20)
    assert not thread.is_alive()


async def test_resident_keeps_nothing_of_a_call() -> None:
    """What was found, which may be large, does not wait in the thread for the next call."""

    class Large:
        pass

    resident, gone = Resident("test"), threading.Event()
    weakref.finalize(await resident.run(Large), gone.set)
    assert gone.wait(20)
    resident.close()


def test_loop_may_end_before_the_call() -> None:
    """A thread that comes back too late has nobody to tell, and does not complain."""
    release, ended = threading.Event(), threading.Event()

    def slow() -> None:
        release.wait()
        ended.set()

    async def abandon() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await Aside("late").run(slow)

    asyncio.run(abandon())
    release.set()
    assert ended.wait(20)
    for thread in threading.enumerate():
        if thread.name == "late":
            thread.join(20)
            assert not thread.is_alive()
