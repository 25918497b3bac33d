"""The real logrotate over a log that is being written."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.services import need

if TYPE_CHECKING:
    from tests.logs.conftest import Watched


def rotate(log: Watched, *options: str) -> None:
    """Rotate now, as the machine does once a day."""
    logrotate = need("logrotate", "/usr/sbin", "/sbin")
    log.folder.chmod(0o755)  # logrotate refuses folders that others may write to
    body = "\n".join(["rotate 3", *options])
    config, state = log.folder / "rotate.conf", log.folder / "rotate.state"
    config.write_text(f"{log.path} {{\n{body}\n}}\n")
    config.chmod(0o644)
    command = [logrotate, "--force", "--state", str(state), str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("packing", [(), ("compress",), ("compress", "delaycompress")])
def test_create_loses_nothing(log: Watched, packing: tuple[str, ...]) -> None:
    """Ten rotations by rename, with a writer that reopens late: every line, once."""
    number = 0
    for _ in range(10):
        with open(log.path, "ab", buffering=0) as writer:
            for _ in range(20):
                writer.write(b"ERROR %d\n" % number)
                number += 1
            log.look()
            rotate(log, "create 0644", *packing)
            log.look()
            late = () if "compress" in packing and "delaycompress" not in packing else range(5)
            for _ in late:
                writer.write(b"ERROR %d\n" % number)
                number += 1
        log.look()
    log.settle()
    assert sorted(int(text.split()[1]) for text in log.texts) == list(range(number))
    assert log.watch.counts.errors == number
    assert log.losses == []
    assert (log.folder / ("error.log.2.gz" if packing else "error.log.2")).exists()


def test_copytruncate_never_counts_twice_and_says_at_least(log: Watched) -> None:
    """Lines that were read are kept, lines that it destroyed are a window."""
    with open(log.path, "ab", buffering=0) as writer:
        for number in range(50):
            writer.write(b"ERROR %d\n" % number)
        log.look()
        writer.write(b"ERROR unread\n")
        rotate(log, "copytruncate")
        for number in range(50, 60):
            writer.write(b"ERROR %d\n" % number)
        log.look()
    log.settle()
    assert log.texts == [f"ERROR {number}" for number in range(60)]
    assert log.causes == ["the file was truncated in place"]


def test_copytruncate_under_a_pattern_does_not_count_the_copy(log: Watched) -> None:
    """The copy is a rotated file, not a log of its own."""
    log.plan = type(log.plan)(str(log.folder / "error*"), log.plan.watch_start)
    log.watch.close()
    log.watch = type(log.watch)(log.plan, log.files)
    log.look()
    log.write("ERROR 1\n")
    log.look()
    rotate(log, "copytruncate")
    for _ in range(5):
        log.look(1.0)
    assert log.texts == ["ERROR 1"]
