"""Ways back from a slip, for a few minutes: a message that nobody read yet, a note, a checklist, the end of a case.

Nobody notes who looks at the young person's page. What is known is which of our messages they read, what they wrote, and
whether a sign left; where any of these says that they may have seen it, nothing is taken back in silence.
"""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases import actions as cases
from cases.actions import check_can_work_on, happened, lock_case
from cases.models import Case, CaseEvent, Note, QueueItem
from cases.reading import box_of
from cases.states import CaseStatus, ForbiddenMove, Happening, QueueState
from cases.todo.models import Checklist, RemovedNote, SafetyPlan
from helpline.accounts.models import Staff
from helpline.audit import actions as audit
from reports import actions as reports
from reports.models import Message, Nudge, Report
from reports.states import News, NudgeStatus, Status


class TooLate(Exception):
    """It can't be taken back any more: `why` says it in a sentence."""

    def __init__(self, why: str | Promise) -> None:
        super().__init__(str(why))
        self.why = why


READ = _("They have read it already, so it stays.")
PAST = _("The minutes to take it back are over, so it stays.")
GONE = _("It is not there any more.")
TOUCHED = _("Somebody worked on a task of it, so it stays. Remove the tasks that are not needed, one by one.")


def is_in_time(then: datetime, now: datetime) -> bool:
    """Are the minutes to undo something still running?"""
    return now - then <= settings.UNSEND


# --- a message ------------------------------------------------------------------------------------------


def can_take_back(message: Message, *, by: Staff, at: datetime) -> bool:
    """One's own, unread, a few minutes old."""
    is_ours = message.author == Message.Author.HELPLINE and message.staff_id == by.pk
    return is_ours and message.read_at is None and is_in_time(message.at, at)


@transaction.atomic
def take_back_message(*, case: Case, message_id: UUID, by: Staff, at: datetime) -> str:
    """Unsend it, and answer its words. Its sign is not sent either, unless there is other news.

    Raises PermissionDenied, TooLate, WrongKey once erased.
    """
    lock_case(case)
    check_can_work_on(case, by=by)
    box = box_of(case)
    # The report before its signs, as whoever sends one locks it.
    report = Report.objects.select_for_update(no_key=True).get(pk=case.report_id)
    message = report.messages.select_for_update().filter(pk=message_id).first()
    if message is None or message.author != Message.Author.HELPLINE or message.staff_id != by.pk:
        raise TooLate(GONE)
    if message.read_at is not None:
        raise TooLate(READ)
    if not is_in_time(message.at, at):
        raise TooLate(PAST)
    text = box.open(message, "body")
    sent_at = message.at
    message.delete()
    _drop_sign(report, made_at=sent_at)
    SafetyPlan.objects.filter(case=case, shared_as=message_id).update(
        shared_at=None, shared_by=None, shared_as=None
    )
    happened(case, Happening.MESSAGED, by=by, at=at, taken_back=True)
    audit.record(by=by, verb="message.taken_back", obj=report, detail={"case": case.ref}, at=at)
    return text


def _drop_sign(report: Report, *, made_at: datetime) -> None:
    """A sign that was made at `made_at` and has not left has nothing to say now, unless something else came since."""
    waiting = report.nudges.filter(status=NudgeStatus.WAITING, done_at=None, made_at=made_at)
    unread = report.messages.filter(author=Message.Author.HELPLINE, read_at=None, at__gte=made_at)
    if not unread.exists() and not report.updates.filter(at__gte=made_at).exists():
        waiting.delete()


# --- a note ---------------------------------------------------------------------------------------------


def can_remove_note(note: Note, *, by: Staff, at: datetime) -> bool:
    """One's own, a few minutes old."""
    return note.by_id == by.pk and is_in_time(note.at, at)


@transaction.atomic
def remove_note(*, case: Case, note_id: UUID, by: Staff, at: datetime) -> None:
    """Take one's own note away; it can be put back for as long. Raises PermissionDenied, TooLate, WrongKey."""
    lock_case(case)
    check_can_work_on(case, by=by)
    box_of(case)
    note = case.notes.select_for_update(of=("self",)).filter(pk=note_id, by=by).first()
    if note is None:
        raise TooLate(GONE)
    if not is_in_time(note.at, at):
        raise TooLate(PAST)
    RemovedNote.objects.create(pk=note.pk, case=case, by=by, at=note.at, body=note.body, removed_at=at)
    note.delete()
    happened(case, Happening.NOTED, by=by, at=at, removed=True)
    audit.record(by=by, verb="note.removed", obj=case, detail={"note": str(note_id)}, at=at)


@transaction.atomic
def put_back_note(*, case: Case, note_id: UUID, by: Staff, at: datetime) -> None:
    """Undo `remove_note`: the same note, at its own time. Raises PermissionDenied, TooLate, WrongKey."""
    lock_case(case)
    check_can_work_on(case, by=by)
    box_of(case)
    kept = RemovedNote.objects.select_for_update(of=("self",)).filter(pk=note_id, case=case, by=by).first()
    if kept is None:
        raise TooLate(GONE)
    if not is_in_time(kept.removed_at, at):
        raise TooLate(PAST)
    Note(pk=kept.pk, case=case, by=by, at=kept.at, body=kept.body).save(force_insert=True)
    kept.delete()
    happened(case, Happening.NOTED, by=by, at=at, put_back=True)
    audit.record(by=by, verb="note.put_back", obj=case, detail={"note": str(note_id)}, at=at)


# --- a checklist ----------------------------------------------------------------------------------------


@transaction.atomic
def take_back_checklist(*, case: Case, checklist: Checklist, by: Staff, at: datetime) -> int:
    """Take away the tasks that one's own click brought, as long as nobody touched one. Returns how many.

    Raises PermissionDenied, TooLate, WrongKey.
    """
    lock_case(case)
    check_can_work_on(case, by=by)
    box_of(case)
    applied = (
        case.applied_checklists.select_for_update(of=("self",)).filter(checklist=checklist, by=by).first()
    )
    if applied is None:
        raise TooLate(GONE)
    if not is_in_time(applied.at, at):
        raise TooLate(PAST)
    if applied.tasks.exclude(version=1, done_at=None, removed_at=None).exists():
        raise TooLate(TOUCHED)
    count, _models = applied.tasks.all().delete()
    applied.delete()
    detail: audit.Detail = {"checklist": str(checklist.pk), "tasks": count}
    audit.record(by=by, verb="checklist.taken_back", obj=case, detail=detail, at=at)
    return count


# --- the end of a case ----------------------------------------------------------------------------------


@transaction.atomic
def undo_close(*, case: Case, by: Staff, at: datetime) -> bool:
    """Open again what was closed a moment ago. True: as if it had not been closed, and the young person is told nothing;
    False: they may have seen it, so it is reopened as at any other time, and they read that.

    Raises PermissionDenied, TooLate, ForbiddenMove when it is not closed, WrongKey.
    """
    cases.holder_is_here(case)  # reopening asks it, and that row comes before the case
    lock_case(case)
    check_can_work_on(case, by=by)
    box_of(case)
    if case.status != CaseStatus.CLOSED or case.closed_at is None:
        raise ForbiddenMove("Only a closed case can be reopened.")
    closed_at = case.closed_at
    if not is_in_time(closed_at, at):
        raise TooLate(_("It was closed a while ago. Reopen it below: the young person reads that."))
    report = Report.objects.select_for_update(no_key=True).get(pk=case.report_id)
    if _may_have_seen(report, since=closed_at):
        cases.reopen_case(case=case, by=by, at=at)
        return False
    case.move(CaseStatus.OPEN)
    if _was_waiting(case, before=closed_at):
        case.move(CaseStatus.WAITING)
    case.closed_at, case.outcome = None, ""
    case.save(update_fields=["status", "closed_at", "outcome"])
    reports.set_status(report=case.report, status=Status.IN_CASE, news=None, by=by, at=at)
    QueueItem.objects.filter(case=case).update(state=QueueState.OPEN)
    report.updates.filter(what=News.CLOSED, link=None, at=closed_at).delete()
    _drop_sign(report, made_at=closed_at)
    happened(case, Happening.REOPENED, by=by, at=at, undone=True)
    audit.record(by=by, verb="case.close_undone", obj=case, at=at)
    return True


def _may_have_seen(report: Report, *, since: datetime) -> bool:
    signs = Nudge.objects.filter(report=report, done_at__gte=since)
    seen = report.messages.filter(
        Q(author=Message.Author.HELPLINE, read_at__gte=since)
        | Q(author=Message.Author.YOUNG_PERSON, at__gte=since)
    )
    return report.last_contact_at >= since or signs.exists() or seen.exists()


def _was_waiting(case: Case, *, before: datetime) -> bool:
    last = (
        CaseEvent.objects.filter(case=case, at__lte=before)
        .filter(what__in=[Happening.OPENED, Happening.REOPENED, Happening.STATUS])
        .order_by("-at", "-id")
        .first()
    )
    return last is not None and last.what == Happening.STATUS and last.data.get("to") == CaseStatus.WAITING
