"""Workers whose clocks are wrong, and the nights when clocks are changed: nothing is skipped, nothing is done twice."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from cases.takedowns import actions, dispatch
from cases.takedowns.connectors.base import Sent
from cases.takedowns.models import Attempt, Notice, Takedown
from cases.takedowns.states import Result, Status
from helpline.accounts.models import Staff
from helpline.platforms.models import Channel, Platform
from reports.actions import LinkFacts
from tests.faults.clocks import put_back

HOUR = timedelta(hours=1)


@pytest.fixture
def asked(open_case: Callable[..., Any], chatter: Platform, nour: Staff) -> list[Takedown]:
    """Forty requests that are due."""
    at = timezone.now() - 3 * HOUR
    links = tuple(LinkFacts(url=f"https://chatter.example/p/{number}") for number in range(40))
    case = open_case(at=at, links=links)
    found: list[Takedown] = actions.request_takedown(
        case=case, links=list(case.report.links.all()), by=nour, at=at
    )
    return found


def sweep(now: Callable[[], datetime], sent: list[Any], ready: threading.Barrier) -> None:
    """A worker whose clock is wrong: it reaps, claims, sends and writes until nothing is due."""
    try:
        ready.wait()
        for _ in range(40):
            dispatch.reap(now=now())
            dispatch.strand(now=now())
            routes = dispatch.routes(list(dispatch.LANES), now=now())
            claims = dispatch.claim(routes, limit=3, now=now())
            sent += [one.notice_id for one in claims]
            good = Sent(Result.ACCEPTED, http_status=202, reference="r")
            dispatch.finish([(one, good) for one in claims], now=now())
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_two_workers_two_hours_apart_send_all_once(asked: list[Takedown]) -> None:
    sent: list[Any] = []
    ready = threading.Barrier(2)
    with ThreadPoolExecutor(2) as hands:
        for wrong in (HOUR, -HOUR):
            hands.submit(sweep, lambda wrong=wrong: timezone.now() + wrong, sent, ready)
    assert len(sent) == len(set(sent)) == len(asked)
    assert set(Takedown.objects.values_list("status", flat=True)) == {Status.SENT}
    assert Attempt.objects.filter(result=Result.ACCEPTED).count() == len(asked)
    assert not Notice.objects.exclude(due_at=None, lease_until=None).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", [-HOUR, HOUR])
def test_a_wrong_clock_takes_no_row_out_of_another_hand(asked: list[Takedown], wrong: timedelta) -> None:
    """Leases are the database's: who is an hour fast finds none that ran out."""
    now = timezone.now()
    held = dispatch.claim(dispatch.routes(list(dispatch.LANES), now=now), limit=200, now=now)
    assert held
    assert dispatch.reap(now=now + wrong) == 0
    again = dispatch.claim(dispatch.routes(list(dispatch.LANES), now=now + wrong), limit=200, now=now + wrong)
    assert again == []
    assert Channel.objects.get().faults == 0


@pytest.mark.django_db
@pytest.mark.parametrize("minutes", [-1, 0, 30, 59, 60, 61])
@pytest.mark.parametrize(
    "night", [put_back(2026), datetime(2026, 3, 29, 1, tzinfo=UTC)], ids=["back", "forward"]
)
def test_nothing_is_skipped_or_doubled_in_the_night_of_the_clocks(
    chatter: Platform, open_case: Callable[..., Any], nour: Staff, night: datetime, minutes: int
) -> None:
    """Asked before, tried again after: a pause is as long in that hour as in any other."""
    at = night + timedelta(minutes=minutes)
    case = open_case(at=at - HOUR)
    [takedown] = actions.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=at)
    Notice.objects.update(due_at=timezone.now() - HOUR)
    [claim] = dispatch.claim(dispatch.routes(list(dispatch.LANES), now=at), limit=5, now=at)
    dispatch.finish([(claim, Sent(Result.RETRY, http_status=503))], now=at, jitter=lambda: 1.0)
    takedown.refresh_from_db()
    due = takedown.notice.due_at
    assert (takedown.status, due) == (Status.QUEUED, at + dispatch.pause(1, 1.0))
