"""A backend or a log that is not what it should be: told by its name, never taken as good."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Programs, Service

Until = Callable[[Callable[[], bool]], None]

ANSWERS = {
    "HTML": (200, "text/html", b"<html><body>It works!</body></html>", "JSON"),
    "garbage": (200, "application/json", b'\xff\xfe{"status"', "JSON|UTF-8"),
    "a list": (200, "application/json", b"[]", "status"),
    "another status": (200, "application/json", b'{"status": "degraded"}', "degraded"),
    "no field": (200, "application/json", b'{"status": "healthy"}', "database.pool.in_use"),
    "a field of words": (
        200,
        "application/json",
        b'{"status": "healthy", "database": {"pool": {"in_use": "many"}}}',
        "database.pool.in_use",
    ),
    "not a number": (
        200,
        "application/json",
        b'{"status": "healthy", "database": {"pool": {"in_use": NaN}}}',
        "NaN",
    ),
    "nothing": (200, "application/json", b"", "empty"),
    "an error": (503, "application/json", b'{"status": "healthy"}', "503"),
    "a redirect": (302, "text/plain", b"", "302"),
}


@pytest.fixture
def recording(profile: Path, programs: Programs, until: Until) -> None:
    """A recorder that runs on the profile."""
    programs.start("record", "--profile", str(profile))
    until(lambda: _health(programs) is not None)


def _probe(programs: Programs, name: str) -> dict[str, Any]:
    found: dict[str, Any] = programs.status().get("probes", {}).get(name, {})
    return found


def _health(programs: Programs) -> str | None:
    result: str | None = _probe(programs, "health").get("result")
    return result


@pytest.mark.usefixtures("recording")
def test_an_answer_that_is_no_good_one_is_never_taken_for_one(
    programs: Programs, service: Service, until: Until
) -> None:
    """Each is told in words, has no value, and is over as soon as the backend is well."""
    well = service.health
    for name, (status, kind, body, reason) in ANSWERS.items():
        until(lambda: _health(programs) == "VALUE")
        service.status, service.content_type, service.health = status, kind, body
        until(lambda: _health(programs) in ("ERROR", "NO_DATA"))
        document = programs.status()
        assert re.search(reason, document["probes"]["health"]["reason"]), name
        assert document["signals"]["health.db_used"]["value"] is None, name
        assert document["verdict"] != "GO"
        service.status, service.content_type, service.health = 200, "application/json", well
    until(lambda: _health(programs) == "VALUE")


@pytest.mark.parametrize("name", ANSWERS)
def test_a_check_names_what_is_wrong_with_the_answer(
    name: str, profile: Path, programs: Programs, service: Service
) -> None:
    service.status, service.content_type, service.health, reason = ANSWERS[name]
    done = programs.run("check", "--profile", str(profile))
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if " health (http" in line]
    assert line.startswith(("ERROR", "NO_DATA"))
    assert re.search(reason, line)
    assert "Traceback" not in done.stderr


@pytest.fixture
def closed() -> Iterator[socket.socket]:
    """A port that is ours and refuses connections, until its socket is closed."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held


def test_a_backend_that_is_down_from_the_start_may_come_later(
    closed: socket.socket,
    profile: Path,
    service: Service,
    programs: Programs,
    until: Until,
) -> None:
    """The watch begins, says that it is refused, and takes up the values when there are some."""
    port = closed.getsockname()[1]
    profile.write_text(profile.read_text().replace(str(service.port), str(port)))
    screen = programs.open("--profile", str(profile))
    screen.wait_for("(?s)DOWN.*refused")
    assert "refused" in _probe(programs, "health")["reason"]
    closed.close()
    later = type(service)(port)
    try:
        screen.wait_for("healthy")
        until(lambda: _health(programs) == "VALUE")
    finally:
        later.stop()
    screen.wait_for("(?s)DOWN.*refused")


def test_a_backend_that_hangs_is_down_within_its_deadline(
    profile: Path, service: Service, programs: Programs, until: Until
) -> None:
    """It takes the connection and never answers; the other probe goes on."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        profile.write_text(profile.read_text().replace(str(service.port), str(port)))
        programs.start("record", "--profile", str(profile))
        until(lambda: _health(programs) == "ERROR")
        health = _probe(programs, "health")
        assert health["reason"] == "no answer within 150ms (waiting for the first byte)"
        until(lambda: _probe(programs, "errors")["result"] == "VALUE")


@pytest.fixture
def log(profile: Path) -> Path:
    """The log of the profile; it is there, and empty."""
    return profile.with_name("error.log")


def _instead(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def replace(log: Path) -> None:
        log.unlink()
        make(log)

    return replace


LOGS: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (Path.unlink, "does not exist; it is read as soon as it appears"),
    "a folder": (_instead(Path.mkdir), "is not a regular file; name a log file or a pattern"),
    "a FIFO": (_instead(os.mkfifo), "is not a regular file"),
    "a device": (_instead(lambda log: log.symlink_to("/dev/zero")), "is not a regular file"),
    "unreadable": (lambda log: log.chmod(0), "may not be read; let the recorder's user read it"),
}


@pytest.mark.parametrize("kind", LOGS)
def test_a_log_that_cannot_be_read_is_told_and_read_as_soon_as_it_can(
    kind: str,
    profile: Path,
    log: Path,
    programs: Programs,
    until: Until,
    as_anybody: list[str],
) -> None:
    """No count is made up meanwhile; lines that come later are counted and shown."""
    make, reason = LOGS[kind]
    make(log)
    check = programs.run("check", "--profile", str(profile), before=as_anybody)
    assert check.returncode == 1
    assert "Traceback" not in check.stderr
    programs.start("record", "--profile", str(profile), before=as_anybody)
    until(lambda: _probe(programs, "errors").get("result") in ("ERROR", "NO_DATA"))
    document = programs.status()
    assert re.search(reason, document["probes"]["errors"]["reason"])
    assert str(log) in document["probes"]["errors"]["reason"]
    assert document["signals"]["errors.errors"]["value"] is None
    until(lambda: _health(programs) == "VALUE")
    _put_right(log)
    until(lambda: _probe(programs, "errors")["result"] == "VALUE")
    with log.open("a") as file:
        file.write("2099-01-01 00:00:00,000 ERROR [db] pool timeout\n")
    until(lambda: (programs.status()["signals"]["errors.errors"]["value"] or 0) >= 1)


def _put_right(log: Path) -> None:
    if log.is_file() and not log.is_symlink():
        log.chmod(0o600)
        return
    if log.is_dir():
        log.rmdir()
    else:
        log.unlink(missing_ok=True)
    log.touch()


def test_a_process_that_is_not_there_is_down_and_has_no_memory(
    profile: Path, programs: Programs, until: Until
) -> None:
    """None, not 0 MiB."""
    text = '\n[probe.app]\nkind = "process"\npid_file = "app.pid"\nevery = "200ms"\n'
    profile.write_text(profile.read_text() + text)
    profile.with_name("app.pid").write_text("not a number")
    programs.start("record", "--profile", str(profile))
    until(lambda: _probe(programs, "app").get("result") in ("ERROR", "NO_DATA"))
    document = programs.status()
    assert "app.pid" in document["probes"]["app"]["reason"]
    assert document["signals"]["app.rss"]["value"] is None
