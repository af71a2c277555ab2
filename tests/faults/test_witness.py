"""The witness of the fault runs: it holds its tongue while everybody writes what is theirs, and names whoever does not."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from cases.takedowns import actions, dispatch
from cases.takedowns.connectors.base import Sent
from cases.takedowns.dispatch.claiming import Claim
from cases.takedowns.models import Attempt, Event, Notice, Takedown
from cases.takedowns.states import Result, Source, Status
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from tests.faults.witness import WITNESS

pytestmark = pytest.mark.django_db
GOOD = Sent(Result.ACCEPTED, http_status=202, reference="r")


@pytest.fixture
def notice(open_case: Callable[..., Any], chatter: Platform, nour: Staff) -> Notice:
    """One that is due, with the witness in the room."""
    at = timezone.now() - timedelta(hours=1)
    case = open_case(at=at)
    [takedown] = actions.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=at)
    with connection.cursor() as cursor:
        cursor.execute(WITNESS)
    found: Notice = takedown.notice
    return found


@contextmanager
def who(name: str) -> Iterator[None]:
    """What is written is signed with this name."""
    sign(name)
    yield
    sign("")


def sign(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('application_name', %s, true)", [name])


def stale() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT what FROM fault_stale ORDER BY what")
        return [row[0] for row in cursor.fetchall()]


def claimed() -> Claim:
    now = timezone.now()
    [claim] = dispatch.claim(dispatch.routes(list(dispatch.LANES), now=now), limit=5, now=now)
    return claim


def fall_silent(notice: Notice) -> None:
    """Its lease runs out, and another worker takes it away."""
    with who(""):
        Notice.objects.filter(pk=notice.pk).update(due_at=None)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE takedowns_notice SET lease_until = now() - interval '1 s' WHERE id = %s", [notice.pk]
            )
    with who("worker-2"):
        assert dispatch.reap(now=timezone.now()) == 1


def test_who_sends_what_they_hold_is_not_named(notice: Notice) -> None:
    with who("worker-1"):
        assert dispatch.finish([(claimed(), GOOD)], now=timezone.now()) == 1
    assert Takedown.objects.get().status == Status.SENT
    assert stale() == []


def test_who_comes_back_late_writes_nothing(notice: Notice) -> None:
    with who("worker-1"):
        late = claimed()
    fall_silent(notice)
    with who("worker-1"):
        assert dispatch.finish([(late, GOOD)], now=timezone.now()) == 0
    assert Takedown.objects.get().status == Status.UNKNOWN
    assert stale() == []


@pytest.mark.parametrize(
    ("what", "write"),
    [
        ("attempt", lambda: Attempt.objects.update(detail="late")),
        ("takedown", lambda: Takedown.objects.update(status=Status.SENT)),
        ("notice", lambda: Notice.objects.update(lease_until=None, due_at=timezone.now())),
        (
            "timeline",
            lambda: Event.objects.create(
                takedown=Takedown.objects.get(),
                at=timezone.now(),
                recorded_at=timezone.now(),
                source=Source.WORKER,
                what=Status.SENT,
            ),
        ),
    ],
)
def test_who_writes_what_another_holds_is_named(
    notice: Notice, what: str, write: Callable[[], object]
) -> None:
    with who("worker-1"):
        claimed()
    Notice.objects.update(fence=7) if what == "attempt" else None
    with who("worker-2"):
        write()
    assert stale() == [what]
