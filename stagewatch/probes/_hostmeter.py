"""What Linux tells about the machine as a whole, and about a control group's memory."""

from __future__ import annotations

import os
from pathlib import Path

from stagewatch.probes import OpenContext
from stagewatch.probes._failure import FailureError, os_words
from stagewatch.probes._looking import Found
from stagewatch.probes.host import HostConfig

NO_LIMIT = 1 << 60
"""What the first version of control groups says where there is no limit."""
GAP = 2.5
"""Intervals after which a difference to the reading before is no longer one."""


class HostMeter:
    """Reads everything once a look; remembers CPU times from one look to the next."""

    def __init__(
        self,
        config: HostConfig,
        context: OpenContext,
        proc: Path = Path("/proc"),
        cgroups: Path = Path("/sys/fs/cgroup"),
    ) -> None:
        self._proc = proc
        self._cgroups = cgroups
        self._group = config.cgroup.strip("/")
        self._disk = context.base / config.disk
        self._every = float(config.every)
        self._boot = context.clock.boot
        self._before: tuple[float, int, int] | None = None

    def look(self) -> Found:
        """Raises FailureError where this is no Linux."""
        found = Found()
        try:
            self._add_cpu(found)
            self._add_memory(found)
            load = (self._proc / "loadavg").read_text().split()[0]
            kills = _fields(self._proc / "vmstat").get("oom_kill")
        except (OSError, ValueError, KeyError, IndexError) as error:
            raise FailureError("proc", f"cannot read {self._proc}: {os_words(error)}") from error
        found.values["load"] = float(load)
        if kills is None:
            found.missing["oom_kills"] = "this kernel does not count them"
        else:
            found.values["oom_kills"] = float(kills)
        self._add_disk(found)
        if self._group:
            self._add_group(found)
        return found

    def _add_cpu(self, found: Found) -> None:
        with (self._proc / "stat").open() as file:
            # user, nice, system, idle, iowait, irq, softirq, steal; guests are in user.
            ticks = [int(text) for text in file.readline().split()[1:9]]
        now, total, idle = self._boot(), sum(ticks), ticks[3] + ticks[4]
        before, self._before = self._before, (now, total, idle)
        if before is None:
            found.missing["cpu"] = "known from the second reading on"
        elif now - before[0] > GAP * self._every or total <= before[1]:
            found.missing["cpu"] = "the reading before is too long ago"
        else:
            share = 1 - (idle - before[2]) / (total - before[1])
            found.values["cpu"] = 100 * min(1.0, max(0.0, share))

    def _add_memory(self, found: Found) -> None:
        fields = _fields(self._proc / "meminfo")
        total, available = fields["MemTotal:"], fields["MemAvailable:"]
        found.values |= {
            "memory": 100 * (total - available) / total,
            "available": 1024.0 * available,
            "swap": 1024.0 * (fields["SwapTotal:"] - fields["SwapFree:"]),
        }

    def _add_disk(self, found: Found) -> None:
        try:
            disk = os.statvfs(self._disk)
        except OSError as error:
            why = f"{self._disk}: {os_words(error)}"
            found.missing |= {"disk": why, "disk_free": why}
            found.amiss(why)
            return
        used = disk.f_blocks - disk.f_bfree
        # As df counts: what is kept for root is neither used nor free.
        found.values["disk"] = 100 * used / max(1, used + disk.f_bavail)
        found.values["disk_free"] = float(disk.f_bavail * disk.f_frsize)

    def _add_group(self, found: Found) -> None:
        second = self._cgroups / self._group
        first = self._cgroups / "memory" / self._group
        try:
            if (second / "memory.current").exists():
                used = int((second / "memory.current").read_text())
                limit = (second / "memory.max").read_text().strip()
                events = _fields(second / "memory.events")
            else:
                used = int((first / "memory.usage_in_bytes").read_text())
                limit = (first / "memory.limit_in_bytes").read_text().strip()
                events = _fields(first / "memory.oom_control")
        except (OSError, ValueError) as error:
            why = f"control group {self._group}: {os_words(error)}; is it running?"
            found.missing |= dict.fromkeys(("group_memory", "group_limit", "group_oom_kills"), why)
            found.amiss(why)
            return
        found.values["group_memory"] = float(used)
        if limit == "max" or int(limit) >= NO_LIMIT:
            found.missing["group_limit"] = "it has no limit"
        else:
            found.values["group_limit"] = float(limit)
        if "oom_kill" in events:
            found.values["group_oom_kills"] = float(events["oom_kill"])
        else:
            found.missing["group_oom_kills"] = "this kernel does not count them"


def _fields(path: Path) -> dict[str, int]:
    """A file of names and whole numbers, one a line."""
    rows = (line.split() for line in path.read_text().splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) >= 2 and row[1].isdigit()}
