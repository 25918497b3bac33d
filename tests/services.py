"""Real services for the tests, each on a free port of loopback with its data in a temporary folder.

`make services` installs them. Where they are missing a test that needs one is skipped, and fails
in CI, where a skipped test would look like a passed one.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import pytest

START_WITHIN = 60.0


def need(name: str, *folders: str) -> str:
    """The path of a program; skips the test where it is not installed, and fails it in CI."""
    found = shutil.which(name, path=os.pathsep.join([*folders, os.environ["PATH"]]))
    return found or missing(f"{name} is not installed; `make services` does")


def missing(why: str) -> NoReturn:
    """Skip the test, or fail it in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


def free_port() -> int:
    """A port of loopback that nobody has at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Service:
    """A service that runs."""

    port: int
    folder: Path
    user: str = ""
    """Who it runs as, where that is not who runs the tests."""


def _until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_WITHIN
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"{process.args!r} did not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A Prometheus that scrapes itself several times a second."""
    program = need("prometheus")
    folder = tmp_path_factory.mktemp("prometheus")
    port = free_port()
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n"
        "scrape_configs:\n"
        f"  - {{job_name: self, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}\n"
    )
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={folder}/prometheus.yml",
                f"--storage.tsdb.path={folder}/data",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _until(lambda: _answers(f"http://127.0.0.1:{port}/-/ready"), process, log)
        yield Service(port, folder)
    finally:
        _end(process)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A PostgreSQL with the superuser ``boss`` (password ``boss's own``) and ``guest`` (``guest``).

    It never runs as root, so its folder is in the system's own temporary folder, which everybody
    may enter.
    """
    folders = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"))[::-1]]
    initdb, server = need("initdb", *folders), need("postgres", *folders)
    user = "postgres" if os.geteuid() == 0 else ""
    with tempfile.TemporaryDirectory(prefix="stagewatch-pg-") as name:
        folder, port = Path(name), free_port()
        (folder / "password").write_text("boss's own\n")
        if user:
            for path in (folder, folder / "password"):
                shutil.chown(path, user, user)
        log = folder / "log"
        words = f"-D {folder}/data -U boss -A scram-sha-256 -N --locale=C -E UTF8".split()
        with log.open("wb") as output:
            subprocess.run(
                [initdb, *words, f"--pwfile={folder}/password"],
                stdout=output,
                stderr=output,
                user=user or None,
                cwd=folder,
                check=True,
            )
            options = {
                "port": port,
                "listen_addresses": "127.0.0.1",
                "unix_socket_directories": folder,
                "max_connections": 12,
                "shared_preload_libraries": "pg_stat_statements",
                "fsync": "off",
            }
            process = subprocess.Popen(
                [server, "-D", f"{folder}/data"]
                + [f"--{key}={value}" for key, value in options.items()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                user=user or None,
                cwd=folder,
            )
        try:
            _until(lambda: "ready to accept connections" in log.read_text(), process, log)
            yield Service(port, folder, user)
        finally:
            # Fast: it does not wait for the clients of a test that failed.
            process.send_signal(signal.SIGINT)
            process.wait(30)
