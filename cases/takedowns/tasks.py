"""What beat, and whoever rings the doorbell, asks of the takedowns. Each task is safe to run twice, at once or never."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import shared_task
from django.conf import settings
from django.db import connection
from django.utils import timezone

from cases.takedowns import actions, dispatch, recheck

SENDERS = 0x53454E44  # the advisory lock's first half; the second is the sender's place


@contextmanager
def _a_senders_place() -> Iterator[bool]:
    """One of `settings.SENDERS` places over the whole installation, so that other tasks keep their turn."""
    with connection.cursor() as cursor:
        for place in range(settings.SENDERS):
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [SENDERS, place])
            if cursor.fetchone()[0]:
                try:
                    yield True
                finally:
                    cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [SENDERS, place])
                return
    yield False


@shared_task
def send_due(**kwargs: Any) -> None:
    """Send everything that is due, unless enough others do so already."""
    dispatch.reap(now=timezone.now())
    with _a_senders_place() as free:
        if free:
            dispatch.run(max_seconds=60)


@shared_task
def settle_unknown(**kwargs: Any) -> None:
    """Ask about sends nobody knows the end of."""
    dispatch.settle(now=timezone.now())


@shared_task
def recheck_due(**kwargs: Any) -> None:
    """Look at links whose time has come, for as long as there are."""
    while recheck.run(now=timezone.now()) == recheck.BATCH:
        pass


@shared_task
def follow_withdrawals(**kwargs: Any) -> None:
    """Stop what young people withdrew or erased."""
    actions.follow_withdrawals(at=timezone.now())
