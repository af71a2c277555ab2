"""Incidents: cases that share a cause, proposed by the machine and joined by a person."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import actions, incidents, reading, words
from cases.forms import TitleForm
from cases.incidents import Shared
from cases.models import Case, Incident, IncidentMember
from cases.states import MemberState
from cases.views.answers import (
    NOT_TAKEN,
    back_to,
    first_address,
    incident_for,
    next_address,
    page_of,
    visible_incidents,
)
from cases.views.casework import CASEWORK
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.models import Staff


@dataclass(frozen=True, slots=True)
class Row:
    """A case in the matrix. `name` is empty for a case this person may not see."""

    member: IncidentMember
    name: str
    shares: list[bool]


@needs(*CASEWORK)
@require_safe
def incident_list(request: StaffRequest) -> HttpResponse:
    found = visible_incidents(request.user).annotate(
        joined=Count("members", filter=Q(members__state=MemberState.JOINED)),
        proposed=Count("members", filter=Q(members__state=MemberState.PROPOSED)),
    )
    page = page_of(request, found, "-opened_at", "-id")
    rows = [(incident, incident.box().open(incident, "title")) for incident in page.rows]
    context = {
        "rows": rows,
        "next_url": next_address(request, page.next),
        "first_url": first_address(request),
    }
    return render(request, "cases/incident_list.html", context)


@needs(*CASEWORK)
@require_safe
def incident_page(request: StaffRequest, ref: str) -> HttpResponse:
    incident = incident_for(request.user, ref)
    return _show(request, incident, TitleForm(initial={"text": incident.box().open(incident, "title")}))


def _show(request: StaffRequest, incident: Incident, form: TitleForm, *, status: int = 200) -> HttpResponse:
    members = list(
        incident.members.select_related("case__report", "case__assignee", "case__queue_item").order_by(
            "proposed_at", "id"
        )
    )
    shared = incidents.shared_between([member.case for member in members])
    rows = _rows(members, shared, request.user)
    context = {
        "incident": incident,
        "title": incident.box().open(incident, "title"),
        "form": form,
        "columns": [(words.SHARED[one.kind], one.platform) for one in shared],
        "rows": [row for row in rows if row.member.state != MemberState.DETACHED],
        "detached": [row for row in rows if row.member.state == MemberState.DETACHED and row.name],
    }
    return render(request, "cases/incident.html", context, status=status)


def _rows(members: list[IncidentMember], shared: list[Shared], staff: Staff) -> list[Row]:
    """Handles are opened for the cases this person may see, and for no other."""
    mine = set(
        Case.objects.visible_to(staff)
        .filter(pk__in=[m.case_id for m in members])
        .values_list("pk", flat=True)
    )
    return [
        Row(
            member=member,
            name=_name(member.case) if member.case_id in mine else "",
            shares=[member.case_id in one.case_ids for one in shared],
        )
        for member in members
    ]


def _name(case: Case) -> str:
    return ("" if reading.is_erased(case) else case.box().open(case, "handle")) or case.ref


@needs(*CASEWORK)
@require_POST
def set_title(request: StaffRequest, ref: str) -> HttpResponse:
    incident = incident_for(request.user, ref)
    form = TitleForm(request.POST)
    if not form.is_valid():
        return _show(request, incident, form, status=NOT_TAKEN)
    actions.set_title(incident=incident, text=form.cleaned_data["text"], by=request.user, at=timezone.now())
    return back_to(request, reverse("desk:incident", kwargs={"ref": incident.ref}), _("The name is kept."))


@needs(*CASEWORK)
@require_POST
def decide(request: StaffRequest, ref: str, member_id: int) -> HttpResponse:
    """The same cause, or not. Either answer can be changed later, here or on the case page."""
    found: Any = IncidentMember.objects.filter(case__in=Case.objects.visible_to(request.user)).select_related(
        "case", "incident"
    )
    member = get_object_or_404(found, pk=member_id, incident__ref=ref.upper())
    joined = request.POST.get("joined") == "yes"
    actions.decide_membership(member=member, joined=joined, by=request.user, at=timezone.now())
    said = _("Joined. You can undo it.") if joined else _("Kept apart. You can undo it.")
    if request.POST.get("from") != "incident":
        return back_to(request, reverse("desk:case", kwargs={"ref": member.case.ref}) + "#incident", said)
    # Going to the case would open it, and leave a reading in the trail that nobody asked for.
    if visible_incidents(request.user).filter(pk=member.incident_id).exists():
        return back_to(request, reverse("desk:incident", kwargs={"ref": member.incident.ref}), said)
    said = _("Kept apart. You can undo it on the page of the case.")
    return back_to(request, reverse("desk:incidents"), said)
