"""The sockets of a port from ``sock_diag(7)``: the kernel filters, and no right is needed."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

from stagewatch.probes._tcp import Conn, State, Table, plain

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_REQUEST_DUMP = 0x301
_ERROR, _DONE = 2, 3
_ALL_STATES = 0xFFF | 1 << State.NEW_SYN_RECV
_ATTR_BYTECODE = 1
_EXT_INFO = 2
_S_GE, _S_LE, _D_GE, _D_LE = 2, 3, 4, 5
_RETRANSMITTING = (1, 4)
"""The timers that run while a peer does not acknowledge, or has no room."""
_BUFFER = 1 << 18
_PATIENCE = 5.0
"""Seconds for one answer of the kernel."""

_HEADER = struct.Struct("=IHHII")
# struct inet_diag_msg, from the header on: family, state, timer, retransmits; ports and addresses;
# interface, cookie, expiry, both queues, owner, inode.
_MESSAGE = struct.Struct("=BBBB 2s2s 16s16s IQ IIIII")
_ATTR = struct.Struct("=HH")
# Of struct tcp_info: how long ago data came, in ms.
_INFO = struct.Struct("=52xI")
_BODY = _HEADER.size
_ATTRS = _BODY + _MESSAGE.size


def table(port: int, *, silence: bool) -> Table:
    """Every TCP socket of this port; with ``silence``, which costs half as much again, also how
    long each has been silent. Raises OSError where the kernel does not tell."""
    extension = _EXT_INFO if silence else 0
    found = Table(source="sock_diag")
    with socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG
    ) as netlink:
        netlink.settimeout(_PATIENCE)
        for family in (socket.AF_INET, socket.AF_INET6):
            width = 4 if family == socket.AF_INET else 16
            for data, at, size in _dump(netlink, family, (_S_GE, _S_LE), port, extension):
                _serve(data, at, size, found, silence)
            for data, at, _ in _dump(netlink, family, (_D_GE, _D_LE), port, 0):
                fields = _MESSAGE.unpack_from(data, at + _BODY)
                local, remote = plain(fields[6][:width]), plain(fields[7][:width])
                found.clients.add((local + fields[4], remote + fields[5]))
    return found


def _serve(data: bytes, at: int, size: int, found: Table, silence: bool) -> None:
    """Add the socket of one message."""
    fields = _MESSAGE.unpack_from(data, at + _BODY)
    family, state = fields[0], fields[1]
    if state == State.LISTEN:
        found.listen(fields[11], fields[12])
        return
    local, remote = fields[6], fields[7]
    if family == socket.AF_INET:
        local, remote = local[:4], remote[:4]
    found.served.append(
        Conn(
            state,
            plain(local) + fields[4],
            plain(remote) + fields[5],
            fields[9],
            fields[3] if fields[2] in _RETRANSMITTING else 0,
            fields[12],
            _silent(data, at + _ATTRS, at + size) if silence else None,
        )
    )


def _silent(data: bytes, at: int, end: int) -> float | None:
    """Seconds since data came, from the attributes in [at, end)."""
    while at + _ATTR.size <= end:
        length, kind = _ATTR.unpack_from(data, at)
        if kind == _EXT_INFO and length >= _ATTR.size + _INFO.size:
            milliseconds: int = _INFO.unpack_from(data, at + _ATTR.size)[0]
            return milliseconds / 1000
        if length < _ATTR.size:
            break
        at += (length + 3) & ~3
    return None


def _dump(
    netlink: socket.socket, family: int, operations: tuple[int, int], port: int, extension: int
) -> Iterator[tuple[bytes, int, int]]:
    """(buffer, offset, size) of every message about a socket whose port fits."""
    code = _filter(operations, port)
    wanted = 1 << extension - 1 if extension else 0
    head = struct.pack("=BBBxI", family, socket.IPPROTO_TCP, wanted, _ALL_STATES) + bytes(48)
    body = head + _ATTR.pack(_ATTR.size + len(code), _ATTR_BYTECODE) + code
    size = _HEADER.size + len(body)
    netlink.send(_HEADER.pack(size, _SOCK_DIAG_BY_FAMILY, _REQUEST_DUMP, 0, 0) + body)
    while True:
        data = netlink.recv(_BUFFER)
        at = 0
        while at < len(data):
            size, kind = _HEADER.unpack_from(data, at)[:2]
            if kind == _DONE:
                return
            if kind == _ERROR:
                (number,) = struct.unpack_from("=i", data, at + _BODY)
                raise OSError(-number, os.strerror(-number))
            yield data, at, size
            at += (size + 3) & ~3


def _filter(operations: tuple[int, int], port: int) -> bytes:
    """The kernel's own code for «the port is at least and at most this one»."""
    at_least, at_most = operations
    # A comparison is followed by its operand; it goes on by 8, or beyond the end when it fails.
    return b"".join(
        struct.pack("=BBHHH", operation, 8, out, 0, port)
        for operation, out in ((at_least, 20), (at_most, 12))
    )
