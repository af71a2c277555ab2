"""A case is shared for a while, or watched."""

from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases import reading
from cases.handover import actions, desk
from cases.handover.actions import Refused
from cases.handover.forms import ShareForm
from cases.handover.views.common import ERASED, case_address, own_case
from cases.models import Case, Share
from cases.views.answers import (
    CASEWORK,
    NOT_TAKEN,
    back_to,
    case_to_read,
    first_address,
    next_address,
    page_of,
)
from cases.views.casework import tabs_of_cases
from helpline.accounts.access import StaffRequest, needs
from helpline.crypto.wrapping import WrongKey


@needs(*CASEWORK)
@require_http_methods(["GET", "HEAD", "POST"])
def share(request: StaffRequest, ref: str) -> HttpResponse:
    """With whom, for what, until when, why."""
    case = own_case(request, ref)
    here = case_address(case)
    if reading.is_erased(case):
        return back_to(request, here, str(ERASED), level=messages.WARNING)
    form = ShareForm(request.POST if request.method == "POST" else None, case=case, by=request.user)
    if form.is_valid():
        data = form.cleaned_data
        try:
            made = actions.share(
                case=case,
                to=data["colleague"],
                may_work=data["may_work"] == "work",
                lasts=data["lasts"],
                reason=data["reason"],
                by=request.user,
                at=timezone.now(),
            )
        except Refused as refused:
            form.add_error("colleague", str(refused.sentence))
        except WrongKey:
            return back_to(request, here, str(ERASED), level=messages.WARNING)
        else:
            said = _("Shared with %(name)s. It ends by itself, and you can end it here before.")
            return back_to(request, here, said % {"name": made.staff})
    context = {"case": case, "form": form, "people": desk.people_of(case, by=request.user)}
    return render(request, "handover/share.html", context, status=NOT_TAKEN if form.is_bound else 200)


@needs(*CASEWORK)
@require_POST
def end_share(request: StaffRequest, share_id: UUID) -> HttpResponse:
    found = Share.objects.filter(
        Q(staff=request.user) | Q(case__in=Case.objects.workable_by(request.user))
    ).select_related("case", "staff")
    row = get_object_or_404(found, pk=share_id)
    actions.end_share(share=row, by=request.user, at=timezone.now())
    said = _("It is not shared any more.")
    if Case.objects.visible_to(request.user).filter(pk=row.case_id).exists():
        return back_to(request, case_address(row.case), said)
    return back_to(request, reverse("desk:cases"), said)


@needs(*CASEWORK)
@require_POST
def watch(request: StaffRequest, ref: str) -> HttpResponse:
    """The star, set or taken off."""
    case = case_to_read(request.user, ref)
    on = request.POST.get("on") == "yes"
    actions.watch(case=case, on=on, by=request.user, at=timezone.now())
    said = (
        _("You watch this case. What changes is marked among your cases.")
        if on
        else _("Not watched any more.")
    )
    if request.POST.get("from") == "list":
        return back_to(request, reverse("handover:watched"), said)
    return back_to(request, case_address(case), said)


@needs(*CASEWORK)
@require_safe
def watched(request: StaffRequest) -> HttpResponse:
    found = desk.watched_by(request.user).select_related("report", "assignee", "queue_item")
    page = page_of(request, found, "-changed_at", "-id")
    context = {
        "cases": page.rows,
        "tabs": tabs_of_cases("watched"),
        "next_url": next_address(request, page.next),
        "first_url": first_address(request),
    }
    return render(request, "handover/watched.html", context)
