"""A running demo backend for a test, and the questions that tests ask it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from stagewatch.demo.run import Backend, start_backend


class Starter:
    """Starts backends below one folder and ends all of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[Backend] = []

    def __call__(self, *faults: str, port: int | None = None) -> Backend:
        folder = self._folder / f"demo {len(self._started)}"
        backend = start_backend(folder, faults, port)
        self._started.append(backend)
        return backend

    def end(self) -> None:
        for backend in self._started:
            backend.stop()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    """A function from faults to a running backend."""
    starter = Starter(tmp_path)
    yield starter
    starter.end()


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """A backend that no test of the module harms."""
    backend = start_backend(tmp_path_factory.mktemp("healthy"))
    yield backend
    backend.stop()


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """A client that ignores proxies and opens a connection a request, as probes do."""
    limits = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(trust_env=False, limits=limits, timeout=10) as opened:
        yield opened
