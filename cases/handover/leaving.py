"""Somebody leaves, or is away: what they have in hand goes to others, and comes back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases import actions as cases
from cases.handover import actions
from cases.handover.actions import Refused
from cases.handover.models import Away, Move, Shift, Transfer
from cases.handover.states import Status
from cases.models import Case, QueueItem, Share
from cases.states import CaseStatus
from helpline.accounts.models import Staff, Team
from helpline.accounts.permissions import Permission
from helpline.approvals import actions as approvals
from helpline.audit import actions as audit


@dataclass(frozen=True, slots=True)
class Reassigned:
    """What was moved at once: how many, and how many were not with that person any more."""

    batch: UUID
    moved: int
    missed: int


@transaction.atomic
def reassign(
    *,
    staff: Staff,
    choices: Mapping[int, Staff | None],
    offers: Mapping[UUID, Staff | None],
    by: Staff,
    at: datetime,
) -> Reassigned:
    """Give cases of `staff` to others, by their ids; None: to nobody, so that the team sees them without anyone. `offers`
    made to `staff` go to somebody else or, with None, back.

    All of it or nothing. Raises PermissionDenied, Refused for whoever can't hold a case.
    """
    if not by.can(Permission.CASES_ALL):
        raise PermissionDenied
    chosen = [one for one in (*choices.values(), *offers.values()) if one is not None]
    for one in sorted(set(chosen), key=lambda person: person.pk):
        if not (cases.can_hold_cases(one) and cases.still_works_here(one)):
            raise Refused(_("They don’t work on cases."))
    made_to = Transfer.objects.filter(pk__in=offers, to_staff=staff, status=Status.OFFERED)
    offered = made_to.select_related("case").order_by("case")
    locked = _lock_cases(Q(pk__in=list(choices), assignee=staff) | Q(pk__in=offered.values("case")))
    batch, moves = uuid4(), []
    for case in locked:
        if case.pk not in choices or case.assignee_id != staff.pk:
            continue
        to = choices[case.pk]
        if to is not None and to.pk == staff.pk:
            continue
        was_team = case.team_id
        cases.hand_to(case=case, to=to, by=by, at=at)
        moves.append(
            Move(
                **{"batch": batch, "case": case, "was": staff, "was_team_id": was_team, "to": to},
                **{"by": by, "at": at, "changed_at": case.changed_at},
            )
        )
    Move.objects.bulk_create(moves)
    for row in offered:
        _redirect(actions.locked(row), offers[row.pk], by=by, at=at)
    wanted = sum(to is None or to.pk != staff.pk for to in choices.values())
    audit.record(by=by, verb="staff.reassigned", obj=staff, detail={"cases": len(moves)}, at=at)
    return Reassigned(batch, len(moves), wanted - len(moves))


def _lock_cases(found: Q) -> list[Case]:
    rows = Case.objects.select_for_update(no_key=True).filter(found).exclude(status=CaseStatus.CLOSED)
    return list(rows.order_by("pk"))


def _redirect(row: Transfer, to: Staff | None, *, by: Staff, at: datetime) -> None:
    if row.status != Status.OFFERED:
        return
    if to is None or to.pk in {row.by_id, row.case.assignee_id}:
        actions.settle(row, Status.VOID, by=by, at=at)
        return
    row.to_staff = to
    row.save(update_fields=["to_staff"])
    actions.tell(row, by=by, at=at)


@transaction.atomic
def undo(*, batch: UUID, by: Staff, at: datetime) -> tuple[int, int]:
    """Give back what `reassign` moved and nobody has touched since: how many, and how many stay. PermissionDenied."""
    if not by.can(Permission.CASES_ALL):
        raise PermissionDenied
    moves = Move.objects.select_related("was__role", "was_team").filter(batch=batch, undone_at=None)
    first = moves.first()
    if first is None:
        return 0, 0
    was = first.was
    is_here = cases.can_hold_cases(was) and cases.still_works_here(was)
    locked = {case.pk: case for case in _lock_cases(Q(pk__in=moves.values("case")))}
    # Read again now that nobody else undoes it at the same moment.
    left = list(moves.all())
    back = 0
    for move in left:
        case = locked.get(move.case_id)
        if (
            case is None
            or not is_here
            or (case.assignee_id, case.changed_at) != (move.to_id, move.changed_at)
        ):
            continue
        cases.hand_to(case=case, to=was, by=by, at=at, team=move.was_team)
        Move.objects.filter(pk=move.pk).update(undone_at=at)
        back += 1
    audit.record(by=by, verb="staff.reassigned_back", obj=was, detail={"cases": back}, at=at)
    return back, len(left) - back


def nothing_stays(*, staff: Staff, by: Staff | None, at: datetime) -> None:
    """The account is being closed: what this person had in hand goes back to their team, or to the supervisors. What they
    shared and what they asked a second person for ends too.

    Called by name (settings.ON_STAFF_LEAVING) in the transaction that closes it, with the account's row locked.
    """
    theirs = Q(to_staff=staff) | Q(by=staff)
    offers = Transfer.objects.filter(theirs, status=Status.OFFERED).order_by("case")
    teams = Team.objects.filter(memberships__staff=staff).order_by("slug")
    pool = teams.first()
    count = 0
    for case in _lock_cases(Q(assignee=staff) | Q(pk__in=offers.values("case"))):
        if case.assignee_id != staff.pk:
            continue
        case.team = case.team or pool
        cases.hand_to(case=case, to=None, by=by, at=at)
        count += 1
    for row in offers.select_related("case"):
        locked = actions.locked(row)
        if locked.status == Status.OFFERED:
            actions.settle(locked, Status.VOID, by=by, at=at)
    QueueItem.objects.filter(claimed_by=staff).update(claimed_by=None, claimed_until=None)
    shares = Share.objects.filter(Q(staff=staff) | Q(by=staff), ended_at=None)
    shares.update(ended_at=at, ended_by=by)
    Shift.objects.filter(staff=staff, ended_at=None).update(ended_at=at)
    approvals.withdraw_all_of(staff=staff, by=by, at=at)
    audit.record(by=by, verb="staff.cases_returned", obj=staff, detail={"cases": count}, at=at)


# --- days away --------------------------------------------------------------------------------------------


@transaction.atomic
def set_away(*, staff: Staff, first_day: date, last_day: date, by: Staff, at: datetime) -> Away:
    """From one day to another, both included. Why is not asked. Raises PermissionDenied, Refused."""
    _check_speaks_for(staff, by)
    if last_day < first_day:
        raise Refused(_("The last day comes before the first."))
    if last_day < timezone.localdate(at):
        raise Refused(_("These days are over."))
    row = Away.objects.create(staff=staff, first_day=first_day, last_day=last_day, by=by, at=at)
    audit.record(by=by, verb="staff.away", obj=staff, at=at)
    return row


@transaction.atomic
def end_away(*, away: Away, by: Staff, at: datetime) -> None:
    """They are here after all. Raises PermissionDenied."""
    _check_speaks_for(away.staff, by)
    if Away.objects.filter(pk=away.pk).delete()[0]:
        audit.record(by=by, verb="staff.back", obj=away.staff, at=at)


def _check_speaks_for(staff: Staff, by: Staff) -> None:
    if staff.pk != by.pk and not by.can(Permission.CASES_ALL):
        raise PermissionDenied
