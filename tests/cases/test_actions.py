"""What changes a case: each action writes, leaves its line, and refuses whoever may not."""

from collections.abc import Callable
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from cases import actions, tasks
from cases.actions import AlreadyOpen
from cases.incidents import actions as incidents
from cases.models import Case, CaseEvent, Incident, IncidentMember, QueueItem
from cases.states import (
    CASE_TRANSITIONS,
    CaseStatus,
    ForbiddenMove,
    Happening,
    MemberState,
    Outcome,
    QueueState,
)
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.crypto.wrapping import WrongKey
from reports import actions as reports
from reports.actions import LinkFacts
from reports.models import Message, Report
from reports.states import Circumstance, News, Status
from tests.cast import NOON

Tell = Callable[..., tuple[Report, str]]
OpenCase = Callable[..., Case]
LATER = NOON + timedelta(hours=1)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


def verbs(obj: Any) -> list[str]:
    rows = AuditRow.objects.filter(object_type=obj._meta.model_name, object_id=str(obj.pk)).order_by("id")
    return list(rows.values_list("verb", flat=True))


def happenings(case: Case) -> list[str]:
    return list(CaseEvent.objects.filter(case=case).order_by("id").values_list("what", flat=True))


# --- taking a report in hand ------------------------------------------------------------------------------


def test_opening_a_report_makes_a_case_of_it(tell: Tell, nour: Staff) -> None:
    report, code = tell()

    case = actions.open_case(report=report, by=nour, at=LATER)

    report.refresh_from_db()
    item = QueueItem.objects.get(report=report)
    assert (case.assignee, case.team_id, case.status) == (nour, "night", CaseStatus.OPEN)
    assert (item.state, item.case, item.holder) == (QueueState.OPEN, case, nour)
    assert report.status == Status.IN_CASE
    assert report.updates.filter(what=News.OPENED).exists()
    assert case.box().open(report, "story") == report.box_for_code(code).open(report, "story")
    assert happenings(case) == [Happening.OPENED]
    assert verbs(case) == ["case.opened"]


def test_a_report_is_opened_once(tell: Tell, nour: Staff, sacha: Staff) -> None:
    report, _code = tell()
    case = actions.open_case(report=report, by=nour, at=LATER)

    with pytest.raises(AlreadyOpen) as already:
        actions.open_case(report=report, by=sacha, at=LATER)

    assert already.value.case == case
    assert Case.objects.count() == 1


def test_an_erased_report_is_not_opened(tell: Tell, nour: Staff) -> None:
    report, _code = tell()
    reports.erase_report(report=report, by="young-person", at=NOON)

    with pytest.raises(WrongKey):
        actions.open_case(report=report, by=nour, at=LATER)

    assert not Case.objects.exists()


def test_it_can_be_opened_for_a_colleague(tell: Tell, nour: Staff, sacha: Staff) -> None:
    case = actions.open_case(report=tell()[0], by=nour, at=LATER, assignee=sacha)
    assert (case.assignee, case.team_id, case.opened_by) == (sacha, "day", nour)
    assert not actions.can_work_on(case, by=nour)


# --- who may ----------------------------------------------------------------------------------------------

CHANGES: dict[str, Callable[[Case, Staff], object]] = {
    "assign": lambda case, by: actions.assign(case=case, to=by, by=by, at=LATER),
    "note": lambda case, by: actions.add_note(case=case, text="x", by=by, at=LATER),
    "handle": lambda case, by: actions.set_handle(case=case, text="x", by=by, at=LATER),
    "message": lambda case, by: actions.write_to_young_person(case=case, text="x", by=by, at=LATER),
    "links": lambda case, by: actions.add_links(
        case=case, facts=[LinkFacts(url="https://chatter.example/p/9")], by=by, at=LATER
    ),
    "waiting": lambda case, by: actions.set_waiting(case=case, waiting=True, by=by, at=LATER),
    "close": lambda case, by: actions.close_case(case=case, outcome=Outcome.ADVICE, by=by, at=LATER),
    "reopen": lambda case, by: actions.reopen_case(case=case, by=by, at=LATER),
}


@pytest.mark.parametrize(("change", "who"), list(product(CHANGES, ("sacha", "anouk", "theo"))))
def test_nobody_else_changes_a_case(
    change: str, who: str, open_case: OpenCase, request: pytest.FixtureRequest
) -> None:
    case = open_case()
    before = AuditRow.objects.count()
    stranger = request.getfixturevalue(who)

    with pytest.raises(PermissionDenied):
        CHANGES[change](case, stranger)

    case.refresh_from_db()
    assert case.status == CaseStatus.OPEN
    # The account of the stranger itself may have been made since; nothing of the case was touched.
    assert not AuditRow.objects.filter(id__gt=before, object_type="case").exclude(verb="case.opened").exists()


def test_a_case_is_given_only_to_somebody_who_works_on_cases(
    open_case: OpenCase, nour: Staff, theo: Staff
) -> None:
    with pytest.raises(PermissionDenied):
        actions.assign(case=open_case(), to=theo, by=nour, at=LATER)


def test_a_disabled_account_works_on_nothing(open_case: OpenCase, nour: Staff) -> None:
    case = open_case()
    nour.is_active = False
    assert not actions.can_work_on(case, by=nour)


# --- the work ---------------------------------------------------------------------------------------------


def test_assigning_moves_the_case_to_the_colleagues_team(
    open_case: OpenCase, nour: Staff, sacha: Staff
) -> None:
    case = open_case()

    actions.assign(case=case, to=sacha, by=nour, at=LATER)

    case.refresh_from_db()
    assert (case.assignee, case.team_id) == (sacha, "day")
    assert QueueItem.objects.get(case=case).holder == sacha
    assert happenings(case)[-1] == Happening.ASSIGNED
    assert verbs(case)[-1] == "case.assigned"
    assert case.changed_at == LATER


def test_a_note_is_sealed(open_case: OpenCase, nour: Staff) -> None:
    case = open_case()

    note = actions.add_note(case=case, text="Called back.", by=nour, at=LATER)

    note.refresh_from_db()
    assert b"Called" not in bytes(note.body or b"")
    assert case.box().open(note, "body") == "Called back."
    assert happenings(case)[-1] == Happening.NOTED


def test_the_young_person_reads_our_message_with_their_code(tell: Tell, nour: Staff) -> None:
    report, code = tell()
    case = actions.open_case(report=report, by=nour, at=NOON)

    message = actions.write_to_young_person(case=case, text="You did well.", by=nour, at=LATER)

    assert report.box_for_code(code).open(message, "body") == "You did well."
    assert happenings(case)[-1] == Happening.MESSAGED


def test_reading_marks_messages_read_for_whoever_works_on_it_only(
    tell: Tell, nour: Staff, maud: Staff
) -> None:
    report, code = tell()
    case = actions.open_case(report=report, by=nour, at=NOON)
    reports.send_message(report=report, box=report.box_for_code(code), text="Hi", by=None, at=NOON)
    QueueItem.objects.update(unread=True)

    actions.read_messages(case=case, by=maud, at=LATER)
    assert Message.objects.filter(read_at=None).count() == 1

    actions.read_messages(case=case, by=nour, at=LATER)
    assert Message.objects.get().read_at == LATER
    assert not QueueItem.objects.get().unread


def test_adding_links_twice_adds_them_once(open_case: OpenCase, nour: Staff) -> None:
    case = open_case()
    facts = [LinkFacts(url="https://chatter.example/p/9"), LinkFacts(url="https://chatter.example/p/1")]

    assert len(actions.add_links(case=case, facts=facts, by=nour, at=LATER)) == 1
    assert actions.add_links(case=case, facts=facts, by=nour, at=LATER) == []

    assert case.report.links.count() == 2
    assert happenings(case).count(Happening.LINKS_ADDED) == 1
    assert QueueItem.objects.get().link_count == 2


# --- every move against every state -----------------------------------------------------------------------

MOVES: dict[str, tuple[Callable[[Case, Staff], object], frozenset[CaseStatus], CaseStatus]] = {
    "wait": (
        lambda case, by: actions.set_waiting(case=case, waiting=True, by=by, at=LATER),
        frozenset({CaseStatus.OPEN}),
        CaseStatus.WAITING,
    ),
    "work": (
        lambda case, by: actions.set_waiting(case=case, waiting=False, by=by, at=LATER),
        frozenset({CaseStatus.WAITING}),
        CaseStatus.OPEN,
    ),
    "close": (
        lambda case, by: actions.close_case(case=case, outcome=Outcome.PARTLY, by=by, at=LATER),
        frozenset({CaseStatus.OPEN, CaseStatus.WAITING}),
        CaseStatus.CLOSED,
    ),
    "reopen": (
        lambda case, by: actions.reopen_case(case=case, by=by, at=LATER),
        frozenset({CaseStatus.CLOSED}),
        CaseStatus.OPEN,
    ),
}


def in_state(case: Case, status: CaseStatus, by: Staff) -> Case:
    if status == CaseStatus.WAITING:
        actions.set_waiting(case=case, waiting=True, by=by, at=NOON)
    if status == CaseStatus.CLOSED:
        actions.close_case(case=case, outcome=Outcome.ADVICE, by=by, at=NOON)
    return case


@pytest.mark.parametrize(("move", "status"), list(product(MOVES, CaseStatus)))
def test_every_move_against_every_state(
    move: str, status: CaseStatus, open_case: OpenCase, nour: Staff
) -> None:
    case = in_state(open_case(), status, nour)
    act, allowed, after = MOVES[move]

    if status in allowed:
        act(case, nour)
        case.refresh_from_db()
        assert case.status == after
        assert after in CASE_TRANSITIONS[status]
    else:
        with pytest.raises(ForbiddenMove):
            act(case, nour)
        case = Case.objects.get(pk=case.pk)
        assert case.status == status


def test_closing_and_reopening_tell_the_young_person(open_case: OpenCase, nour: Staff) -> None:
    case = open_case()

    actions.close_case(case=case, outcome=Outcome.ADVICE, by=nour, at=LATER)
    case.report.refresh_from_db()
    assert (case.report.status, case.closed_at, case.outcome) == (Status.CLOSED, LATER, Outcome.ADVICE)
    assert QueueItem.objects.get().state == QueueState.CLOSED

    actions.reopen_case(case=case, by=nour, at=LATER)
    case.report.refresh_from_db()
    assert (case.report.status, case.closed_at, case.outcome) == (Status.IN_CASE, None, "")
    assert QueueItem.objects.get().state == QueueState.OPEN

    news = case.report.updates.order_by("id").values_list("what", flat=True)
    assert list(news) == [News.OPENED, News.CLOSED, News.REOPENED]


# --- incidents --------------------------------------------------------------------------------------------


def test_two_cases_that_share_a_link_are_proposed_and_not_joined(open_case: OpenCase) -> None:
    first = open_case()
    assert not Incident.objects.exists()

    second = open_case()

    members = IncidentMember.objects.order_by("case_id")
    assert [(member.case, member.state, member.reasons) for member in members] == [
        (first, MemberState.PROPOSED, ["url"]),
        (second, MemberState.PROPOSED, ["url"]),
    ]


def test_a_third_is_offered_the_same_incident(open_case: OpenCase) -> None:
    for _ in range(3):
        open_case()
    assert Incident.objects.count() == 1
    assert IncidentMember.objects.count() == 3


def test_a_decision_can_be_changed_back_and_forth(open_case: OpenCase, nour: Staff) -> None:
    open_case()
    case = open_case()
    member = IncidentMember.objects.get(case=case)

    for joined, state in (
        (True, MemberState.JOINED),
        (False, MemberState.DETACHED),
        (True, MemberState.JOINED),
    ):
        incidents.decide_membership(member=member, joined=joined, by=nour, at=LATER)
        member.refresh_from_db()
        assert (member.state, member.decided_by, member.decided_at) == (state, nour, LATER)

    assert happenings(case)[1:] == [Happening.JOINED, Happening.DETACHED, Happening.JOINED]


def test_a_decision_once_made_is_not_proposed_again(open_case: OpenCase, nour: Staff) -> None:
    open_case()
    case = open_case()
    incidents.decide_membership(member=IncidentMember.objects.get(case=case), joined=False, by=nour, at=LATER)

    actions.add_links(case=case, facts=[LinkFacts(url="https://chatter.example/p/5")], by=nour, at=LATER)

    assert Incident.objects.count() == 1
    assert IncidentMember.objects.get(case=case).state == MemberState.DETACHED


def test_only_whoever_works_on_the_case_decides(open_case: OpenCase, sacha: Staff) -> None:
    open_case()
    member = IncidentMember.objects.get(case=open_case())
    with pytest.raises(PermissionDenied):
        incidents.decide_membership(member=member, joined=True, by=sacha, at=LATER)


# --- erasure ----------------------------------------------------------------------------------------------


def test_the_desk_forgets_what_the_young_person_erased(open_case: OpenCase, tell: Tell, nour: Staff) -> None:
    case = open_case()
    note = actions.add_note(case=case, text="x", by=nour, at=NOON)
    actions.set_handle(case=case, text="L.", by=nour, at=NOON)
    reports.erase_report(report=case.report, by="young-person", at=LATER)

    assert actions.follow_erasures(at=LATER) == 1
    assert actions.follow_erasures(at=LATER) == 0

    case = Case.objects.get(pk=case.pk)
    note.refresh_from_db()
    assert (case.key, case.handle, note.body) == (None, None, None)
    assert QueueItem.objects.get(case=case).state == QueueState.CLOSED
    with pytest.raises(WrongKey):
        case.box()


def test_an_erased_report_that_nobody_opened_leaves_the_list(tell: Tell) -> None:
    from cases import queue

    report, _code = tell()
    queue.add_new_reports(at=NOON)
    reports.erase_report(report=report, by="young-person", at=LATER)

    actions.follow_erasures(at=LATER)

    assert QueueItem.objects.get().state == QueueState.CLOSED


# --- the young person came back -----------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["message", "danger", "link"])
def test_a_closed_case_returns_to_its_desk_when_its_young_person_does(
    open_case: OpenCase, nour: Staff, how: str
) -> None:
    case = open_case()
    actions.close_case(case=case, outcome=Outcome.ADVICE, by=nour, at=NOON)
    tasks.triage_new_reports()
    case.refresh_from_db()
    assert case.status == CaseStatus.CLOSED
    box, later = case.box(), NOON + timedelta(days=3)

    if how == "message":
        reports.send_message(report=case.report, box=box, text="It is back.", by=None, at=later)
    elif how == "danger":
        reports.add_circumstances(report=case.report, circumstances=[Circumstance.IN_DANGER], at=later)
    else:
        facts = [LinkFacts(url="https://chatter.example/p/99")]
        reports.add_links(report=case.report, box=box, facts=facts, by="young-person", at=later)
    tasks.triage_new_reports()

    case.refresh_from_db()
    item = QueueItem.objects.get(case=case)
    assert (case.status, case.assignee, case.outcome) == (CaseStatus.OPEN, nour, "")
    assert (item.state, item.unread, item.danger) == (QueueState.OPEN, True, how == "danger")
    assert case.report.updates.filter(what="reopened").count() == 1
    tasks.triage_new_reports()
    assert case.events.filter(what="reopened").count() == 1


def test_an_erased_one_does_not_return(open_case: OpenCase, nour: Staff) -> None:
    case = open_case()
    reports.send_message(report=case.report, box=case.box(), text="Bye.", by=None, at=NOON)
    actions.close_case(case=case, outcome=Outcome.ADVICE, by=nour, at=NOON)
    reports.erase_report(report=case.report, by="young-person", at=NOON)

    tasks.triage_new_reports()

    case.refresh_from_db()
    assert case.status == CaseStatus.CLOSED
