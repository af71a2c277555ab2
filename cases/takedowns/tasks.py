"""What beat, and whoever rings the doorbell, asks of the takedowns. Each task is safe to run twice, at once or never."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import shared_task
from django.conf import settings
from django.db import connection
from django.utils import timezone

from cases.takedowns import actions, dispatch, mending, recheck

# Advisory locks: the kind of run, and the place among those of its kind.
SENDING, LOOKING, POLLING = 0x53454E44, 0x4C4F4F4B, 0x504F4C4C
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
    dispatch.strand(now=timezone.now())
    with _a_place(SENDING, places=settings.SENDERS) as free:
        if free:
            dispatch.run(max_seconds=RUN_FOR)


@shared_task
def settle_unknown(**kwargs: Any) -> None:
    """Ask about sends nobody knows the end of."""
    dispatch.settle(now=timezone.now())


@shared_task
def poll_sent(**kwargs: Any) -> None:
    """Ask what was decided where nobody called back, unless somebody does so already."""
    with _a_place(POLLING) as free:
        if free:
            dispatch.poll(now=timezone.now())


@shared_task
def recheck_due(**kwargs: Any) -> None:
    """Look at links whose time has come, unless somebody does so already."""
    with _a_place(LOOKING) as free:
        if free:
            recheck.run(now=timezone.now(), max_seconds=RUN_FOR)
            recheck.bring_back(at=timezone.now())


@shared_task
def follow_withdrawals(**kwargs: Any) -> None:
    """Stop what young people withdrew or erased, and what we may not sign for any more."""
    actions.follow_withdrawals(at=timezone.now())
    mending.follow_revocations(at=timezone.now())
