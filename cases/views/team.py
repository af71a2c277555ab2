"""Who works here, and how much each holds: to share the work, never to rank people."""

from django.db.models import Count, Min, Prefetch, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cases.states import CaseStatus
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.models import Membership, Staff
from helpline.accounts.permissions import Permission


@needs(Permission.ACCOUNTS, Permission.CASES_ALL)
@require_safe
def team_page(request: StaffRequest) -> HttpResponse:
    held = ~Q(cases__status=CaseStatus.CLOSED) & Q(cases__isnull=False)
    colleagues = (
        Staff.objects.select_related("role")
        .prefetch_related(
            Prefetch("memberships", Membership.objects.select_related("team").order_by("team__name"))
        )
        .annotate(
            open_cases=Count("cases", filter=Q(cases__status=CaseStatus.OPEN)),
            waiting_cases=Count("cases", filter=Q(cases__status=CaseStatus.WAITING)),
            oldest=Min("cases__opened_at", filter=held),
            unread=Count("cases", filter=Q(cases__queue_item__unread=True)),
        )
        .order_by("-is_active", "display_name", "username")
    )
    context = {"colleagues": colleagues, "sees_load": request.user.can(Permission.CASES_ALL)}
    return render(request, "cases/team.html", context)
