"""What changes a case. Each action checks, writes, leaves a line in the case's timeline and in the trail."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from cases import claims, queue
from cases.models import Case, CaseEvent, Note, QueueItem, Share
from cases.states import (
    CaseStatus,
    ForbiddenMove,
    Happening,
    Outcome,
    QueueState,
)
from helpline.accounts.models import Staff, Team
from helpline.accounts.permissions import Permission
from helpline.audit import actions as audit
from helpline.crypto import wrapping
from helpline.retention import privacy
from reports import actions as reports
from reports.models import Link, Message, Report
from reports.states import LinkStatus, News, Status

# By name: incidents stand above.
PROPOSE = "cases.incidents.proposing.propose"


class AlreadyOpen(Exception):
    """This report is a case already: `case` says which."""

    def __init__(self, case: Case) -> None:
        super().__init__(f"This report is already case {case.ref}.")
        self.case = case


class ChangedMeanwhile(Exception):
    """They told more, or a colleague was faster: what was decided was decided about something else."""


class WroteMeanwhile(ChangedMeanwhile):
    """There are newer messages than the one that was read before this was written."""


class WithSomebodyElse(ChangedMeanwhile):
    """The case has been given to somebody else since it was read."""


class NotAllGone(Exception):
    """A case can't end as "everything is gone" while a link has not been seen gone."""


def check_can_work_on(case: Case, *, by: Staff) -> None:
    """Raises PermissionDenied unless this is the person's own case, their team's, shared with them to be worked on, or
    they may see all.
    """
    if not can_work_on(case, by=by):
        raise PermissionDenied


def can_work_on(case: Case, *, by: Staff) -> bool:
    """Own and team cases, those shared to be worked on, or all of them, as the role says."""
    if belongs_to(case, by):
        return True
    shares = Share.objects.live().filter(case=case, staff=by, may_work=True)
    return by.can(Permission.CASES_OWN) and shares.exists()


def worked_on(*, by: Staff) -> Callable[[Case], bool]:
    """`can_work_on` for a list: what is shared with `by` is read once, and only if it is asked."""
    shared: list[int] | None = None

    def answer(case: Case) -> bool:
        nonlocal shared
        if belongs_to(case, by):
            return True
        if not by.can(Permission.CASES_OWN):
            return False
        if shared is None:
            mine = Share.objects.live().filter(staff=by, may_work=True)
            shared = list(mine.values_list("case_id", flat=True))
        return case.pk in shared

    return answer


def belongs_to(case: Case, staff: Staff) -> bool:
    """Is it this person's, their team's, or may they see all? Whoever shares it, gives it away, is asked this."""
    if staff.can(Permission.CASES_ALL):
        return True
    if not staff.can(Permission.CASES_OWN):
        return False
    return case.assignee_id == staff.pk or case.team_id in staff.team_slugs()


def check_belongs_to(case: Case, staff: Staff) -> None:
    """Raises PermissionDenied: who works on a case because it is shared with them can't pass it on."""
    if not belongs_to(case, staff):
        raise PermissionDenied


def can_hold_cases(staff: Staff) -> bool:
    """May this person work on cases at all?"""
    return staff.can(Permission.CASES_OWN) or staff.can(Permission.CASES_ALL)


def compare(*, case: Case, at: datetime) -> None:
    """Look for other cases with the same cause, now that something was told about this one."""
    propose: Callable[..., Any] = import_string(PROPOSE)
    propose(case=case, at=at)


def lock_case(case: Case) -> None:
    """Its state as it stands, and nobody else's to change until we are done: two people may press at once.

    The case before its report: two who took them the other way round, to note what `happened`, would wait in a circle.
    """
    case.refresh_from_db(from_queryset=Case.objects.select_for_update(no_key=True))


def happened(case: Case, what: Happening, *, by: Staff | None, at: datetime, **data: Any) -> None:
    """Add a line to the timeline. `data` is coarse: codes, counts, names of platforms and staff."""
    CaseEvent.objects.create(case=case, what=what, by=by, at=at, data=data)
    if case.changed_at < at:
        case.changed_at = at
        case.save(update_fields=["changed_at"])


@transaction.atomic
def open_case(*, report: Report, by: Staff, at: datetime, assignee: Staff | None = None) -> Case:
    """Take a report in hand: unwrap its key once for the desk, assign it, tell the young person.

    Raises PermissionDenied, AlreadyOpen, claims.Claimed (a colleague reads it just now), WrongKey (erased),
    KeyUnavailable (public face).
    """
    holder = assignee or by
    if not (can_hold_cases(by) and can_hold_cases(holder)):
        raise PermissionDenied
    if not still_works_here(holder):
        raise PermissionDenied
    locked = Report.objects.select_for_update(no_key=True).get(pk=report.pk)
    existing = Case.objects.filter(report=locked).first()
    if existing is not None:
        raise AlreadyOpen(existing)
    claims.check_nobody_else_reads(report=locked, allowed=(by, holder))
    box = locked.box_for_staff()
    case = Case(
        report=locked,
        assignee=holder,
        team=Team.objects.filter(memberships__staff=holder).order_by("slug").first(),
        opened_at=at,
        opened_by=by,
        changed_at=at,
    )
    case.key = wrapping.wrap_for_desk(box.key, about=case.about)
    case.save(force_insert=True)
    reports.set_status(report=locked, status=Status.IN_CASE, news=News.OPENED, by=by, at=at)
    queue.add_report(report=locked, at=at)
    QueueItem.objects.filter(report=locked).update(
        state=QueueState.OPEN, case=case, holder=holder, claimed_by=None, claimed_until=None
    )
    if holder == by:  # whoever is given it has not looked yet
        QueueItem.objects.filter(case=case, danger=True).update(danger_seen_at=at, danger_seen_by=by)
    happened(case, Happening.OPENED, by=by, at=at)
    compare(case=case, at=at)
    audit.record(by=by, verb="case.opened", obj=case, at=at)
    return case


def still_works_here(staff: Staff) -> bool:
    """Is the account open? Nobody closes it until we are done, so a case can't be left with somebody who just left.

    Its row is locked before any case: closing an account does it in this order, too.
    """
    rows = Staff.objects.select_for_update(no_key=True).filter(pk=staff.pk, is_active=True)
    return rows.values_list("pk", flat=True).first() is not None


@transaction.atomic
def assign(*, case: Case, to: Staff, by: Staff, at: datetime, was: str | None = None) -> None:
    """Give the case to `to`, with their team. Raises PermissionDenied when either may not work on cases, or `by` works
    on it only because it is shared; WithSomebodyElse when it is no longer with `was` ("": with nobody; None: whoever).
    """
    if not (can_hold_cases(to) and still_works_here(to)):
        raise PermissionDenied
    lock_case(case)
    check_belongs_to(case, by)
    if was is not None and was != str(case.assignee_id or ""):
        raise WithSomebodyElse
    hand_to(case=case, to=to, by=by, at=at)


def hand_to(
    *, case: Case, to: Staff | None, by: Staff | None, at: datetime, team: Team | None = None
) -> None:
    """The case is with `to` from now on, in `team` or theirs; None: with nobody, and its team, or failing that the
    supervisors, see it.

    Asks no permission: the case is locked, `to` holds cases and still works here, and whoever calls has seen to it.
    """
    was = case.assignee_id
    case.assignee = to
    if to is not None:
        case.team = team or Team.objects.filter(memberships__staff=to).order_by("slug").first() or case.team
    case.save(update_fields=["assignee", "team"])
    QueueItem.objects.filter(case=case).update(holder=to)
    happened(case, Happening.ASSIGNED, by=by, at=at, to=str(to) if to else "")
    detail: audit.Detail = {"to": to.pk if to else None, "from": was}
    audit.record(by=by, verb="case.assigned", obj=case, detail=detail, at=at)


@transaction.atomic
def add_note(*, case: Case, text: str, by: Staff, at: datetime) -> Note:
    """A counsellor's own words, sealed with the case's key."""
    check_can_work_on(case, by=by)
    note = Note(case=case, by=by, at=at)
    note.body = case.box().seal(note, "body", text)
    note.save(force_insert=True)
    happened(case, Happening.NOTED, by=by, at=at)
    audit.record(by=by, verb="case.noted", obj=case, at=at)
    return note


@transaction.atomic
def set_handle(*, case: Case, text: str, by: Staff, at: datetime) -> None:
    """How colleagues call this case aloud: initials or a handle."""
    check_can_work_on(case, by=by)
    case.handle = case.box().seal(case, "handle", text)
    case.save(update_fields=["handle"])
    audit.record(by=by, verb="case.handle_set", obj=case, at=at)


@transaction.atomic
def write_to_young_person(
    *, case: Case, text: str, by: Staff, at: datetime, after: datetime | None = None
) -> Message:
    """A message they read when they come back with their code.

    Raises WroteMeanwhile when either side has written since `after`, the moment of the newest message its writer had
    read (None: whatever was written).
    """
    lock_case(case)
    check_can_work_on(case, by=by)
    if after is not None and case.report.messages.filter(at__gt=after).exists():
        raise WroteMeanwhile
    message = reports.send_message(report=case.report, box=case.box(), text=text, by=by, at=at)
    happened(case, Happening.MESSAGED, by=by, at=at)
    return message


def read_messages(*, case: Case, by: Staff, at: datetime) -> None:
    """The person who works on the case has seen what the young person wrote. A supervisor's look changes nothing."""
    if case.assignee_id == by.pk:
        reports.mark_read(report=case.report, author=Message.Author.YOUNG_PERSON, at=at)
        QueueItem.objects.filter(case=case, unread=True).update(unread=False)


def see_danger(*, case: Case, item: QueueItem | None, by: Staff, at: datetime) -> None:
    """Somebody who may work on the case has looked at it: its danger calls nobody any more, until it is told again."""
    if item is None or not item.danger or item.danger_seen_at is not None or not can_work_on(case, by=by):
        return
    # Not what was told after the page was read.
    unseen = QueueItem.objects.filter(
        pk=item.pk, danger_seen_at=None, report__danger_at=case.report.danger_at
    )
    unseen.update(danger_seen_at=at, danger_seen_by=by)


@transaction.atomic
def end_danger(*, case: Case, told_at: datetime | None, reason: str, by: Staff, at: datetime) -> None:
    """The danger that they told at `told_at` is over; the reason is kept as a note. Told again, it calls again.

    Raises PermissionDenied, ChangedMeanwhile, WrongKey once erased.
    """
    report = _locked_with_its_case(case, by=by)
    if not report.is_in_danger or report.danger_at != told_at:
        raise ChangedMeanwhile
    reports.set_danger_over(report=report, is_over=True, by=by, at=at)
    queue.refresh(report=report, at=at)
    QueueItem.objects.filter(case=case).update(danger_seen_at=at, danger_seen_by=by)
    add_note(case=case, text=_("The danger is over: %(reason)s") % {"reason": reason}, by=by, at=at)
    happened(case, Happening.DANGER, by=by, at=at, over=True)


@transaction.atomic
def take_danger_up_again(*, case: Case, by: Staff, at: datetime) -> None:
    """It is not over after all. Raises PermissionDenied, ChangedMeanwhile, WrongKey once erased."""
    report = _locked_with_its_case(case, by=by)
    if report.danger_over_at is None:
        raise ChangedMeanwhile
    reports.set_danger_over(report=report, is_over=False, by=by, at=at)
    queue.refresh(report=report, at=at)
    happened(case, Happening.DANGER, by=by, at=at, over=False)


@transaction.atomic
def set_deadline(
    *, case: Case, deadline_at: datetime | None, was: datetime | None, by: Staff, at: datetime
) -> None:
    """When the threat runs out; None: there is no deadline. `was`: as it stood when this was decided.

    Raises PermissionDenied, ChangedMeanwhile, WrongKey once erased.
    """
    report = _locked_with_its_case(case, by=by)
    if report.deadline_at != was:
        raise ChangedMeanwhile
    if deadline_at == was:
        return
    reports.set_deadline(report=report, deadline_at=deadline_at, by=by, at=at)
    queue.refresh(report=report, at=at)
    happened(case, Happening.DEADLINE, by=by, at=at, removed=deadline_at is None)


def _locked_with_its_case(case: Case, *, by: Staff) -> Report:
    """Its report as it stands, both held until we are done. Raises PermissionDenied, WrongKey once erased."""
    lock_case(case)
    check_can_work_on(case, by=by)
    report = Report.objects.select_for_update(no_key=True).get(pk=case.report_id)
    if report.status == Status.ERASED:
        raise wrapping.WrongKey("This report was erased.")
    return report


@transaction.atomic
def add_links(*, case: Case, facts: Sequence[reports.LinkFacts], by: Staff, at: datetime) -> list[Link]:
    """More places, found by the counsellor or told on the phone."""
    lock_case(case)
    check_can_work_on(case, by=by)
    links = reports.add_links(report=case.report, box=case.box(), facts=facts, by=by, at=at)
    if links:
        queue.refresh(report=case.report, at=at)
        happened(case, Happening.LINKS_ADDED, by=by, at=at, count=len(links))
        compare(case=case, at=at)
    return links


@transaction.atomic
def set_waiting(*, case: Case, waiting: bool, by: Staff, at: datetime) -> None:
    """Waiting for the young person, or back to work. Raises ForbiddenMove."""
    lock_case(case)
    check_can_work_on(case, by=by)
    if case.status == CaseStatus.CLOSED:
        raise ForbiddenMove("A closed case is reopened first.")
    case.move(CaseStatus.WAITING if waiting else CaseStatus.OPEN)
    case.save(update_fields=["status"])
    happened(case, Happening.STATUS, by=by, at=at, to=case.status)
    audit.record(by=by, verb=f"case.{case.status}", obj=case, at=at)


@transaction.atomic
def close_case(*, case: Case, outcome: Outcome, by: Staff, at: datetime) -> None:
    """The end, until something changes. The young person's code still works. Raises ForbiddenMove, NotAllGone."""
    lock_case(case)
    check_can_work_on(case, by=by)
    ended = (LinkStatus.GONE, LinkStatus.WITHDRAWN)
    if outcome == Outcome.GONE and case.report.links.exclude(status__in=ended).exists():
        raise NotAllGone
    case.move(CaseStatus.CLOSED)
    case.closed_at, case.outcome = at, outcome
    case.save(update_fields=["status", "closed_at", "outcome"])
    # The report before its line in the queue, as everywhere: the queue's sweep locks them in this order.
    reports.set_status(report=case.report, status=Status.CLOSED, news=News.CLOSED, by=by, at=at)
    QueueItem.objects.filter(case=case).update(state=QueueState.CLOSED)
    happened(case, Happening.CLOSED, by=by, at=at, outcome=outcome.value)
    audit.record(by=by, verb="case.closed", obj=case, detail={"outcome": outcome.value}, at=at)


@transaction.atomic
def reopen_case(*, case: Case, by: Staff, at: datetime) -> None:
    """Something came back: the case returns to whoever had it. Raises ForbiddenMove."""
    had_it = case.assignee_id
    is_here = holder_is_here(case)
    lock_case(case)
    check_can_work_on(case, by=by)
    if case.status != CaseStatus.CLOSED:
        raise ForbiddenMove("Only a closed case can be reopened.")
    if case.assignee_id != had_it:
        raise ForbiddenMove("It was given to somebody else meanwhile.")
    _reopen(case, is_here=is_here, by=by, at=at)


def holder_is_here(case: Case) -> bool:
    """Does whoever had it still work here? Asked before the case is locked, see `still_works_here`."""
    return case.assignee is None or still_works_here(case.assignee)


def _reopen(case: Case, *, is_here: bool, by: Staff | None, at: datetime) -> None:
    case.move(CaseStatus.OPEN)
    case.closed_at, case.outcome = None, ""
    if not is_here:
        hand_to(case=case, to=None, by=by, at=at)  # who had it left meanwhile
    case.save(update_fields=["status", "closed_at", "outcome"])
    reports.set_status(report=case.report, status=Status.IN_CASE, news=News.REOPENED, by=by, at=at)
    QueueItem.objects.filter(case=case).update(state=QueueState.OPEN)
    happened(case, Happening.REOPENED, by=by, at=at)
    audit.record(by=by, verb="case.reopened", obj=case, at=at)


def bring_back(*, at: datetime, limit: int = 200) -> int:
    """Cases that were closed and whose young person came back, with a message or with more to tell, return to the desk
    they were on. Returns how many.
    """
    returned = Case.objects.filter(
        status=CaseStatus.CLOSED, queue_item__state=QueueState.CLOSED, queue_item__unread=True
    ).exclude(report__status=Status.ERASED)
    return bring_these_back(returned, at=at, limit=limit)


def bring_these_back(returned: QuerySet[Case], *, at: datetime, limit: int = 200) -> int:
    """Closed cases return to the desk they were on; `returned` is asked once more for each, under its lock. How many."""
    cases = list(returned.select_related("assignee").order_by("pk")[:limit])
    return sum(_bring_back(case, returned, at=at) for case in cases)


@transaction.atomic
def _bring_back(found: Case, returned: QuerySet[Case], *, at: datetime) -> bool:
    """False when somebody has it just now, or it changed hands: the next sweep finds it."""
    is_here = holder_is_here(found)
    rows = returned.select_for_update(no_key=True, skip_locked=True, of=("self",)).select_related("report")
    case = rows.filter(pk=found.pk, assignee=found.assignee_id).first()
    if case is None:
        return False
    _reopen(case, is_here=is_here, by=None, at=at)
    return True


@transaction.atomic
def go_on(*, at: datetime, limit: int = 200) -> int:
    """Cases that waited for the young person, who has written since, are open again. Returns how many."""
    answered = (
        Case.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .filter(status=CaseStatus.WAITING, queue_item__unread=True)
        .exclude(report__status=Status.ERASED)
        .order_by("pk")
    )
    cases = list(answered[:limit])
    for case in cases:
        case.move(CaseStatus.OPEN)
        case.save(update_fields=["status"])
        happened(case, Happening.STATUS, by=None, at=at, to=case.status)
        audit.record(by=None, verb="case.open", obj=case, at=at)
    return len(cases)


def record_read(*, case: Case, by: Staff, at: datetime) -> None:
    """Reading a case is an act too."""
    audit.record(by=by, verb="case.read", obj=case, at=at)


# --- forgetting ---------------------------------------------------------------------------------------


@transaction.atomic
def follow_erasures(*, at: datetime, limit: int = 200) -> int:
    """Where the young person erased the report, forget what the desk knew too. Returns how many cases."""
    erased = (
        Case.objects.select_for_update(no_key=True, skip_locked=True)
        .filter(report__status=Status.ERASED)
        .exclude(key=None)
    )
    count = 0
    for case in erased[:limit]:
        case.save(update_fields=privacy.blank(case))
        case.notes.update(body=None)
        case.shares.update(reason=None)
        QueueItem.objects.filter(case=case).update(
            state=QueueState.CLOSED, deadline_at=None, danger_since=None, unread=False
        )
        audit.record(by=None, verb="case.erased", obj=case, at=at)
        count += 1
    # A report erased before anyone opened it leaves the list.
    QueueItem.objects.filter(state=QueueState.WAITING, report__status=Status.ERASED).update(
        state=QueueState.CLOSED, deadline_at=None, danger_since=None
    )
    return count
