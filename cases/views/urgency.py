"""What makes a case urgent, corrected by whoever works on it: a danger that is over, and when a threat runs out."""

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases import actions
from cases.forms import DangerForm, DeadlineForm
from cases.models import Case
from cases.views.answers import CASEWORK
from cases.views.casework import Said, on_case
from helpline.accounts.access import StaffRequest, needs


@needs(*CASEWORK)
@require_POST
def end_danger(request: StaffRequest, ref: str) -> HttpResponse:
    def act(case: Case, form: forms.Form, request: StaffRequest) -> Said:
        said = form.cleaned_data
        actions.end_danger(
            case=case, told_at=said["told"], reason=said["text"], by=request.user, at=timezone.now()
        )
        undo = reverse("desk:danger-again", kwargs={"ref": case.ref})
        return Said(_("Noted that the danger is over. When they tell it again, it calls again."), undo)

    return on_case(request, ref, "danger", DangerForm(request.POST), act, anchor="")


@needs(*CASEWORK)
@require_POST
def danger_again(request: StaffRequest, ref: str) -> HttpResponse:
    def act(case: Case, form: forms.Form, request: StaffRequest) -> str:
        actions.take_danger_up_again(case=case, by=request.user, at=timezone.now())
        return _("Taken back: they may still be in danger.")

    return on_case(request, ref, "again", forms.Form(request.POST), act, anchor="")


@needs(*CASEWORK)
@require_POST
def set_deadline(request: StaffRequest, ref: str) -> HttpResponse:
    removes = request.POST.get("do") == "remove"

    def act(case: Case, form: forms.Form, request: StaffRequest) -> str:
        until = None if removes else form.cleaned_data["until"]
        was = form.cleaned_data["was"]
        actions.set_deadline(case=case, deadline_at=until, was=was, by=request.user, at=timezone.now())
        return _("The deadline is removed.") if removes else _("The deadline is kept.")

    form = DeadlineForm(request.POST, removes=removes)
    return on_case(request, ref, "deadline", form, act, anchor="deadline")
