"""Counters come to no end that stops the others, and what never gets out is a visible dead letter with its reason."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from cases.models import Case
from cases.takedowns import actions, dispatch
from cases.takedowns.connectors import Sent
from cases.takedowns.dispatch import breaker
from cases.takedowns.dispatch.breaker import Tally
from cases.takedowns.models import Notice, Takedown
from cases.takedowns.reasons import MAX_STARTS, Why
from cases.takedowns.states import Result, Status
from helpline.accounts.models import Staff
from helpline.platforms.models import Channel, Platform
from reports.actions import LinkFacts

pytestmark = pytest.mark.django_db
MOST = 32_767  # of a small number's column


@pytest.fixture
def two(open_case: Callable[..., Case], chatter: Platform, nour: Staff) -> list[Takedown]:
    """Two requests that are due, a notice each."""
    at = timezone.now() - timedelta(hours=1)
    links = tuple(LinkFacts(url=f"https://chatter.example/p/{number}") for number in range(2))
    case = open_case(at=at, links=links)
    return actions.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=at)


def claim() -> list[dispatch.Claim]:
    now = timezone.now()
    return dispatch.claim(dispatch.routes(["http_api"], now=now), limit=10, now=now)


def test_one_that_was_tried_without_end_stops_no_other(two: list[Takedown]) -> None:
    Notice.objects.filter(pk=two[0].notice_id).update(tries=MOST)
    assert {one.notice_id for one in claim()} == {one.notice_id for one in two}


def test_a_channel_that_failed_without_end_still_pauses(chatter: Platform) -> None:
    Channel.objects.update(faults=MOST - 1)
    [channel] = Channel.objects.all()
    for _time in range(3):
        breaker.note({channel.pk: Tally(faults=1)}, now=timezone.now(), jitter=lambda: 1.0)
        channel.refresh_from_db()
        assert channel.is_paused(timezone.now())
        Channel.objects.update(paused_until=None)


def test_what_never_gets_out_is_a_dead_letter_with_its_reason(
    two: list[Takedown], nour: Staff, desk: Callable[[Staff], Client]
) -> None:
    stuck = two[0]
    Notice.objects.filter(pk=stuck.notice_id).update(tries=MAX_STARTS - 2)
    for _time in range(2):
        Notice.objects.filter(due_at__isnull=False).update(due_at=timezone.now() - timedelta(hours=1))
        dispatch.finish(
            [(one, Sent(Result.NOT_SENT, detail="no line was free in time")) for one in claim()],
            now=timezone.now(),
            jitter=lambda: 0.0,
        )
    stuck.refresh_from_db()
    two[1].refresh_from_db()
    assert (stuck.status, stuck.transport) == (Status.FAILED, Result.NOT_SENT)
    assert two[1].status == Status.QUEUED
    notice = Notice.objects.get(pk=stuck.notice_id)
    assert (notice.failure, notice.due_at) == (f"{Why.NEVER_LEFT}: no line was free in time", None)
    client = desk(nour)
    for page in ("/staff/takedowns/?tab=failed", f"/staff/takedowns/{stuck.pk}/"):
        said = client.get(page).content.decode()
        assert "never got out: our own lines were busy." in said and "Try again" in said
    # Its timeline does not say that it is tried again later.
    timeline = client.get(f"/staff/takedowns/{stuck.pk}/").content.decode().rpartition("timeline-heading")[2]
    assert timeline.count("Not sent") == 1 and timeline.count("tried again later") == 1
    actions.retry(takedown=stuck, by=nour, at=timezone.now())
    assert (stuck.status, Notice.objects.get(pk=stuck.notice_id).tries) == (Status.QUEUED, 0)
