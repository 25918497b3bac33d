"""Probe kinds with the agreed keys and signals, so that the loader is tested alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import pytest
from msgspec import Meta, field

from stagewatch.model import Signal
from stagewatch.profile.load import ProfileError, loads
from stagewatch.profile.schema import Kinds, ProbeConfig, Profile, Table


class Expect(Table, kw_only=True, frozen=True):
    """What an answer must be."""

    status: list[Annotated[int, Meta(ge=100, le=599)]] = field(default_factory=list)
    json: dict[str, str | int | float | bool] = field(default_factory=dict)


class Http(ProbeConfig, kw_only=True, frozen=True):
    """As the http kind has it."""

    url: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    expect: Expect = Expect()
    read: dict[str, str] = field(default_factory=dict)
    show: dict[str, str] = field(default_factory=dict)
    convert: bool = False
    max_bytes: int = 1 << 20
    redirects: int = 0


class Process(ProbeConfig, kw_only=True, frozen=True):
    """As the process kind has it."""

    match: str = ""
    pid_file: str = ""
    tree: bool = True


class Log(ProbeConfig, kw_only=True, frozen=True):
    """As the log kind has it."""

    path: str
    encoding: str = "utf-8"


CONFIGS: dict[str, type[ProbeConfig]] = {"http": Http, "log": Log, "process": Process}
PROCESS_UNITS = {"rss": "B", "pss": "B", "cpu": "%", "uptime": "s", "threads": "", "fds": ""}
LOG_FIELDS = ("lines", "errors", "criticals", "warnings")


class FakeKinds:
    """``Kinds`` without a probe behind it."""

    def names(self) -> tuple[str, ...]:
        return tuple(CONFIGS)

    def config(self, kind: str) -> type[ProbeConfig]:
        return CONFIGS[kind]

    def signals(self, name: str, config: ProbeConfig) -> tuple[Signal, ...]:
        if isinstance(config, Http):
            fixed = (Signal(f"{name}.ok", ""), Signal(f"{name}.latency", "ms"))
            return fixed + tuple(Signal(f"{name}.{part}", "") for part in config.read)
        if isinstance(config, Process):
            units = {**PROCESS_UNITS, "count": ""}
        else:
            units = dict.fromkeys(LOG_FIELDS, "")
        return tuple(Signal(f"{name}.{part}", unit) for part, unit in units.items())

    def problems(self, config: ProbeConfig) -> Iterable[tuple[str, str]]:
        if isinstance(config, Process) and bool(config.match) == bool(config.pid_file):
            yield "match", "give either match or pid_file"


@pytest.fixture(scope="session")
def kinds() -> Kinds:
    """The fakes above."""
    return FakeKinds()


@pytest.fixture
def loaded(kinds: Kinds) -> Callable[[str], Profile]:
    """A profile from its text."""
    return lambda text: loads(text, Path("p.toml"), kinds)


@pytest.fixture
def problems(kinds: Kinds) -> Callable[[str], str]:
    """Everything that is wrong with a text, as an operator reads it."""

    def found(text: str) -> str:
        with pytest.raises(ProfileError) as caught:
            loads(text, Path("p.toml"), kinds)
        return str(caught.value)

    return found
