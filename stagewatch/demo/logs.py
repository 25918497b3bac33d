"""The two logs of the demo backend: errors as a service writes them, and requests."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path
from random import Random
from types import MappingProxyType

from stagewatch.demo.faults import DemoError

LARGEST = 5 << 20
"""Bytes after which a log is rotated by rename; one old file is kept."""
QUIET = 25
"""Seconds between two WARNING lines in health, on average."""

GRACE = 10
"""Seconds before the CRITICAL line of a fault that is on from the start: the watch begins first."""

WARNINGS = (
    "cache: refresh of quota:workspace-{small} took {ms} ms",
    "websocket: workspace-{small} answered the heartbeat after {small}.{small} s",
    "openai: retry 1 of 3 after {small} s, rate limited upstream",
    "database: query on table usage_daily took {ms} ms",
)
ERRORS = (
    "api: GET /api/goals/{big} failed with 500 in {ms} ms",
    "openai: request {big} timed out after 30 s",
    "database: deadlock on table workspace_goals, transaction {big} rolled back",
    "cache: write of quota:workspace-{small} refused, payload of {big} bytes",
)
TRACEBACK = """Traceback (most recent call last):
  File "backend/services/goals.py", line 214, in refresh
    row = await self.rows.one(goal_id)
  File "backend/database.py", line 88, in one
    raise RowNotFoundError(key)
backend.database.RowNotFoundError: goal {big}"""
CRITICAL = "database: migration 0042 left table workspace_goals locked, writes are lost"

LEVELS: Mapping[str, int] = MappingProxyType(
    {"WARNING": logging.WARNING, "ERROR": logging.ERROR, "CRITICAL": logging.CRITICAL}
)


class ErrorLog:
    """Writes realistic lines: a rare WARNING in health, ERROR and CRITICAL under the fault."""

    def __init__(self, path: Path, random: Random, failing: bool) -> None:
        """``failing``: the fault is on from the start."""
        self._logger = _logger(
            "stagewatch.demo.errors", path, "%(asctime)s %(levelname)s %(message)s"
        )
        self._random = random
        self._critical_in = GRACE if failing else 1

    def step(self, failing: bool) -> None:
        """A second passes."""
        self._critical_in -= 1
        if failing and self._critical_in == 0:
            self._write("CRITICAL", CRITICAL)
        elif failing and self._random.random() < 0.6:
            self._write("ERROR", self._random.choice(ERRORS))
        elif failing and self._random.random() < 0.1:
            self._write("ERROR", "goals: refresh of goal {big} failed\n" + TRACEBACK)
        elif self._random.random() < 1 / QUIET:
            self._write("WARNING", self._random.choice(WARNINGS))
        if not failing:
            self._critical_in = 1

    def _write(self, level: str, text: str) -> None:
        small, big = self._random.randint(1, 5), self._random.randint(1000, 99999)
        filled = text.format(small=small, big=big, ms=self._random.randint(180, 900))
        self._logger.log(LEVELS[level], filled)


@dataclass(frozen=True, slots=True)
class Request:
    """One answered request, as the access log shows it."""

    client: str
    """The address it came from."""
    key: str
    """The client key that it sent, or ``-``."""
    line: str
    """Method, path and protocol."""
    status: int
    size: int
    took: float
    """Seconds."""


class AccessLog:
    """One line a request in the common log format, with the seconds it took at the end."""

    def __init__(self, path: Path) -> None:
        self._logger = _logger("stagewatch.demo.access", path, "%(message)s")

    def write(self, request: Request) -> None:
        """Add a line."""
        at = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime())
        self._logger.info(
            f'{request.client} - {request.key} [{at}] "{request.line}" '
            f"{request.status} {request.size} {request.took:.3f}"
        )


def _logger(name: str, path: Path, layout: str) -> logging.Logger:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=LARGEST, backupCount=1, encoding="utf-8")
    except OSError as error:
        raise DemoError(
            f"{path}: cannot be written: {error.strerror}; choose another --log"
        ) from error
    formatter = logging.Formatter(layout)
    formatter.converter = time.gmtime
    formatter.default_time_format = "%Y-%m-%dT%H:%M:%S"
    formatter.default_msec_format = "%s.%03dZ"
    handler.setFormatter(formatter)
    logger = logging.getLogger(name)
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    return logger
