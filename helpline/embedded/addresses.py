"""Where the embedded servers listen: unix sockets under VAR, or, when VAR lies too deep for one, under /tmp.

Pure functions of the data folder (an absolute path), because settings, supervisor and tests must all come to
the same answer without asking each other. The folders themselves are made, and checked, by whoever starts the
servers.
"""

import hashlib
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROLE = "helpline"
DATABASE = "helpline"
PORT = "5432"  # only part of the socket's name; nothing listens on the network

# A socket's address holds 108 bytes on Linux, 104 on macOS, the closing zero included.
LONGEST = 103
# Not tempfile.gettempdir(): TMPDIR differs between a shell and a service, and both must find the same socket.
SHORT_ROOT = Path("/tmp")  # noqa: S108  the folder is made 0700, and refused when somebody else owns it


def socket_folder(var: Path) -> Path:
    """The folder that holds one folder of sockets per server."""
    folder = var / "run" / "sockets"
    if len(os.fsencode(folder / "postgres" / f".s.PGSQL.{PORT}")) <= LONGEST:
        return folder
    return SHORT_ROOT / f"helpline-{hashlib.sha256(os.fsencode(var)).hexdigest()[:16]}"


def database_folder(var: Path) -> Path:
    """Where PostgreSQL puts its socket."""
    return socket_folder(var) / "postgres"


def broker_socket(var: Path) -> Path:
    """Valkey's socket."""
    return socket_folder(var) / "broker" / "valkey.sock"


def database(var: Path) -> dict[str, Any]:
    """The entry of Django's DATABASES for the embedded PostgreSQL. No password: it trusts its user."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": DATABASE,
        "USER": ROLE,
        "HOST": str(database_folder(var)),
        "PORT": PORT,
    }


def broker_url(var: Path, number: int = 0) -> str:
    """Celery's (kombu's) address of the embedded Valkey. `number` keeps parallel test runs apart."""
    return f"redis+socket://{quote(str(broker_socket(var)))}?virtual_host={2 * number}"


def cache_url(var: Path, number: int = 0) -> str:
    """redis-py's address of the embedded Valkey, beside the queue of the same `number`."""
    return f"unix://{quote(str(broker_socket(var)))}?db={2 * number + 1}"
