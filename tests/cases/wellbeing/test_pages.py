"""The pages: folded stories, a kind line, one's own ledger, and what supervisors see of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases.models import Case
from cases.wellbeing import actions
from cases.wellbeing.models import Ease, Exposure, Talk
from helpline.accounts.models import Staff
from reports.models import Report
from reports.states import AgeRange, Circumstance, Kind

pytestmark = pytest.mark.django_db
Desk = Callable[[Staff], Client]
Tell = Callable[..., tuple[Report, str]]


def carry(staff: Staff, weight: int, days_ago: int = 0) -> None:
    day = timezone.localdate() - timedelta(days=days_ago)
    Exposure.objects.create(staff=staff, day=day, seen="case", weight=weight)


def test_a_story_is_folded_behind_what_it_holds(desk: Desk, nour: Staff, tell: Tell) -> None:
    report, _code = tell(
        kind=Kind.THREAT,
        age_range=AgeRange.UNDER_13,
        circumstances=(Circumstance.BLACKMAIL,),
        answers={"demand": ["money"]},
        story="word " * 240,
    )
    page = desk(nour).get(f"/staff/reports/{report.pk}/").content.decode()
    assert "In their own words: 240 words" in page
    assert "threat, blackmail, money, under 13" in page
    fold = page.split("story-fold", 1)[1].split("</summary>", 1)[0]
    assert " open" not in fold.split(">", 1)[0]
    assert "<img" not in page  # no picture anywhere before somebody asks for it


def test_unfolding_is_told_and_weighed(desk: Desk, nour: Staff, tell: Tell) -> None:
    report, _code = tell()
    client = desk(nour)
    for words in ("120", "120", "", "-1", "99999999", "²"):
        answer = client.post(f"/staff/wellbeing/unfolded/{report.pk}/", {"words": words})
        assert answer.status_code == 204
    row = Exposure.objects.get()
    assert (row.seen, row.weight) == ("story", 2)


def test_unfolding_what_is_not_yours(
    desk: Desk, sacha: Staff, theo: Staff, open_case: Callable[..., Case]
) -> None:
    case = open_case()
    assert desk(sacha).post(f"/staff/wellbeing/unfolded/{case.report_id}/").status_code == 404
    assert desk(theo).post(f"/staff/wellbeing/unfolded/{case.report_id}/").status_code == 403
    assert not Exposure.objects.exists()


def test_a_kind_line_above_the_cap_and_work_goes_on(
    desk: Desk, nour: Staff, tell: Tell, settings: Any
) -> None:
    settings.WELLBEING_DAY_CAP = 3
    first, _code = tell(circumstances=(Circumstance.VIOLENCE,))
    second, _code = tell(circumstances=(Circumstance.VIOLENCE,))
    client = desk(nour)
    assert "A break is part of the work." not in client.get(f"/staff/reports/{first.pk}/").content.decode()
    page = client.get(f"/staff/reports/{second.pk}/").content.decode()
    assert "You have read 2 heavy stories today." in page
    assert "A break is part of the work." in page
    assert "Open a case" in page

    answer = client.post("/staff/wellbeing/mine/lighter/", {"from": f"/staff/reports/{second.pk}/"})
    assert answer["Location"] == f"/staff/reports/{second.pk}/"
    assert Ease.objects.filter(staff=nour).exists()
    client.post("/staff/wellbeing/mine/lighter/", {"lighter": "no"})
    assert not Ease.objects.exists()


@pytest.mark.parametrize(
    "outside", ["https://elsewhere.example/", "//elsewhere.example/staff/", "/", "javascript:1"]
)
def test_a_form_leads_back_to_the_desk_only(outside: str, desk: Desk, nour: Staff) -> None:
    answer = desk(nour).post("/staff/wellbeing/mine/lighter/", {"from": outside})
    assert answer["Location"] == "/staff/wellbeing/mine/"


def test_everything_that_is_kept_is_on_ones_own_page(desk: Desk, nour: Staff, tell: Tell) -> None:
    report, _code = tell(age_range=AgeRange.UNDER_13, circumstances=(Circumstance.ADULT,))
    client = desk(nour)
    client.get(f"/staff/reports/{report.pk}/")
    page = client.get("/staff/wellbeing/mine/").content.decode()
    assert "A heavy report or case" in page and "very heavy" in page
    assert f"/staff/reports/{report.pk}/" in page
    assert "It goes by itself after 30 days." in page
    talk = Talk.objects.get()
    client.post(f"/staff/wellbeing/talks/{talk.pk}/answer/", {"wants": "yes"})
    assert "you would like to" in client.get("/staff/wellbeing/mine/").content.decode()
    client.post("/staff/wellbeing/mine/forget/")
    assert not Exposure.objects.exists() and not Talk.objects.exists()
    assert "Nothing." in client.get("/staff/wellbeing/mine/").content.decode()


def test_another_persons_offer_is_not_there(desk: Desk, nour: Staff, sacha: Staff) -> None:
    actions.ask_to_talk(staff=nour, at=timezone.now())
    talk = Talk.objects.get()
    answer = desk(sacha).post(f"/staff/wellbeing/talks/{talk.pk}/answer/", {"wants": "no"})
    assert answer.status_code == 404
    assert "Nour" not in desk(sacha).get("/staff/wellbeing/mine/").content.decode()


def test_supervisors_see_words_by_name_and_no_numbers(
    desk: Desk, maud: Staff, nour: Staff, sacha: Staff, anouk: Staff
) -> None:
    for _each in range(17):
        carry(sacha, 5)
    carry(nour, 40)
    page = desk(maud).get("/staff/wellbeing/").content.decode()
    table = page.split("<tbody>", 1)[1].split("</tbody>", 1)[0]
    assert [name for name in ("Maud", "Nour", "Sacha") if name in table] == ["Maud", "Nour", "Sacha"]
    assert table.index("Maud") < table.index("Nour") < table.index("Sacha")
    assert "light" in table and "much" in table and "a lot" in table
    assert "85" not in page and "40" not in table
    assert "Anouk" not in table  # reads no reports
    assert "A lighter day would do good: Sacha." in page
    assert "Could take some of the heavy ones: Maud." in page


def test_a_request_to_talk_and_its_end(desk: Desk, maud: Staff, nour: Staff) -> None:
    desk(nour).post("/staff/wellbeing/talks/")
    client = desk(maud)
    page = client.get("/staff/wellbeing/").content.decode()
    assert "We talked" in page
    talk = Talk.objects.get()
    assert (
        "Noted that you talked."
        in client.post(f"/staff/wellbeing/talks/{talk.pk}/talked/", follow=True).content.decode()
    )
    again = client.post(f"/staff/wellbeing/talks/{talk.pk}/talked/", follow=True).content.decode()
    assert "Nothing changed." in again
    assert "you talked with Maud" in desk(nour).get("/staff/wellbeing/mine/").content.decode()


def test_who_sees_what(desk: Desk, nour: Staff, anouk: Staff, theo: Staff) -> None:
    assert desk(nour).get("/staff/wellbeing/")["Location"] == "/staff/wellbeing/mine/"
    for person in (anouk, theo):
        assert desk(person).get("/staff/wellbeing/").status_code == 403
        assert desk(person).get("/staff/wellbeing/mine/").status_code == 403


@pytest.mark.parametrize("path", ["", "mine/"])
def test_it_costs_the_same_for_few_and_for_many(
    path: str, desk: Desk, maud: Staff, make_staff: Callable[..., Staff]
) -> None:
    client = desk(maud)

    def cost() -> int:
        client.get(f"/staff/wellbeing/{path}")
        with CaptureQueriesContext(connection) as asked:
            client.get(f"/staff/wellbeing/{path}")
        return len(asked)

    def more(first: int, last: int) -> None:
        for number in range(first, last):
            one = make_staff(f"p-{number}", "counsellor")
            carry(one, 5)
            carry(maud, 1)
            actions.ask_to_talk(staff=one, at=timezone.now())

    more(0, 2)
    few = cost()
    more(2, 9)
    assert cost() == few
