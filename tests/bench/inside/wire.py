"""The wire under the guard in benches: each name has a public address, and that address is the sites on loopback."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cases.takedowns.guard import Guard

PUBLIC = "93.184.215.14"


def lookup(host: Any, port: Any, *args: Any, **kwargs: Any) -> list[Any]:
    """As a resolver that has the answer at hand."""
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (PUBLIC, port))]


class Far(Guard):
    """The guard whole, but for the last step: the judged address is reached on loopback."""

    port = 0

    def __init__(self) -> None:
        super().__init__(lookup=lookup)

    async def _reach(self, address: str, port: int) -> socket.socket:
        assert address == PUBLIC
        return await super()._reach("127.0.0.1", self.port)


@contextmanager
def sites() -> Iterator[int]:
    """The sites, in a process of their own; their port."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.inside.far"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None and child.stdin is not None
        Far.port = int(child.stdout.readline())
        try:
            yield Far.port
        finally:
            child.stdin.close()
            child.wait(10)
