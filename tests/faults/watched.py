"""`celery -A tests.faults.watched`: the helpline's workers, such that it can be told who wrote what, and who was called.

Each process signs its database connections with its number (tests/faults/witness.py reads that), and notes in FAULT_BOOK
every address on the network that it connects to. A look at a link is let go of as soon as a send is here: in seconds.
"""

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from celery.signals import worker_process_init

from helpline.celery import app

__all__ = ["app"]

called: set[str] = set()


def heard(event: str, arguments: tuple[Any, ...]) -> None:
    """Sockets of files have no number: those of the run's own servers."""
    if event != "socket.connect" or not isinstance(arguments[1], tuple):
        return
    where = f"{arguments[1][0]} {arguments[1][1]}"
    if where not in called:
        called.add(where)
        with Path(os.environ["FAULT_BOOK"]).open("a") as book:
            book.write(f"{where}\n")


@worker_process_init.connect
def sign(**kwargs: Any) -> None:
    """In each process of the worker. libpq reads it whenever it connects."""
    os.environ["PGAPPNAME"] = f"worker-{os.getpid()}"


@worker_process_init.connect
def hurry(**kwargs: Any) -> None:
    """As the lease of a send is shorter in a run, so is that of a look, and the turn it waits for."""
    from cases.takedowns import recheck

    lease = float(os.environ["HELPLINE_LEASE_SECONDS"])
    recheck.HANDS_OFF, recheck.TURN_WITHIN = timedelta(seconds=lease), lease / 2


sys.addaudithook(heard)
