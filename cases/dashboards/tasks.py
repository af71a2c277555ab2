"""What beat asks of the figures. Safe to run twice, at once or never: what is left is found by the next."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from cases.dashboards import folding

ROUNDS = 20  # of one sweep; the rest waits for the next


@shared_task
def fold(**kwargs: Any) -> None:
    """Bring the figures up to date."""
    now = timezone.now()
    for _round in range(ROUNDS):
        if not folding.fold(now=now):
            return
