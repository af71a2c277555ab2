"""The safety plan of a case: writing it, its earlier versions, sharing it."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cases import reading
from cases.models import Case
from cases.states import CaseStatus
from cases.todo import actions, desk, words
from cases.todo.actions import CaseClosed, Stale
from cases.todo.forms import PlanForm, ShareForm
from cases.todo.models import PARTS, SafetyPlan
from cases.todo.views.common import case_address, closed, erased
from cases.views.answers import CASEWORK, NOT_TAKEN, back_to, case_for
from helpline.accounts.access import StaffRequest, needs
from helpline.crypto.wrapping import WrongKey


def _address(case: Case) -> str:
    return reverse("todo:plan", kwargs={"ref": case.ref})


@needs(*CASEWORK)
@require_http_methods(["GET", "HEAD", "POST"])
def plan_page(request: StaffRequest, ref: str) -> HttpResponse:
    case = case_for(request.user, ref)
    if reading.is_erased(case):
        return erased(request, case)
    if request.method != "POST":
        return _show(request, case)
    form = PlanForm(request.POST)
    if not form.is_valid():
        return _show(request, case, form=form)
    try:
        plan = actions.write_plan(
            case=case,
            based_on=form.cleaned_data["based_on"] or 0,
            said=form.said(),
            review_on=form.cleaned_data["review_on"],
            by=request.user,
            at=timezone.now(),
        )
    except Stale as error:
        return _stale(request, case, error.now)
    except CaseClosed:
        return closed(request, case)
    except WrongKey:
        return erased(request, case)
    said = _("The plan is kept, as version %(number)s.") % {"number": plan.number}
    return back_to(request, _address(case), said)


def _stale(request: StaffRequest, case: Case, latest: object) -> HttpResponse:
    """Both versions: the colleague's beside what was typed. Sent again, what was typed becomes the newest."""
    typed: QueryDict = request.POST.copy()
    typed[f"{PlanForm.prefix}-based_on"] = str(latest.number if isinstance(latest, SafetyPlan) else 0)
    return _show(request, case, form=PlanForm(typed), is_stale=True)


def _show(
    request: StaffRequest, case: Case, *, form: PlanForm | None = None, is_stale: bool = False
) -> HttpResponse:
    plan, now = desk.latest_plan(case), timezone.now()
    parts = desk.parts_of(plan, case.box())
    if plan is not None:
        plan.case = case
        actions.record_plan_read(plan=plan, by=request.user, at=now)
    if form is None:
        initial: dict[str, Any] = {part.name: part.text for part in parts}
        initial |= {"based_on": plan.number if plan else 0, "review_on": plan.review_on if plan else None}
        form = PlanForm(initial=initial)
    context = {
        "case": case,
        "plan": plan,
        "parts": parts,
        "form": form,
        "is_stale": is_stale,
        "editing": form.is_bound or plan is None or request.GET.get("change") == "1",
        "may_change": case.status != CaseStatus.CLOSED,
        "versions": case.safety_plans.select_related("by").order_by("-number").defer(*PARTS),
    }
    return render(request, "todo/plan.html", context, status=NOT_TAKEN if form.is_bound else 200)


@needs(*CASEWORK)
@require_safe
def plan_version(request: StaffRequest, ref: str, number: int) -> HttpResponse:
    """How it stood: to read, not to change."""
    case = case_for(request.user, ref)
    if reading.is_erased(case):
        return erased(request, case)
    plan = get_object_or_404(case.safety_plans.select_related("by"), number=number)
    plan.case = case
    actions.record_plan_read(plan=plan, by=request.user, at=timezone.now())
    context = {"case": case, "plan": plan, "parts": desk.parts_of(plan, case.box())}
    return render(request, "todo/plan_version.html", context)


@needs(*CASEWORK)
@require_http_methods(["GET", "HEAD", "POST"])
def share(request: StaffRequest, ref: str) -> HttpResponse:
    """First as they will read it, to be changed; then it is sent as a message."""
    case = case_for(request.user, ref)
    if reading.is_erased(case):
        return erased(request, case)
    plan = desk.latest_plan(case)
    if plan is None:
        said = _("There is no plan yet. Write it first.")
        return back_to(request, _address(case), said, level=messages.WARNING)
    plan.case = case
    if request.method != "POST":
        actions.record_plan_read(plan=plan, by=request.user, at=timezone.now())
        text = words.plan_as_message(actions.opened_plan(plan, case.box()), case.report)
        return _show_share(request, plan, ShareForm(initial={"text": text, "number": plan.number}))
    form = ShareForm(request.POST)
    if not form.is_valid():
        return _show_share(request, plan, form)
    try:
        if form.cleaned_data["number"] != plan.number:
            raise Stale(plan)
        actions.share_plan(plan=plan, text=form.cleaned_data["text"], by=request.user, at=timezone.now())
    except Stale:
        typed: QueryDict = request.POST.copy()
        typed[f"{ShareForm.prefix}-number"] = str(desk.latest_plan(case).number)  # type: ignore[union-attr]
        return _show_share(request, plan, ShareForm(typed), is_stale=True)
    except CaseClosed:
        return closed(request, case)
    except WrongKey:
        return erased(request, case)
    said = _("The plan is sent. They read it when they come back with their code.")
    return back_to(request, case_address(case, "messages"), said)


def _show_share(request: StaffRequest, plan: SafetyPlan, form: ShareForm, **more: Any) -> HttpResponse:
    case = plan.case
    context = {
        "case": case,
        "plan": plan,
        "form": form,
        "tongue": words.tongue_of(case.report),
        "parts": desk.parts_of(plan, case.box()),
        **more,
    }
    return render(request, "todo/plan_share.html", context, status=NOT_TAKEN if form.is_bound else 200)
