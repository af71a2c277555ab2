"""What people do to an incident: decide who belongs to it, open, split, merge, close and name it.

What the machine proposes: `proposing`. Each of these undone: `undoing`. What the school gets: `school`.
"""

from collections.abc import Collection
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from cases.incidents import access, moving
from cases.incidents.models import IncidentStep
from cases.incidents.states import ForbiddenMove, MemberState, Step
from cases.models import Case, Incident, IncidentMember
from cases.states import IncidentStatus
from helpline.accounts.models import Staff
from helpline.audit import actions as audit

RANK = {MemberState.JOINED: 2, MemberState.PROPOSED: 1, MemberState.DETACHED: 0}


class Changed(Exception):
    """It is not any more as it was shown: `member` says how it stands."""

    def __init__(self, member: IncidentMember) -> None:
        super().__init__(f"It is {member.state} now.")
        self.member = member


# --- who belongs to it --------------------------------------------------------------------------------


@transaction.atomic
def decide_membership(
    *, member: IncidentMember, joined: bool, by: Staff, at: datetime, seen: str = ""
) -> IncidentStep | None:
    """A person says: the same cause, or not. Said twice, it is said once; None then. Either can be undone.

    `seen` is the state that was shown: Changed when it is another by now. Raises PermissionDenied, also where joining would
    let this person in among cases of others.
    """
    [case] = moving.lock_cases([member.case_id])
    moving.lock_incidents([member.incident_id])
    row = IncidentMember.objects.select_for_update(no_key=True).select_related("incident").get(pk=member.pk)
    access.check_works_on_all([case], by=by)
    state = MemberState.JOINED if joined else MemberState.DETACHED
    if row.state == state:
        return None
    if seen and row.state != seen:
        raise Changed(row)
    if joined:
        access.check_can_join(row.incident, by=by)
    change = moving.put(row, state, by=by, at=at)
    member.refresh_from_db()
    step = Step.JOINED if joined else Step.KEPT_APART
    return moving.note(row.incident, step, by=by, at=at, changes=[change])


@transaction.atomic
def join_proposed(
    *, incident: Incident, cases: Collection[Case], by: Staff, at: datetime
) -> IncidentStep | None:
    """Join those of `cases` that are still proposed for it, in one step. None when none is.

    Raises PermissionDenied as `decide_membership`.
    """
    locked = moving.lock_cases([case.pk for case in cases])
    access.check_works_on_all(locked, by=by)
    moving.lock_incidents([incident.pk])
    rows = IncidentMember.objects.select_for_update(no_key=True).filter(incident=incident, case__in=locked)
    proposed = list(rows.filter(state=MemberState.PROPOSED).order_by("pk"))
    if not proposed:
        return None
    access.check_can_join(incident, by=by)
    changes = [moving.put(row, MemberState.JOINED, by=by, at=at) for row in proposed]
    return moving.note(incident, Step.JOINED, by=by, at=at, changes=changes)


@transaction.atomic
def add_case(*, incident: Incident, case: Case, by: Staff, at: datetime) -> IncidentStep | None:
    """This case belongs to it, whatever the machine found. None when it is in it already.

    Raises PermissionDenied as `decide_membership`.
    """
    [locked] = moving.lock_cases([case.pk])
    access.check_works_on_all([locked], by=by)
    moving.lock_incidents([incident.pk])
    access.check_can_join(incident, by=by)
    change = moving.add(incident, locked, by=by, at=at)
    return moving.note(incident, Step.ADDED, by=by, at=at, changes=[change]) if change else None


# --- the incident itself ------------------------------------------------------------------------------


@transaction.atomic
def open_incident(*, cases: Collection[Case], title: str, by: Staff, at: datetime) -> Incident:
    """A colleague sees what the machine did not. Raises PermissionDenied."""
    locked = moving.lock_cases([case.pk for case in cases])
    if not locked:
        raise PermissionDenied
    access.check_works_on_all(locked, by=by)
    made = moving.new_incident(at=at)
    changes = [moving.add(made, case, by=by, at=at) for case in locked]
    moving.note(made, Step.OPENED, by=by, at=at, changes=[one for one in changes if one])
    if title:
        made.title = made.box().seal(made, "title", title)
        made.save(update_fields=["title"])
    return made


@transaction.atomic
def split(*, incident: Incident, cases: Collection[Case], by: Staff, at: datetime) -> Incident:
    """These cases have another cause: they go into an incident of their own, as they stood. Answers the new one.

    Raises PermissionDenied; ForbiddenMove when none of them is in it any more, or nobody would stay.
    """
    locked = moving.lock_cases([case.pk for case in cases])
    access.check_works_on_all(locked, by=by)
    moving.lock_incidents([incident.pk])
    access.check_takes_part(incident, by=by)
    rows = IncidentMember.objects.select_for_update(no_key=True).filter(incident=incident)
    going = list(rows.filter(case__in=locked).exclude(state=MemberState.DETACHED).order_by("pk"))
    stay = rows.exclude(state=MemberState.DETACHED).exclude(pk__in=[row.pk for row in going])
    if not going or not stay.exists():
        raise ForbiddenMove("Some are split off, and some stay.")
    made = moving.new_incident(at=at)
    changes = [moving.carry(row, made, by=by, at=at) for row in going]
    moving.note(incident, Step.SPLIT, by=by, at=at, changes=changes, other=made)
    return made


@transaction.atomic
def merge(*, incident: Incident, into: Incident, by: Staff, at: datetime) -> IncidentStep:
    """The two are one: the cases of `incident` go into the other, as they stood, and it is closed.

    Raises PermissionDenied unless this person takes part in both and works on every case that moves; ForbiddenMove when the
    two are one already.
    """
    both = [incident.pk, into.pk]
    ids = IncidentMember.objects.filter(incident__in=both).values_list("case", flat=True)
    cases = {case.pk: case for case in moving.lock_cases(set(ids))}
    if len(moving.lock_incidents(both)) != 2:
        raise ForbiddenMove("These are one already.")
    access.check_takes_part(into, by=by)
    if not incident.members.exclude(state=MemberState.DETACHED).exists():
        raise ForbiddenMove("Nothing is left to merge.")
    access.check_takes_part(incident, by=by)
    rows = list(
        IncidentMember.objects.select_for_update(no_key=True)
        .filter(incident=incident)
        .exclude(state=MemberState.DETACHED)
        .order_by("pk")
    )
    access.check_works_on_all([cases[row.case_id] for row in rows], by=by)
    there = {
        row.case_id: row
        for row in IncidentMember.objects.select_for_update(no_key=True).filter(incident=into)
    }
    changes = []
    for row in rows:
        twin = there.get(row.case_id)
        if twin is None:
            changes.append(moving.carry(row, into, by=by, at=at))
        elif RANK[MemberState(row.state)] > RANK[MemberState(twin.state)]:
            changes.append(moving.put(twin, MemberState(row.state), by=by, at=at))
    was = moving.set_status(incident, IncidentStatus.CLOSED)
    return moving.note(incident, Step.MERGED, by=by, at=at, changes=changes, other=into, was=was)


@transaction.atomic
def set_open(*, incident: Incident, is_open: bool, by: Staff, at: datetime) -> IncidentStep | None:
    """Close it, or open it again; its cases stay as they are. None when it is so already. Raises PermissionDenied."""
    access.check_takes_part(incident, by=by)
    moving.lock_incidents([incident.pk])
    incident.refresh_from_db(fields=["status"])
    wanted = IncidentStatus.OPEN if is_open else IncidentStatus.CLOSED
    if incident.status == wanted:
        return None
    was = moving.set_status(incident, wanted)
    step = Step.REOPENED if is_open else Step.CLOSED
    return moving.note(incident, step, by=by, at=at, was=was)


@transaction.atomic
def set_title(*, incident: Incident, text: str, by: Staff, at: datetime) -> None:
    """A few words by which colleagues know it; sealed. Raises PermissionDenied, WrongKey once all of it was erased."""
    access.check_takes_part(incident, by=by)
    incident.title = incident.box().seal(incident, "title", text)
    incident.save(update_fields=["title"])
    audit.record(by=by, verb="incident.titled", obj=incident, at=at)


# --- for the trail ------------------------------------------------------------------------------------


def record_read(*, incident: Incident, by: Staff, at: datetime) -> None:
    """Reading one is an act too."""
    audit.record(by=by, verb="incident.read", obj=incident, at=at)


def record_asked(*, incident: Incident, platform: str, count: int, by: Staff, at: datetime) -> None:
    """That removal was asked for all of it on a platform."""
    moving.note(incident, Step.ASKED, by=by, at=at, platform=platform, count=count)
