"""A code that stopped working: the case page says when it was changed, and two people give another one."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from cases import actions as casework
from cases.listening import actions
from cases.listening.models import CallDraft
from cases.models import Case
from helpline.accounts.models import Staff
from helpline.approvals import actions as approvals
from helpline.approvals.handlers import CannotBeDone
from helpline.approvals.models import Approval
from helpline.audit.models import AuditRow
from helpline.crypto.wrapping import WrongKey
from reports import actions as reports
from reports import receipts
from reports.evidence.actions import add_evidence, hide
from reports.evidence.sanitise import Clean
from reports.models import Report
from reports.states import Picture
from tests.at_once import at_once
from tests.cast import NOON, submission

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]
Desk = Callable[[Staff], Client]
LATER = NOON + timedelta(hours=1)
Taken = tuple[Case, str, str]


@pytest.fixture
def taken(nour: Staff) -> Taken:
    """A case, the code that its young person was told, and the one that somebody who heard it made of it."""
    said, theirs = receipts.new_code(), receipts.new_code()
    report = reports.submit_report(submission=submission(), code=said, at=NOON, by=nour, said_aloud=True)
    case = casework.open_case(report=report, by=nour, at=NOON)
    reports.change_code(report=report, code=said, fresh=theirs, at=NOON)
    return case, said, theirs


def allow(case: Case, *, by: Staff, decided_by: Staff) -> Approval:
    asked = approvals.ask(what=actions.ANOTHER_CODE, obj=case, by=by, reason="She knows the cat.", at=NOON)
    approvals.decide(approval=asked, granted=True, by=decided_by, at=NOON)
    return asked


def opens(code: str) -> bool:
    found = reports.open_by_code(code)
    return isinstance(found, Report) and bool(found.box_for_code(code))


def test_the_case_page_says_when_the_code_was_changed(taken: Taken, desk: Desk, nour: Staff) -> None:
    case, _said, _theirs = taken
    page = desk(nour).get(f"/staff/cases/{case.ref}/").content.decode()
    panel = page.partition('id="code"')[2].partition("</section>")[0]
    assert "The code that was said aloud was changed" in panel
    assert "2 Mar" in panel or "2026-03-02" in panel
    assert f"/staff/cases/{case.ref}/code/" in panel


def test_before_the_first_visit_it_says_that_it_was_not_changed(
    desk: Desk, nour: Staff, open_case: Callable[..., Case]
) -> None:
    case = open_case()
    client, page = desk(nour), f"/staff/cases/{case.ref}/"
    assert "Only they know it." in client.get(page).content.decode()
    Report.objects.update(code_said_aloud=True)
    assert "It was said aloud, and not changed yet." in client.get(page).content.decode()
    reports.keep_no_code(report=case.report, by=nour, at=NOON)
    assert "They have none" in client.get(page).content.decode()


def test_with_a_second_person_the_young_person_comes_back_in(taken: Taken, nour: Staff, maud: Staff) -> None:
    case, said, theirs = taken
    allow(case, by=nour, decided_by=maud)

    _call, code = actions.give_another_code(case=case, by=nour, at=LATER)

    assert (opens(said), opens(theirs), opens(code)) == (False, False, True)
    report = Report.objects.get(pk=case.report_id)
    assert report.code_said_aloud
    own = receipts.new_code()
    reports.change_code(report=report, code=code, fresh=own, at=LATER)
    assert (opens(code), opens(own)) == (False, True)
    assert AuditRow.objects.get(verb="report.code_given").actor == f"staff:{nour.pk}"


def test_screenshots_come_along_and_what_is_hidden_stays_so(taken: Taken, nour: Staff, maud: Staff) -> None:
    case, _said, theirs = taken
    report = Report.objects.get(pk=case.report_id)
    shown, hidden = (
        add_evidence(
            owner=report,
            code=theirs,
            what=Picture.MESSAGES,
            clean=Clean(b"\x89PNG squares %d" % n, 2, 2),
            at=NOON,
        )
        for n in range(2)
    )
    hide(evidence=hidden, by=nour, at=NOON)
    allow(case, by=nour, decided_by=maud)
    call, first = actions.give_another_code(case=case, by=nour, at=LATER)
    code = actions.say_another_code(call_id=call.pk, by=nour, at=LATER)
    assert (opens(first), opens(code)) == (False, True)

    own = receipts.new_code()
    reports.change_code(report=report, code=code, fresh=own, at=LATER)

    for row in (shown, hidden):
        row.refresh_from_db()
        assert row.key_for_code(own)
        with pytest.raises(WrongKey):
            row.key_for_code(theirs)
    assert hidden.hidden_at is not None
    with pytest.raises(WrongKey):
        hidden.box_for_staff()


def test_nobody_gives_one_alone_twice_late_or_for_another(
    taken: Taken, nour: Staff, maud: Staff, anouk: Staff
) -> None:
    case, _said, theirs = taken
    with pytest.raises(PermissionDenied):
        actions.give_another_code(case=case, by=nour, at=NOON)
    allow(case, by=nour, decided_by=maud)
    with pytest.raises(PermissionDenied):
        actions.give_another_code(case=case, by=maud, at=LATER)  # did not ask
    with pytest.raises(PermissionDenied):
        actions.give_another_code(case=case, by=nour, at=NOON + timedelta(hours=25))
    assert opens(theirs)
    actions.give_another_code(case=case, by=nour, at=LATER)
    with pytest.raises(PermissionDenied):
        actions.give_another_code(case=case, by=nour, at=LATER)  # used
    with pytest.raises(PermissionDenied):
        approvals.ask(what=actions.ANOTHER_CODE, obj=case, by=anouk, reason="x", at=LATER)


def test_an_erased_case_gets_none(taken: Taken, nour: Staff, maud: Staff) -> None:
    case, _said, _theirs = taken
    allow(case, by=nour, decided_by=maud)
    second = approvals.ask(what=actions.ANOTHER_CODE, obj=case, by=nour, reason="x", at=NOON)
    reports.erase_report(report=case.report, by=None, at=NOON)
    case = Case.objects.get(pk=case.pk)
    with pytest.raises(WrongKey):
        actions.give_another_code(case=case, by=nour, at=LATER)
    with pytest.raises(CannotBeDone):
        approvals.decide(approval=second, granted=True, by=maud, at=NOON)
    with pytest.raises(CannotBeDone):
        approvals.ask(what=actions.ANOTHER_CODE, obj=case, by=nour, reason="x", at=NOON)


@pytest.mark.django_db(transaction=True)
def test_two_taps_at_the_same_moment_make_one_code(taken: Taken, nour: Staff, maud: Staff) -> None:
    case, _said, _theirs = taken
    allow(case, by=nour, decided_by=maud)
    rows = [Case.objects.get(pk=case.pk) for _tap in range(2)]
    answers = at_once(
        *[lambda row=row: actions.give_another_code(case=row, by=nour, at=LATER) for row in rows]  # type: ignore[misc]
    )
    assert sorted(isinstance(one, PermissionDenied) for one in answers) == [False, True]
    [(_call, code)] = [one for one in answers if isinstance(one, tuple)]
    assert opens(code)


def test_the_page_from_asking_to_reading_it_aloud(taken: Taken, desk: Desk, nour: Staff, maud: Staff) -> None:
    case, _said, theirs = taken
    client, page = desk(nour), f"/staff/cases/{case.ref}/code/"
    assert "Ask a second person" in client.get(page).content.decode()
    assert client.post(page, {}).status_code == 422
    assert "Ask again." in client.post(page, {"give": "1"}, follow=True).content.decode()
    asked = client.post(page, {"ask-text": "She knows the cat."}, follow=True).content.decode()
    assert "once a second person says yes" in asked and "It waits for a second person." in asked
    approval = Approval.objects.get()
    decide = f"/staff/approvals/{approval.pk}/decide/"
    desk(maud).post(decide, {"answer-granted": "yes", "answer-sure": "on"})
    assert "Make the code now" in client.get(page).content.decode()

    response = client.post(page, {"give": "1"}, follow=True)

    assert response.redirect_chain[-1][0] == f"/staff/calls/{approval.pk}/code/"
    body = response.content.decode()
    code = "".join(re.findall(r"<li><b>(.)</b>", body))
    assert opens(code) and not opens(theirs)
    assert CallDraft.objects.get().taken_by == nour
    assert "Make the code now" not in client.get(page).content.decode()
    done = client.post(response.redirect_chain[-1][0], {"do": "check", "again-code": code}, follow=True)
    assert "The code is right." in done.content.decode()
    # It opens the page that changes it, and no other.
    young = Client()
    young.cookies["lang"] = "en"
    assert young.post("/follow/", {"code": code}, follow=True).redirect_chain[-1][0] == "/follow/code/"


def test_it_is_kept_for_as_long_as_the_yes_counts(
    taken: Taken, nour: Staff, maud: Staff, settings: pytest.FixtureRequest
) -> None:
    """However short a call is kept, one yes gives one code."""
    settings.CALL_DRAFT_HOURS = 1  # type: ignore[attr-defined]
    case, _said, _theirs = taken
    now = timezone.now()
    asked = approvals.ask(what=actions.ANOTHER_CODE, obj=case, by=nour, reason="x", at=now)
    approvals.decide(approval=asked, granted=True, by=maud, at=now)
    actions.give_another_code(case=case, by=nour, at=now)
    actions.forget_calls(now=now + timedelta(hours=23))
    with pytest.raises(PermissionDenied):
        actions.give_another_code(case=case, by=nour, at=now + timedelta(hours=23))


def test_a_strangers_case_is_not_there(taken: Taken, desk: Desk, sacha: Staff, theo: Staff) -> None:
    page = f"/staff/cases/{taken[0].ref}/code/"
    assert desk(sacha).get(page).status_code == 404
    assert desk(sacha).post(page, {"give": "1"}).status_code == 404
    assert desk(theo).get(page).status_code == 403
