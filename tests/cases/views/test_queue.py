"""The queue page: who sees it, what it shows, what it costs."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases import actions, queue
from cases.models import Case
from helpline.accounts.models import Staff
from reports import actions as reports
from reports.models import Report
from reports.states import AgeRange, Circumstance, Kind
from tests.cast import NOON

Tell = Callable[..., tuple[Report, str]]
OpenCase = Callable[..., Case]
Desk = Callable[[Staff], Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


def test_nobody_sees_the_desk_without_logging_in(client: Client) -> None:
    answer = client.get("/staff/")
    assert (answer.status_code, answer["Location"]) == (302, "/staff/login/?next=/staff/")


@pytest.mark.parametrize(
    ("who", "where"),
    [("anouk", "/staff/platforms/"), ("theo", "/staff/dashboard/")],
)
def test_whoever_may_not_see_the_queue_is_led_to_their_first_page(
    who: str, where: str, desk: Desk, request: pytest.FixtureRequest
) -> None:
    answer = desk(request.getfixturevalue(who)).get("/staff/")
    assert (answer.status_code, answer["Location"]) == (302, where)


def test_a_partner_has_no_page_here(desk: Desk, make_staff: Callable[..., Staff]) -> None:
    assert desk(make_staff("partner", "partner")).get("/staff/").status_code == 403


def test_a_row_says_who_needs_help_and_why(tell: Tell, desk: Desk, nour: Staff, chatter: object) -> None:
    now = timezone.now()
    report, _code = tell(
        at=now - timedelta(hours=3, minutes=20),
        kind=Kind.THREAT,
        age_range=AgeRange.FROM_13,
        circumstances=(Circumstance.BLACKMAIL, Circumstance.ADULT),
        deadline_at=now + timedelta(hours=5, minutes=1),
    )
    queue.add_new_reports(at=now)

    page = desk(nour).get("/staff/").content.decode()

    assert f'data-href="/staff/reports/{report.pk}/"' in page
    for words in ("Threat to share", "13–14", "3 h 20 min", "in 5 h", "Chatter", "1 link", "FR", "Take it"):
        assert words in page, words
    # The two heaviest reasons, and not the third.
    assert "A threat runs out within a day" in page
    assert "An adult is behind it" in page
    assert "Blackmail" not in page


def test_danger_stands_above_everything_on_every_page(
    tell: Tell, desk: Desk, nour: Staff, anouk: Staff
) -> None:
    tell(circumstances=(Circumstance.SELF_HARM,))
    queue.add_new_reports(at=NOON)

    for address in ("/staff/", "/staff/cases/", "/staff/takedowns/", "/staff/incidents/"):
        assert 'class="danger-strip"' in desk(nour).get(address).content.decode(), address
    assert 'class="danger-strip"' not in desk(anouk).get("/staff/platforms/").content.decode()


def test_waiting_ages_visibly(tell: Tell, desk: Desk, nour: Staff) -> None:
    now = timezone.now()
    for hours in (1, 7, 30):
        tell(at=now - timedelta(hours=hours, minutes=1))
    queue.add_new_reports(at=now)

    page = desk(nour).get("/staff/").content.decode()

    assert page.count('class="waiting "') == 1
    assert page.count('class="waiting old"') == 1
    assert page.count('class="waiting very-old"') == 1


def test_tabs_filters_and_pages_go_together(
    tell: Tell, desk: Desk, nour: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    for minute in range(5):
        tell(kind=Kind.THREAT, at=NOON + timedelta(minutes=minute))
    tell(kind=Kind.SENT)
    queue.add_new_reports(at=NOON)
    monkeypatch.setattr(queue.page, "__kwdefaults__", {"after": "", "limit": 3})
    client = desk(nour)

    first = client.get("/staff/?kind=threat&odd=1")
    second = client.get(first.context["next_url"])

    assert [len(first.context["rows"]), len(second.context["rows"])] == [3, 2]
    assert second.context["next_url"] == ""
    assert second.context["first_url"] == "/staff/?" + urlencode({"kind": "threat", "odd": "1"})
    assert not {row.pk for row in first.context["rows"]} & {row.pk for row in second.context["rows"]}


@pytest.mark.parametrize("query", ["kind=nothing", "age=%00", "language=xx", "view=' OR 1=1"])
def test_an_unknown_filter_is_left_out(query: str, tell: Tell, desk: Desk, nour: Staff) -> None:
    tell()
    queue.add_new_reports(at=NOON)
    assert len(desk(nour).get(f"/staff/?{query}").context["rows"]) == 1


@pytest.mark.parametrize("cursor", ["x", "%00", "W10"])
def test_a_broken_page_address_leads_to_the_first_page(cursor: str, desk: Desk, nour: Staff) -> None:
    answer = desk(nour).get(f"/staff/?view=open&after={cursor}")
    assert (answer.status_code, answer["Location"]) == (302, "/staff/?view=open")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "Nobody is waiting"),
        ("?view=mine", "No open case"),
        ("?view=open", "No open case"),
        ("?kind=sent", "Nothing matches these filters"),
    ],
)
def test_an_empty_list_says_what_will_appear(query: str, words: str, desk: Desk, nour: Staff) -> None:
    assert words in desk(nour).get(f"/staff/{query}").content.decode()


@pytest.mark.parametrize("view", ["waiting", "mine", "open"])
def test_the_page_costs_the_same_for_three_and_for_thirty(
    view: str, tell: Tell, open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    client = desk(nour)

    def cost() -> int:
        client.get("/staff/")  # the session's half hour is moved on, at most once a minute
        with CaptureQueriesContext(connection) as asked:
            client.get(f"/staff/?view={view}")
        return len(asked)

    def add(count: int) -> None:
        for _ in range(count):
            tell(circumstances=(Circumstance.IN_DANGER,))
            open_case()
        queue.add_new_reports(at=NOON)

    add(3)
    few = cost()
    add(12)
    assert cost() == few
    # The session, the person, their teams, every count in one, the page, the strip of danger.
    assert few <= 6


def test_an_unread_message_shows_in_the_row_and_in_the_rail(tell: Tell, desk: Desk, nour: Staff) -> None:
    report, code = tell()
    actions.open_case(report=report, by=nour, at=NOON)
    reports.send_message(report=report, box=report.box_for_code(code), text="Hi", by=None, at=NOON)
    queue.note_unread()

    answer = desk(nour).get("/staff/?view=mine")

    assert "New message" in answer.content.decode()
    places = {place["url"]: place["count"] for place in answer.context["rail"]()}
    assert places["/staff/cases/"] == "1"


# --- search -----------------------------------------------------------------------------------------------


def test_search_is_asked_by_post_and_shows_rows(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case = open_case()
    client = desk(nour)

    assert client.get("/staff/search/?q=x").status_code == 405
    page = client.post("/staff/search/", {"q": f" {case.ref.lower()} "}).content.decode()

    assert f'href="/staff/cases/{case.ref}/"' in page
    assert 'method="post" action="/staff/search/"' in page


def test_search_that_finds_nothing_says_how_to_search(desk: Desk, nour: Staff) -> None:
    page = desk(nour).post("/staff/search/", {"q": "<b>x</b>"}).content.decode()
    assert "Nothing found" in page
    assert "<b>x</b>" not in page


@pytest.mark.parametrize("who", ["anouk", "theo"])
def test_whoever_sees_no_case_searches_nothing(who: str, desk: Desk, request: pytest.FixtureRequest) -> None:
    client = desk(request.getfixturevalue(who))
    assert client.post("/staff/search/", {"q": "x"}).status_code == 403
    assert 'role="search"' not in client.get("/staff/", follow=True).content.decode()


def test_a_disabled_account_is_out_at_once(desk: Desk, nour: Staff) -> None:
    client = desk(nour)
    assert client.get("/staff/").status_code == 200
    Staff.objects.filter(pk=nour.pk).update(is_active=False)
    assert client.get("/staff/").status_code == 302
    assert Session.objects.exists()
