"""What beat, and whoever rings the doorbell, asks of the takedowns. Each task is safe to run twice, at once or never."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import shared_task
from django.conf import settings
from django.db import connection
from django.utils import timezone

from cases.takedowns import actions, dispatch, recheck

# Advisory locks: the kind of run, and the place among those of its kind.
SENDING, LOOKING = 0x53454E44, 0x4C4F4F4B
RUN_FOR = 60.0  # seconds; what is left is found by the next sweep


@contextmanager
def _a_place(kind: int, *, places: int = 1) -> Iterator[bool]:
    """One of so many places over the whole installation, so that the other tasks keep their turn."""
    with connection.cursor() as cursor:
        for place in range(places):
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [kind, place])
            if cursor.fetchone()[0]:
                try:
                    yield True
                finally:
                    cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [kind, place])
                return
    yield False


@shared_task
def send_due(**kwargs: Any) -> None:
    """Send everything that is due, unless enough others do so already."""
    dispatch.reap(now=timezone.now())
    with _a_place(SENDING, places=settings.SENDERS) as free:
        if free:
            dispatch.run(max_seconds=RUN_FOR)


@shared_task
def settle_unknown(**kwargs: Any) -> None:
    """Ask about sends nobody knows the end of."""
    dispatch.settle(now=timezone.now())


@shared_task
def recheck_due(**kwargs: Any) -> None:
    """Look at links whose time has come, unless somebody does so already."""
    until = time.monotonic() + RUN_FOR
    with _a_place(LOOKING) as free:
        while free and time.monotonic() < until and recheck.run(now=timezone.now()) == recheck.BATCH:
            pass


@shared_task
def follow_withdrawals(**kwargs: Any) -> None:
    """Stop what young people withdrew or erased."""
    actions.follow_withdrawals(at=timezone.now())
