"""Screenshots at the desk: a deliberate click, only for whoever may read the report, and each showing in the trail."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from cases import actions
from cases.models import Case
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from reports import actions as reports
from reports import receipts
from reports.evidence.actions import add_evidence
from reports.evidence.sanitise import Clean
from reports.models import Evidence, Report
from reports.states import Picture
from tests.cast import NOON

PICTURE = b"\x89PNG\r\n\x1a\n and so on"
Tell = Callable[..., tuple[Report, str]]
Desk = Callable[[Staff], Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


@pytest.fixture
def told(tell: Tell) -> tuple[Report, str]:
    return tell()


@pytest.fixture
def evidence(told: tuple[Report, str]) -> Evidence:
    """A screenshot of messages that belongs to a report."""
    report, code = told
    clean = Clean(picture=PICTURE, width=108, height=240)
    return add_evidence(owner=report, code=code, what=Picture.MESSAGES, clean=clean, at=NOON)


def page_of(evidence: Evidence) -> str:
    return f"/staff/evidence/{evidence.pk}/"


def picture_of(evidence: Evidence) -> str:
    return f"{page_of(evidence)}picture/"


def showings() -> list[tuple[str, str, str, dict[str, Any]]]:
    rows = AuditRow.objects.filter(verb="evidence.read")
    return list(rows.values_list("actor", "object_type", "object_id", "detail"))


def test_the_report_and_the_case_name_it_and_show_nothing(
    desk: Desk, nour: Staff, evidence: Evidence
) -> None:
    browser = desk(nour)
    report_page = browser.get(f"/staff/reports/{evidence.report_id}/").content.decode()
    case = actions.open_case(report=evidence.report, by=nour, at=NOON)
    case_page = browser.get(f"/staff/cases/{case.ref}/").content.decode()

    for page in (report_page, case_page):
        assert "Screenshot of messages" in page
        assert f'href="{page_of(evidence)}"' in page
        assert "Show it" in page
        assert "<img" not in page
    assert showings() == []


def test_shown_after_a_warning_and_written_down(desk: Desk, nour: Staff, evidence: Evidence) -> None:
    browser = desk(nour)

    page = browser.get(page_of(evidence))
    assert "If you see anything else" in page.content.decode()
    assert f'src="{picture_of(evidence)}"' in page.content.decode()
    assert showings() == []  # the page alone shows nothing
    shown = browser.get(picture_of(evidence))

    assert shown.content == PICTURE
    assert shown["Content-Type"] == "image/png"
    assert shown["Cache-Control"] == "no-store"
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert (
        shown["Content-Security-Policy"]
        == "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox"
    )
    assert shown["Content-Disposition"] == 'inline; filename="screenshot.png"'
    assert shown["Cross-Origin-Resource-Policy"] == "same-origin"
    expected = (f"staff:{nour.pk}", "evidence", str(evidence.pk), {"report": str(evidence.report_id)})
    assert showings() == [expected]
    browser.get(picture_of(evidence))
    assert showings() == [expected, expected]


def test_once_it_is_a_case_only_its_own_people_see_it(
    desk: Desk, nour: Staff, sacha: Staff, maud: Staff, evidence: Evidence
) -> None:
    assert desk(sacha).get(picture_of(evidence)).status_code == 200  # in the queue: for every counsellor
    actions.open_case(report=evidence.report, by=nour, at=NOON)

    for address in (page_of(evidence), picture_of(evidence)):
        assert desk(nour).get(address).status_code == 200
        assert desk(maud).get(address).status_code == 200
        assert desk(sacha).get(address).status_code == 404


def test_roles_without_content_get_nothing(
    desk: Desk, anouk: Staff, theo: Staff, evidence: Evidence, client: Client
) -> None:
    for address in (page_of(evidence), picture_of(evidence)):
        assert desk(anouk).get(address).status_code == 403
        assert desk(theo).get(address).status_code == 403
        assert client.get(address).status_code == 302
    assert showings() == []


def test_a_drafts_an_erased_and_an_invented_one_look_the_same(
    desk: Desk, nour: Staff, told: tuple[Report, str], evidence: Evidence
) -> None:
    code = receipts.new_code()
    draft = reports.start_draft(language="en", code=code, answers={"kind": "threat"}, at=NOON)
    clean = Clean(picture=PICTURE, width=1, height=1)
    unsent = add_evidence(owner=draft, code=code, what=Picture.MESSAGES, clean=clean, at=NOON)
    reports.erase_report(report=told[0], by="young-person", at=NOON)
    invented = Evidence(id=uuid4())

    for address in (page_of, picture_of):
        answers = {desk(nour).get(address(one)).status_code for one in (unsent, evidence, invented)}
        assert answers == {404}
    assert showings() == []


def test_one_that_was_destroyed_is_gone_and_the_report_stays(
    desk: Desk, nour: Staff, evidence: Evidence, open_case: Callable[..., Case]
) -> None:
    Evidence.objects.filter(pk=evidence.pk).update(staff_key=None, code_key=None, picture=None)

    assert desk(nour).get(picture_of(evidence)).status_code == 404
    assert "Show it" not in desk(nour).get(f"/staff/reports/{evidence.report_id}/").content.decode()


def test_what_is_no_picture_is_never_served(desk: Desk, nour: Staff, told: tuple[Report, str]) -> None:
    """Given a row that something else wrote, then its bytes are not handed to a browser."""
    report, code = told
    clean = Clean(picture=b"<script>alert(1)</script>", width=1, height=1)
    row = add_evidence(owner=report, code=code, what=Picture.MESSAGES, clean=clean, at=NOON)

    assert desk(nour).get(picture_of(row)).status_code == 404
