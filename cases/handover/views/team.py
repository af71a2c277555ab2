"""The team: who works here, and to whom somebody's cases go who leaves or is away."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases.handover import desk, leaving
from cases.handover.actions import Refused
from cases.handover.forms import AwayForm, ReassignForm
from cases.handover.models import Away, Move, Transfer
from cases.handover.views.shifts import kept_away
from cases.models import Case
from cases.states import CaseStatus
from cases.views.answers import NOT_TAKEN, back_to
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission

TEAM = (Permission.ACCOUNTS, Permission.CASES_ALL)


@needs(*TEAM)
@require_safe
def team(request: StaffRequest) -> HttpResponse:
    """Who works here, and how much each holds: to share the work, never to rank people."""
    context = {
        "colleagues": desk.team(),
        "sees_load": request.user.can(Permission.CASES_ALL),
        "unheld": desk.unheld(request.user),
        "today": timezone.localdate(),
    }
    return render(request, "cases/team.html", context)


@needs(Permission.CASES_ALL)
@require_http_methods(["GET", "HEAD", "POST"])
def reassign(request: StaffRequest, staff_id: int) -> HttpResponse:
    """Everything somebody has in hand, and to whom it goes."""
    staff = get_object_or_404(Staff.objects.select_related("role"), pk=staff_id)
    form = _reassign_form(staff, request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _show_reassign(request, staff, form, AwayForm())
    data = form.cleaned_data
    try:
        done = leaving.reassign(
            staff=staff, choices=data["choices"], offers=data["offers"], by=request.user, at=timezone.now()
        )
    except Refused as refused:
        form.add_error("everything", str(refused.sentence))
        return _show_reassign(request, staff, form, AwayForm())
    if done.missed:
        said = ngettext(
            "%(count)s case was not with them any more, and stays where it is.",
            "%(count)s cases were not with them any more, and stay where they are.",
            done.missed,
        )
        messages.warning(request, said % {"count": done.missed})
    address = reverse("handover:reassign", args=[staff.pk])
    return redirect(f"{address}?done={done.batch}" if done.moved else address)


def _reassign_form(staff: Staff, said: Any = None) -> ReassignForm:
    held = Case.objects.filter(assignee=staff).exclude(status=CaseStatus.CLOSED)
    rows = held.select_related("report", "queue_item").order_by("-queue_item__danger", "opened_at", "pk")
    offers = desk.rows_of(Transfer.objects.live().filter(to_staff=staff)).order_by("offered_at", "pk")
    return ReassignForm(
        said,
        cases={case.pk: case for case in rows},
        offers={row.pk: row for row in offers},
        staff=staff,
    )


def _show_reassign(
    request: StaffRequest, staff: Staff, form: ReassignForm, away_form: AwayForm, *, status: int = 200
) -> HttpResponse:
    done: Any = ()
    try:
        batch = UUID(request.GET.get("done", ""))
    except ValueError:
        batch = None
    if batch is not None:
        done = Move.objects.filter(batch=batch, was=staff, undone_at=None).select_related("case", "to")
    today = timezone.localdate()
    context = {
        "staff": staff,
        "form": form,
        "away_form": away_form,
        "away": Away.objects.filter(staff=staff, last_day__gte=today).order_by("first_day"),
        "is_here": desk.shift_of(staff).exists(),
        "done": list(done),
        "batch": batch,
        "today": today,
    }
    is_refused = form.is_bound or away_form.is_bound
    return render(request, "handover/reassign.html", context, status=NOT_TAKEN if is_refused else status)


@needs(Permission.CASES_ALL)
@require_POST
def undo(request: StaffRequest, batch: UUID) -> HttpResponse:
    """Give back what nobody has touched since."""
    first = Move.objects.filter(batch=batch).first()
    if first is None:
        raise Http404
    back, left = leaving.undo(batch=batch, by=request.user, at=timezone.now())
    if back:
        said = ngettext("%(count)s case is back.", "%(count)s cases are back.", back)
        messages.success(request, said % {"count": back})
    if left:
        said = ngettext(
            "%(count)s case stays where it is: somebody worked on it since, or they are not here any more.",
            "%(count)s cases stay where they are: somebody worked on them since, or they are not here any more.",
            left,
        )
        messages.warning(request, said % {"count": left})
    return redirect("handover:reassign", first.was_id)


@needs(Permission.CASES_ALL)
@require_POST
def set_away(request: StaffRequest, staff_id: int) -> HttpResponse:
    """A colleague is ill or on holiday: from when until when."""
    staff = get_object_or_404(Staff.objects.select_related("role"), pk=staff_id)
    form = AwayForm(request.POST)
    if not kept_away(request, form, staff=staff):
        return _show_reassign(request, staff, _reassign_form(staff), form)
    said = _("Kept. Nothing is offered to %(name)s on these days.") % {"name": staff}
    return back_to(request, reverse("handover:reassign", args=[staff.pk]), said)
