"""The queue finds reports nobody called about, orders them, and reads page by page."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases import actions, queue
from cases.models import Case, QueueItem
from cases.queue import BadCursor, Filters
from cases.states import Outcome, QueueState
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from reports import actions as reports
from reports.actions import LinkFacts
from reports.models import Report
from reports.states import AgeRange, Circumstance, Kind
from tests.cast import NOON

Tell = Callable[..., tuple[Report, str]]
OpenCase = Callable[..., Case]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


def test_a_submitted_report_is_found_and_scored_once(tell: Tell, chatter: Platform) -> None:
    report, _code = tell(circumstances=(Circumstance.BLACKMAIL,), age_range=AgeRange.FROM_13)

    assert queue.add_new_reports(at=NOON) == 1
    assert queue.add_new_reports(at=NOON) == 0

    item = QueueItem.objects.get()
    assert (item.report, item.state, item.score, item.danger) == (report, QueueState.WAITING, 50, False)
    assert item.reasons == [{"code": "blackmail", "points": 40}, {"code": "minor", "points": 10}]
    assert (item.places, item.link_count) == ("Chatter", 1)


def test_the_order_is_danger_then_urgency_and_waiting(tell: Tell, nour: Staff) -> None:
    calm, _ = tell(at=NOON)
    danger, _ = tell(at=NOON + timedelta(hours=9), circumstances=(Circumstance.SELF_HARM,))
    pressed, _ = tell(at=NOON + timedelta(hours=1), circumstances=(Circumstance.BLACKMAIL,))
    queue.add_new_reports(at=NOON)

    rows, after = queue.page(staff=nour, filters=Filters())

    assert [row.report_id for row in rows] == [danger.pk, pressed.pk, calm.pk]
    assert after == ""
    assert [item.report_id for item in queue.in_danger()] == [danger.pk]


def test_the_pages_together_are_the_whole_queue_in_order(tell: Tell, nour: Staff) -> None:
    for minute in range(23):
        tell(
            at=NOON + timedelta(minutes=minute // 3),  # several at the same moment
            circumstances=(Circumstance.IN_DANGER,) if minute % 5 == 0 else (),
        )
    queue.add_new_reports(at=NOON)
    whole = list(queue.items(staff=nour, filters=Filters()))

    seen: list[QueueItem] = []
    cursor = ""
    while True:
        rows, cursor = queue.page(staff=nour, filters=Filters(), after=cursor, limit=4)
        seen += rows
        if not cursor:
            break

    assert seen == whole
    assert len(seen) == 23


def written(*place: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


ELSEWHERE = [
    "x",
    "é",
    "bm8",
    written(),
    written(1, 2, 3),
    written(1, NOON.isoformat(), str(UUID(int=1))),
    written(True, "2026-03-02T12:00:00", str(UUID(int=1))),
    written(True, NOON.isoformat(), "\0"),
    written(True, NOON.isoformat(), None),
]


@pytest.mark.parametrize("cursor", ELSEWHERE)
def test_a_cursor_of_somebody_else_is_refused(cursor: str, nour: Staff) -> None:
    with pytest.raises(BadCursor):
        queue.page(staff=nour, filters=Filters(), after=cursor)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(kind=Kind.THREAT), {"threat"}),
        (Filters(age_range=AgeRange.UNDER_13), {"young"}),
        (Filters(language="en"), {"english"}),
        (Filters(danger=True), {"danger"}),
        (Filters(kind=Kind.THREAT, language="en"), set()),
    ],
)
def test_filters_narrow_the_list(filters: Filters, expected: set[str], tell: Tell, nour: Staff) -> None:
    made = {
        "threat": tell(kind=Kind.THREAT)[0].pk,
        "young": tell(age_range=AgeRange.UNDER_13)[0].pk,
        "english": tell(language="en")[0].pk,
        "danger": tell(circumstances=(Circumstance.IN_DANGER,))[0].pk,
    }
    queue.add_new_reports(at=NOON)

    rows, _after = queue.page(staff=nour, filters=filters)

    assert {row.report_id for row in rows} == {made[name] for name in expected}


def test_a_report_leaves_the_waiting_tab_when_it_becomes_a_case(
    open_case: OpenCase, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    case = open_case()

    def under(view: str, staff: Staff) -> list[Any]:
        return [item.case for item in queue.items(staff=staff, filters=Filters(view=view))]

    assert under("waiting", nour) == []
    assert under("mine", nour) == [case]
    assert under("mine", maud) == []
    # A colleague of another team does not see it among the open ones; a supervisor does.
    assert under("open", nour) == [case]
    assert under("open", sacha) == []
    assert under("open", maud) == [case]

    actions.close_case(case=case, outcome=Outcome.ADVICE, by=nour, at=NOON + timedelta(hours=1))
    assert under("mine", nour) == []


def test_counts_stop_counting_and_cost_one_statement(
    tell: Tell, nour: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(7):
        tell()
    queue.add_new_reports(at=NOON)
    monkeypatch.setattr(queue, "COUNT_UP_TO", 5)
    nour.team_slugs()

    with CaptureQueriesContext(
        connection,
    ) as asked:
        found = queue.capped_counts(queue.tabs(staff=nour) | {"nothing": QueueItem.objects.none()})

    assert found == {"waiting": 5, "mine": 0, "open": 0, "nothing": 0}
    assert len(asked) == 1
    assert queue.capped_counts({}) == {}


def test_refresh_counts_the_links_again(tell: Tell, chatter: Platform, pixboard: Platform) -> None:
    report, code = tell()
    queue.add_new_reports(at=NOON)
    facts = [LinkFacts(url="https://pixboard.example/p/2")]
    reports.add_links(report=report, box=report.box_for_code(code), facts=facts, by="young-person", at=NOON)

    queue.refresh(report=report, at=NOON)

    item = QueueItem.objects.get()
    assert (item.places, item.link_count) == ("Chatter, Pixboard", 2)


def test_what_is_told_later_is_weighed_once(tell: Tell) -> None:
    quiet, _code = tell(circumstances=())
    queue.add_new_reports(at=NOON)
    assert queue.refresh_retold(at=NOON) == 0

    reports.add_circumstances(report=quiet, circumstances=[Circumstance.IN_DANGER], at=NOON)

    assert queue.refresh_retold(at=NOON) == 1
    assert queue.refresh_retold(at=NOON) == 0
    item = QueueItem.objects.get()
    assert item.danger
    assert "in-danger" in {reason["code"] for reason in item.reasons}


def test_a_report_told_on_before_the_queue_saw_it_waits_for_its_item(tell: Tell) -> None:
    report, _code = tell(circumstances=())
    reports.add_circumstances(report=report, circumstances=[Circumstance.VIOLENCE], at=NOON)

    assert queue.refresh_retold(at=NOON) == 0
    queue.add_new_reports(at=NOON)
    assert queue.refresh_retold(at=NOON) == 1


def test_an_unread_message_marks_the_item_once(tell: Tell) -> None:
    report, code = tell()
    queue.add_new_reports(at=NOON)
    reports.send_message(report=report, box=report.box_for_code(code), text="Hello?", by=None, at=NOON)

    assert queue.note_unread() == 1
    assert queue.note_unread() == 0
    assert QueueItem.objects.get().unread


# --- search -----------------------------------------------------------------------------------------------


def test_search_finds_by_reference_link_and_account(
    open_case: OpenCase, nour: Staff, chatter: Platform
) -> None:
    case = open_case(
        links=(
            LinkFacts(url="https://chatter.example/p/77"),
            LinkFacts(account="mean.person", platform="chatter"),
        )
    )
    open_case(links=(LinkFacts(url="https://chatter.example/p/78"),))

    for text in (case.ref, case.ref.lower(), "see https://chatter.example/p/77?utm_source=x", "@Mean.Person"):
        found = queue.search(staff=nour, text=text)
        assert [item.case for item in found] == [case], text


@pytest.mark.parametrize(
    "text", ["", "@", "nobody", "ZZZZZZZZ", "made-up picture", "https://", "\x00", "a" * 2000]
)
def test_search_for_what_is_not_there_finds_nothing(text: str, open_case: OpenCase, nour: Staff) -> None:
    open_case()
    assert list(queue.search(staff=nour, text=text)) == []


def test_search_shows_nobody_elses_cases(
    open_case: OpenCase, tell: Tell, nour: Staff, sacha: Staff, maud: Staff, theo: Staff
) -> None:
    case = open_case()
    waiting, _code = tell()
    queue.add_new_reports(at=NOON)

    def found(staff: Staff) -> set[Any]:
        return {item.report_id for item in queue.search(staff=staff, text="https://chatter.example/p/1")}

    assert found(nour) == {case.report_id, waiting.pk}
    assert found(sacha) == {waiting.pk}
    assert found(maud) == {case.report_id, waiting.pk}
    assert found(theo) == set()
