"""Danger, a deadline that runs and a platform narrow the queue, together with the rest, and stand in its address."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases import queue
from cases.models import QueueItem, SavedView
from cases.queue import Filters
from cases.views import filtering
from helpline.accounts.models import Staff
from helpline.platforms import directory
from helpline.platforms.models import Platform
from reports.actions import LinkFacts
from reports.models import Report
from reports.states import Circumstance, Kind
from tests.cast import NOON

Tell = Callable[..., tuple[Report, str]]
Desk = Callable[[Staff], Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter", "pixboard")]

ALL = "danger=yes&deadline=yes&platform=pixboard"
PIX = (LinkFacts(url="https://pixboard.example/p/1"),)


@pytest.fixture
def six(tell: Tell) -> dict[str, Report]:
    """One of each."""
    now = timezone.now()
    told = {
        "plain": {},
        "danger": {"circumstances": (Circumstance.IN_DANGER,)},
        "runs": {"deadline_at": now + timedelta(hours=5)},
        "passed": {"deadline_at": now - timedelta(hours=5)},
        "pix": {"links": PIX, "kind": Kind.THREAT},
        "every": {
            "links": (*PIX, LinkFacts(url="https://chatter.example/p/1")),
            "deadline_at": now + timedelta(hours=5),
            "circumstances": (Circumstance.IN_DANGER,),
        },
    }
    found = {name: tell(**facts)[0] for name, facts in told.items()}  # type: ignore[arg-type]
    queue.add_new_reports(at=now)
    return found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("danger=yes", {"danger", "every"}),
        ("deadline=yes", {"runs", "every"}),
        ("platform=pixboard", {"pix", "every"}),
        ("platform=chatter", {"plain", "danger", "runs", "passed", "every"}),
        ("platform=pixboard&kind=threat", {"pix"}),
        (ALL, {"every"}),
        ("danger=1&deadline=&platform=nowhere", {"plain", "danger", "runs", "passed", "pix", "every"}),
    ],
)
def test_they_narrow_the_list_alone_and_together(
    query: str, expected: set[str], six: dict[str, Report], desk: Desk, nour: Staff
) -> None:
    names = {report.pk: name for name, report in six.items()}
    client = desk(nour)
    rows = client.get(f"/staff/?{query}").context["rows"]
    assert {names[row.report_id] for row in rows} == expected
    # and what looks for news sees the same rows
    news = queue.news(staff=nour, filters=filtering.read(QueryDict(query)))
    assert len(news.rows) == len(expected)


def test_they_stand_in_the_address_and_are_taken_off_again(
    six: dict[str, Report], desk: Desk, nour: Staff
) -> None:
    filters = filtering.read(QueryDict(ALL))
    assert filters == Filters(danger=True, deadline=True, platform="pixboard")
    assert filtering.written(filters) == ALL

    client = desk(nour)
    page = client.get(f"/staff/?{ALL}").content.decode()
    assert '<option value="pixboard" selected>Pixboard</option>' in page
    assert '<input type="hidden" name="danger" value="yes">' in page
    assert '<input type="hidden" name="platform"' not in page
    assert 'href="/staff/?deadline=yes&amp;platform=pixboard" aria-current="true">In danger' in page
    assert 'href="/staff/?danger=yes&amp;platform=pixboard" aria-current="true">A deadline runs' in page

    client.post("/staff/queue/views/", {"name": "Now", "query": ALL})
    assert SavedView.objects.get().query == ALL


def test_a_platform_that_became_part_of_another_is_counted_there(
    six: dict[str, Report], chatter: Platform, pixboard: Platform, desk: Desk, nour: Staff
) -> None:
    Platform.objects.filter(pk=pixboard.pk).update(merged_into=chatter)
    directory.forget()
    client = desk(nour)
    for slug in ("chatter", "pixboard"):
        answer = client.get(f"/staff/?platform={slug}")
        assert len(answer.context["rows"]) == 6
        page = answer.content.decode()
        assert '<option value="chatter" selected>' in page
        assert '<option value="pixboard"' not in page


@pytest.mark.parametrize("view", ["waiting", "mine", "open"])
def test_a_filtered_page_goes_by_the_index_of_the_queue(
    view: str, six: dict[str, Report], nour: Staff
) -> None:
    """In its order, none sorted; a platform's links are found by their report."""
    filters = Filters(view=view, danger=True, deadline=True, platform="pixboard")
    with CaptureQueriesContext(connection) as asked:
        queue.page(staff=nour, filters=filters)
    statement = asked[-1]["sql"]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {statement}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert {"waiting": "queue_waiting", "mine": "queue_mine", "open": "queue_open"}[view] in plan
    assert "link_position_once" in plan
    if view == "waiting":
        assert "Sort" not in plan


def test_a_filtered_page_costs_the_same_for_three_and_for_thirty(tell: Tell, desk: Desk, nour: Staff) -> None:
    client = desk(nour)

    def cost() -> int:
        client.get("/staff/")
        with CaptureQueriesContext(connection) as asked:
            client.get(f"/staff/?{ALL}")
        return len(asked)

    def add(count: int) -> None:
        soon = timezone.now() + timedelta(hours=5)
        for _ in range(count):
            tell(links=PIX, deadline_at=soon, circumstances=(Circumstance.IN_DANGER,))
        queue.add_new_reports(at=NOON)

    add(3)
    few = cost()
    add(27)
    assert QueueItem.objects.count() == 30
    assert cost() == few <= 6
