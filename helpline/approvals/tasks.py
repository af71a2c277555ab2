"""What beat asks of the approvals."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from helpline.approvals import actions


@shared_task
def expire(**kwargs: Any) -> None:
    """Nobody decided in time."""
    actions.expire(at=timezone.now())
