"""Destroying a screenshot and erasing on a spoken wish take two people."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from cases import actions as cases
from cases import approving, reading, tasks
from cases.models import Case
from helpline.accounts import actions as accounts
from helpline.accounts.models import Staff
from helpline.approvals import actions
from helpline.approvals.handlers import CannotBeDone
from helpline.approvals.models import Approval
from helpline.crypto.wrapping import WrongKey
from reports import actions as reports
from reports.evidence.actions import add_evidence, remove_evidence
from reports.evidence.sanitise import Clean
from reports.models import Evidence, Report, Update
from reports.states import News, Picture, Status
from tests.at_once import at_once
from tests.cast import NOON

Desk = Callable[[Staff], Client]
Tell = Callable[..., tuple[Report, str]]
LATER = NOON + timedelta(hours=1)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


@pytest.fixture
def told(tell: Tell) -> tuple[Report, str]:
    return tell()


@pytest.fixture
def report(told: tuple[Report, str]) -> Report:
    return told[0]


@pytest.fixture
def picture(told: tuple[Report, str]) -> Evidence:
    clean = Clean(picture=b"\x89PNG\r\n\x1a\n and so on", width=10, height=20)
    return add_evidence(owner=told[0], code=told[1], what=Picture.MESSAGES, clean=clean, at=NOON)


def seal(picture: Evidence, by: Staff) -> Approval:
    """Ask to destroy it."""
    picture.refresh_from_db()
    reason = "It is no message."
    return actions.ask(what=approving.SEAL, obj=picture, by=by, reason=reason, why="mistake", at=NOON)


def erase(report: Report, by: Staff) -> Approval:
    """Ask to erase it."""
    return actions.ask(what=approving.ERASE, obj=report, by=by, reason="She said so.", at=NOON)


def can_be_read(picture: Evidence, by: Staff) -> bool:
    try:
        return bool(reading.read_evidence(evidence=Evidence.objects.get(pk=picture.pk), by=by, at=LATER))
    except WrongKey:
        return False


def test_asked_it_is_hidden_at_once_also_from_who_decides(
    picture: Evidence, nour: Staff, maud: Staff
) -> None:
    assert can_be_read(picture, maud)

    seal(picture, nour)

    assert not can_be_read(picture, nour)
    assert not can_be_read(picture, maud)


def test_granted_it_is_destroyed_and_they_are_told(
    picture: Evidence, report: Report, nour: Staff, maud: Staff
) -> None:
    actions.decide(approval=seal(picture, nour), granted=True, by=maud, at=LATER)

    row = Evidence.objects.get()
    assert (row.picture, row.staff_key, row.destroyed_by, row.destroyed_why) == (None, None, maud, "mistake")
    assert row.sha256 is not None
    assert Update.objects.filter(report=report, what=News.SCREENSHOT_DESTROYED, at=LATER).count() == 1


def test_refused_it_is_shown_again(picture: Evidence, nour: Staff, maud: Staff) -> None:
    actions.decide(approval=seal(picture, nour), granted=False, by=maud, at=LATER)

    assert can_be_read(picture, nour)
    assert not Update.objects.filter(what=News.SCREENSHOT_DESTROYED).exists()


def test_nobody_hides_a_screenshot_alone(picture: Evidence, nour: Staff, maud: Staff, desk: Desk) -> None:
    """Given a question, then whoever asked can't take it back: it waits until a second person answers."""
    approval = seal(picture, nour)
    page = f"/staff/approvals/{approval.pk}/"
    assert "Take it back" not in desk(nour).get(page).content.decode()

    answer = desk(nour).post(f"{page}withdraw/", follow=True)

    assert "a second person answers it" in answer.content.decode()
    assert list(actions.waiting_for(maud)) == [approval]
    actions.decide(approval=approval, granted=False, by=maud, at=LATER)
    assert can_be_read(picture, nour)


def test_of_who_left_a_screenshot_is_shown_again_and_not_destroyed(
    picture: Evidence, nour: Staff, maud: Staff, anouk: Staff
) -> None:
    approval = seal(picture, nour)
    accounts.disable(staff=nour, by=anouk, at=LATER)

    with pytest.raises(actions.ApprovalRefused, match="asker_gone"):
        actions.decide(approval=approval, granted=True, by=maud, at=LATER)
    actions.decide(approval=approval, granted=False, by=maud, at=LATER)
    assert can_be_read(picture, maud)


def test_it_never_runs_out(picture: Evidence, nour: Staff) -> None:
    """Hidden and undecided, it would stay for as long as the report."""
    seal(picture, nour)

    assert actions.expire(at=NOON + timedelta(days=900)) == 0


def test_taken_back_by_the_young_person_there_is_nothing_to_destroy(
    picture: Evidence, nour: Staff, maud: Staff
) -> None:
    approval = seal(picture, nour)
    remove_evidence(evidence=picture, at=NOON)

    with pytest.raises(actions.ApprovalRefused) as refused:
        actions.decide(approval=approval, granted=True, by=maud, at=LATER)
    assert refused.value.code == "gone"


def test_destroyed_it_is_not_asked_for_again(picture: Evidence, nour: Staff, maud: Staff) -> None:
    actions.decide(approval=seal(picture, nour), granted=True, by=maud, at=LATER)

    with pytest.raises(CannotBeDone):
        seal(picture, nour)


@pytest.mark.parametrize("who", ["anouk", "theo"])
def test_who_reads_no_report_asks_for_nothing(
    picture: Evidence, report: Report, who: str, request: pytest.FixtureRequest
) -> None:
    staff = request.getfixturevalue(who)
    with pytest.raises(PermissionDenied):
        seal(picture, staff)
    with pytest.raises(PermissionDenied):
        erase(report, staff)


def test_in_a_case_only_its_people_ask(picture: Evidence, report: Report, nour: Staff, sacha: Staff) -> None:
    cases.open_case(report=report, by=nour, at=NOON)

    for asking in (lambda: seal(picture, sacha), lambda: erase(report, sacha)):
        with pytest.raises(PermissionDenied):
            asking()
    assert seal(picture, nour).status == erase(report, nour).status == "waiting"


def test_erased_on_their_wish_by_two_people(
    picture: Evidence, report: Report, nour: Staff, maud: Staff, open_case: Callable[..., Case]
) -> None:
    case = cases.open_case(report=report, by=nour, at=NOON)
    approval, other = erase(report, nour), seal(picture, nour)
    assert Report.objects.get().status == Status.IN_CASE

    actions.decide(approval=approval, granted=True, by=maud, at=LATER)
    report.refresh_from_db()
    assert (report.status, report.staff_key) == (Status.ERASED, None)
    tasks.triage_new_reports()

    case.refresh_from_db()
    assert case.key is None
    for row in (approval, other):
        row.refresh_from_db()
        assert row.reason is None
    assert (approval.status, approval.asked_by, approval.decided_by) == ("granted", nour, maud)
    assert other.status == "expired"  # nothing is left to decide on


def test_refused_nothing_is_erased(report: Report, nour: Staff, maud: Staff) -> None:
    actions.decide(approval=erase(report, nour), granted=False, by=maud, at=LATER)

    report.refresh_from_db()
    assert report.status == Status.SUBMITTED


def test_erased_by_themselves_meanwhile_nothing_waits(report: Report, nour: Staff, maud: Staff) -> None:
    approval, kept = erase(report, nour), None
    reports.erase_report(report=report, by="young-person", at=NOON)

    approving.follow_erasures(at=LATER)

    approval.refresh_from_db()
    assert (approval.status, approval.reason) == ("expired", kept)
    report.refresh_from_db()
    with pytest.raises(CannotBeDone):
        erase(report, nour)


def test_other_reports_keep_their_questions(tell: Tell, nour: Staff) -> None:
    one, other = tell()[0], tell()[0]
    approvals = [erase(one, nour), erase(other, nour)]
    reports.erase_report(report=one, by="young-person", at=NOON)

    assert approving.follow_erasures(at=LATER) == 1
    assert approving.follow_erasures(at=LATER) == 0
    assert [Approval.objects.get(pk=row.pk).reason is None for row in approvals] == [True, False]


@pytest.mark.django_db(transaction=True)
def test_destroying_and_erasing_at_once_do_not_block_each_other(
    picture: Evidence, report: Report, nour: Staff, maud: Staff
) -> None:
    """Given a second person's yes while the young person erases everything, then both end, in either order."""
    approval = seal(picture, nour)

    answers = at_once(
        lambda: actions.decide(approval=approval, granted=True, by=maud, at=LATER),
        lambda: reports.erase_report(report=report, by="young-person", at=LATER),
    )

    assert answers[1] is None
    assert answers[0] is None or (
        isinstance(answers[0], actions.ApprovalRefused) and answers[0].code == "gone"
    )
    row = Evidence.objects.get()
    assert (row.picture, row.staff_key, row.code_key, row.sha256) == (None, None, None, None)
