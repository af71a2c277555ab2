"""A platform that stands still keeps one child of a worker waiting, never all of them."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from cases.models import Case
from cases.takedowns import actions, dispatch, places, tasks
from cases.takedowns.models import Notice, Takedown
from cases.takedowns.states import Status
from helpline.accounts.models import Staff
from reports.actions import LinkFacts
from tests.processes import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def elsewhere() -> Iterator[Callable[[int], int | None]]:
    """Another process takes a place, until the end of the test."""
    other = connections.create_connection("default")

    def take(kind: int) -> int | None:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, 0)", [kind])
            return 0 if cursor.fetchone()[0] else None

    yield take
    other.close()


@pytest.fixture
def ask(open_case: Callable[..., Case], nour: Staff) -> Callable[[str], Takedown]:
    def make(slug: str) -> Takedown:
        now = timezone.now() - timedelta(hours=1)
        case = open_case(at=now, links=(LinkFacts(url=f"https://{slug}.example/p/1"),))
        return actions.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=now)[0]

    return make


def test_there_are_so_many_and_no_more(elsewhere: Callable[[int], int | None]) -> None:
    assert elsewhere(places.LOOKING) == 0
    assert places.take(places.LOOKING) is None
    with places.only_one(places.LOOKING) as free:
        assert not free
    assert places.take(places.LOOKING, places=2) == 1
    connection.close()  # whoever ends leaves it
    assert places.take(places.LOOKING, places=2) == 1
    connection.close()


@pytest.mark.parametrize("task", [tasks.settle_unknown, tasks.poll_sent])
def test_questions_share_one_place(
    live: Any, ask: Callable[[str], Takedown], elsewhere: Callable[[int], int | None], task: Any
) -> None:
    live("chatter")
    notice = ask("chatter").notice
    due = timezone.now()
    Takedown.objects.update(status=Status.SENT, sent_at=due)
    Notice.objects.filter(pk=notice.pk).update(due_at=None, ask_at=due, poll_at=due)

    assert elsewhere(places.ASKING) == 0
    task()
    notice.refresh_from_db()
    assert (notice.asks, notice.polls) == (0, 0)

    connection.close()


def test_who_only_waits_for_the_last_answers_has_left_the_place(
    live: Any, ask: Callable[[str], Takedown]
) -> None:
    live("chatter", answers={"accept_then_timeout": 1.0}, hold=8)
    stuck = ask("chatter")
    waiting = threading.Thread(target=lambda: (dispatch.run(max_seconds=0.5, senders=1), connection.close()))
    waiting.start()
    try:
        wait_for(lambda: Takedown.objects.get(pk=stuck.pk).status == Status.SENDING, what="sending")
        live("pixboard")
        swift = ask("pixboard")
        # While it claims it keeps its place; then somebody else may.
        wait_for(lambda: dispatch.run(max_seconds=5, senders=1) == 1, patience=6, what="somebody else's turn")
        assert waiting.is_alive()
        assert Takedown.objects.get(pk=swift.pk).status == Status.SENT
    finally:
        waiting.join(20)
