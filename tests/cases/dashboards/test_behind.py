"""The list behind a count: as many as the count says, and each sees those that they may see."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases.dashboards.definitions import DEFINITIONS
from cases.dashboards.folding import fold
from cases.dashboards.listed import FIGURES, SOURCES
from cases.ladder.models import Redress, Step
from cases.ladder.states import DECIDED, RedressState, Rung, StepOutcome, StepState
from cases.ladder.states import Kind as RedressKind
from cases.models import Case
from cases.takedowns.models import Takedown
from cases.takedowns.states import Status
from helpline.accounts.models import Role, Staff
from helpline.accounts.permissions import Permission
from helpline.platforms.models import Platform
from reports.actions import LinkFacts, erase_report
from reports.models import Report
from reports.states import AgeRange, Circumstance
from tests.cases.takedowns.standing import standing

OpenCase = Callable[..., Case]
Desk = Callable[[Staff], Client]
Tell = Callable[..., tuple[Report, str]]
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
@pytest.mark.parametrize(("bar", "count"), [("0", 2), ("60", 0)])
def test_of_a_slice_those_that_took_so_long(bar: str, count: int, desk: Desk, maud: Staff) -> None:
    answer = desk(maud).get(
        PAGE, {"figure": "acted_on", "dim": "content", "value": "deepnude/minor", "bar": bar}
    )
    assert Rows(answer.content.decode()).rows == answer.context["all"] == count
    assert len(answer.context["narrowed"]) == 3  # the period, the slice, how long


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
        {"figure": "ages"},
        {"figure": "waiting"},
        {"figure": "re\0ports"},
        {"figure": "reports", "platform": "chatter"},
        {"figure": "reports", "dim": "rung", "value": "reminder"},
        {"figure": "reports", "dim": "age", "value": "44"},
        {"figure": "reports", "dim": "age", "value": "13-14\0"},
        {"figure": "reports", "dim": "hour", "value": "0-24"},
        {"figure": "reports", "dim": "hour", "value": "-"},
        {"figure": "reports", "dim": "weekday", "value": "7"},
        {"figure": "reports", "dim": "clock", "value": "²"},
        {"figure": "reports", "dim": "school", "value": "Tilleuls"},
        {"figure": "steps", "dim": "rung", "value": "ladder"},
        {"figure": "steps", "dim": "channel", "value": "chatter-mail"},
        {"figure": "redress", "dim": "rung", "value": "reminder"},
        {"figure": "reappeared", "dim": "back", "value": "1"},
        {"figure": "sent", "dim": "channel", "value": "nowhere"},
        {"figure": "sent", "dim": "regime", "value": "law of the sea"},
        {"figure": "sent", "dim": "person", "value": "1"},
        {"figure": "sent", "dim": "channel"},
        {"figure": "sent", "value": "chatter"},
        {"figure": "sent", "dim": "content", "value": "deepnude"},
        {"figure": "sent", "dim": "action", "value": "deepnude/minor"},
        {"figure": "sent", "dim": "bar", "value": "7"},
        {"figure": "sent", "bar": "7"},
        {"figure": "steps", "bar": "60"},
        {"figure": "acted_on", "dim": "regime", "value": "eu-dsa-16", "bar": "6\0"},
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


def test_every_figure_has_its_definition_on_top_of_its_list(desk: Desk, maud: Staff) -> None:
    client = desk(maud)
    for figure in FIGURES:
        page = unescape(client.get(PAGE, {"figure": figure}).content.decode())
        assert "Nothing is behind this count" in page
        assert f"<dd>{DEFINITIONS[figure].counts}</dd>" in page


# --- everything that the page leads to --------------------------------------------------------------------


@pytest.fixture
def full(
    chatter: Platform, pixboard: Platform, open_case: OpenCase, tell: Tell, nour: Staff, maud: Staff
) -> list[Takedown]:
    """Each ending of a request, of a step and of a complaint; reports of all kinds, one of them in nobody's hands."""
    now, rows = timezone.now(), []
    for number, status in enumerate(
        [Status.REMOVED, Status.REFUSED, Status.REAPPEARED, Status.NO_ANSWER, Status.FAILED, Status.SENT]
    ):
        slug = "chatter" if number % 2 else "pixboard"
        case = open_case(
            at=now - timedelta(minutes=number),
            links=(LinkFacts(url=f"https://{slug}.example/p/{number}"),),
            circumstances=(Circumstance.BLACKMAIL, Circumstance.SCHOOL),
            age_range=list(AgeRange)[number % 5],
            school="Collège des Tilleuls",
        )
        rows.append(standing(status, case=case, by=nour, at=now - timedelta(minutes=5 + number)))
    ends = [
        (StepState.PROPOSED, ""),
        *((StepState.DONE, end) for end in ("", *StepOutcome)),
    ]
    for row, (state, outcome) in zip(rows, ends, strict=True):
        Step.objects.create(
            takedown=row,
            rung=Rung.REMINDER,
            state=state,
            state_at=now,
            due_at=now,
            outcome=outcome,
            outcome_at=now if outcome else None,
        )
    for row, state in zip(rows, [RedressState.FILED, *sorted(DECIDED), RedressState.TO_FILE], strict=False):
        is_filed = state != RedressState.TO_FILE
        Redress.objects.create(
            takedown=row,
            kind=RedressKind.INTERNAL,
            state=state,
            state_at=now,
            opened_at=now,
            decision_at=now,
            window_until=now.date(),
            filed_at=now if is_filed else None,
            filed_by=nour if is_filed else None,
            decided_at=now if state in DECIDED else None,
        )
    tell(at=now, circumstances=(Circumstance.IN_DANGER,))
    Case.objects.filter(pk=rows[0].case_id).update(assignee=maud, team=None)
    while fold(now=now):
        pass
    return rows


def counts_of(client: Client, **said: str) -> dict[str, tuple[int, str]]:
    """Each way to a list on the page of figures, with the number it says and what is heard of it."""
    page = client.get("/staff/dashboard/", said).content.decode()
    found = re.findall(r'<a href="(/staff/dashboard/behind/[^"]*)" aria-label="([^"]*)">([^<]*)</a>', page)
    assert len(found) == page.count('href="/staff/dashboard/behind/')
    return {
        unescape(url): (int(re.search(r"\d+", text)[0]), unescape(heard))  # type: ignore[index]
        for url, heard, text in found
    }


@pytest.mark.usefixtures("full")
def test_each_count_of_the_page_is_what_its_list_says(desk: Desk, maud: Staff) -> None:
    """The count on top of the list equals the figure, for all that the page leads to; and each is heard by name."""
    client, led_to = desk(maud), set()
    links: dict[str, tuple[int, str]] = {}
    for by in ("platform", "channel", "regime", "content", "month"):
        links |= counts_of(client, by=by)
    links |= counts_of(client, platform="chatter")
    for url, (number, heard) in links.items():
        answer = client.get(url)
        assert answer.context["all"] == len(answer.context["rows"]) == number > 0, url
        figure, dim = (QueryDict(url.partition("?")[2]).get(name, "") for name in ("figure", "dim"))
        led_to |= {(FIGURES[figure].name, figure), (FIGURES[figure].name, dim)}
        assert f"{number}" in heard
        assert str(DEFINITIONS[figure].label) in heard
    everything = {(one.name, name) for one in SOURCES for name in (*one.figures, *one.dims, "")}
    saved_only = {("takedown", name) for name in ("items", "notices", "action")}
    none_of_it = {
        ("takedown", name)
        for name in ("under_way", "not_found", "more_information", "withdrawn", "blocked", "partly")
    }
    unheard_of = {("takedown", "stayed_gone"), ("takedown", "gone_long_ago")}
    assert everything - led_to == saved_only | none_of_it | unheard_of | {("step", "")}  # always by rung


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize(
    ("figure", "page"),
    [("total", "takedowns"), ("steps", "ladder/steps"), ("redress", "ladder/redress"), ("reports", "cases")],
)
def test_a_row_opens_what_it_is_of(figure: str, page: str, desk: Desk, maud: Staff) -> None:
    client = desk(maud)
    rows = client.get(PAGE, {"figure": figure}).context["rows"]
    addresses = [row.address for row in rows]
    assert {client.get(address).status_code for address in addresses} == {200}
    inside = [one for one in addresses if one.startswith(f"/staff/{page}/")]
    assert len(inside) == len(rows) - (figure == "reports")  # one is nobody's case yet
    if figure == "reports":
        [waits] = set(addresses) - set(inside)
        assert waits.startswith("/staff/reports/")


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize(
    ("figure", "permissions", "said"),
    [
        ("total", (Permission.CASES_OWN, Permission.TAKEDOWNS), "You may see 5 of 6"),
        ("steps", (Permission.CASES_OWN, Permission.TAKEDOWNS), "You may see 5 of 5"),
        ("redress", (Permission.CASES_OWN, Permission.TAKEDOWNS), "You may see 3 of 4"),
        ("reports", (Permission.CASES_OWN,), "You may see 5 of 7"),
        ("reports", (Permission.CASES_OWN, Permission.QUEUE_READ), "You may see 6 of 7"),
        ("reports", (Permission.QUEUE_READ,), "You may see 1 of 7"),
        ("reports", (Permission.CASES_ALL,), "You may see 6 of 7"),
        ("steps", (Permission.QUEUE_READ,), ""),
    ],
)
def test_each_role_sees_as_on_the_pages_themselves(
    figure: str,
    permissions: tuple[Permission, ...],
    said: str,
    desk: Desk,
    nour: Staff,
    roles: dict[str, Role],
) -> None:
    """What is no case yet is for who reads the queue; what is opened by a row is what this person may open."""
    role = roles["counsellor"]
    role.permissions = [Permission.FIGURES, *permissions]
    role.save()
    client = desk(nour)
    answer = client.get(PAGE, {"figure": figure})
    page = answer.content.decode()
    rows = answer.context["rows"]
    if not said:
        assert "Your role sees figures and no cases" in page
        assert not rows
        return
    seen, all_of_them = (int(number) for number in re.findall(r"\d+", said))
    assert (len(rows), answer.context["all"]) == (seen, all_of_them)
    assert (said in page) is (seen < all_of_them)
    assert {client.get(row.address).status_code for row in rows if row.address} <= {200}
    if Permission.TAKEDOWNS in permissions or figure == "reports":
        assert all(row.address for row in rows)


@pytest.mark.usefixtures("full")
def test_an_auditor_reads_the_number_of_each_and_no_list(desk: Desk, theo: Staff) -> None:
    client = desk(theo)
    for figure, said in (
        ("total", "Requests behind this count: 6"),
        ("steps", "Steps behind this count: 5"),
        ("redress", "Complaints behind this count: 4"),
        ("reports", "Reports behind this count: 7"),
    ):
        page = client.get(PAGE, {"figure": figure}).content.decode()
        assert said in page
        assert "Your role sees figures and no cases" in page
        assert not re.findall("/staff/(cases|takedowns|ladder|reports)/", page)


def test_what_was_erased_is_counted_and_said(full: list[Takedown], desk: Desk, maud: Staff) -> None:
    for row in full[:2]:
        erase_report(report=row.case.report, by="young-person", at=timezone.now())
    while fold(now=timezone.now()):
        pass
    client = desk(maud)
    for figure, number in (("total", 6), ("steps", 5), ("redress", 4), ("reports", 7)):
        answer = client.get(PAGE, {"figure": figure})
        page = answer.content.decode()
        assert (len(answer.context["rows"]), answer.context["all"]) == (number, number)
        if figure == "steps":  # one of the two was only proposed
            assert "One of them was erased: only dates and states are left of it." in page
        else:
            assert "2 of them were erased: only dates and states are left of those." in page
    assert client.get(PAGE, {"figure": "school_named"}).context["all"] == 6


def test_a_count_beyond_what_is_counted_of_the_rows(
    full: list[Takedown], desk: Desk, maud: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The count itself is to the last one; of the rows nobody claims more than was counted."""
    for module in ("cases.queue", "cases.dashboards.behind"):
        monkeypatch.setattr(f"{module}.COUNT_UP_TO", 3)
    page = desk(maud).get(PAGE, {"figure": "total"}).content.decode()
    assert "Requests behind this count: 6. The newest come first." in page
    assert "each of them" not in page


@pytest.mark.parametrize("figure", ["total", "steps", "redress", "reports"])
def test_each_list_costs_the_same_at_two_sizes(
    figure: str, full: list[Takedown], open_case: OpenCase, desk: Desk, nour: Staff, maud: Staff
) -> None:
    def cost() -> tuple[int, int]:
        while fold(now=timezone.now()):
            pass
        with CaptureQueriesContext(connection) as statements:
            rows = len(client.get(PAGE, {"figure": figure}).context["rows"])
        return rows, len(statements)

    client = desk(maud)
    client.get(PAGE, {"figure": figure})
    few = cost()
    for number in range(6):
        case = open_case(at=timezone.now(), links=(LinkFacts(url=f"https://chatter.example/more/{number}"),))
        row = standing(Status.REFUSED, case=case, by=nour, at=timezone.now())
        now = timezone.now()
        Step.objects.create(
            takedown=row, rung=Rung.REMINDER, state=StepState.DONE, state_at=now, due_at=now, outcome_at=None
        )
        Redress.objects.filter(takedown=row).delete()
        Redress.objects.create(
            takedown=row,
            kind=RedressKind.INTERNAL,
            state=RedressState.FILED,
            **dict.fromkeys(("state_at", "opened_at", "decision_at", "filed_at"), now),
            window_until=now.date(),
            filed_by=nour,
        )
    many = cost()
    assert many[0] == few[0] + 6
    assert many[1] == few[1]


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
