"""Prove that beat reaches a worker, and a worker reaches the database; chain the trail on the way."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from helpline.audit.actions import chain_new_rows
from helpline.health.models import Heartbeat


@shared_task
def beat_heartbeat(**kwargs: Any) -> None:
    """Beat asked, a worker answered: both are alive."""
    Heartbeat.objects.update_or_create(name="worker", defaults={"beaten_at": timezone.now()})
    while chain_new_rows() == 5000:
        pass
