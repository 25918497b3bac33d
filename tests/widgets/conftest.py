"""Views of the specimen for tests of what panes draw."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from stagewatch.snapshot import Snapshot
from stagewatch.tui import specimen
from stagewatch.widgets.view import View

Scene = Callable[..., View]


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times of day are drawn in local time; here that is UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def scene() -> Scene:
    """Make a view of a specimen, with fields of the snapshot replaced."""

    def make(name: str = "healthy", **changes: object) -> View:
        snapshot: Snapshot = replace(getattr(specimen, name)(), **changes)
        return View(snapshot, snapshot.now)

    return make
