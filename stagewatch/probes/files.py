"""The files probe: counts lines that match, as ``grep -r … | grep …`` does, without a shell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta, field

from stagewatch.model import Signal
from stagewatch.probes import OpenContext, Probe, ProbeKind
from stagewatch.profile.schema import Positive, ProbeConfig
from stagewatch.profile.values import Duration, Limit


class FilesConfig(ProbeConfig, kw_only=True, frozen=True):
    """``[probe.NAME]`` with ``kind = "files"``."""

    paths: Annotated[list[str], Meta(min_length=1)]
    """Files, and folders with all that is below them; relative to the profile."""
    patterns: Annotated[list[str], Meta(min_length=1)]
    """Regular expressions; a line counts when every one of them matches in it."""
    include: list[str] = field(default_factory=list)
    """Below folders only files with such names, ``*.ts``; all when empty."""
    exclude: list[str] = field(default_factory=lambda: [".git", "node_modules"])
    """Names of files and folders to leave out below folders."""
    every: Duration = Duration(300)
    """How often it runs."""
    max_files: Positive = 20_000
    """It may search no more files."""
    max_bytes: Limit = Limit(256 * 1024 * 1024, "B")
    """It may read no more."""


def signals(name: str, config: FilesConfig) -> tuple[Signal, ...]:
    """Lines, files that hold one, and files searched."""
    return (
        Signal(f"{name}.lines", "", f"lines that match {' and '.join(config.patterns)}"),
        Signal(f"{name}.files", "", "files with such a line"),
        Signal(f"{name}.searched", "", "files that were searched"),
    )


def problems(config: FilesConfig) -> Iterator[tuple[str, str]]:
    """What is wrong with this table beside its types."""
    for pattern in config.patterns:
        try:
            matches_nothing = re.compile(pattern.encode()).search(b"")
        except re.error as error:
            yield "patterns", f"holds no regular expression: {pattern!r}: {error}"
        else:
            if matches_nothing and len(config.patterns) == 1:
                yield "patterns", f"{pattern!r} matches every line"
    if not all(path.strip() and "\0" not in path for path in config.paths):
        yield "paths", "holds an empty text; name a file or a folder"
    if config.max_bytes.unit not in {"", "B"} or config.max_bytes < 1:
        yield "max_bytes", 'is a size, as in "256 MiB"'


def open_probe(name: str, config: FilesConfig, context: OpenContext) -> Probe:
    """Make the probe; it searches when it is read."""
    from stagewatch.probes._filesprobe import FilesProbe

    return FilesProbe(name, config, context, signals(name, config))


KIND = ProbeKind(config=FilesConfig, signals=signals, open=open_probe, problems=problems)
