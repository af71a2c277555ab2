"""What changes a call: written down while somebody speaks, raised when they are in danger, sent, and its code read aloud."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet

from cases import actions as casework
from cases import claims, queue
from cases.listening.models import CallDraft
from cases.listening.states import Code
from cases.models import Case
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.approvals import actions as approvals
from helpline.approvals.models import Approval
from helpline.audit import actions as audit
from helpline.crypto import wrapping
from reports import actions as reports
from reports import receipts
from reports.actions import Submission
from reports.intake.interview import Interview, submission_of
from reports.models import Report
from reports.states import Channel, Status

UNDO = timedelta(hours=1)  # how long what was thrown away can be put back
ANOTHER_CODE = "another-code"
GIVE_FOR = timedelta(hours=24)  # how long a second person's yes counts
NEEDED = (Permission.QUEUE_READ, Permission.CASES_OWN)


class Over(Exception):
    """It can't be written in any more: it was sent, or thrown away. `call` says which."""

    def __init__(self, call: CallDraft) -> None:
        super().__init__("This call was sent or thrown away.")
        self.call = call


class ChangedElsewhere(Exception):
    """Another page of the same call wrote since this one was opened: `call` and `there` are what it left."""

    def __init__(self, call: CallDraft, there: Interview) -> None:
        super().__init__("Another page wrote in this call.")
        self.call, self.there = call, there


class NotUrgent(Exception):
    """Only danger is raised before a report is finished."""


@dataclass(frozen=True, slots=True)
class Writing:
    """What a page brings: what was typed into it, and which page it is.

    `version` is the call's when the page was made. `serial` counts what this page sent, so that an older text that
    arrives late does not replace a newer one; 0 where no script counts.
    """

    interview: Interview = field(repr=False)
    channel: Channel
    language: str
    page: str
    version: int = 0
    serial: int = 0
    begins: bool = False  # the first words of a new call


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a call. `code` is given this once; `case` is None when it was left, or when a colleague has it."""

    call: CallDraft
    report: Report
    code: str = field(repr=False)
    case: Case | None = None
    taken_by: Staff | None = None


def can_listen(staff: Staff) -> bool:
    """May this person take calls?"""
    return all(staff.can(one) for one in NEEDED)


def unfinished(staff: Staff) -> QuerySet[CallDraft]:
    """The calls this colleague has not finished."""
    return CallDraft.objects.of(staff).unfinished()


def _check(by: Staff) -> None:
    if not can_listen(by):
        raise PermissionDenied


def life() -> timedelta:
    """How long a call that nobody writes in is kept."""
    return timedelta(hours=settings.CALL_DRAFT_HOURS)


def _locked(call_id: UUID, *, by: Staff) -> CallDraft:
    """One's own call, held. Raises PermissionDenied, CallDraft.DoesNotExist."""
    _check(by)
    return CallDraft.objects.of(by).select_for_update(of=("self",)).get(pk=call_id)


# --- reading and writing ------------------------------------------------------------------------------


def opened(call: CallDraft) -> Interview:
    """What was written so far. Raises WrongKey once it was sent."""
    return Interview.from_json(call.box().open_json(call, "words").get("now", {}))


def read_call(*, call: CallDraft, by: Staff, at: datetime) -> Interview:
    """Open a call to go on with it, and say so in the trail. Raises PermissionDenied, WrongKey once it was sent."""
    _check(by)
    if call.taken_by_id != by.pk:
        raise PermissionDenied
    found = opened(call)
    audit.record(by=by, verb="call.read", obj=call, at=at)
    return found


@transaction.atomic
def save(*, call_id: UUID, writing: Writing, by: Staff, at: datetime) -> CallDraft:
    """Keep what was typed. Raises PermissionDenied, CallDraft.DoesNotExist, Over, ChangedElsewhere."""
    return _save(call_id, writing, by=by, at=at)


def _save(call_id: UUID, writing: Writing, *, by: Staff, at: datetime) -> CallDraft:
    _check(by)
    if writing.begins:
        _begin(call_id, writing, by=by, at=at)
    call = _locked(call_id, by=by)
    if not call.is_open:
        raise Over(call)
    if call.page != writing.page and call.version != writing.version:
        raise ChangedElsewhere(call, opened(call))
    if call.page == writing.page and 0 < writing.serial <= call.serial:
        return call  # it was overtaken
    box = call.box()
    words: dict[str, Any] = box.open_json(call, "words")
    words["now"] = writing.interview.as_json()
    call.words = box.seal_json(call, "words", words)
    call.channel, call.language = writing.channel, writing.language
    # Without a script nothing is counted: what such a page sends comes in its order.
    call.serial = writing.serial or (call.serial if call.page == writing.page else 0)
    call.page, call.version = writing.page, call.version + 1
    call.changed_at, call.expires_at = at, at + life()
    call.save()
    if call.report is not None:
        claims.claim(report=call.report, by=by)  # whoever raised it is still speaking with them
    return call


def _begin(call_id: UUID, writing: Writing, *, by: Staff, at: datetime) -> None:
    """The row, unless it is there: a page's first words may arrive twice at once."""
    call = CallDraft(
        id=call_id,
        taken_by=by,
        channel=writing.channel,
        language=writing.language,
        page=writing.page,
        begun_at=at,
        changed_at=at,
        expires_at=at + life(),
    )
    call.key = wrapping.wrap_for_desk(wrapping.new_data_key(), about=call.about)
    before = CallDraft.objects.filter(pk=call_id).exists()
    CallDraft.objects.bulk_create([call], ignore_conflicts=True)
    if not before and CallDraft.objects.filter(pk=call_id, key=call.key).exists():
        audit.record(by=by, verb="call.begun", obj=call, detail={"channel": call.channel}, at=at)


@transaction.atomic
def discard(*, call_id: UUID, by: Staff, at: datetime) -> CallDraft:
    """Throw it away; for an hour it can be put back. What was raised stays raised. Raises Over once it was sent."""
    call = _locked(call_id, by=by)
    if call.sent_at is not None:
        raise Over(call)
    if call.discarded_at is None:
        call.discarded_at, call.expires_at = at, at + UNDO
        call.save(update_fields=["discarded_at", "expires_at"])
        audit.record(by=by, verb="call.discarded", obj=call, at=at)
    return call


@transaction.atomic
def restore(*, call_id: UUID, by: Staff, at: datetime) -> CallDraft:
    """Put it back. Twice is as once. Raises CallDraft.DoesNotExist when the hour is over."""
    call = _locked(call_id, by=by)
    if call.discarded_at is not None:
        call.discarded_at, call.expires_at = None, at + life()
        call.save(update_fields=["discarded_at", "expires_at"])
        audit.record(by=by, verb="call.restored", obj=call, at=at)
    return call


# --- telling the helpline -----------------------------------------------------------------------------


@transaction.atomic
def raise_now(*, call_id: UUID, writing: Writing, by: Staff, at: datetime) -> CallDraft:
    """Somebody is in danger: the report stands before all others while they go on speaking. Again, it tells what was added.

    Raises what `save` does; NotUrgent; WrongKey when the report was erased meanwhile.
    """
    call = _save(call_id, writing, by=by, at=at)
    interview = opened(call)
    if not interview.is_urgent:
        raise NotUrgent
    first = call.report is None
    report, _code = _tell(call, interview, by=by, at=at, is_complete=False)
    call.report, call.raised_at = report, call.raised_at or at
    box = call.box()
    call.words = box.seal_json(
        call, "words", {"now": interview.as_json(), "told": _told_json(call, interview)}
    )
    call.save(update_fields=["report", "raised_at", "words"])
    claims.claim(report=report, by=by)
    audit.record(by=by, verb="call.raised", obj=call, detail={"first": first}, at=at)
    return call


@transaction.atomic
def send(*, call_id: UUID, writing: Writing, take: bool, by: Staff, at: datetime) -> Sent:
    """Make a report of it, and with `take` open the case in the hands of `by`. The words go; the code is given once.

    Raises what `save` does (Over when it was sent before: nothing is doubled); WrongKey when the report was erased.
    """
    call = _save(call_id, writing, by=by, at=at)
    was_raised = call.report is not None
    report, code = _tell(call, opened(call), by=by, at=at, is_complete=True)
    if not code:
        code = receipts.new_code()
        reports.say_another_code(report=report, box=report.box_for_staff(), code=code, by=by, at=at)
    call.report, call.sent_at, call.code = report, at, Code.TO_SAY
    call.words = call.key = None
    call.save()
    audit.record(by=by, verb="call.sent", obj=call, detail={"raised": was_raised}, at=at)
    case = taken_by = None
    if take:
        try:
            case = casework.open_case(report=report, by=by, at=at)
        except casework.AlreadyOpen as already:
            taken_by = already.case.assignee
        except claims.Claimed as claimed:
            taken_by = claimed.by
    else:
        claims.release(report=report, by=by)
    return Sent(call, report, code, case, taken_by)


def _tell(
    call: CallDraft, interview: Interview, *, by: Staff, at: datetime, is_complete: bool
) -> tuple[Report, str]:
    """The report, new or brought up to date, in the queue; and its code, when it is new."""
    submission, code = _submission(call, interview), ""
    if call.report is None:
        code = receipts.new_code()
        report = reports.submit_report(
            submission=submission, code=code, at=at, by=by, is_complete=is_complete, said_aloud=True
        )
    else:
        report = reports.retell_report(
            report=call.report,
            submission=submission,
            before=_told(call),
            box=call.report.box_for_staff(),
            by=by,
            at=at,
            is_complete=is_complete,
        )
    queue.add_report(report=report, at=at)
    if not Case.objects.filter(report=report).exists():
        # Nobody has to be told what the one who listens wrote; a colleague who has the case does, by the sweep.
        queue.refresh(report=report, at=at)
        reports.facts_are_read(reports=[report])
    return report, code


def _submission(call: CallDraft, interview: Interview) -> Submission:
    return replace(submission_of(interview, language=call.language), channel=Channel(call.channel))


def _told_json(call: CallDraft, interview: Interview) -> dict[str, Any]:
    return {"interview": interview.as_json(), "language": call.language}


def _told(call: CallDraft) -> Submission:
    """What the report was told the last time."""
    told = call.box().open_json(call, "words")["told"]
    found = submission_of(Interview.from_json(told["interview"]), language=told["language"])
    return replace(found, channel=Channel(call.channel))


# --- the code -----------------------------------------------------------------------------------------


@transaction.atomic
def say_another_code(*, call_id: UUID, by: Staff, at: datetime) -> str:
    """A new code to read aloud, where the first was not read or none was wanted; the one before opens nothing any more.

    Raises Over once it was read aloud, reports.CodeTaken when they have their own, WrongKey once erased.
    """
    call, report = _to_say(call_id, by=by, may_be=(Code.TO_SAY, Code.NONE))
    code = receipts.new_code()
    reports.say_another_code(report=report, box=report.box_for_staff(), code=code, by=by, at=at)
    call.code = Code.TO_SAY
    call.save(update_fields=["code"])
    return code


@transaction.atomic
def code_is_said(*, call_id: UUID, by: Staff, checked: bool, at: datetime) -> None:
    """It was read aloud, and repeated when `checked`: from here on nobody sees it. Raises Over when they take none."""
    call, _report = _to_say(call_id, by=by, may_be=(Code.TO_SAY, Code.SAID))
    if call.code == Code.TO_SAY:
        call.code = Code.SAID
        call.save(update_fields=["code"])
        audit.record(by=by, verb="call.code_said", obj=call, detail={"checked": checked}, at=at)


@transaction.atomic
def no_code(*, call_id: UUID, by: Staff, at: datetime) -> None:
    """They can't take one: none is kept by anybody. Raises Over once it was read aloud, reports.CodeTaken, WrongKey."""
    call, report = _to_say(call_id, by=by, may_be=(Code.TO_SAY, Code.NONE))
    if call.code == Code.TO_SAY:
        reports.keep_no_code(report=report, by=by, at=at)
        call.code = Code.NONE
        call.save(update_fields=["code"])


def granted(case: Case, *, by: Staff, at: datetime) -> Approval | None:
    """The yes by which `by` may give another code now; None when nobody said yes, its time is over, or it was used."""
    yes = approvals.granted_to(what=ANOTHER_CODE, obj=case, by=by, since=at - GIVE_FOR)
    return None if yes is None or CallDraft.objects.filter(pk=yes.pk).exists() else yes


@transaction.atomic
def give_another_code(*, case: Case, by: Staff, at: datetime) -> tuple[CallDraft, str]:
    """A code for somebody whose own stopped working, to be read aloud as after a call; the one before opens nothing.

    Raises PermissionDenied without a yes that still counts, WrongKey once the case is erased.
    """
    casework.lock_case(case)
    casework.check_can_work_on(case, by=by)
    _check(by)
    yes = granted(case, by=by, at=at)
    if yes is None:
        raise PermissionDenied
    report, code = case.report, receipts.new_code()
    reports.give_another_code(report=report, box=case.box(), code=code, by=by, at=at)
    # The call it is read aloud in. It has the number of the yes, so that one yes gives one code.
    call = CallDraft.objects.create(
        id=yes.pk,
        taken_by=by,
        channel=Channel.PHONE,
        language=report.language,
        begun_at=at,
        changed_at=at,
        expires_at=at + max(life(), GIVE_FOR),
        report=report,
        sent_at=at,
        code=Code.TO_SAY,
    )
    audit.record(by=by, verb="call.code_given", obj=call, detail={"approval": str(yes.pk)}, at=at)
    return call, code


def _to_say(call_id: UUID, *, by: Staff, may_be: tuple[Code, ...]) -> tuple[CallDraft, Report]:
    call = _locked(call_id, by=by)
    if call.report is None or call.code not in may_be:
        raise Over(call)
    return call, call.report


# --- forgetting ---------------------------------------------------------------------------------------


@transaction.atomic
def forget_calls(*, now: datetime, limit: int = 500) -> int:
    """Calls whose time is over, and those whose report was erased. Safe to run twice at once. Returns how many."""
    over = CallDraft.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        Q(expires_at__lte=now) | Q(report__status=Status.ERASED)
    )
    ids = list(over.values_list("pk", flat=True)[:limit])
    CallDraft.objects.filter(pk__in=ids).delete()
    return len(ids)
