"""Who reads which report just now: next for me, longer, back into the queue, instead of a colleague."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases import claims
from cases.views.answers import CASEWORK, back_to, report_for
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission

# By name: the shifts stand above the queue. Is this person away today?
IS_AWAY = "cases.handover.desk.is_away"


@needs(Permission.QUEUE_READ)
@needs(*CASEWORK)
@require_POST
def next_report(request: StaffRequest) -> HttpResponse:
    """The most urgent report that nobody reads; nothing for somebody who is away."""
    if import_string(IS_AWAY)(request.user):
        said = _("You are marked as away today. Start your shift to take something.")
        return back_to(request, reverse("handover:shift"), said, level=messages.INFO)
    report_id = claims.next_for(staff=request.user)
    if report_id is None:
        said = _("Nobody else waits. What colleagues read comes back when they stop.")
        return back_to(request, reverse("desk:queue"), said, level=messages.INFO)
    return redirect("desk:report", report_id)


@needs(Permission.QUEUE_READ)
@needs(*CASEWORK)
@require_POST
def keep_reading(request: StaffRequest, report_id: UUID) -> HttpResponse:
    """The time begins anew."""
    report = report_for(report_id)
    claims.claim(report=report, by=request.user)
    return redirect("desk:report", report.pk)


@needs(Permission.QUEUE_READ)
@needs(*CASEWORK)
@require_POST
def release(request: StaffRequest, report_id: UUID) -> HttpResponse:
    """Somebody else may read it."""
    if claims.release(report=report_for(report_id), by=request.user):
        return back_to(request, reverse("desk:queue"), _("The report is back in the queue."))
    return redirect("desk:queue")


@needs(Permission.CASES_ALL)
@require_POST
def take_over(request: StaffRequest, report_id: UUID) -> HttpResponse:
    """Read it instead of the colleague who does."""
    report = report_for(report_id)
    claims.take_over(report=report, by=request.user, at=timezone.now())
    return redirect("desk:report", report.pk)
