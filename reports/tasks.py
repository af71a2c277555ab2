"""What beat asks of the reports."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from reports import actions
from reports.contact import sending


@shared_task
def erase_expired_reports(**kwargs: Any) -> None:
    """Erase what has been kept long enough."""
    while actions.erase_expired(now=timezone.now()) == 200:
        pass


@shared_task
def purge_expired_drafts(**kwargs: Any) -> None:
    """Delete drafts whose seven days are over."""
    actions.purge_expired_drafts(now=timezone.now())


@shared_task
def send_nudges(**kwargs: Any) -> None:
    """Send the signs that are due, in the hours that were agreed. What is left is found by the next sweep."""
    sending.send_due(max_seconds=60)
