"""Ways back: a message nobody read, a note, the end of a case."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from cases import actions as cases
from cases import words
from cases.models import Case, CaseEvent, Note
from cases.states import CaseStatus, ForbiddenMove, Outcome, QueueState
from cases.todo import actions, undo
from cases.todo.models import PARTS, Checklist, RemovedNote
from cases.todo.undo import TooLate
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.crypto.wrapping import WrongKey
from reports import actions as reports
from reports.models import Message, Nudge
from reports.states import News, NudgeStatus, Status
from tests.at_once import at_once
from tests.cast import NOON

OpenCase = Callable[..., Case]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]
MINUTE = timedelta(minutes=1)
SOON, LATE = NOON + 4 * MINUTE, NOON + 6 * MINUTE
MAIL = {"via": "email", "address": "me@example.org", "from_hour": 0, "to_hour": 24, "is_safe": True}


def said(case: Case) -> list[str]:
    return [words.event(line) for line in CaseEvent.objects.filter(case=case).order_by("id")]


def write(case: Case, by: Staff, text: str = "Hello", at: Any = NOON + MINUTE / 2) -> Message:
    return cases.write_to_young_person(case=case, text=text, by=by, at=at)


def back(case: Case, message: Message, by: Staff, at: Any = SOON) -> str:
    return undo.take_back_message(case=case, message_id=message.pk, by=by, at=at)


# --- a message ------------------------------------------------------------------------------------------


def test_a_message_is_taken_back_with_a_trace(open_case: OpenCase, nour: Staff) -> None:
    case = open_case()
    message = write(case, nour)
    assert back(case, message, nour) == "Hello"
    assert not Message.objects.exists()
    assert said(case)[-1] == "Message taken back before it was read"
    assert AuditRow.objects.filter(verb="message.taken_back", object_id=str(case.report_id)).count() == 1
    with pytest.raises(TooLate) as caught:
        back(case, message, nour)
    assert caught.value.why == undo.GONE


def test_not_once_it_was_read_or_the_minutes_are_over(open_case: OpenCase, nour: Staff) -> None:
    case = open_case()
    message = write(case, nour)
    with pytest.raises(TooLate) as caught:
        back(case, message, nour, LATE)
    assert caught.value.why == undo.PAST
    reports.mark_read(report=case.report, author=Message.Author.HELPLINE, at=NOON + MINUTE)
    with pytest.raises(TooLate) as caught:
        back(case, message, nour)
    assert caught.value.why == undo.READ
    assert Message.objects.count() == 1


def test_not_a_colleagues_and_not_the_young_persons(open_case: OpenCase, nour: Staff, maud: Staff) -> None:
    case, other = open_case(), open_case(at=NOON + MINUTE)
    theirs = reports.send_message(report=case.report, box=case.box(), text="Hi", by=None, at=NOON)
    message = write(case, nour)
    for one, by, of in ((message, maud, case), (theirs, nour, case), (message, nour, other)):
        with pytest.raises(TooLate):
            back(of, one, by)
    assert Message.objects.count() == 2


def test_a_stranger_takes_nothing_back(open_case: OpenCase, nour: Staff, sacha: Staff) -> None:
    case = open_case()
    message = write(case, nour)
    with pytest.raises(PermissionDenied):
        back(case, message, sacha)


def test_its_sign_is_not_sent_either_unless_there_is_other_news(open_case: OpenCase, nour: Staff) -> None:
    case = open_case(contact=MAIL)
    message = write(case, nour)
    assert Nudge.objects.filter(status=NudgeStatus.WAITING).count() == 1
    back(case, message, nour)
    assert not Nudge.objects.exists()
    first = write(case, nour, "one")
    write(case, nour, "two")
    back(case, first, nour)
    assert Nudge.objects.filter(status=NudgeStatus.WAITING).count() == 1


def test_a_plan_that_is_taken_back_counts_as_not_shared(open_case: OpenCase, nour: Staff) -> None:
    case = open_case()
    said = dict.fromkeys(PARTS, "x")
    plan = actions.write_plan(case=case, based_on=0, said=said, review_on=None, by=nour, at=NOON)
    actions.share_plan(plan=plan, text="Plan", by=nour, at=NOON)
    back(case, Message.objects.get(), nour)
    plan.refresh_from_db()
    assert (plan.shared_at, plan.shared_by, plan.shared_as) == (None, None, None)


@pytest.mark.django_db(transaction=True)
def test_reading_and_taking_back_at_once_agree(open_case: OpenCase, nour: Staff) -> None:
    """Either it is gone, or it counts as read: never both, never neither."""
    for _ in range(4):
        case = open_case()
        message = write(case, nour)
        answer, _read = at_once(
            lambda case=case, message=message: back(case, message, nour),
            lambda case=case: reports.mark_read(
                report=case.report, author=Message.Author.HELPLINE, at=NOON + MINUTE
            ),
        )
        left = Message.objects.filter(pk=message.pk).first()
        if isinstance(answer, TooLate):
            assert answer.why == undo.READ and left is not None and left.read_at is not None
        else:
            assert (answer, left) == ("Hello", None)


# --- a checklist ----------------------------------------------------------------------------------------


def test_a_checklist_is_taken_back_with_its_tasks(
    open_case: OpenCase, nour: Staff, fake_nude: Checklist
) -> None:
    case = open_case()
    other = actions.add_task(case=case, text="x", due_at=None, for_whom=None, by=nour, at=NOON)
    count = actions.apply_checklist(case=case, checklist=fake_nude, by=nour, at=NOON)
    assert undo.take_back_checklist(case=case, checklist=fake_nude, by=nour, at=SOON) == count
    assert list(case.tasks.all()) == [other]
    with pytest.raises(TooLate):
        undo.take_back_checklist(case=case, checklist=fake_nude, by=nour, at=SOON)
    assert actions.apply_checklist(case=case, checklist=fake_nude, by=nour, at=SOON) == count


def test_a_checklist_that_somebody_worked_on_stays(
    open_case: OpenCase, nour: Staff, maud: Staff, fake_nude: Checklist
) -> None:
    case = open_case()
    actions.apply_checklist(case=case, checklist=fake_nude, by=nour, at=NOON)
    for by, at in ((maud, SOON), (nour, LATE)):
        with pytest.raises(TooLate):
            undo.take_back_checklist(case=case, checklist=fake_nude, by=by, at=at)
    actions.tick(task=case.tasks.first(), by=nour, at=SOON)
    with pytest.raises(TooLate):
        undo.take_back_checklist(case=case, checklist=fake_nude, by=nour, at=SOON)
    assert case.tasks.exists()


# --- a note ---------------------------------------------------------------------------------------------


def test_a_note_is_removed_and_put_back_as_it_was(open_case: OpenCase, nour: Staff) -> None:
    case = open_case()
    note = cases.add_note(case=case, text="Called back.", by=nour, at=NOON)
    undo.remove_note(case=case, note_id=note.pk, by=nour, at=SOON)
    assert not Note.objects.exists()
    undo.put_back_note(case=case, note_id=note.pk, by=nour, at=SOON)
    again = Note.objects.get()
    assert (again.pk, again.at, case.box().open(again, "body")) == (note.pk, NOON, "Called back.")
    assert not RemovedNote.objects.exists()
    assert said(case)[-2:] == ["Note removed", "Note put back"]
    assert AuditRow.objects.filter(verb__in=["note.removed", "note.put_back"]).count() == 2


def test_a_note_stays_once_the_minutes_are_over_or_for_others(
    open_case: OpenCase, nour: Staff, maud: Staff
) -> None:
    case = open_case()
    note = cases.add_note(case=case, text="x", by=nour, at=NOON)
    for by, at in ((nour, LATE), (maud, SOON)):
        with pytest.raises(TooLate):
            undo.remove_note(case=case, note_id=note.pk, by=by, at=at)
    undo.remove_note(case=case, note_id=note.pk, by=nour, at=SOON)
    for by, at in ((nour, SOON + 6 * MINUTE), (maud, SOON)):
        with pytest.raises(TooLate):
            undo.put_back_note(case=case, note_id=note.pk, by=by, at=at)


@pytest.mark.django_db(transaction=True)
def test_a_note_is_put_back_once(open_case: OpenCase, nour: Staff) -> None:
    case = open_case()
    note = cases.add_note(case=case, text="x", by=nour, at=NOON)
    undo.remove_note(case=case, note_id=note.pk, by=nour, at=SOON)
    answers = at_once(
        *(lambda: undo.put_back_note(case=case, note_id=note.pk, by=nour, at=SOON) for _ in range(2))
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["NoneType", "TooLate"]
    assert Note.objects.count() == 1


def test_a_removed_note_is_forgotten_with_the_report(open_case: OpenCase, nour: Staff) -> None:
    case = open_case()
    note = cases.add_note(case=case, text="x", by=nour, at=NOON)
    undo.remove_note(case=case, note_id=note.pk, by=nour, at=SOON)
    reports.erase_report(report=case.report, by="young-person", at=SOON)
    case = Case.objects.select_related("report").get()
    with pytest.raises(WrongKey):
        undo.put_back_note(case=case, note_id=note.pk, by=nour, at=SOON)
    actions.follow_erasures(at=SOON)
    assert not RemovedNote.objects.exists()


# --- the end of a case ----------------------------------------------------------------------------------


def close(case: Case, by: Staff) -> None:
    cases.close_case(case=case, outcome=Outcome.ADVICE, by=by, at=NOON + MINUTE)


def news(case: Case) -> list[str]:
    return list(case.report.updates.order_by("id").values_list("what", flat=True))


def test_closing_is_undone_in_silence(open_case: OpenCase, nour: Staff) -> None:
    case = open_case(contact=MAIL)
    before = news(case)
    close(case, nour)
    assert Nudge.objects.exists()
    assert undo.undo_close(case=case, by=nour, at=SOON) is True
    case.refresh_from_db()
    case.report.refresh_from_db()
    assert (case.status, case.outcome, case.report.status) == (CaseStatus.OPEN, "", Status.IN_CASE)
    assert case.queue_item.state == QueueState.OPEN
    assert news(case) == before
    assert not Nudge.objects.exists()
    assert said(case)[-1] == "Closing undone"
    with pytest.raises(ForbiddenMove):
        undo.undo_close(case=case, by=nour, at=SOON)


def test_a_case_that_waited_waits_again(open_case: OpenCase, nour: Staff) -> None:
    case = open_case()
    cases.set_waiting(case=case, waiting=True, by=nour, at=NOON)
    close(case, nour)
    assert undo.undo_close(case=case, by=nour, at=SOON) is True
    assert case.status == CaseStatus.WAITING


def test_where_they_may_have_seen_it_it_is_reopened_as_ever(open_case: OpenCase, nour: Staff) -> None:
    read, wrote, told = open_case(), open_case(at=NOON + MINUTE), open_case(contact=MAIL)
    write(read, nour)
    for case in (read, wrote, told):
        close(case, nour)
    reports.mark_read(report=read.report, author=Message.Author.HELPLINE, at=NOON + 2 * MINUTE)
    reports.send_message(report=wrote.report, box=wrote.box(), text="Wait", by=None, at=NOON + 2 * MINUTE)
    told.report.nudges.update(status=NudgeStatus.SENT, done_at=NOON + 2 * MINUTE)
    for case in (read, wrote, told):
        assert undo.undo_close(case=case, by=nour, at=SOON) is False
        assert news(case)[-2:] == [News.CLOSED, News.REOPENED]


def test_after_the_minutes_it_is_reopened_by_hand(open_case: OpenCase, nour: Staff, sacha: Staff) -> None:
    case = open_case()
    close(case, nour)
    with pytest.raises(TooLate):
        undo.undo_close(case=case, by=nour, at=LATE + MINUTE)
    with pytest.raises(PermissionDenied):
        undo.undo_close(case=case, by=sacha, at=SOON)
    assert case.status == CaseStatus.CLOSED


@pytest.mark.django_db(transaction=True)
def test_two_undo_it_at_once(open_case: OpenCase, nour: Staff, maud: Staff) -> None:
    case = open_case()
    close(case, nour)
    answers = at_once(
        *(
            lambda by=by: undo.undo_close(case=Case.objects.select_related("report").get(), by=by, at=SOON)
            for by in (nour, maud)
        )
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["ForbiddenMove", "bool"]
    assert said(case).count("Closing undone") == 1
