"""Reports as files: each is written once, privately, and read back before it counts."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

from stagewatch.errors import PersonError
from stagewatch.report import html, markdown, samples, structured
from stagewatch.report.model import Report, ReportError

if TYPE_CHECKING:
    from stagewatch.history.reader import History

Renderer = Callable[[Report, "History"], str]

FORMATS: Mapping[str, Renderer] = {
    "md": lambda report, history: markdown.render(report),
    "html": lambda report, history: html.render(report),
    "json": lambda report, history: structured.json_text(report),
    "toml": lambda report, history: structured.toml_text(report),
    "csv": samples.render,
}


def write(report: Report, history: History, format: str, target: Path) -> Path:
    """Write the report in ``format`` to ``target``, which must not exist; return its path.

    The file has mode 0600. Raises ReportError when it cannot be written, or when what was
    written does not read back as what was meant.
    """
    text = FORMATS[format](report, history)
    _create(target, text.encode("utf-8"))
    try:
        _read_back(target, format, text)
    except ReportError:
        target.unlink(missing_ok=True)
        raise
    return target


def _create(target: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(target, flags, 0o600)
    except FileExistsError:
        raise ReportError(f"{target}: exists already; choose another name with -o") from None
    except OSError as error:
        raise ReportError(
            f"{target}: {error.strerror}; choose a folder you may write to with -o"
        ) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        target.unlink(missing_ok=True)
        raise ReportError(f"{target}: {error.strerror}; nothing was written") from None


def _read_back(target: Path, format: str, meant: str) -> None:
    try:
        written = target.read_bytes().decode("utf-8")
        whole = written == meant and _PARSES[format](written)
    except (OSError, ValueError, PersonError) as error:
        raise ReportError(f"{target}: could not be read back: {error}") from None
    if not whole:
        raise ReportError(f"{target}: does not read back as written; nothing was kept")


def _markdown_parses(text: str) -> bool:
    tables = [line for line in text.splitlines() if line.startswith("|")]
    return text.startswith("# ") and all(line.endswith(" |") for line in tables)


def _html_parses(text: str) -> bool:
    balance = _Balance()
    balance.feed(text)
    balance.close()
    return balance.whole()


def _json_parses(text: str) -> bool:
    return isinstance(json.loads(text), dict)


def _toml_parses(text: str) -> bool:
    return structured.session_again(text) is not None


def _csv_parses(text: str) -> bool:
    rows = list(csv.reader(io.StringIO(text), strict=True))
    return bool(rows) and all(len(row) == len(samples.COLUMNS) for row in rows)


_PARSES: Mapping[str, Callable[[str], bool]] = {
    "md": _markdown_parses,
    "html": _html_parses,
    "json": _json_parses,
    "toml": _toml_parses,
    "csv": _csv_parses,
}


class _Balance(HTMLParser):
    """Whether every element is closed, in order, and no script came in."""

    _VOID = frozenset({"meta"})

    def __init__(self) -> None:
        super().__init__()
        self._open: list[str] = []
        self._sound = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self._VOID:
            self._open.append(tag)
        self._sound &= tag != "script"

    def handle_endtag(self, tag: str) -> None:
        self._sound &= bool(self._open) and self._open.pop() == tag

    def whole(self) -> bool:
        return self._sound and not self._open
