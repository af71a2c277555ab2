"""What beat asks of the letters."""

from typing import Any

from celery import shared_task

from cases.letters import actions


@shared_task
def follow_erasures(**kwargs: Any) -> None:
    """Forget what young people erased."""
    actions.follow_erasures()
