"""The list behind a count: as many as the count says, and each sees those that they may see."""

from collections.abc import Callable
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases.dashboards.folding import fold
from cases.models import Case
from cases.takedowns.states import Status
from helpline.accounts.models import Role, Staff
from helpline.accounts.permissions import Permission
from helpline.platforms.models import Platform
from reports.actions import LinkFacts, erase_report
from tests.cases.takedowns.standing import standing

OpenCase = Callable[..., Case]
Desk = Callable[[Staff], Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter", "pixboard")]
PAGE = "/staff/dashboard/behind/"


class Rows(HTMLParser):
    """The addresses in the table's body."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.inside, self.rows, self.links = False, 0, []  # type: ignore[var-annotated]
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = self.inside or tag == "tbody"
        self.rows += self.inside and tag == "tr"
        if self.inside and tag == "a":
            self.links.append(dict(attrs)["href"] or "")

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "tbody"


@pytest.fixture
def asked(chatter: Platform, pixboard: Platform, open_case: OpenCase, nour: Staff, maud: Staff) -> list[Case]:
    """Two removed and one refused on Chatter by Nour, one unanswered on Pixboard by Maud."""
    now = timezone.now()
    cases = []
    for number, (status, slug, by) in enumerate(
        [
            (Status.REMOVED, "chatter", nour),
            (Status.REMOVED, "chatter", nour),
            (Status.REFUSED, "chatter", nour),
            (Status.SENT, "pixboard", maud),
        ]
    ):
        case = open_case(links=(LinkFacts(url=f"https://{slug}.example/p/{number}"),))
        standing(status, case=case, by=nour, at=now - timedelta(minutes=5))
        if by is maud:
            Case.objects.filter(pk=case.pk).update(assignee=maud, team=None)
        cases.append(case)
    while fold(now=now):
        pass
    return cases


def see(client: Client, **said: str) -> Rows:
    answer = client.get(PAGE, said)
    assert answer.status_code == 200
    return Rows(answer.content.decode())


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("said", "count"),
    [
        ({"figure": "total"}, 4),
        ({"figure": "acted_on"}, 2),
        ({"figure": "left_up"}, 2),
        ({"figure": "refused", "platform": "chatter"}, 1),
        ({"figure": "refused", "platform": "pixboard"}, 0),
        ({"figure": "sent", "dim": "content", "value": "deepnude/minor"}, 4),
        ({"figure": "total", "dim": "action", "value": "deepnude/minor/removed"}, 2),
        ({"figure": "acted_on", "dim": "bar", "value": "0"}, 2),
        ({"figure": "acted_on", "dim": "bar", "value": "604800"}, 0),
    ],
)
def test_as_many_as_the_count_says(said: dict[str, str], count: int, desk: Desk, maud: Staff) -> None:
    page = see(desk(maud), **said)
    assert page.rows == count
    assert len([link for link in page.links if link.startswith("/staff/takedowns/")]) == count


@pytest.mark.usefixtures("asked")
def test_each_sees_what_they_may_see_and_how_many_that_is(
    desk: Desk, nour: Staff, roles: dict[str, Role]
) -> None:
    """Given a role that sees the figures and its own cases, then the others' are counted and not listed."""
    role = roles["counsellor"]
    role.permissions = [*role.permissions, Permission.FIGURES]
    role.save()
    answer = desk(nour).get(PAGE, {"figure": "total"})
    assert "You may see 3 of 4" in answer.content.decode()
    assert Rows(answer.content.decode()).rows == 3
    nothing = desk(nour).get(PAGE, {"figure": "no_answer"}).content.decode()
    assert "None of them is yours to see" in nothing
    assert "Requests behind this count: 1." in nothing


@pytest.mark.usefixtures("asked")
def test_who_sees_figures_and_no_cases_gets_a_sentence(desk: Desk, theo: Staff, nour: Staff) -> None:
    page = desk(theo).get(PAGE, {"figure": "acted_on"}).content.decode()
    assert "Requests behind this count: 2" in page
    assert "Your role sees figures and no cases" in page
    assert "/staff/takedowns/" not in page
    assert "/staff/cases/" not in page
    assert desk(nour).get(PAGE, {"figure": "acted_on"}).status_code == 403


def test_what_was_erased_is_named_as_such(asked: list[Case], desk: Desk, maud: Staff) -> None:
    erase_report(report=asked[0].report, by="young-person", at=timezone.now())
    while fold(now=timezone.now()):
        pass
    page = desk(maud).get(PAGE, {"figure": "acted_on"}).content.decode()
    assert Rows(page).rows == 2
    assert page.count(">erased<") == 1


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"figure": "p50"},
        {"figure": "reports"},
        {"figure": "sent", "dim": "person", "value": "1"},
        {"figure": "sent", "dim": "channel"},
        {"figure": "sent", "value": "chatter"},
        {"figure": "sent", "dim": "content", "value": "deepnude"},
        {"figure": "sent", "dim": "action", "value": "deepnude/minor"},
        {"figure": "sent", "dim": "bar", "value": "7"},
        {"figure": "sent", "dim": "channel", "value": "a\0b"},
        {"figure": "sent", "platform": "nowhere"},
        {"figure": "sent", "platform": "a\0b"},
        {"figure": "sent", "since": "yesterday"},
        {"figure": "sent", "since": "2026-05", "until": "2026-03"},
        {"figure": "sent", "after": "broken"},
    ],
)
def test_an_address_of_no_count_is_not_there(said: dict[str, str], desk: Desk, maud: Staff) -> None:
    assert desk(maud).get(PAGE, said).status_code == 404


def test_the_same_number_of_statements_for_one_and_for_many(
    open_case: OpenCase, desk: Desk, nour: Staff, maud: Staff
) -> None:
    client, counts = desk(maud), []
    for many in (1, 6):
        for number in range(many):
            case = open_case(links=(LinkFacts(url=f"https://chatter.example/p/{many}-{number}"),))
            standing(Status.REMOVED, case=case, by=nour, at=timezone.now())
        while fold(now=timezone.now()):
            pass
        client.get(PAGE, {"figure": "sent"})
        with CaptureQueriesContext(connection) as statements:
            assert see(client, figure="sent").rows >= many
        counts.append(len(statements))
    assert counts[0] == counts[1]


@pytest.mark.usefixtures("asked")
def test_a_long_list_goes_on_where_it_ended(desk: Desk, maud: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cases.views.answers.PAGE", 3)
    client, seen = desk(maud), set()
    address = f"{PAGE}?figure=total"
    while address:
        page = client.get(address).content.decode()
        rows = {link for link in Rows(page).links if link.startswith("/staff/takedowns/")}
        assert not rows & seen
        seen |= rows
        address = (
            unescape(page.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0])
            if "Show the next" in page
            else ""
        )
    assert len(seen) == 4


def test_an_empty_count_says_what_will_appear(desk: Desk, maud: Staff) -> None:
    page = desk(maud).get(PAGE, {"figure": "refused"}).content.decode()
    assert "Nothing is behind this count" in page
