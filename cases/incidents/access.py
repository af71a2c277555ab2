"""Who may: whose incidents are seen, who takes part in one, who lets a case in."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef

from cases.actions import worked_on
from cases.incidents.models import Letter
from cases.incidents.states import MemberState
from cases.models import Case, Incident, IncidentMember
from helpline.accounts.models import Staff


def visible_to(staff: Staff, *, proposed: bool = False) -> Any:
    """Incidents that a case this person works on is in, or is proposed for. A case that was taken out opens nothing.

    That they are there, and why they were proposed; the rest is for those they are `open_to`.
    """
    mine = IncidentMember.objects.filter(incident=OuterRef("pk"), case__in=Case.objects.workable_by(staff))
    mine = mine.filter(state=MemberState.PROPOSED) if proposed else mine.exclude(state=MemberState.DETACHED)
    return Incident.objects.filter(Exists(mine))


def open_to(staff: Staff) -> Any:
    """Incidents this person takes part in: a case they work on is joined. What the machine proposed shows nobody's words.

    One in which nobody is joined is open to whoever works on every case that is or ever was in it.
    """
    is_mine = Exists(Case.objects.workable_by(staff).filter(pk=OuterRef("case")))
    rows = IncidentMember.objects.filter(incident=OuterRef("pk"))
    joined = rows.filter(state=MemberState.JOINED)
    once_joined = Letter.objects.filter(incident=OuterRef("pk"))
    nobody_elses = ~Exists(joined) & ~Exists(rows.filter(~is_mine)) & ~Exists(once_joined.filter(~is_mine))
    return visible_to(staff).filter(Exists(joined.filter(is_mine)) | nobody_elses)


def takes_part(incident: Incident, *, by: Staff) -> bool:
    """Is it `open_to` this person?"""
    found: bool = open_to(by).filter(pk=incident.pk).exists()
    return found


def check_takes_part(incident: Incident, *, by: Staff) -> None:
    """Raises PermissionDenied unless this person takes part in it."""
    if not takes_part(incident, by=by):
        raise PermissionDenied


def can_join(incident: Incident, *, by: Staff) -> bool:
    """May this person join cases they work on? Where others are joined, that takes somebody who is let in already."""
    return not incident.members.filter(state=MemberState.JOINED).exists() or takes_part(incident, by=by)


def check_can_join(incident: Incident, *, by: Staff) -> None:
    """Raises PermissionDenied unless they may."""
    if not can_join(incident, by=by):
        raise PermissionDenied


def check_works_on_all(cases: Iterable[Case], *, by: Staff) -> None:
    """Raises PermissionDenied unless this person works on each of them."""
    may = worked_on(by=by)
    if not all(may(case) for case in cases):
        raise PermissionDenied
