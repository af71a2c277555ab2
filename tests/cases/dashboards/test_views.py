"""The page of figures: for whoever may see them, plain, each with its table and its definition."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from cases.models import Case
from cases.takedowns.states import Status
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from reports.actions import LinkFacts
from tests.cases.takedowns.standing import standing

OpenCase = Callable[..., Case]
Desk = Callable[[Staff], Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter", "pixboard")]


@pytest.fixture
def past(open_case: OpenCase, nour: Staff, chatter: Platform, pixboard: Platform) -> None:
    """Three removed and one refused on Chatter, one unanswered on Pixboard, ten days ago; one removed last winter."""
    now = timezone.now()
    asked = [(Status.REMOVED, "chatter", 10)] * 3 + [
        (Status.REFUSED, "chatter", 10),
        (Status.SENT, "pixboard", 10),
    ]
    for number, (status, slug, days) in enumerate([*asked, (Status.REMOVED, "chatter", 200)]):
        case = open_case(links=(LinkFacts(url=f"https://{slug}.example/p/{number}"),))
        standing(status, case=case, by=nour, at=now - timedelta(days=days))


@pytest.mark.parametrize(("who", "status"), [("nour", 403), ("maud", 200), ("theo", 200), ("anouk", 403)])
def test_who_sees_the_figures(who: str, status: int, desk: Desk, request: pytest.FixtureRequest) -> None:
    assert desk(request.getfixturevalue(who)).get("/staff/dashboard/").status_code == status


@pytest.mark.usefixtures("past")
def test_the_four_honest_numbers(desk: Desk, maud: Staff) -> None:
    answer = desk(maud).get("/staff/dashboard/")
    page = answer.content.decode()
    assert [(one["part"], one["share"]) for one in answer.context["numbers"]] == [
        (3, 60),
        (3, 60),
        (0, 0),
        (0, None),
    ]
    assert "<b>3</b> of 5 sent" in page
    assert page.count("How it is counted") >= 5
    assert "Half within" in page


@pytest.mark.usefixtures("past")
def test_each_picture_has_its_table_and_its_title(desk: Desk, maud: Staff) -> None:
    page = desk(maud).get("/staff/dashboard/").content.decode()
    assert page.count('<svg class="chart') == 2
    assert page.count("The same as a table") == 2
    assert page.count('role="img"') == 2
    assert "style=" not in page


@pytest.mark.usefixtures("past")
def test_platforms_by_harm_and_one_alone(desk: Desk, maud: Staff) -> None:
    client = desk(maud)
    both = client.get("/staff/dashboard/").context["platforms"]
    assert [(row["name"], row["counts"].left_up, row["share"]) for row in both] == [
        ("Chatter", 1, 75),
        ("Pixboard", 1, 0),
    ]

    one = client.get("/staff/dashboard/?platform=pixboard")
    assert one.context["counts"].sent == 1
    assert "Figures: Pixboard" in one.content.decode()
    assert client.get("/staff/dashboard/?platform=nowhere").status_code == 404


@pytest.mark.usefixtures("past")
@pytest.mark.parametrize(("days", "total"), [("", 5), ("30", 5), ("90", 5), ("365", 6), ("nonsense", 5)])
def test_periods(days: str, total: int, desk: Desk, maud: Staff) -> None:
    answer = desk(maud).get(f"/staff/dashboard/?days={days}")
    assert answer.context["counts"].total == total


def test_an_empty_period_says_so(desk: Desk, theo: Staff) -> None:
    page = desk(theo).get("/staff/dashboard/").content.decode()
    assert "No request left in this period" in page


@pytest.mark.usefixtures("past")
def test_in_french_no_number_in_a_picture_has_a_comma(
    log_in: Callable[[Staff], Client], maud: Staff, chatter: Platform
) -> None:
    import re

    page = log_in(maud).get("/staff/dashboard/").content.decode()
    drawn = " ".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))
    assert re.findall(r'="[\d\s.-]*,[^"]*"', drawn) == []
    assert chatter.name in page
