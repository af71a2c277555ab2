"""What beat asks of the tasks, the plans and what was removed."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from cases.todo import actions


@shared_task
def follow_erasures(**kwargs: Any) -> None:
    """Forget what young people erased."""
    actions.follow_erasures(at=timezone.now())


@shared_task
def tidy(**kwargs: Any) -> None:
    """Forget what was removed and nobody wanted back."""
    actions.tidy(at=timezone.now())
