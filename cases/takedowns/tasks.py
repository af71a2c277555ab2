"""What beat, and whoever rings the doorbell, asks of the takedowns. Each task is safe to run twice, at once or never."""

from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from cases.takedowns import actions, dispatch, mending, places, recheck

RUN_FOR = 60.0  # seconds; what is left is found by the next sweep


@shared_task
def send_due(**kwargs: Any) -> None:
    """Send everything that is due, unless enough others do so already."""
    dispatch.reap(now=timezone.now())
    dispatch.strand(now=timezone.now())
    dispatch.run(max_seconds=RUN_FOR, senders=settings.SENDERS)


@shared_task
def settle_unknown(**kwargs: Any) -> None:
    """Ask about sends nobody knows the end of, unless somebody asks already.

    A platform that says nothing keeps whoever asks it waiting: one place for all questions, or it would keep everybody.
    """
    with places.only_one(places.ASKING) as free:
        if free:
            dispatch.settle(now=timezone.now())


@shared_task
def poll_sent(**kwargs: Any) -> None:
    """Ask what was decided where nobody called back, unless somebody asks already."""
    with places.only_one(places.ASKING) as free:
        if free:
            dispatch.poll(now=timezone.now())


@shared_task
def recheck_due(**kwargs: Any) -> None:
    """Look at links whose time has come, unless somebody does so already."""
    with places.only_one(places.LOOKING) as free:
        if free:
            recheck.run(now=timezone.now(), max_seconds=RUN_FOR)
            recheck.bring_back(at=timezone.now())


@shared_task
def follow_withdrawals(**kwargs: Any) -> None:
    """Stop what young people withdrew or erased, and what we may not sign for any more."""
    actions.follow_withdrawals(at=timezone.now())
    mending.follow_revocations(at=timezone.now())
