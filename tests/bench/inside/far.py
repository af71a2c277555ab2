"""`far`: many sites on one loopback port: every request is answered after LATENCY, in a process of its own.

Prints its port, and ends when its input does.
"""

import asyncio
import sys

from tests.bench.recheck import LATENCY

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5000\r\nConnection: close\r\n\r\n"


class Site(asyncio.Protocol):
    """One connection, one answer."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._line, self._head = transport, b""

    def data_received(self, data: bytes) -> None:
        self._head += data
        if self._head.endswith(b"\r\n\r\n"):
            asyncio.get_running_loop().call_later(LATENCY, self._say)

    def _say(self) -> None:
        if not self._line.is_closing():
            self._line.write(ANSWER)
            self._line.close()


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Site, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
