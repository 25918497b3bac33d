"""The process probe on real processes, and on copies of /proc where those cannot be had."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagewatch.clock import SystemClock
from stagewatch.model import Reading, Result
from stagewatch.probes._match import RESCAN, ByPattern, is_stagewatch
from stagewatch.probes._meter import PSS_EVERY, Meter
from stagewatch.probes._proc import Proc, Stat
from stagewatch.probes._processprobe import Identity

if TYPE_CHECKING:
    from tests.probes.conftest import OpenProcess
    from tests.probes.puppet import Puppet

MB = 1024 * 1024


@pytest.fixture
def cheap_pss(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is today, PSS is read every time."""
    monkeypatch.setattr("stagewatch.probes._meter.PSS_CHEAP", 3600.0)


@pytest.mark.usefixtures("cheap_pss")
async def test_running_process_has_every_signal(
    process: OpenProcess, puppet: Callable[..., Puppet], marker: str
) -> None:
    """From the second reading on nothing is missing; the first cannot know CPU yet."""
    pid = puppet().pid
    probe = process(match=marker)
    first, second = await probe.read(), await probe.read()
    assert first is not None
    assert second is not None
    assert (first.result, second.result) == (Result.VALUE, Result.VALUE)
    assert first.missing == {"backend.cpu": "known from the second reading on"}
    assert second.values.keys() == {signal.name for signal in probe.signals}
    assert second.values["backend.count"] == 1
    assert second.values["backend.rss"] >= second.values["backend.pss"] > MB
    assert str(second.facts["proc"]).startswith(f"{pid}@")
    assert first.facts == second.facts


@pytest.mark.usefixtures("cheap_pss")
async def test_growth_shows(
    process: OpenProcess, puppet: Callable[..., Puppet], marker: str
) -> None:
    """Memory, descriptors, threads and CPU follow what the process does."""
    subject = puppet()
    probe = process(match=marker)
    before = await _read(probe)
    for command in ("grow 50", "open 10", "thread 3", "burn 0.05"):
        subject.tell(command)
    after = await _read(probe)
    grown = {name: after.values[name] - before.values[name] for name in before.values}
    assert 50 * MB <= grown["backend.rss"] < 80 * MB
    # Its share of the interpreter's own pages shrinks as other interpreters start.
    assert 45 * MB <= grown["backend.pss"] < 80 * MB
    assert grown["backend.fds"] == 10
    assert grown["backend.threads"] == 3
    assert after.values["backend.cpu"] > 0
    assert after.values["backend.uptime"] > before.values["backend.uptime"]


@pytest.mark.usefixtures("cheap_pss")
@pytest.mark.parametrize("lists_children", [True, False])
async def test_tree_is_summed(puppet: Callable[..., Puppet], lists_children: bool) -> None:
    """Forked workers count with their parent, and PSS counts shared pages once."""
    subject = puppet()
    subject.tell("grow 30")
    proc = Proc()
    proc._lists_children = lists_children and proc._lists_children
    whole = Meter(proc, _Only(proc, subject.pid), SystemClock().boot, tree=True)
    single = Meter(proc, _Only(proc, subject.pid), SystemClock().boot, tree=False)
    alone = whole.look().values
    subject.tell("fork 3")
    tree = whole.look().values
    assert (alone["count"], tree["count"], single.look().values["count"]) == (1, 4, 1)
    assert tree["rss"] > alone["rss"] + 3 * 30 * MB
    assert tree["pss"] < alone["rss"] + 3 * 30 * MB
    assert tree["threads"] == 4


async def test_child_of_a_thread_is_summed(
    process: OpenProcess, puppet: Callable[..., Puppet], tmp_path: Path
) -> None:
    """Linux lists children with the thread that started them, not with the process."""
    subject = puppet()
    subject.tell("fork-from-thread 1")
    (tmp_path / "pid").write_text(str(subject.pid))
    assert (await _read(process(pid_file="pid"))).values["backend.count"] == 2


async def test_match_and_child_at_once_count_once(
    process: OpenProcess, puppet: Callable[..., Puppet], marker: str
) -> None:
    """A worker with its parent's command line is found twice, and summed once."""
    puppet().tell("fork 3")
    assert (await _read(process(match=marker))).values["backend.count"] == 4
    assert (await _read(process(match=marker, tree=False))).values["backend.count"] == 4


async def test_several_matches_are_one_group(
    process: OpenProcess, puppet: Callable[..., Puppet], marker: str
) -> None:
    """All matches are summed, each process once; the oldest is the one that is named."""
    oldest = puppet()
    puppet()
    probe = process(match=marker)
    reading = await _read(probe)
    assert reading.values["backend.count"] == 2
    assert str(reading.facts["proc"]).startswith(f"{oldest.pid}@")


async def test_restart_changes_the_identity(
    process: OpenProcess, puppet: Callable[..., Puppet], marker: str
) -> None:
    """A restarted process is found at the next reading, under another name."""
    first = puppet()
    probe = process(match=marker)
    before = await _read(probe)
    first.kill()
    second = puppet()
    after = await _read(probe)
    assert after.result is Result.VALUE
    assert after.facts["proc"] != before.facts["proc"]
    assert str(after.facts["proc"]).startswith(f"{second.pid}@")
    assert after.values["backend.cpu"] >= 0


async def test_missing_process_is_an_error(process: OpenProcess, marker: str) -> None:
    """Nothing there is a failed reading; the count is the only number that is known."""
    reading = await _read(process(match=marker))
    assert reading.result is Result.ERROR
    assert reading.reason == f'no process matches "{marker}"'
    assert reading.values == {"backend.count": 0.0}
    assert len(reading.missing) == 6


async def test_zombie_is_down(
    process: OpenProcess, puppet: Callable[..., Puppet], marker: str
) -> None:
    """A process that has ended and is not reaped is down, not a process of 0 MB."""
    subject = puppet()
    probe = process(match=marker)
    await _read(probe)
    subject.kill(reap=False)
    reading = await _read(probe)
    assert reading.result is Result.ERROR
    assert reading.reason == f"process {subject.pid} has ended (a zombie, not yet reaped)"
    assert "backend.rss" in reading.missing


async def test_pid_file(
    process: OpenProcess, puppet: Callable[..., Puppet], marker: str, tmp_path: Path
) -> None:
    """A pid file is read anew each time, relative to the profile."""
    probe = process(pid_file="run/app.pid", match=marker)
    path = tmp_path / "run/app.pid"
    told = [(await _read(probe)).reason]
    path.parent.mkdir()
    for content in ("", "x", "-1", "0", str(2**40), str(os.getpid())):
        path.write_text(content)
        told.append((await _read(probe)).reason)
    assert told == [
        f"cannot read {path}: no such file or directory",
        *([f"{path} holds no process number"] * 4),
        f"process {2**40} of {path} is not running",
        f'process {os.getpid()} of {path} does not match "{marker}"',
    ]
    path.write_text(f"{puppet().pid}\n")
    assert (await _read(probe)).values["backend.count"] == 1


async def test_stagewatch_itself_is_never_meant(
    process: OpenProcess, puppet: Callable[..., Puppet], marker: str
) -> None:
    """The screen's command line may contain what the profile searches for."""
    puppet("/usr/bin/stagewatch")
    assert (await _read(process(match=marker))).result is Result.ERROR


@pytest.mark.parametrize(
    ("command", "ours"),
    [
        ("stagewatch --profile main.py", True),
        ("/venv/bin/python3 /venv/bin/stagewatch record", True),
        ("python3 -u -m stagewatch record", True),
        ("python3 -m stagewatch.demo.backend --port 1", False),
        ("python3 main.py stagewatch", False),
        ("python3 -u main.py", False),
        ("python3", False),
    ],
)
def test_what_counts_as_stagewatch(command: str, ours: bool) -> None:
    """The command, however it is started, and not the demo's backend."""
    assert is_stagewatch(command.split(" ")) is ours


def test_shell_that_started_stagewatch_is_not_meant(marker: str) -> None:
    """``sh -c 'python3 main.py & stagewatch record'`` matches, and is not the backend."""
    script = (
        "import sys\n"
        "from stagewatch.probes._match import ByPattern\n"
        "from stagewatch.probes._proc import Proc\n"
        "from stagewatch.probes._failure import FailureError\n"
        "try: print(ByPattern(Proc(), sys.argv[1], lambda: 1.0).find())\n"
        "except FailureError as error: print(error.kind)"
    )
    shell = ["sh", "-c", f'"$0" -c "$1" {marker}; true', sys.executable, script]
    told = subprocess.run(shell, capture_output=True, text=True, check=True).stdout
    assert told == "absent\n"


DROPS_RIGHTS = """
import os, sys
from stagewatch.probes._meter import Meter
from stagewatch.probes._proc import Proc, Stat
proc = Proc()
if os.geteuid() == 0:
    os.setresuid(65534, 65534, 65534)
class One:
    def find(self):
        return [proc.stat(int(sys.argv[1]))]
sums = Meter(proc, One(), lambda: 1.0, tree=False).look()
print(sorted(sums.values), sums.missing["fds"], sums.missing["pss"], sep="\\n")
"""


def test_forbidden_values_are_not_zero(puppet: Callable[..., Puppet]) -> None:
    """What the kernel does not tell is missing, and says whose rights it takes."""
    other = puppet().pid if os.geteuid() == 0 else 1
    if os.stat(f"/proc/{other}").st_uid != 0:
        pytest.skip("no process of root to look at")
    told = subprocess.run(
        [sys.executable, "-c", DROPS_RIGHTS, str(other)], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert told == [str(["count", "rss", "threads", "uptime"]), *["n/a (needs root)"] * 2]


NO_FILES = """
import asyncio, resource, sys
from pathlib import Path
from stagewatch.clock import SystemClock
from stagewatch.probes import OpenContext, probe_kind
kind = probe_kind("process")
config = kind.config(kind="process", match=sys.argv[1])
probe = kind.open("backend", config, OpenContext(SystemClock(), Path(), 0.0))
async def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    reading = await probe.read()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    print(reading.reason, dict(reading.values))
asyncio.run(main())
"""


def test_exhausted_machine_is_not_a_missing_process(marker: str) -> None:
    """Without descriptors nothing is known, least of all that the process is gone."""
    told = subprocess.run(
        [sys.executable, "-c", NO_FILES, marker], capture_output=True, text=True, check=True
    ).stdout
    assert told == "cannot read /proc: too many open files {}\n"


def test_only_absence_reads_as_absence(tmp_path: Path) -> None:
    """A process that cannot be read for another cause is not a process that has ended."""
    (tmp_path / "10/stat").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        Proc(str(tmp_path)).stat(10)
    assert Proc(str(tmp_path)).stat(11) is None


def test_reused_pid_is_another_process(tmp_path: Path) -> None:
    """The same number with another start time is searched for again, not believed."""
    _fake(tmp_path, 10, started=100, command="python3 main.py")
    now = [0.0]
    finder = ByPattern(Proc(str(tmp_path)), r"main\.py", lambda: now[0])
    assert [stat.ident for stat in finder.find()] == [(10, 100)]
    _fake(tmp_path, 10, started=900, command="cron")
    _fake(tmp_path, 11, started=901, command="python3 main.py")
    assert [stat.ident for stat in finder.find()] == [(11, 901)]


def test_new_siblings_are_found_now_and_then(tmp_path: Path) -> None:
    """A second instance joins within a minute, without a search at every reading."""
    _fake(tmp_path, 10, started=100, command="worker")
    now = [0.0]
    finder = ByPattern(Proc(str(tmp_path)), "worker", lambda: now[0])
    finder.find()
    _fake(tmp_path, 11, started=101, command="worker")
    now[0] = RESCAN / 2
    assert len(finder.find()) == 1
    now[0] = RESCAN
    assert len(finder.find()) == 2


def test_command_name_may_hold_anything(tmp_path: Path) -> None:
    """Brackets and blanks in a program's name do not shift the fields."""
    _fake(tmp_path, 10, started=100, command="x", name=") R 1 (")
    stat = Proc(str(tmp_path)).stat(10)
    assert stat is not None
    assert (stat.state, stat.started, stat.threads) == ("S", 100, 1)


def test_costly_pss_is_read_once_a_minute(tmp_path: Path) -> None:
    """PSS that takes long is missing in between, with the reason, and never repeated."""

    class Slow(Proc):
        def pss(self, pid: int) -> int:
            until = os.times().elapsed + 0.02
            while os.times().elapsed < until:
                pass
            return 5

    _fake(tmp_path, 10, started=100, command="worker")
    proc = Slow(str(tmp_path))
    now = [1000.0]
    meter = Meter(proc, ByPattern(proc, "worker", lambda: now[0]), lambda: now[0], tree=True)
    assert meter.look().values["pss"] == 5
    now[0] += PSS_EVERY / 2
    assert meter.look().missing["pss"].startswith("read once in 60 s only, as it takes ")
    now[0] += PSS_EVERY / 2
    assert meter.look().values["pss"] == 5


def test_cpu_is_a_share_of_one_core(tmp_path: Path) -> None:
    """CPU counts what was used since the last look, of new processes all, of old ones no more."""
    _fake(tmp_path, 10, started=100, command="worker", used=500)
    proc = Proc(str(tmp_path))
    now = [100.0]
    meter = Meter(proc, ByPattern(proc, "worker", lambda: now[0]), lambda: now[0], tree=True)
    assert "cpu" in meter.look().missing
    now[0] = 110.0
    _fake(tmp_path, 10, started=100, command="worker", used=500 + 2 * proc.hz)
    assert meter.look().values["cpu"] == pytest.approx(20.0)
    now[0] = 200.0
    _fake(tmp_path, 10, started=150 * proc.hz, command="worker", used=9 * proc.hz)
    assert meter.look().values["cpu"] == pytest.approx(10.0)


class _SetClock(SystemClock):
    """A clock whose wall time can be set."""

    moved = 0.0

    def now(self) -> float:
        return super().now() + self.moved


def test_identity_survives_a_set_clock_and_a_new_recorder() -> None:
    """A moved wall clock or another recorder must not look like a restart."""
    clock, proc = _SetClock(), Proc()
    own = proc.stat(os.getpid())
    assert own is not None
    identity = Identity(proc, clock, None)
    checkpoint = identity.of(own)
    pid, _, start = identity.label.partition("@")
    assert int(pid) == os.getpid()
    assert len(start.partition(".")[2]) == 2
    clock.moved = 3600.0
    identity.of(own)
    later = Identity(proc, clock, checkpoint)
    later.of(own)
    assert identity.label == later.label == f"{pid}@{start}"


@pytest.mark.parametrize("broken", ["", "{", "[]", "7", '{"key": 1, "proc": "x"}', "null"])
def test_broken_checkpoint_is_ignored(broken: str) -> None:
    """What cannot be read is worked out again."""
    own = Proc().stat(os.getpid())
    assert own is not None
    identity = Identity(Proc(), SystemClock(), broken)
    identity.of(own)
    assert identity.label.startswith(f"{os.getpid()}@")


def test_checkpoint_of_another_boot_is_ignored() -> None:
    """After a reboot the same pid and ticks are another process."""
    proc = Proc()
    own = proc.stat(os.getpid())
    assert own is not None
    old = f'{{"key": ["another", {own.pid}, {own.started}], "proc": "1@1.00"}}'
    identity = Identity(proc, SystemClock(), old)
    identity.of(own)
    assert identity.label != "1@1.00"


class _Only:
    """Finds one process."""

    def __init__(self, proc: Proc, pid: int) -> None:
        self._proc = proc
        self._pid = pid

    def find(self) -> list[Stat]:
        stat = self._proc.stat(self._pid)
        assert stat is not None
        return [stat]


async def _read(probe: object) -> Reading:
    reading = await probe.read()  # type: ignore[attr-defined]  # any probe
    assert isinstance(reading, Reading)
    return reading


def _fake(
    root: Path, pid: int, *, started: int, command: str, name: str = "x", used: int = 0
) -> None:
    folder = root / str(pid)
    folder.mkdir(exist_ok=True)
    fields = ["S", "1", *["0"] * 9, str(used), "0", "0", "0", "20", "0", "1", "0", str(started)]
    (folder / "stat").write_text(f"{pid} ({name}) {' '.join(fields)} 1000 50 0\n")
    (folder / "cmdline").write_text(command.replace(" ", "\0") + "\0")
    (folder / "smaps_rollup").write_text("Rss: 200 kB\nPss: 100 kB\n")
    (folder / "fd").mkdir(exist_ok=True)
