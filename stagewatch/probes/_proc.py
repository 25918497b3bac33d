"""What Linux tells about processes in ``/proc``, read directly: a tenth of what psutil takes."""

from __future__ import annotations

import errno
import os
import pwd
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

_ABSENT = {errno.ENOENT, errno.ESRCH, errno.EACCES, errno.EPERM, errno.ENOTDIR}
_SHORT = 4096
"""Bytes, of what is always shorter."""
_COMMAND_BYTES = 4096
"""Of a command line, so that a regular expression never sees an endless one."""


class Stat(NamedTuple):
    """One process at one moment."""

    pid: int
    state: str
    parent: int
    used: int
    """CPU time of user and system, in ticks."""
    threads: int
    started: int
    """Ticks after boot; with the pid, this is who the process is."""
    pages: int
    """Resident pages, of which the kernel's sum may lag behind: ``Proc.resident`` is exact."""

    @property
    def ident(self) -> tuple[int, int]:
        """Tells this process from a later one with the same pid."""
        return self.pid, self.started

    @property
    def gone(self) -> bool:
        """A zombie, or nearly: it has ended, and only its exit status is kept."""
        return self.state in "ZXx"


class NotPermittedError(Exception):
    """The kernel does not tell this to everybody; ``str()`` says to whom it does."""


class Proc:
    """``/proc``, or a copy of it. Every method may raise OSError when the machine is exhausted."""

    def __init__(self, root: str = "/proc") -> None:
        self.root = root
        self.hz = os.sysconf("SC_CLK_TCK")
        self.page = os.sysconf("SC_PAGE_SIZE")
        own = os.getpid()
        self._lists_children = os.path.exists(f"{root}/{own}/task/{own}/children")
        self._counts_descriptors = _tells_how_many(f"{root}/{own}/fd")

    def boot_id(self) -> str:
        """A name of this run of the kernel; empty where there is none."""
        return self._read("sys/kernel/random/boot_id").decode().strip()

    def pids(self) -> Iterator[int]:
        """Every process that may be seen."""
        return (int(name) for name in os.listdir(self.root) if name.isdecimal())

    def stat(self, pid: int) -> Stat | None:
        """The process, or None when there is none."""
        text = self._read(f"{pid}/stat")
        # The command's name stands in brackets, and may hold any of the separators.
        rest = text[text.rfind(b")") + 2 :].split(None, 22)
        if len(rest) < 22:
            return None
        return Stat(
            pid=pid,
            state=rest[0].decode(),
            parent=int(rest[1]),
            used=int(rest[11]) + int(rest[12]),
            threads=int(rest[17]),
            started=int(rest[19]),
            pages=int(rest[21]),
        )

    def arguments(self, pid: int) -> list[str]:
        """The command line; empty for kernel threads, zombies and nobody."""
        raw = self._read(f"{pid}/cmdline", _COMMAND_BYTES).rstrip(b"\0")
        return raw.decode("utf-8", "replace").split("\0") if raw else []

    def ancestors(self, pid: int) -> set[int]:
        """``pid`` and every process above it."""
        found: set[int] = set()
        while pid and pid not in found:
            found.add(pid)
            stat = self.stat(pid)
            pid = stat.parent if stat else 0
        return found

    def families(self, roots: Iterable[Stat], without: Collection[int]) -> list[Stat]:
        """These processes and all below them, each once, living ones only."""
        found: dict[int, Stat] = {}
        queue = list(roots)
        parents = None if self._lists_children else self._by_parent()
        while queue:
            stat = queue.pop()
            if stat.pid in found or stat.pid in without:
                continue
            found[stat.pid] = stat
            below = self._children(stat) if parents is None else parents.get(stat.pid, [])
            queue += [child for pid in below if (child := self.stat(pid)) is not None]
        return [stat for stat in found.values() if not stat.gone]

    def resident(self, stat: Stat) -> int:
        """Resident memory in bytes; of a process that has ended since, what it had before.

        ``stat`` leaves out what each core has counted for itself and not yet added to the sum, a
        hundred pages and more; in ``statm`` newer kernels add it up.
        """
        fields = self._read(f"{stat.pid}/statm").split(None, 2)
        pages = int(fields[1]) if len(fields) > 1 else 0
        return (pages or stat.pages) * self.page

    def pss(self, pid: int) -> int:
        """Proportional set size in bytes; raises NotPermittedError. 0 when it has ended."""
        for line in self._private(pid, f"{pid}/smaps_rollup").splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
        return 0

    def descriptors(self, pid: int) -> int:
        """Open descriptors; raises NotPermittedError. 0 when it has ended."""
        path = f"{self.root}/{pid}/fd"
        try:
            # To list them takes half a microsecond each, and a service may have thousands.
            return _size(path) if self._counts_descriptors else len(os.listdir(path))
        except PermissionError as error:
            raise self._not_permitted(pid) from error
        except OSError as error:
            return len(self._nothing(error))

    def _children(self, stat: Stat) -> list[int]:
        tasks = [str(stat.pid)]
        if stat.threads > 1:
            # Each thread lists the processes that it has started itself.
            with suppress(OSError):
                tasks = os.listdir(f"{self.root}/{stat.pid}/task")
        lists = (self._whole(f"{stat.pid}/task/{task}/children") for task in tasks)
        return [int(pid) for pids in lists for pid in pids.split()]

    def _by_parent(self) -> dict[int, list[int]]:
        children: dict[int, list[int]] = {}
        for pid in self.pids():
            stat = self.stat(pid)
            if stat is not None:
                children.setdefault(stat.parent, []).append(pid)
        return children

    def _read(self, name: str, size: int = _SHORT) -> bytes:
        """The file's beginning; empty when the process has ended or is hidden."""
        try:
            return self._beginning(name, size)
        except OSError as error:
            return self._nothing(error)

    def _whole(self, name: str) -> bytes:
        """All of the file, of which the kernel hands out a page at a time."""
        try:
            file = os.open(f"{self.root}/{name}", os.O_RDONLY | os.O_CLOEXEC)
            try:
                return b"".join(iter(lambda: os.read(file, _SHORT), b""))
            finally:
                os.close(file)
        except OSError as error:
            return self._nothing(error)

    def _private(self, pid: int, name: str) -> bytes:
        try:
            return self._beginning(name, _SHORT)
        except PermissionError as error:
            raise self._not_permitted(pid) from error
        except OSError as error:
            return self._nothing(error)

    def _beginning(self, name: str, size: int) -> bytes:
        file = os.open(f"{self.root}/{name}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(file, size)
        finally:
            os.close(file)

    def _nothing(self, error: OSError) -> bytes:
        """Empty for a process that has ended or is hidden; no other failure may pass for that."""
        if error.errno not in _ABSENT:
            raise error
        return b""

    def _not_permitted(self, pid: int) -> NotPermittedError:
        try:
            owner = os.stat(f"{self.root}/{pid}").st_uid
            who = pwd.getpwuid(owner).pw_name
        except (OSError, KeyError):
            return NotPermittedError("n/a (needs root)")
        return NotPermittedError("n/a (needs root)" if owner == 0 else f"n/a (needs {who} or root)")


def _size(folder: str) -> int:
    """The folder's size. It is opened, since the kernel tells the size to everybody."""
    opened = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        return os.fstat(opened).st_size
    finally:
        os.close(opened)


def _tells_how_many(own: str) -> bool:
    """Whether a folder of descriptors has their number for its size, as from Linux 6.2 on."""
    try:
        # Both have a look at themselves in it: the descriptor through which they look.
        return _size(own) == len(os.listdir(own))
    except OSError:
        return False
