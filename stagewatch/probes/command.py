"""The command probe: runs a program without a shell, and reads numbers out of what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta, field

from stagewatch.expressions import why_exponential
from stagewatch.model import Signal
from stagewatch.probes import OpenContext, Probe, ProbeKind
from stagewatch.probes._fields import PathError, compile_path
from stagewatch.profile.schema import ProbeConfig
from stagewatch.profile.values import Limit

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NO_NAME = "a signal needs a name of letters, digits, _ and - of its own"
_OWN = frozenset({"ok", "status", "took"})


class CommandConfig(ProbeConfig, kw_only=True, frozen=True):
    """``[probe.NAME]`` with ``kind = "command"``."""

    argv: Annotated[list[str], Meta(min_length=1)]
    """The program and its arguments, each as it is: no shell, no patterns, no variables."""
    cwd: str = ""
    """The folder to run in; the profile's own when empty."""
    env: dict[str, str] = field(default_factory=dict)
    """Variables of its environment beside the usual; values may be ``env:`` and ``file:``."""
    status: list[Annotated[int, Meta(ge=0, le=255)]] = field(default_factory=lambda: [0])
    """The good exit statuses."""
    read: dict[str, str] = field(default_factory=dict)
    """Signal → regular expression; its first group in the first line that matches."""
    json: dict[str, str] = field(default_factory=dict)
    """Signal → path of a number, where the output is a JSON document."""
    max_bytes: Limit = Limit(64 * 1024, "B")
    """It may say no more than this."""


def signals(name: str, config: CommandConfig) -> tuple[Signal, ...]:
    """How it ended, and one signal for each entry of ``read`` and ``json``."""
    return (
        Signal(f"{name}.ok", "", "1 when it ended and said as it should, 0 when not"),
        Signal(f"{name}.status", "", "the exit status"),
        Signal(f"{name}.took", "ms", "how long it ran"),
        *(Signal(f"{name}.{key}", "", f"matched by {text}") for key, text in config.read.items()),
        *(Signal(f"{name}.{key}", "", f"field {path}") for key, path in config.json.items()),
    )


def problems(config: CommandConfig) -> Iterator[tuple[str, str]]:
    """What is wrong with this table beside its types."""
    if not config.argv[0].strip():
        yield "argv", "begins with an empty text; name the program"
    if any("\0" in word for word in config.argv):
        yield "argv", "holds a NUL character, which no argument may"
    for table, entries in (("read", config.read), ("json", config.json)):
        for key in entries:
            if not _NAME.fullmatch(key) or key in _OWN:
                yield (
                    f"{table}.{key}",
                    _NO_NAME,
                )
    for key, text in config.read.items():
        yield from ((f"read.{key}", problem) for problem in _pattern_problems(text))
    for key, path in config.json.items():
        try:
            compile_path(path)
        except PathError as error:
            yield f"json.{key}", f"is no path: {error}"
        if key in config.read:
            yield f"json.{key}", "is in read as well"
    for name in config.env:
        if not _VARIABLE.fullmatch(name):
            yield f"env.{name}", "is no name of a variable"
    if config.max_bytes.unit not in {"", "B"} or config.max_bytes < 1:
        yield "max_bytes", 'is a size, as in "64 KiB"'


def _pattern_problems(text: str) -> Iterator[str]:
    try:
        pattern = re.compile(text.encode())
        why = why_exponential(text.encode())
    except re.error as error:
        yield f"is no regular expression: {error}"
        return
    if why:
        yield why
    if pattern.groups != 1:
        yield f"needs one group ( ) around the number, and has {pattern.groups}"


def open_probe(name: str, config: CommandConfig, context: OpenContext) -> Probe:
    """Make the probe; whether it may run is asked before each run."""
    from stagewatch.probes._commandprobe import CommandProbe

    return CommandProbe(name, config, context, signals(name, config))


KIND = ProbeKind(
    config=CommandConfig,
    signals=signals,
    open=open_probe,
    problems=problems,
    runs=lambda config: config.argv,
)
