"""The pages of the second person: who sees which question, and what an answer does."""

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases import actions as cases
from cases import approving
from helpline.accounts.models import Staff
from helpline.approvals import actions
from helpline.approvals.models import Approval
from helpline.audit.models import AuditRow
from helpline.platforms.models import Channel, Platform
from reports.evidence.actions import add_evidence
from reports.evidence.sanitise import Clean
from reports.models import Evidence, Report
from reports.states import Picture, Status
from tests.cast import NOON

LIST = "/staff/approvals/"
YES, NO = {"answer-granted": "yes", "answer-sure": "on"}, {"answer-granted": "no"}
Desk = Callable[[Staff], Client]
Tell = Callable[..., tuple[Report, str]]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


@pytest.fixture
def picture(tell: Tell) -> Evidence:
    report, code = tell()
    clean = Clean(picture=b"\x89PNG\r\n\x1a\n and so on", width=10, height=20)
    return add_evidence(owner=report, code=code, what=Picture.MESSAGES, clean=clean, at=NOON)


def seal(picture: Evidence, by: Staff, reason: str = "It is no message.") -> Approval:
    now = timezone.now()
    return actions.ask(what=approving.SEAL, obj=picture, by=by, reason=reason, why="mistake", at=now)


def page_of(approval: Approval) -> str:
    return f"{LIST}{approval.pk}/"


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return re.sub(r"\s+", " ", answer.content.decode())


def readings() -> list[tuple[str, str]]:
    return list(AuditRow.objects.filter(verb="approval.read").values_list("actor", "object_id"))


# --- asking, from the page of the screenshot ------------------------------------------------------------


def test_sealing_is_asked_with_a_reason_and_hides_at_once(
    desk: Desk, nour: Staff, maud: Staff, picture: Evidence
) -> None:
    page = f"/staff/evidence/{picture.pk}/"
    assert 'href="?seal=1"' in read(desk(nour), page)
    asking = read(desk(nour), f"{page}?seal=1")
    assert "Hide it and ask to destroy it" in asking
    assert f"{page}picture/" not in asking  # nobody looks at it while they write

    answer = desk(nour).post(f"{page}seal/", {"ask-why": "intimate", "ask-text": "Not what it should be."})

    assert answer["Location"] == page
    approval = Approval.objects.get()
    assert (approval.what, approval.why, approval.asked_by) == ("seal-evidence", "intimate", nour)
    for staff in (nour, maud):
        shown = read(desk(staff), page)
        assert "Hidden from everyone" in shown
        assert "<img" not in shown.partition("<main")[2]
        assert page_of(approval) in shown
        assert desk(staff).get(f"{page}picture/").status_code == 404
    assert "Hidden" in read(desk(nour), f"/staff/reports/{picture.report_id}/")
    assert not AuditRow.objects.filter(verb="evidence.read").exists()


@pytest.mark.parametrize(
    "wrong", [{}, {"ask-why": "intimate"}, {"ask-text": "x"}, {"ask-why": "no", "ask-text": "x"}]
)
def test_without_a_reason_nothing_is_asked_and_no_picture_shown(
    desk: Desk, nour: Staff, picture: Evidence, wrong: dict[str, str]
) -> None:
    answer = desk(nour).post(f"/staff/evidence/{picture.pk}/seal/", wrong)

    assert answer.status_code == 422
    assert "picture/" not in answer.content.decode()
    assert not Approval.objects.exists()
    assert Evidence.objects.get().hidden_at is None


def test_in_somebody_elses_case_there_is_nothing_to_seal(
    desk: Desk, nour: Staff, sacha: Staff, picture: Evidence
) -> None:
    cases.open_case(report=picture.report, by=nour, at=NOON)  # type: ignore[arg-type]

    asked = {"ask-why": "intimate", "ask-text": "x"}
    assert desk(sacha).post(f"/staff/evidence/{picture.pk}/seal/", asked).status_code == 404
    assert not Approval.objects.exists()


def test_destroyed_its_page_says_what_is_left(
    desk: Desk, nour: Staff, maud: Staff, picture: Evidence
) -> None:
    desk(maud).post(f"{page_of(seal(picture, nour))}decide/", YES)

    shown = read(desk(nour), f"/staff/evidence/{picture.pk}/")
    assert "Destroyed for good" in shown
    assert bytes(picture.sha256 or b"").hex() in shown
    assert "Maud" in shown
    assert desk(nour).get(f"/staff/evidence/{picture.pk}/picture/").status_code == 404
    assert "Destroyed" in read(desk(nour), f"/staff/reports/{picture.report_id}/")
    answer = desk(nour).post(
        f"/staff/evidence/{picture.pk}/seal/", {"ask-why": "intimate", "ask-text": "x"}, follow=True
    )
    assert "is destroyed already" in answer.content.decode()


# --- the lists ------------------------------------------------------------------------------------------


def test_the_list_says_who_asks_what_why_and_what_a_yes_does(
    desk: Desk, nour: Staff, maud: Staff, picture: Evidence
) -> None:
    approval = seal(picture, nour)

    shown = read(desk(maud), LIST)

    for words in (
        "Destroy a screenshot",
        "Nour",
        "It is no message.",
        "It is something else",
        "can’t be undone",
    ):
        assert words in shown, words
    assert f'href="{page_of(approval)}"' in shown
    assert readings() == [(f"staff:{maud.pk}", str(approval.pk))]
    rail = shown.partition('class="rail"')[2].partition("</nav>")[0]
    assert re.search(r"To approve</span> <b[^>]*>1<", rail)


def test_what_one_asked_is_not_in_ones_own_list(desk: Desk, maud: Staff, picture: Evidence) -> None:
    seal(picture, maud)

    assert "Nothing waits for you" in read(desk(maud), LIST)
    asked = read(desk(maud), f"{LIST}?view=asked")
    assert "Destroy a screenshot" in asked
    assert "It is no message." not in asked  # a reason is shown where it is needed
    assert readings() == []


def test_a_counsellor_sees_what_they_asked_and_nothing_else(
    desk: Desk, nour: Staff, sacha: Staff, picture: Evidence
) -> None:
    approval = seal(picture, nour)

    for view in ("", "?view=waiting", "?view=decided"):
        assert "Destroy a screenshot" in read(desk(nour), LIST + view)
        assert "You have asked for nothing" in read(desk(sacha), LIST + view)
    assert desk(nour).get(page_of(approval)).status_code == 200
    assert desk(sacha).get(page_of(approval)).status_code == 404


def test_an_administrator_decides_on_contacts_not_on_reports(
    desk: Desk, nour: Staff, anouk: Staff, picture: Evidence, snaproom: Platform
) -> None:
    approval = seal(picture, nour)
    Channel.objects.filter(platform=snaproom).update(
        enabled=False, approved_at=None, approved_by=None, changed_by=nour
    )

    shown = read(desk(anouk), LIST)

    assert "Destroy a screenshot" not in shown
    assert 'href="/staff/platforms/#snaproom"' in shown
    assert desk(anouk).get(page_of(approval)).status_code == 404
    assert desk(anouk).post(f"{page_of(approval)}decide/", YES).status_code == 404
    Channel.objects.filter(platform=snaproom).update(changed_by=anouk)
    assert "Nothing waits for you" in read(desk(anouk), LIST)


def test_decided_lately_has_both_names(desk: Desk, nour: Staff, maud: Staff, picture: Evidence) -> None:
    assert "Nothing was decided yet" in read(desk(maud), f"{LIST}?view=decided")
    actions.decide(approval=seal(picture, nour), granted=False, by=maud, at=timezone.now())

    shown = read(desk(maud), f"{LIST}?view=decided").partition("<main")[2]
    assert "Nour" in shown
    assert "Maud" in shown
    assert "Refused" in shown


def test_the_list_costs_the_same_for_many(desk: Desk, nour: Staff, maud: Staff, tell: Tell) -> None:
    """Given 2 and then 40 questions of two kinds, then the list asks the database as often."""
    client, counts = desk(maud), []
    client.get(LIST)
    for number in (1, 19):
        for _one in range(number):
            report, code = tell()
            clean = Clean(picture=b"\x89PNG\r\n\x1a\n", width=1, height=1)
            row = add_evidence(owner=report, code=code, what=Picture.PROFILE, clean=clean, at=NOON)
            seal(row, nour)
            actions.ask(what=approving.ERASE, obj=report, by=nour, reason="x", at=NOON)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(LIST).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_list_goes_on_page_by_page(
    desk: Desk, nour: Staff, maud: Staff, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cases.views.answers.PAGE", 2)
    for _one in range(3):
        actions.ask(what=approving.ERASE, obj=tell()[0], by=nour, reason="x", at=NOON)

    first = read(desk(maud), LIST)
    (following,) = re.findall(r'href="([^"]+)" rel="next"', first)
    second = read(desk(maud), following.replace("&amp;", "&"))

    assert (first.count("<tr data-href"), second.count("<tr data-href")) == (2, 1)
    assert desk(maud).get(f"{LIST}?after=nonsense").status_code == 404


# --- deciding -------------------------------------------------------------------------------------------


def test_a_yes_takes_a_tick_and_is_done_at_once(
    desk: Desk, nour: Staff, maud: Staff, picture: Evidence
) -> None:
    approval = seal(picture, nour)
    shown = read(desk(maud), page_of(approval))
    assert "It is no message." in shown
    assert "Nobody can open it again" in shown
    assert "shown again" in shown

    for unsure in ({}, {"answer-granted": "yes"}, {"answer-granted": "perhaps", "answer-sure": "on"}):
        assert desk(maud).post(f"{page_of(approval)}decide/", unsure).status_code == 422
    assert Approval.objects.get().status == "waiting"
    answer = desk(maud).post(f"{page_of(approval)}decide/", YES)

    assert answer["Location"] == LIST
    assert Evidence.objects.get().destroyed_by == maud
    shown = read(desk(maud), page_of(approval))
    assert "Granted and done" in shown
    assert "Yes, do it" not in shown


def test_a_no_needs_no_tick(desk: Desk, nour: Staff, maud: Staff, picture: Evidence) -> None:
    desk(maud).post(f"{page_of(seal(picture, nour))}decide/", NO)

    row = Evidence.objects.get()
    assert (row.hidden_at, row.destroyed_at) == (None, None)


def test_who_asked_is_told_that_somebody_else_decides(desk: Desk, maud: Staff, picture: Evidence) -> None:
    approval = seal(picture, maud)
    assert "another person has to answer" in read(desk(maud), page_of(approval))

    answer = desk(maud).post(f"{page_of(approval)}decide/", YES, follow=True)

    assert "Somebody else has to decide" in answer.content.decode()
    assert Evidence.objects.get().destroyed_at is None


def test_too_late_one_is_told(desk: Desk, nour: Staff, maud: Staff, picture: Evidence) -> None:
    approval = seal(picture, nour)
    actions.decide(approval=approval, granted=False, by=maud, at=timezone.now())

    answer = desk(maud).post(f"{page_of(approval)}decide/", YES, follow=True)
    assert "settled before" in answer.content.decode()
    again = desk(nour).post(f"{page_of(approval)}withdraw/", follow=True)
    assert "settled before" in again.content.decode()


def test_taken_back_by_who_asked_only(desk: Desk, nour: Staff, maud: Staff, picture: Evidence) -> None:
    report = picture.report
    assert report is not None
    approval = actions.ask(what=approving.ERASE, obj=report, by=nour, reason="x", at=timezone.now())
    assert "Take it back" in read(desk(nour), page_of(approval))

    assert desk(maud).post(f"{page_of(approval)}withdraw/").status_code == 404
    assert desk(nour).post(f"{page_of(approval)}decide/", YES).status_code == 403
    assert desk(nour).post(f"{page_of(approval)}withdraw/").status_code == 302
    assert Approval.objects.get().status == "withdrawn"


def test_one_that_is_not_there(desk: Desk, maud: Staff) -> None:
    assert desk(maud).get(f"{LIST}{uuid4()}/").status_code == 404


def test_what_it_was_about_is_gone(desk: Desk, nour: Staff, maud: Staff, picture: Evidence) -> None:
    approval = seal(picture, nour)
    picture.delete()

    assert "It is not there any more." in read(desk(maud), LIST)
    answer = desk(maud).post(f"{LIST}{approval.pk}/decide/", YES, follow=True)
    assert "not there any more" in answer.content.decode()


def test_a_kind_that_is_no_more_is_still_read_by_who_asked(
    desk: Desk, nour: Staff, picture: Evidence, settings: object
) -> None:
    approval = seal(picture, nour)
    settings.APPROVAL_HANDLERS = {}  # type: ignore[attr-defined]

    assert "seal-evidence" in read(desk(nour), f"{LIST}?view=asked")
    assert desk(nour).get(page_of(approval)).status_code == 200


# --- erasing on a spoken wish ---------------------------------------------------------------------------


def test_erasing_is_asked_on_a_page_of_its_own(desk: Desk, nour: Staff, maud: Staff, tell: Tell) -> None:
    report, _code = tell()
    page = f"/staff/reports/{report.pk}/erase/"
    assert "Ask a second person" in read(desk(nour), page)
    assert desk(nour).post(page).status_code == 422

    answer = desk(nour).post(page, {"ask-text": "On the phone, with her code words."})

    approval = Approval.objects.get()
    assert answer["Location"] == page_of(approval)
    assert "Nour asked for it" in read(desk(maud), page)
    assert Report.objects.get().status == Status.SUBMITTED
    desk(maud).post(f"{page_of(approval)}decide/", YES)
    assert Report.objects.get().status == Status.ERASED


def test_in_a_case_it_is_linked_and_only_for_its_people(
    desk: Desk, nour: Staff, sacha: Staff, tell: Tell
) -> None:
    report, _code = tell()
    case = cases.open_case(report=report, by=nour, at=NOON)
    page = f"/staff/reports/{report.pk}/erase/"

    assert f'href="{page}"' in read(desk(nour), f"/staff/cases/{case.ref}/")
    assert desk(sacha).get(page).status_code == 404
    assert desk(sacha).post(page, {"ask-text": "x"}).status_code == 404
    assert not Approval.objects.exists()


def test_erased_there_is_nothing_to_ask(desk: Desk, nour: Staff, maud: Staff, tell: Tell) -> None:
    report, _code = tell()
    approval = actions.ask(what=approving.ERASE, obj=report, by=nour, reason="x", at=NOON)
    actions.decide(approval=approval, granted=True, by=maud, at=NOON)

    answer = desk(nour).get(f"/staff/reports/{report.pk}/erase/", follow=True)
    assert "is erased already" in answer.content.decode()
