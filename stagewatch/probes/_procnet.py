"""The sockets of a port from ``/proc/net/tcp`` and ``tcp6``, where ``sock_diag`` is forbidden."""

from __future__ import annotations

from pathlib import Path

from stagewatch.probes._tcp import Conn, State, Table, plain

_RETRANSMITTING = (1, 4)
"""The timers that run while a peer does not acknowledge, or has no room."""


def table(port: int, root: Path = Path("/proc/net")) -> Table:
    """Every TCP socket of this port. Raises OSError."""
    found = Table(source="/proc/net/tcp")
    wanted = b":%04X" % port
    for name in ("tcp", "tcp6"):
        path = root / name
        # A machine without IPv6 has no tcp6.
        if name == "tcp6" and not path.exists():
            continue
        for line in path.read_bytes().splitlines()[1:]:
            if wanted in line:
                _add(line.split(), wanted, found)
    return found


def _add(fields: list[bytes], wanted: bytes, found: Table) -> None:
    """Add the socket of one line."""
    local, remote = fields[1], fields[2]
    state = int(fields[3], 16)
    unsent, unread = (int(part, 16) for part in fields[4].split(b":"))
    if remote.endswith(wanted):
        found.clients.add((_end(local), _end(remote)))
    if not local.endswith(wanted):
        return
    if state == State.LISTEN:
        # How many may wait is not told here.
        found.listen(unread, 0)
        return
    retransmitting = int(fields[5].partition(b":")[0], 16) in _RETRANSMITTING
    found.served.append(
        Conn(
            state,
            _end(local),
            _end(remote),
            (fields[9], local, remote),
            int(fields[6], 16) if retransmitting else 0,
            unsent,
            None,
        )
    )


def _end(text: bytes) -> bytes:
    """``0100007F:1F90`` as address and port; the kernel writes words in its own byte order."""
    address, _, port = text.partition(b":")
    raw = bytes.fromhex(address.decode())
    words = (raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    return plain(b"".join(words)) + bytes.fromhex(port.decode())
