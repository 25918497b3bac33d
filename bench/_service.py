"""A small service on loopback in a process of its own, for the benchmarks of the probes."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

BODY = json.dumps(
    {
        "status": "healthy",
        "database": {"status": "ok", "pool": {"in_use": 12, "size": 80, "waiting": 0}},
        "websocket": {"status": "ok", "open": 44, "sessions": 41, "orphans": 3},
    }
).encode()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Wait for as many milliseconds as the path says (``/20``), then answer."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ", 2)[1].strip(b"/")
        if path.isdigit() and int(path):
            await asyncio.sleep(int(path) / 1000)
        length = f"Content-Length: {len(BODY)}\r\n\r\n"
        writer.write(
            f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{length}".encode() + BODY
        )
        await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main() -> None:
    """Serve until the end, after printing the port."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def service() -> Iterator[int]:
    """The service's port, while it runs."""
    process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    asyncio.run(main())
