"""What beat asks of the calls."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from cases.listening import actions


@shared_task
def forget_calls(**kwargs: Any) -> None:
    """Forget calls whose time is over, and those whose report was erased."""
    actions.forget_calls(now=timezone.now())
