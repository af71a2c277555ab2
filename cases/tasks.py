"""What beat asks of the queue."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from cases import actions, approving, queue


@shared_task
def triage_new_reports(**kwargs: Any) -> None:
    """Find new reports, added facts, new messages and erasures. Nobody was called: the rows are the message."""
    now = timezone.now()
    while queue.add_new_reports(at=now) == 500:
        pass
    queue.refresh_retold(at=now)
    queue.refresh_deadlines(at=now)
    queue.note_unread()
    actions.bring_back(at=now)
    actions.go_on(at=now)
    actions.follow_erasures(at=now)
    approving.follow_erasures(at=now)
