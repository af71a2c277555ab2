"""Ring the doorbell: tell a worker that a row is waiting. Only a hint; the sweep finds the row anyway.

A page must never wait for a broken broker, so a hint is rung at most a few times a second in each process, only after
the transaction commits, and not at all for a while after one that failed.
"""

import logging
import threading
import time

from django.db import transaction
from kombu import Connection
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from helpline.celery import app

log = logging.getLogger(__name__)
SPACING = 0.25  # seconds between two hints of one task from one process
PAUSE = 10.0  # seconds without hints after a failure
# One short try: with the patience that workers need a page would wait six seconds for a broker that is gone.
BRIEFLY = {
    "socket_timeout": 1,
    "socket_connect_timeout": 1,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
}

_rung: dict[str, float] = {}


class _Line(threading.local):
    """One thread's line to the broker. It stays open: opening one takes longer than the page that waits for the ringing."""

    kept: Connection | None = None


_line = _Line()


def wake(task: str) -> None:
    """Ring for `task` (its full name) once the current transaction has committed."""
    transaction.on_commit(lambda: _ring(task))


def _ring(task: str) -> None:
    now = time.monotonic()
    if now < _rung.get(task, 0.0):
        return
    _rung[task] = now + SPACING
    try:
        if _line.kept is None:
            _line.kept = app.connection_for_write(transport_options=BRIEFLY)
        app.send_task(task, ignore_result=True, expires=60, retry=False, connection=_line.kept)
    except (KombuError, RedisError, OSError) as error:
        _rung[task] = now + PAUSE
        if _line.kept is not None:
            _line.kept.release()
            _line.kept = None
        log.warning("The broker does not answer (%s); the sweep will find the work.", type(error).__name__)
