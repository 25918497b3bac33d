"""The process probe tells what others tell that look at the same moment."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from stagewatch.clock import SystemClock
from stagewatch.model import Result
from stagewatch.probes._match import ByPidFile
from stagewatch.probes._meter import Meter
from stagewatch.probes._proc import Proc

if TYPE_CHECKING:
    from tests.probes.conftest import OpenProcess
    from tests.probes.puppet import Puppet

MANY = 1000
"""Children whose numbers take more than a page."""


def test_values_are_those_of_psutil(
    puppet: Callable[..., Puppet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory, threads, descriptors, number and CPU time of a tree are what another tool counts."""
    monkeypatch.setattr("stagewatch.probes._meter.PSS_CHEAP", 3600.0)
    subject = puppet()
    for command in ("grow 20", "open 30", "fork 4", "thread 3"):
        subject.tell(command)
    (tmp_path / "pid").write_text(str(subject.pid))
    proc = Proc()
    meter = Meter(proc, ByPidFile(proc, tmp_path / "pid", ""), SystemClock().boot, tree=True)
    # Others start and end, which changes how many share a library: until nobody did meanwhile.
    for _ in range(50):
        before = _counted(subject.pid)
        values = meter.look().values
        if before == _counted(subject.pid):
            break
    told = {key: values[key] for key in ("rss", "pss", "threads", "fds", "count")}
    used = sum(meter._used.values()) / proc.hz
    assert told == before[0]
    assert used == pytest.approx(before[1])
    assert (told["count"], told["threads"]) == (5, 8)


def _counted(pid: int) -> tuple[dict[str, float], float]:
    root = psutil.Process(pid)
    tree = [root, *root.children(recursive=True)]
    memory = [process.memory_full_info() for process in tree]
    times = [process.cpu_times() for process in tree]
    return {
        "rss": sum(each.rss for each in memory),
        "pss": sum(each.pss for each in memory),
        "threads": sum(process.num_threads() for process in tree),
        "fds": sum(process.num_fds() for process in tree),
        "count": len(tree),
    }, sum(each.user + each.system for each in times)


def test_thousand_children_are_a_thousand() -> None:
    """The kernel hands out a list of children by the page, and all its pages are read."""
    script = f"i=0; while [ $i -lt {MANY} ]; do cat <&3 & i=$((i+1)); done; echo; cat <&3"
    # All of them end when the pipe that they read does.
    reads, writes = os.pipe()
    with subprocess.Popen(
        ["sh", "-c", f"exec 3<&0; {script}"], stdin=reads, stdout=subprocess.PIPE
    ) as shell:
        os.close(reads)
        try:
            assert shell.stdout is not None
            shell.stdout.readline()
            proc = Proc()
            top = proc.stat(shell.pid)
            assert top is not None
            # The shell, its children, and the last command.
            assert len(proc.families([top], ())) - 1 in {MANY, MANY + 1}
        finally:
            os.close(writes)


@pytest.mark.parametrize("counts", [True, False], ids=["counted", "listed"])
@pytest.mark.parametrize("opened", [0, 300])
def test_descriptors_are_as_many_as_are_listed(
    puppet: Callable[..., Puppet], counts: bool, opened: int
) -> None:
    """Whether the kernel counts them, from Linux 6.2 on, or they are listed."""
    subject, proc = puppet(), Proc()
    proc._counts_descriptors = counts and proc._counts_descriptors
    subject.tell(f"open {opened}")
    listed = len(os.listdir(f"/proc/{subject.pid}/fd"))
    assert proc.descriptors(subject.pid) == listed == opened + 3


def test_own_descriptors_are_counted_as_they_are_listed() -> None:
    """The descriptor through which one looks at oneself is in both numbers."""
    proc = Proc()
    counted = proc.descriptors(os.getpid())
    proc._counts_descriptors = False
    assert proc.descriptors(os.getpid()) == counted


def test_kernel_that_does_not_count_has_them_listed(tmp_path: Path) -> None:
    """The size of a folder that is not the kernel's own is no number of descriptors."""
    folder = tmp_path / str(os.getpid()) / "fd"
    folder.mkdir(parents=True)
    for name in ("0", "1", "2"):
        (folder / name).touch()
    assert Proc(str(tmp_path)).descriptors(os.getpid()) == 3


NOBODY = """
import os, sys
from stagewatch.probes._proc import NotPermittedError, Proc
proc = Proc()
os.setresuid(65534, 65534, 65534)
try:
    print(proc.descriptors(int(sys.argv[1])))
except NotPermittedError as error:
    print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_number_that_the_kernel_lets_slip_is_not_told(puppet: Callable[..., Puppet]) -> None:
    """Who may not list them gets no number, though the kernel tells a folder's size to all."""
    run = [sys.executable, "-c", NOBODY, str(puppet().pid)]
    told = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert told == "n/a (needs root)\n"


def test_memory_of_a_process_that_ends_meanwhile_is_what_it_had(
    puppet: Callable[..., Puppet],
) -> None:
    """It counts as it was when the reading saw it, and not as a process of 0 MB."""
    subject, proc = puppet(), Proc()
    stat = proc.stat(subject.pid)
    assert stat is not None
    for reap in (False, True):
        subject.kill(reap=reap)
        assert proc.resident(stat) == stat.pages * proc.page > 0


def test_zombie_and_nobody_hold_nothing(puppet: Callable[..., Puppet]) -> None:
    """A process that ends while it is read has no descriptors and no memory, and is no failure."""
    subject, proc = puppet(), Proc()
    subject.kill(reap=False)
    stat = proc.stat(subject.pid)
    assert stat is not None
    assert stat.gone
    assert (proc.descriptors(subject.pid), proc.pss(subject.pid)) == (0, 0)
    subject.kill()
    assert proc.stat(subject.pid) is None
    assert (proc.descriptors(subject.pid), proc.pss(subject.pid)) == (0, 0)
    assert proc.families([stat], ()) == []


async def test_process_that_becomes_another_program_no_longer_matches(
    process: OpenProcess, marker: str, tmp_path: Path
) -> None:
    """Number and start stay when a process runs another program; its command line does not."""
    shell = ["sh", "-c", "read go; exec cat", marker]
    subject = subprocess.Popen(shell, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: ASYNC220
    with subject:
        (tmp_path / "pid").write_text(str(subject.pid))
        probe = process(pid_file="pid", match=marker)
        first = await probe.read()
        subject.stdin.write(b"go\nhere\n")  # type: ignore[union-attr]  # it is a pipe
        subject.stdin.flush()  # type: ignore[union-attr]
        subject.stdout.readline()  # type: ignore[union-attr]
        second = await probe.read()
        subject.stdin.close()  # type: ignore[union-attr]
    assert first is not None
    assert second is not None
    assert (first.result, second.result) == (Result.VALUE, Result.ERROR)
    assert str(second.reason).endswith(f'does not match "{marker}"')


async def test_closed_probe_has_no_thread(
    process: OpenProcess, puppet: Callable[..., Puppet], marker: str
) -> None:
    """Its readings share one thread, which ends with it."""
    puppet()
    probe = process(match=marker)
    before = set(threading.enumerate())
    await probe.read()
    await probe.read()
    (thread,) = set(threading.enumerate()) - before
    assert thread.name == "process-backend"
    await probe.aclose()
    thread.join(20)
    assert not thread.is_alive()
