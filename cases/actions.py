"""What changes a case. Each action checks, writes, leaves a line in the case's timeline and in the trail."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from cases import incidents, queue
from cases.models import Case, CaseEvent, Incident, IncidentMember, Note, QueueItem
from cases.states import (
    CaseStatus,
    ForbiddenMove,
    Happening,
    IncidentStatus,
    MemberState,
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


class AlreadyOpen(Exception):
    """This report is a case already: `case` says which."""

    def __init__(self, case: Case) -> None:
        super().__init__(f"This report is already case {case.ref}.")
        self.case = case


class NotAllGone(Exception):
    """A case can't end as "everything is gone" while a link has not been seen gone."""


def check_can_work_on(case: Case, *, by: Staff) -> None:
    """Raises PermissionDenied unless this is the person's own case, their team's, or they may see all."""
    if not can_work_on(case, by=by):
        raise PermissionDenied


def can_work_on(case: Case, *, by: Staff) -> bool:
    """Own and team cases, or all of them, as the role says."""
    if by.can(Permission.CASES_ALL):
        return True
    return by.can(Permission.CASES_OWN) and (case.assignee_id == by.pk or case.team_id in by.team_slugs())


def can_hold_cases(staff: Staff) -> bool:
    """May this person work on cases at all?"""
    return staff.can(Permission.CASES_OWN) or staff.can(Permission.CASES_ALL)


def happened(case: Case, what: Happening, *, by: Staff | None, at: datetime, **data: Any) -> None:
    """Add a line to the timeline. `data` is coarse: codes, counts, names of platforms and staff."""
    CaseEvent.objects.create(case=case, what=what, by=by, at=at, data=data)
    if case.changed_at < at:
        case.changed_at = at
        case.save(update_fields=["changed_at"])


@transaction.atomic
def open_case(*, report: Report, by: Staff, at: datetime, assignee: Staff | None = None) -> Case:
    """Take a report in hand: unwrap its key once for the desk, assign it, tell the young person.

    Raises PermissionDenied, AlreadyOpen, queue.Claimed (a colleague reads it just now), WrongKey (erased),
    KeyUnavailable (public face).
    """
    holder = assignee or by
    if not (can_hold_cases(by) and can_hold_cases(holder)):
        raise PermissionDenied
    locked = Report.objects.select_for_update(no_key=True).get(pk=report.pk)
    existing = Case.objects.filter(report=locked).first()
    if existing is not None:
        raise AlreadyOpen(existing)
    queue.check_nobody_else_reads(report=locked, allowed=(by, holder))
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
    happened(case, Happening.OPENED, by=by, at=at)
    propose_incident(case=case, at=at)
    audit.record(by=by, verb="case.opened", obj=case, at=at)
    return case


@transaction.atomic
def assign(*, case: Case, to: Staff, by: Staff, at: datetime) -> None:
    """Give the case to `to`, with their team. Raises PermissionDenied when either may not work on cases."""
    check_can_work_on(case, by=by)
    if not can_hold_cases(to):
        raise PermissionDenied
    case.assignee = to
    case.team = Team.objects.filter(memberships__staff=to).order_by("slug").first() or case.team
    case.save(update_fields=["assignee", "team"])
    QueueItem.objects.filter(case=case).update(holder=to)
    happened(case, Happening.ASSIGNED, by=by, at=at, to=str(to))
    audit.record(by=by, verb="case.assigned", obj=case, detail={"to": to.pk}, at=at)


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
def write_to_young_person(*, case: Case, text: str, by: Staff, at: datetime) -> Message:
    """A message they read when they come back with their code."""
    check_can_work_on(case, by=by)
    message = reports.send_message(report=case.report, box=case.box(), text=text, by=by, at=at)
    happened(case, Happening.MESSAGED, by=by, at=at)
    return message


def read_messages(*, case: Case, by: Staff, at: datetime) -> None:
    """The person who works on the case has seen what the young person wrote. A supervisor's look changes nothing."""
    if case.assignee_id == by.pk:
        reports.mark_read(report=case.report, author=Message.Author.YOUNG_PERSON, at=at)
        QueueItem.objects.filter(case=case, unread=True).update(unread=False)


@transaction.atomic
def add_links(*, case: Case, facts: Sequence[reports.LinkFacts], by: Staff, at: datetime) -> list[Link]:
    """More places, found by the counsellor or told on the phone."""
    check_can_work_on(case, by=by)
    links = reports.add_links(report=case.report, box=case.box(), facts=facts, by=by, at=at)
    if links:
        queue.refresh(report=case.report, at=at)
        happened(case, Happening.LINKS_ADDED, by=by, at=at, count=len(links))
        propose_incident(case=case, at=at)
    return links


def _lock(case: Case) -> None:
    """Its state as it stands, and nobody else's to change until we are done: two people may press at once."""
    case.refresh_from_db(from_queryset=Case.objects.select_for_update(no_key=True))


@transaction.atomic
def set_waiting(*, case: Case, waiting: bool, by: Staff, at: datetime) -> None:
    """Waiting for the young person, or back to work. Raises ForbiddenMove."""
    _lock(case)
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
    _lock(case)
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
    _lock(case)
    check_can_work_on(case, by=by)
    if case.status != CaseStatus.CLOSED:
        raise ForbiddenMove("Only a closed case can be reopened.")
    _reopen(case, by=by, at=at)


def _reopen(case: Case, *, by: Staff | None, at: datetime) -> None:
    case.move(CaseStatus.OPEN)
    case.closed_at, case.outcome = None, ""
    case.save(update_fields=["status", "closed_at", "outcome"])
    reports.set_status(report=case.report, status=Status.IN_CASE, news=News.REOPENED, by=by, at=at)
    QueueItem.objects.filter(case=case).update(state=QueueState.OPEN)
    happened(case, Happening.REOPENED, by=by, at=at)
    audit.record(by=by, verb="case.reopened", obj=case, at=at)


@transaction.atomic
def bring_back(*, at: datetime, limit: int = 200) -> int:
    """Cases that were closed and whose young person came back, with a message or with more to tell, return to the desk
    they were on. Returns how many.
    """
    returned = Case.objects.select_for_update(no_key=True, skip_locked=True, of=("self",)).filter(
        status=CaseStatus.CLOSED, queue_item__state=QueueState.CLOSED, queue_item__unread=True
    )
    count = 0
    for case in returned.exclude(report__status=Status.ERASED).select_related("report")[:limit]:
        _reopen(case, by=None, at=at)
        count += 1
    return count


def record_read(*, case: Case, by: Staff, at: datetime) -> None:
    """Reading a case is an act too."""
    audit.record(by=by, verb="case.read", obj=case, at=at)


# --- incidents ----------------------------------------------------------------------------------------


@transaction.atomic
def propose_incident(*, case: Case, at: datetime) -> Incident | None:
    """Offer `case` to the incident of the cases it resembles, or offer a new incident. Nothing is joined by the machine."""
    alike = incidents.similar(case)
    if not alike:
        return None
    reasons = [kind for kind in incidents.KINDS if any(kind in kinds for kinds in alike.values())]
    there = IncidentMember.objects.filter(case__in=alike).exclude(state=MemberState.DETACHED)
    found = (
        Incident.objects.filter(status=IncidentStatus.OPEN, pk__in=there.values("incident"))
        .order_by("opened_at")
        .first()
    )
    if found is None:
        found = Incident(opened_at=at)
        found.key = wrapping.wrap_for_desk(wrapping.new_data_key(), about=found.about)
        found.save(force_insert=True)
        IncidentMember.objects.bulk_create(
            IncidentMember(incident=found, case_id=pk, reasons=kinds, proposed_at=at)
            for pk, kinds in alike.items()
        )
    try:
        with transaction.atomic():
            IncidentMember.objects.create(incident=found, case=case, reasons=reasons, proposed_at=at)
    except IntegrityError:
        return found  # it was offered, or decided, before
    audit.record(by=None, verb="incident.proposed", obj=found, at=at)
    return found


@transaction.atomic
def decide_membership(*, member: IncidentMember, joined: bool, by: Staff, at: datetime) -> None:
    """A person says: the same cause, or not. Either can be changed back; said twice, it is said once."""
    member.refresh_from_db(from_queryset=IncidentMember.objects.select_for_update(no_key=True))
    check_can_work_on(member.case, by=by)
    if member.state == (MemberState.JOINED if joined else MemberState.DETACHED):
        return
    member.state = MemberState.JOINED if joined else MemberState.DETACHED
    member.decided_at, member.decided_by = at, by
    member.save(update_fields=["state", "decided_at", "decided_by"])
    what = Happening.JOINED if joined else Happening.DETACHED
    happened(member.case, what, by=by, at=at, incident=member.incident.ref)
    audit.record(
        by=by, verb=f"incident.{member.state}", obj=member.incident, detail={"case": member.case.ref}, at=at
    )


@transaction.atomic
def set_title(*, incident: Incident, text: str, by: Staff, at: datetime) -> None:
    """A few words by which colleagues know the incident; sealed. Raises PermissionDenied to who holds none of its cases."""
    if not Case.objects.visible_to(by).filter(incidents=incident).exists():
        raise PermissionDenied
    incident.title = incident.box().seal(incident, "title", text)
    incident.save(update_fields=["title"])
    audit.record(by=by, verb="incident.titled", obj=incident, at=at)


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
        QueueItem.objects.filter(case=case).update(state=QueueState.CLOSED, deadline_at=None, unread=False)
        audit.record(by=None, verb="case.erased", obj=case, at=at)
        count += 1
    # A report erased before anyone opened it leaves the list.
    QueueItem.objects.filter(state=QueueState.WAITING, report__status=Status.ERASED).update(
        state=QueueState.CLOSED, deadline_at=None
    )
    return count
