"""What beat asks of the files."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from cases.reconciliation import actions

LONGEST = 1800  # seconds; a file of millions of rows


@shared_task(soft_time_limit=LONGEST, time_limit=LONGEST + 60)
def work(**kwargs: Any) -> None:
    """Read and compare what waits."""
    actions.work()


@shared_task
def follow_erasures(**kwargs: Any) -> None:
    """What young people erased is forgotten here, too."""
    actions.follow_erasures()


@shared_task
def forget(**kwargs: Any) -> None:
    """Files that are old go."""
    actions.forget(at=timezone.now())
