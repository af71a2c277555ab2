"""My shift: that I am here, what the last one left and what I leave, and my days away."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases import rail
from cases.handover import desk, leaving, shifts
from cases.handover.actions import Refused
from cases.handover.forms import AwayForm, EndShiftForm
from cases.handover.models import Away, HandOver
from cases.views.answers import NOT_TAKEN, READERS, back_to
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission


@needs(*READERS)
@require_safe
def shift_page(request: StaffRequest) -> HttpResponse:
    return _show_shift(request, AwayForm())


def _show_shift(request: StaffRequest, form: AwayForm, *, status: int = 200) -> HttpResponse:
    now = timezone.now()
    latest = list(desk.handovers_for(request.user)[: desk.LATEST])
    texts = shifts.words_of(handovers=latest, by=request.user, at=now)
    today = timezone.localdate()
    context = {
        "is_on": desk.shift_of(request.user).exists(),
        "left": [(one, texts.get(one.pk, "")) for one in latest],
        "away": Away.objects.filter(staff=request.user, last_day__gte=today).order_by("first_day"),
        "form": form,
        "today": today,
    }
    return render(request, "handover/shift.html", context, status=status)


@needs(*READERS)
@require_POST
def start_shift(request: StaffRequest) -> HttpResponse:
    """One click; then what the last shift left."""
    if shifts.start_shift(by=request.user, at=timezone.now()):
        messages.success(request, _("Your shift has begun. Colleagues see that you are here."))
    return redirect("handover:shift")


@needs(*READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def end_shift(request: StaffRequest) -> HttpResponse:
    """What I leave, in rows and in words."""
    now = timezone.now()
    summary = desk.summary(of=request.user, seen_by=request.user, now=now)
    form = EndShiftForm(request.POST if request.method == "POST" else None, dangers=summary.dangers)
    if form.is_valid():
        shifts.end_shift(by=request.user, words=form.cleaned_data["words"], at=now)
        return back_to(request, reverse("handover:shift"), _("Your shift has ended. Rest well."))
    context = {
        "form": form,
        "summary": summary,
        "is_on": desk.shift_of(request.user).exists(),
        "now": now,
        # Whatever else the rail counts of this person's: other rooms stand beside this one, and are not asked by name.
        "calls": rail.capped(rail.counts(request).get("calls")),
        "tasks": rail.capped(rail.counts(request).get("tasks")),
    }
    return render(request, "handover/end_shift.html", context, status=NOT_TAKEN if form.is_bound else 200)


def _handover_for(request: StaffRequest, handover_id: UUID) -> HandOver:
    return get_object_or_404(desk.handovers_for(request.user), pk=handover_id)


@needs(*READERS)
@require_safe
def handover_page(request: StaffRequest, handover_id: UUID) -> HttpResponse:
    """One of them, with what its colleague has in hand now, as far as the reader sees it."""
    row, now = _handover_for(request, handover_id), timezone.now()
    context = {
        "row": row,
        "text": shifts.words_of(handovers=[row], by=request.user, at=now).get(row.pk, ""),
        "summary": desk.summary(of=row.by, seen_by=request.user, now=now),
    }
    return render(request, "handover/handover.html", context)


@needs(*READERS)
@require_POST
def mark_read(request: StaffRequest, handover_id: UUID) -> HttpResponse:
    shifts.mark_read(handover=_handover_for(request, handover_id), by=request.user, at=timezone.now())
    return redirect("handover:shift")


@needs(*READERS)
@require_POST
def my_away(request: StaffRequest) -> HttpResponse:
    """I am not here on these days."""
    form = AwayForm(request.POST)
    if kept_away(request, form, staff=request.user):
        return back_to(
            request, reverse("handover:shift"), _("Kept. Nothing is offered to you on these days.")
        )
    return _show_shift(request, form, status=NOT_TAKEN)


def kept_away(request: StaffRequest, form: AwayForm, *, staff: Staff) -> bool:
    """The days are kept; or the form says why not."""
    if not form.is_valid():
        return False
    try:
        leaving.set_away(staff=staff, by=request.user, at=timezone.now(), **form.cleaned_data)
    except Refused as refused:
        form.add_error("last_day", str(refused.sentence))
        return False
    return True


@needs(*READERS)
@require_POST
def end_away(request: StaffRequest, away_id: UUID) -> HttpResponse:
    found = Away.objects.select_related("staff")
    if not request.user.can(Permission.CASES_ALL):
        found = found.filter(staff=request.user)
    row = get_object_or_404(found, pk=away_id)
    leaving.end_away(away=row, by=request.user, at=timezone.now())
    said = _("%(name)s is here on these days after all.") % {"name": row.staff}
    if row.staff_id == request.user.pk:
        return back_to(request, reverse("handover:shift"), said)
    return back_to(request, reverse("handover:reassign", args=[row.staff_id]), said)
