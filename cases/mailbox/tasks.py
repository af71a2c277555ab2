"""What beat asks of the mailbox. Each task is safe to run twice, at once or never."""

import logging
from typing import Any

from celery import shared_task
from django.db import connection
from django.utils import timezone

from cases.mailbox import actions, fetching, filing, sending

log = logging.getLogger(__name__)
READING = 0x4D41494C  # an advisory lock: one reader at a time over the whole installation


@shared_task
def fetch_mail(**kwargs: Any) -> None:
    """Take in what came, unless somebody does so already."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [READING])
        if not cursor.fetchone()[0]:
            return
        try:
            while fetching.fetch(clock=timezone.now) == fetching.BATCH:
                pass
        except fetching.MailboxUnreachable as error:
            log.warning("The mailbox could not be read: %s", error)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [READING])


@shared_task
def send_letters(**kwargs: Any) -> None:
    """Send what colleagues wrote back."""
    while sending.run(now=timezone.now()) == sending.BATCH:
        pass


@shared_task
def forget(**kwargs: Any) -> None:
    """Forget what young people erased, and strangers after their time."""
    actions.follow_erasures(at=timezone.now())
    actions.forget_strangers(at=timezone.now())


@shared_task
def remind_to_file(**kwargs: Any) -> None:
    """Bring to mind what is to be filed by hand and was not."""
    filing.remind(now=timezone.now())
