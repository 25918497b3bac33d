"""The host probe on this machine, and on copies of what others look like."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagewatch.model import Result
from stagewatch.probes import OpenContext, probe_kind
from stagewatch.probes._failure import FailureError
from stagewatch.probes._hostmeter import HostMeter
from stagewatch.probes.host import HostConfig

if TYPE_CHECKING:
    from tests.probes.conftest import OpenKind, SetClock

STAT = "cpu  {busy} 0 0 {idle} 0 0 0 0 0 0\ncpu0 1 2 3\n"
MEMINFO = (
    "MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 250 kB\nSwapTotal: 9 kB\nSwapFree: 4 kB\n"
)


class Machine:
    """A copy of /proc and /sys."""

    def __init__(self, folder: Path, clock: SetClock) -> None:
        self.folder, self.clock = folder, clock
        self.write("proc/stat", STAT.format(busy=100, idle=100))
        self.write("proc/meminfo", MEMINFO)
        self.write("proc/loadavg", "1.50 1.20 1.10 2/345 6789\n")
        self.write("proc/vmstat", "nr_free_pages 1\noom_kill 3\n")

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def meter(self, cgroup: str = "") -> HostMeter:
        config = HostConfig(kind="host", cgroup=cgroup, disk=".")
        context = OpenContext(self.clock, self.folder, 0.0)
        return HostMeter(config, context, self.folder / "proc", self.folder / "cgroup")


@pytest.fixture
def machine(tmp_path: Path, set_clock: SetClock) -> Machine:
    """A machine of the test's own."""
    return Machine(tmp_path, set_clock)


async def test_this_machine_tells_everything(opened: OpenKind) -> None:
    """From the second reading on, with plausible numbers."""
    probe = opened("host", disk=".")
    first = await probe.read()
    assert first.missing == {"cpu": "known from the second reading on"}
    for _ in range(1000):
        reading = await probe.read()
        if "cpu" in reading.values:
            break
    assert (reading.result, reading.missing) == (Result.VALUE, {})
    assert all(0 <= reading.values[key] <= 100 for key in ("cpu", "memory", "disk"))
    assert reading.values["available"] > 1 << 20


def test_the_numbers_are_what_the_kernel_says(machine: Machine) -> None:
    """CPU is the share of the time since the reading before."""
    meter = machine.meter()
    meter.look()
    machine.write("proc/stat", STAT.format(busy=130, idle=170))
    values = meter.look().values
    assert values["cpu"] == pytest.approx(30)
    assert (values["memory"], values["available"]) == (75, 250 * 1024)
    assert (values["swap"], values["load"], values["oom_kills"]) == (5 * 1024, 1.5, 3)


def test_no_cpu_across_a_gap(machine: Machine) -> None:
    """An average over an hour in which nobody looked is no reading of now."""
    meter = machine.meter()
    meter.look()
    machine.clock.ahead = 3600
    machine.write("proc/stat", STAT.format(busy=130, idle=170))
    assert meter.look().missing["cpu"] == "the reading before is too long ago"
    machine.write("proc/stat", STAT.format(busy=180, idle=220))
    assert meter.look().values["cpu"] == pytest.approx(50)


def test_control_groups_of_both_versions(machine: Machine) -> None:
    """With and without a limit."""
    machine.write("cgroup/a/memory.current", "100\n")
    machine.write("cgroup/a/memory.max", "500\n")
    machine.write("cgroup/a/memory.events", "low 0\nhigh 0\nmax 4\noom 2\noom_kill 1\n")
    machine.write("cgroup/memory/b/memory.usage_in_bytes", "100\n")
    machine.write("cgroup/memory/b/memory.limit_in_bytes", "9223372036854771712\n")
    machine.write("cgroup/memory/b/memory.oom_control", "oom_kill_disable 0\noom_kill 0\n")
    second, first = machine.meter("/a/").look(), machine.meter("b").look()
    group = {key: value for key, value in second.values.items() if key.startswith("group")}
    assert group == {"group_memory": 100, "group_limit": 500, "group_oom_kills": 1}
    assert first.missing["group_limit"] == "it has no limit"
    assert (first.values["group_memory"], first.values["group_oom_kills"]) == (100, 0)


def test_what_is_not_there_is_missing(machine: Machine) -> None:
    """A group that is gone, a disk that is not mounted, a kernel that does not count."""
    machine.write("proc/vmstat", "nr_free_pages 1\n")
    found = machine.meter("gone").look()
    assert found.result is Result.NO_DATA
    assert found.reason == "control group gone: no such file or directory; is it running?"
    assert found.missing["group_oom_kills"] == found.reason
    assert found.missing["oom_kills"] == "this kernel does not count them"
    config = HostConfig(kind="host", disk="elsewhere")
    context = OpenContext(machine.clock, machine.folder, 0.0)
    disk = HostMeter(config, context, machine.folder / "proc").look()
    assert disk.missing["disk"].endswith("elsewhere: no such file or directory")


@pytest.mark.parametrize("name", ["stat", "meminfo", "loadavg"])
def test_a_machine_without_proc_is_an_error(machine: Machine, name: str) -> None:
    """Nothing is known, and nothing is 0."""
    machine.write(f"proc/{name}", "")
    with pytest.raises(FailureError, match="cannot read"):
        machine.meter().look()


def test_a_table_that_cannot_work() -> None:
    """Each mistake is told with its key."""
    kind = probe_kind("host")
    config = HostConfig(kind="host", disk=" ", cgroup="a/../../b")
    assert [key for key, _ in kind.problems(config)] == ["disk", "cgroup"]
