"""What beat asks of the web."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from helpline.web import idempotency


@shared_task
def purge_api_writes(**kwargs: Any) -> None:
    """Forget the answers to writes of more than a day ago."""
    idempotency.purge(now=timezone.now())
