"""A load client that costs little: ready-made bytes over plain sockets, no more in flight than there are clients.

gunicorn's sync workers close after each answer, so each request has a connection of its own, as behind a proxy that
keeps none.
"""

import selectors
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

TIMEOUT = 20.0


@dataclass(slots=True)
class Load:
    """What came of a run: seconds from connecting to the last byte of each answer, and who answered what."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    failures: int = 0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds


Answered = Callable[[int, int, bytes], None]


class _Line:
    """One client: the number of its request and what it has heard so far."""

    __slots__ = ("began", "heard", "number", "socket")

    def __init__(self, number: int) -> None:
        self.number = number
        self.heard = bytearray()
        self.socket = socket.socket()
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began = 0.0


def run(
    port: int,
    requests: Iterator[bytes],
    *,
    clients: int,
    seconds: float = float("inf"),
    most: int | None = None,
    answered: Answered = lambda number, status, body: None,
) -> Load:
    """Send from `requests` with `clients` at once for so many seconds or requests; waits for what is in flight.

    `answered` is told the number of the request, the status and the body.
    """
    load, found = Load(), selectors.DefaultSelector()
    began = time.perf_counter()
    until, sent, open_lines = began + seconds, 0, 0

    def start() -> bool:
        nonlocal sent, open_lines
        if (most is not None and sent >= most) or time.perf_counter() >= until:
            return False
        body = next(requests, None)
        if body is None:
            return False
        line = _Line(sent)
        line.began = time.perf_counter()
        line.socket.connect(("127.0.0.1", port))  # on loopback this does not wait for anybody's program
        line.socket.sendall(body)
        line.socket.setblocking(False)
        found.register(line.socket, selectors.EVENT_READ, line)
        sent, open_lines = sent + 1, open_lines + 1
        return True

    for _ in range(clients):
        start()
    while open_lines:
        ready = found.select(TIMEOUT)
        if not ready:
            load.failures += open_lines
            break
        for key, _events in ready:
            line: _Line = key.data
            try:
                piece = line.socket.recv(262_144)
            except OSError:
                piece = b""
            if piece:
                line.heard += piece
                continue
            now = time.perf_counter()
            found.unregister(line.socket)
            line.socket.close()
            open_lines -= 1
            head, _, body = bytes(line.heard).partition(b"\r\n\r\n")
            if head.startswith(b"HTTP/1.1 "):
                status = int(head[9:12])
                load.latencies.append(now - line.began)
                load.statuses.append(status)
                answered(line.number, status, body)
            else:
                load.failures += 1
            start()
    load.seconds = time.perf_counter() - began
    found.close()
    return load


def request(method: str, path: str, *, body: bytes = b"", **headers: str) -> bytes:
    """The bytes of an HTTP/1.1 request; `content_type="…"` becomes `Content-Type: …`."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    lines += [f"{name.replace('_', '-').title()}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body
