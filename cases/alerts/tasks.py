"""What beat asks of the alerts."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from cases.alerts import actions, telling


@shared_task
def sweep(**kwargs: Any) -> None:
    """Judge every rule, then tell what is new and what is over."""
    now = timezone.now()
    actions.sweep(at=now)
    telling.tell(at=now)


@shared_task
def follow_erasures(**kwargs: Any) -> None:
    """What young people erased is forgotten here, too."""
    actions.follow_erasures(at=timezone.now())


@shared_task
def forget(**kwargs: Any) -> None:
    """What has long been over goes."""
    actions.forget(at=timezone.now())
