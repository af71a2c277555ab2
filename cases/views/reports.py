"""A report that is no case yet: read it, take it in hand."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import actions, claims, queue, reading
from cases.actions import AlreadyOpen
from cases.forms import AssignForm
from cases.models import Case, QueueItem
from cases.views.answers import NOT_TAKEN, back_to, report_for
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission
from helpline.crypto.wrapping import WrongKey
from reports.models import Report

# By name: incidents stand above. Answers what others share with a report, for the colleague who reads it.
ALIKE = "cases.incidents.alike.of"


@needs(Permission.QUEUE_READ)
@require_safe
def report_page(request: StaffRequest, report_id: UUID) -> HttpResponse:
    report = report_for(report_id)
    if existing := _case_of(report):
        return redirect("desk:case", ref=existing.ref) if _is_visible(existing, request) else _not_there()
    return _show(request, report, AssignForm(initial={"to": request.user}))


@needs(Permission.CASES_OWN, Permission.CASES_ALL)
@require_POST
def open_case(request: StaffRequest, report_id: UUID) -> HttpResponse:
    """Take the report in hand: oneself, or the colleague chosen in the form."""
    report = report_for(report_id)
    form = AssignForm(request.POST) if "assign-to" in request.POST else None
    if form is not None and not form.is_valid():
        return _show(request, report, form, status=NOT_TAKEN)
    assignee = form.cleaned_data["to"] if form is not None else None
    try:
        case = actions.open_case(report=report, by=request.user, at=timezone.now(), assignee=assignee)
    except AlreadyOpen as already:
        said = _("A colleague took this report in hand before you.")
        if _is_visible(already.case, request):
            return back_to(request, f"/staff/cases/{already.case.ref}/", said, level=messages.WARNING)
        return back_to(request, "/staff/", said, level=messages.WARNING)
    except claims.Claimed as claimed:
        said = _("%(name)s is reading this report just now. It comes back by itself when they stop.")
        address = reverse("desk:report", kwargs={"report_id": report.pk})
        return back_to(request, address, said % {"name": claimed.by}, level=messages.WARNING)
    except WrongKey:
        said = _("The young person erased this report. There is nothing left to open.")
        return back_to(request, "/staff/", said, level=messages.WARNING)
    if not _is_visible(case, request):
        said = _("Case %(ref)s is open and with %(name)s.") % {"ref": case.ref, "name": case.assignee}
        return back_to(request, "/staff/", said)
    return redirect("desk:case", ref=case.ref)


def _show(request: StaffRequest, report: Report, form: AssignForm, *, status: int = 200) -> HttpResponse:
    now = timezone.now()
    if not QueueItem.objects.filter(report=report).exists():
        queue.add_report(report=report, at=now)  # the sweep was not here yet
    opened = reading.read_report(report=report, by=request.user, at=now)
    can_open = request.user.can(Permission.CASES_OWN) or request.user.can(Permission.CASES_ALL)
    if can_open and not opened.erased:
        claims.claim(report=report, by=request.user)  # who opens it has it for a while
    item = QueueItem.objects.select_related("claimed_by").get(report=report)
    context = {
        **{"opened": opened, "report": report, "item": item, "form": form, "can_open": can_open},
        "other_reader": item.reader if item.reader != request.user else None,
        "can_take_over": request.user.can(Permission.CASES_ALL),
        "alike": None if opened.erased else import_string(ALIKE)(opened, by=request.user),
    }
    return render(request, "cases/report.html", context, status=status)


def _case_of(report: Report) -> Case | None:
    return Case.objects.filter(report=report).first()


def _is_visible(case: Case, request: StaffRequest) -> bool:
    return actions.can_work_on(case, by=request.user)


def _not_there() -> HttpResponse:
    raise Http404
