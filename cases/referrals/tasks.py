"""What beat asks of the referrals."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from cases.referrals import actions


@shared_task
def follow_erasures(**kwargs: Any) -> None:
    """Forget what young people erased."""
    actions.follow_erasures(at=timezone.now())
