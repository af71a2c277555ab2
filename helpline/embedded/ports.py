"""Ports of 127.0.0.1: which are free, and whether a web server answers there."""

import http.client
import socket
from dataclasses import dataclass

from helpline.embedded.processes import CannotStart

PATIENCE = 5.0


@dataclass(frozen=True)
class Ports:
    """Where the demo listens, all on 127.0.0.1."""

    web: int
    simulator: int
    mail: int


def check_free(port: int) -> None:
    """Raises CannotStart when nothing can listen on `port` of 127.0.0.1."""
    if (error := why_taken(port)) is None:
        return
    other = min(port + 1000, 65000)
    raise CannotStart(
        f"Port {port} cannot be used: {error}. Choose another, for example `make demo PORT={other}` or "
        f"`manage.py up --port {other}`."
    )


def why_taken(port: int) -> str | None:
    """What keeps a server from listening on `port` of 127.0.0.1; None when nothing does."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
            trial.listen()
        except OSError as error:
            return error.strerror or str(error)
        except OverflowError:
            return "a port is a number up to 65535"
    return None


def choose_ports(web: int) -> Ports:
    """The web's port and the next two free ones: the same at every start as long as nobody takes them."""
    free = (port for port in range(web + 1, 65536) if why_taken(port) is None)
    return Ports(web, next(free), next(free))


def healthy(port: int, host: str = "127.0.0.1") -> bool:
    """Whether /healthz on `port` of this machine answers 200."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        line.request("GET", "/healthz", headers={"Host": host})
        return line.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()
