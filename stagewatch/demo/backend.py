"""``python -m stagewatch.demo.backend``: the demo backend as a program."""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stagewatch.demo.faults import FAULTS, DemoError, check_faults
from stagewatch.errors import PersonError

EXTRA = ("starlette", "uvicorn", "websockets", "h11")
REMEDY = (
    "the demo backend needs starlette, uvicorn and websockets; "
    "run: pip install 'stagewatch[demo]'   (or: pipx install 'stagewatch[demo]')"
)
DEFAULT_PORT = 8765
POLL_EVERY = 30.0
"""What the optimised frontend does."""
WRONG_USE = 2


@dataclass(frozen=True, slots=True)
class Options:
    """The command line, checked."""

    host: str
    port: int
    """0: any free one."""
    log: Path
    access_log: Path
    faults: tuple[str, ...]
    parent: int | None
    """The process without which the backend ends."""
    token: str
    seed: int
    poll_every: float
    """Seconds between two polls of a simulated workspace."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM, SIGINT or the end of the parent; returns the exit status."""
    try:
        options = parse(arguments)
        return _serve(options)
    except PersonError as error:
        sys.stderr.write(f"demo backend: {error}\n")
        return WRONG_USE
    except KeyboardInterrupt:
        return 130


def _serve(options: Options) -> int:
    try:
        from stagewatch.demo.serve import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        raise DemoError(REMEDY) from error
    asyncio.run(serve(options))
    return 0


def parse(arguments: Sequence[str] | None) -> Options:
    """The options of a command line; raises DemoError, or exits where argparse does."""
    parser = argparse.ArgumentParser(prog="python -m stagewatch.demo.backend", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 picks a free one")
    parser.add_argument("--log", type=Path, required=True, help="the error log to write")
    parser.add_argument("--access-log", type=Path, help="default: access.log beside the error log")
    parser.add_argument("--faults", default="", help=f"on from the start: {','.join(FAULTS)}")
    parser.add_argument("--parent", type=int, help="end when this process is gone")
    parser.add_argument("--control-token", default="", help="env:NAME or file:PATH")
    parser.add_argument("--seed", type=int, default=20250905, help="of the simulated load")
    parser.add_argument(
        "--poll-every", type=float, default=POLL_EVERY, help="seconds, of a simulated workspace"
    )
    given = parser.parse_args(arguments)
    return Options(
        host=_loopback(given.host),
        port=_port(given.port),
        log=given.log,
        access_log=given.access_log or given.log.with_name("access.log"),
        faults=check_faults(name for name in given.faults.split(",") if name),
        parent=given.parent,
        token=_secret(given.control_token),
        seed=given.seed,
        poll_every=_interval(given.poll_every),
    )


def _loopback(host: str) -> str:
    address = "127.0.0.1" if host == "localhost" else host
    try:
        if ipaddress.ip_address(address).is_loopback:
            return address
    except ValueError:
        pass  # A name; the answer is the same as for a foreign address.
    raise DemoError(f"--host {host}: the demo backend serves loopback only; use 127.0.0.1")


def _port(port: int) -> int:
    if 0 <= port <= 65535:
        return port
    raise DemoError(f"--port {port}: a port is between 1 and 65535; 0 picks a free one")


def _interval(seconds: float) -> float:
    if 1 <= seconds <= 3600:
        return seconds
    raise DemoError(f"--poll-every {seconds:g}: between 1 and 3600 seconds; 30 is usual")


def _secret(reference: str) -> str:
    kind, _, name = reference.partition(":")
    if not reference:
        return ""
    if kind == "env" and os.environ.get(name):
        return os.environ[name]
    if kind == "file":
        try:
            return Path(name).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise DemoError(f"--control-token: {name} cannot be read: {error}") from error
    raise DemoError("--control-token takes env:NAME (set and not empty) or file:PATH")


if __name__ == "__main__":
    sys.exit(main())
