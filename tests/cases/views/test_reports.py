"""A report before it is a case: read, and taken in hand by one person."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from cases import actions
from cases.models import Case, QueueItem
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from reports import actions as reports
from reports.actions import LinkFacts
from reports.models import Report
from reports.states import Circumstance
from tests.cast import NOON

Tell = Callable[..., tuple[Report, str]]
OpenCase = Callable[..., Case]
Desk = Callable[[Staff], Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


def address(report: Report) -> str:
    return f"/staff/reports/{report.pk}/"


def test_it_shows_facts_reasons_and_links_and_folds_the_story(tell: Tell, desk: Desk, nour: Staff) -> None:
    report, _code = tell(
        story="<script>alert(1)</script> It is going round.",
        circumstances=(Circumstance.BLACKMAIL, Circumstance.SCHOOL),
        links=(LinkFacts(url="https://chatter.example/p/1", account="mean.person", reported_before=True),),
        answers={"demand": ["money"], "site": "Kwikzap"},
    )

    page = desk(nour).get(address(report)).content.decode()

    assert '<details class="fold story-fold">' in page
    assert "In their own words: 5 words" in page
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;" in page
    for words in (
        "Priority 65",
        "Blackmail",
        "+40",
        "Going round at school",
        "+15",
        "they reported it themselves",
    ):
        assert words in page, words
    assert "https://chatter.example/p/1" in page
    assert 'href="https://chatter.example' not in page  # nobody opens it by mistake
    assert "Money" in page
    assert page.count("Kwikzap") == 1
    assert "Site or app they named" in page
    assert "Open a case" in page


def test_the_reading_is_recorded(tell: Tell, desk: Desk, nour: Staff) -> None:
    report, _code = tell()
    desk(nour).get(address(report))
    row = AuditRow.objects.get(verb="report.read")
    assert (row.actor, row.object_id) == (f"staff:{nour.pk}", str(report.pk))


def test_it_needs_no_sweep_to_be_opened(tell: Tell, desk: Desk, nour: Staff) -> None:
    report, _code = tell()
    assert desk(nour).get(address(report)).status_code == 200
    assert QueueItem.objects.filter(report=report).exists()


@pytest.mark.parametrize("who", ["anouk", "theo"])
def test_no_case_content_for_administrators_and_auditors(
    who: str, tell: Tell, desk: Desk, request: pytest.FixtureRequest
) -> None:
    report, _code = tell()
    client = desk(request.getfixturevalue(who))
    assert client.get(address(report)).status_code == 403
    assert client.post(f"{address(report)}open/").status_code == 403
    assert not Case.objects.exists()


def test_opening_it_leads_to_the_case(tell: Tell, desk: Desk, nour: Staff) -> None:
    report, _code = tell()

    answer = desk(nour).post(f"{address(report)}open/")

    case = Case.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/staff/cases/{case.ref}/")
    assert case.assignee == nour


def test_pressing_twice_opens_one_case(tell: Tell, desk: Desk, nour: Staff) -> None:
    report, _code = tell()
    client = desk(nour)

    client.post(f"{address(report)}open/")
    again = client.post(f"{address(report)}open/", follow=True)

    assert Case.objects.count() == 1
    assert "before you" in again.content.decode()


def test_a_colleague_was_quicker(tell: Tell, desk: Desk, nour: Staff, sacha: Staff) -> None:
    report, _code = tell()
    case = actions.open_case(report=report, by=nour, at=NOON)

    answer = desk(sacha).post(f"{address(report)}open/", follow=True)

    assert answer.redirect_chain == [("/staff/", 302)]
    assert "before you" in answer.content.decode()
    assert case.ref not in answer.content.decode()


def test_open_and_assign(tell: Tell, desk: Desk, nour: Staff, sacha: Staff) -> None:
    report, _code = tell()

    answer = desk(nour).post(f"{address(report)}open/", {"assign-to": sacha.pk}, follow=True)

    assert Case.objects.get().assignee == sacha
    assert answer.redirect_chain == [("/staff/", 302)]
    assert "with Sacha" in answer.content.decode()


@pytest.mark.parametrize("to", ["", "0", "x"])
def test_assigning_to_nobody_is_said_beside_the_field(to: str, tell: Tell, desk: Desk, nour: Staff) -> None:
    report, _code = tell()
    answer = desk(nour).post(f"{address(report)}open/", {"assign-to": to})
    assert answer.status_code == 422
    assert "error-summary" in answer.content.decode()
    assert not Case.objects.exists()


def test_a_case_is_not_given_to_an_auditor(tell: Tell, desk: Desk, nour: Staff, theo: Staff) -> None:
    report, _code = tell()
    assert desk(nour).post(f"{address(report)}open/", {"assign-to": theo.pk}).status_code == 422


def test_once_a_case_it_leads_there(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case = open_case()
    answer = desk(nour).get(address(case.report))
    assert (answer.status_code, answer["Location"]) == (302, f"/staff/cases/{case.ref}/")


def test_somebody_elses_looks_like_not_there(open_case: OpenCase, desk: Desk, sacha: Staff) -> None:
    client = desk(sacha)
    theirs = client.get(address(open_case().report))
    nothing = client.get(f"/staff/reports/{uuid4()}/")
    assert theirs.status_code == nothing.status_code == 404
    assert theirs.content == nothing.content


def test_an_erased_report_says_so_and_offers_nothing(tell: Tell, desk: Desk, nour: Staff) -> None:
    report, _code = tell(at=timezone.now() - timedelta(hours=1))
    reports.erase_report(report=report, by="young-person", at=timezone.now())
    client = desk(nour)

    page = client.get(address(report)).content.decode()
    opened = client.post(f"{address(report)}open/", follow=True)

    assert "This report was erased" in page
    assert "Open a case" not in page
    assert "erased this report" in opened.content.decode()
    assert not Case.objects.exists()
