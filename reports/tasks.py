"""What beat asks of the reports."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from reports import actions


@shared_task
def purge_expired_drafts(**kwargs: Any) -> None:
    """Delete drafts whose seven days are over."""
    actions.purge_expired_drafts(now=timezone.now())
