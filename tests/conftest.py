"""What every test stands on: nothing of the developer's machine, and no test waits blindly."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples each time, so that a change is judged by what it changes; to look for others is
# `make explore`'s.
settings.register_profile("same", derandomize=True, database=None, deadline=None)
settings.register_profile("explore", max_examples=1500, deadline=None, print_blob=True)
settings.load_profile("same")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what it puts in the background deaf to Ctrl-C, and so would be every program
    # that these tests start and interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)


pytest_plugins = ["tests.services"]

# Textual reads these when it is imported, so they must be gone before any test module is.
for _name in ("NO_COLOR", "TEXTUAL_THEME", "TEXTUAL_COLOR_SYSTEM", "TEXTUAL_FPS", "COLORTERM"):
    os.environ.pop(_name, None)


_TRACED = ("history", "judge", "logs", "profile", "session", "traces")
"""Folders whose tests are traced for coverage: those of the packages that decide and that keep.
Textual under a tracer takes four times as long, and programs of their own are not traced anyhow."""
_UNTRACED = ("untraced", "hypothesis")
"""Markers of tests that are not traced: a property goes over the same lines a hundred times."""


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Trace nothing meanwhile that is not to be traced, its fixtures included.

    The marker ``no_cover`` of pytest-cov does not serve: in a worker there are two collectors, and
    stopping one starts the other again.
    """
    folder = item.path.relative_to(Path(__file__).parent).parts[0]
    if folder in _TRACED and not any(map(item.get_closest_marker, _UNTRACED)):
        yield
        return
    ours, threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        yield
    finally:
        threading.settrace(threads)
        sys.settrace(ours)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that wait for long come first: one worker waits, and the others take the rest from it.

    Last, they would be waited for by all.
    """
    items.sort(key=lambda item: item.get_closest_marker("waits") is None)


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own: sessions, profiles and the operator's name."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    return home


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Poll a condition until it holds; fails after a deadline that only a hang reaches."""

    def wait(condition: Callable[[], bool], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"still not true after {seconds} s")
            time.sleep(0.01)

    return wait
