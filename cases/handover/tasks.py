"""What beat asks of the hand-overs."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from cases.handover import actions, forgetting


@shared_task
def sweep(**kwargs: Any) -> None:
    """End offers that are over, and forget what young people erased and what is past."""
    now = timezone.now()
    forgetting.follow_erasures(at=now)
    actions.settle_overdue(at=now)
    forgetting.forget_the_past(at=now)
