"""A line of the history taken back: everything as it stood before, or nothing."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from cases.incidents import access, moving
from cases.incidents.models import IncidentStep
from cases.incidents.moving import Change, Place
from cases.incidents.states import UNDONE_BY_UNDO, MemberState, Step
from cases.models import Incident, IncidentMember
from cases.states import IncidentStatus
from helpline.accounts.models import Staff


class CannotUndo(Exception):
    """Something of it was decided anew since."""


def step_of(incident: Incident, step_id: UUID) -> IncidentStep | None:
    """A line of its history; also what was done to it from the other side."""
    return IncidentStep.objects.filter(Q(incident=incident) | Q(other=incident), pk=step_id).first()


def can_undo(step: IncidentStep) -> bool:
    """Does the history offer it? What the machine proposed is decided, not undone; that it made two guesses one can be.

    Whether it still can be done shows when it is tried.
    """
    is_a_persons = step.by_id is not None or step.what == Step.MERGED
    return step.undone_at is None and step.what in UNDONE_BY_UNDO and is_a_persons


@transaction.atomic
def undo(*, step: IncidentStep, by: Staff, at: datetime) -> None:
    """Everything as it stood before this step: all of it, or, with CannotUndo, nothing. Twice is as once.

    Raises PermissionDenied unless this person works on every case it concerned, and may join those that come back.
    """
    changes: Sequence[Change] = step.changes
    cases = {case.pk: case for case in moving.lock_cases({one["case"] for one in changes})}
    incidents = moving.lock_incidents([pk for pk in (step.incident_id, step.other_id) if pk is not None])
    row = IncidentStep.objects.select_for_update(no_key=True).get(pk=step.pk)
    if row.undone_at is not None:
        return
    if not can_undo(row):
        raise CannotUndo("Nothing of it can be taken back.")
    if changes:
        access.check_works_on_all(cases.values(), by=by)
    else:
        access.check_takes_part(incidents[step.incident_id], by=by)
    members = {
        one.pk: one
        for one in IncidentMember.objects.select_for_update(no_key=True).filter(
            pk__in=[one["member"] for one in changes]
        )
    }
    if any(moving.place(members.get(one["member"])) != one["after"] for one in changes):
        raise CannotUndo("Something of it was decided anew since.")
    places = [one["before"] for one in changes if one["before"]]
    if any(incidents[place["incident"]].key is None for place in places):
        raise CannotUndo("The incident they would go back to was forgotten since.")
    for pk in {place["incident"] for place in places if place["state"] == MemberState.JOINED}:
        access.check_can_join(incidents[pk], by=by)
    _undo_status(row, incidents[step.incident_id])
    back = [_put_back(members.get(one["member"]), one, by=by, at=at) for one in reversed(changes)]
    if row.what in {Step.SPLIT, Step.OPENED}:
        made = incidents[step.other_id or step.incident_id]
        if not made.members.exclude(state=MemberState.DETACHED).exists():
            moving.set_status(made, IncidentStatus.CLOSED)
    row.undone_at, row.undone_by = at, by
    row.save(update_fields=["undone_at", "undone_by"])
    step.refresh_from_db()
    moving.note(
        incidents[step.incident_id], Step.UNDONE, by=by, at=at, changes=back, other=row.other, step=row.what
    )


def _undo_status(step: IncidentStep, incident: Incident) -> None:
    was = step.data.get("was")
    if was is None:
        return
    left = IncidentStatus.OPEN if step.what == Step.REOPENED else IncidentStatus.CLOSED
    if incident.status != left:
        raise CannotUndo("The incident was opened or closed since.")
    moving.set_status(incident, IncidentStatus(was))


def _put_back(row: IncidentMember | None, change: Change, *, by: Staff, at: datetime) -> Change:
    before: Place | None = change["before"]
    if row is None:
        return moving.change(moving.bring_back(change), before=None)
    if before is None:
        change = moving.change(row, before=moving.place(row)) | {"after": None}
        moving.tell_case(row.case, MemberState.DETACHED, row.incident.ref, by=by, at=at)
        row.delete()
        return change
    if before["incident"] != row.incident_id:
        return moving.carry(row, Incident.objects.get(pk=before["incident"]), by=by, at=at)
    return moving.put(row, MemberState(before["state"]), by=by, at=at)
