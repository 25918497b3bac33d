"""Switching the faults of a running demo backend, whether or not its port answers.

Beside its port, a backend listens on the abstract Unix socket ``stagewatch-demo-PORT``: one line
of JSON in, one out. It obeys only processes of its own user and of root.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from stagewatch.demo.faults import DemoError, check_faults

NAME = "stagewatch-demo-"
DEADLINE = 5.0
LONGEST = 4096

States = dict[str, bool]


def switch(port: int, fault: str, on: bool) -> States:
    """Switch one fault of the backend on ``port``; returns the state of all of them.

    When it returns, the change is in force. Raises DemoError.
    """
    check_faults([fault])
    return _ask(port, {fault: on})


def faults(port: int) -> States:
    """Which faults of the backend on ``port`` are on; raises DemoError when none runs there."""
    return _ask(port, {})


def running() -> tuple[int, ...]:
    """The ports of the demo backends on this machine, sorted."""
    try:
        table = Path("/proc/net/unix").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    words = (line.rpartition(f" @{NAME}")[2] for line in table.splitlines() if f" @{NAME}" in line)
    return tuple(sorted({int(word) for word in words if word.isdecimal()}))


def wanted_states(document: object) -> States:
    """What a request asks for; raises DemoError when it is not ``{"FAULT": true|false}``."""
    if not isinstance(document, dict):
        raise DemoError('expected an object such as {"leak": true}')
    check_faults(str(name) for name in document)
    for name, on in document.items():
        if not isinstance(on, bool):
            raise DemoError(f"{name} must be true or false")
    return document


def _ask(port: int, wanted: Mapping[str, bool]) -> States:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(DEADLINE)
        try:
            channel.connect(_address(port))
            channel.sendall(json.dumps(wanted).encode() + b"\n")
            with channel.makefile("rb") as reader:
                line = reader.readline(LONGEST)
        except ConnectionRefusedError as error:
            raise DemoError(_nobody(port)) from error
        except OSError as error:
            raise DemoError(f"the demo backend on port {port} does not answer: {error}") from error
    return _answer(port, line)


def _answer(port: int, line: bytes) -> States:
    try:
        answer = json.loads(line)
    except ValueError as error:
        raise DemoError(f"the demo backend on port {port} ended before it answered") from error
    if "error" in answer:
        raise DemoError(str(answer["error"]))
    states: States = answer["faults"]
    return states


def _nobody(port: int) -> str:
    others = ", ".join(str(other) for other in running())
    hint = f"one runs on {others}" if others else "start one with 'stagewatch demo'"
    return f"no demo backend runs on port {port}; {hint}"


def _address(port: int) -> str:
    return f"\0{NAME}{port}"


async def serve_control(
    port: int, apply: Callable[[States], Awaitable[States]]
) -> asyncio.AbstractServer:
    """Listen for requests and hand what they want to ``apply``; raises OSError."""

    async def obey(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(await _reply(reader, apply, obeyed=_is_ours(writer)))
            await writer.drain()
        except OSError:
            pass  # The asker went away; there is nobody to tell.
        finally:
            writer.close()

    return await asyncio.start_unix_server(obey, _address(port), limit=LONGEST)


async def _reply(
    reader: asyncio.StreamReader, apply: Callable[[States], Awaitable[States]], obeyed: bool
) -> bytes:
    answer: dict[str, Any]
    try:
        async with asyncio.timeout(DEADLINE):
            wanted = wanted_states(json.loads(await reader.readline()))
        if not obeyed:
            raise DemoError("this demo backend belongs to another user, and obeys only that one")
        answer = {"faults": await apply(wanted)}
    except (DemoError, ValueError, TimeoutError) as error:
        answer = {"error": str(error)}
    return json.dumps(answer).encode() + b"\n"


def _is_ours(writer: asyncio.StreamWriter) -> bool:
    peer = writer.get_extra_info("socket")
    packed = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", packed)
    return uid in (os.geteuid(), 0)
