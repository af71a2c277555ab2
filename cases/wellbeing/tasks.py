"""What beat asks of the ledger."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from cases.wellbeing import actions


@shared_task
def forget(**kwargs: Any) -> None:
    """Nothing of it is kept for long."""
    actions.forget(at=timezone.now())
