"""What beat asks of the incidents. Each task is safe to run twice, at once or never."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from cases.incidents import forgetting, proposing


@shared_task
def compare_again(**kwargs: Any) -> None:
    """Compare the cases about which something was told since."""
    proposing.compare_again(at=timezone.now())


@shared_task
def follow_erasures(**kwargs: Any) -> None:
    """Forget what young people erased."""
    forgetting.follow_erasures(at=timezone.now())
