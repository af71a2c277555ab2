"""Cases: the list of mine, the one page that shows everything, and what can be done there."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from cases import actions, reading
from cases.forms import AssignForm, CloseForm, HandleForm, LinksForm, MessageForm, NoteForm
from cases.models import Case
from cases.states import CaseStatus, ForbiddenMove, Outcome
from cases.views.answers import NOT_TAKEN, back_to, case_for, first_address, next_address, page_of
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission
from helpline.crypto.wrapping import WrongKey

CASEWORK = (Permission.CASES_OWN, Permission.CASES_ALL)
TABS = {
    "open": (gettext_lazy("Open"), CaseStatus.OPEN),
    "waiting": (gettext_lazy("Waiting for the young person"), CaseStatus.WAITING),
    "closed": (gettext_lazy("Closed"), CaseStatus.CLOSED),
}


@needs(*CASEWORK)
@require_safe
def case_list(request: StaffRequest) -> HttpResponse:
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else "open"
    whose = "team" if request.GET.get("whose") == "team" else "mine"
    found = Case.objects.visible_to(request.user).filter(status=TABS[tab][1])
    if whose == "mine":
        found = found.filter(assignee=request.user)
    found = found.select_related("report", "assignee", "queue_item")
    page = page_of(request, found, "-changed_at", "-id")
    context = {
        "cases": page.rows,
        "tab": tab,
        "tabs": [
            {"label": label, "url": f"{request.path}?tab={key}&whose={whose}", "current": key == tab}
            for key, (label, _status) in TABS.items()
        ],
        "chips": [
            {"label": label, "url": f"{request.path}?tab={tab}&whose={key}", "current": key == whose}
            for key, label in (
                ("mine", _("With me")),
                ("team", _("All I may see") if request.user.can(Permission.CASES_ALL) else _("My team’s")),
            )
        ],
        "next_url": next_address(request, page.next),
        "first_url": first_address(request),
    }
    return render(request, "cases/case_list.html", context)


@needs(*CASEWORK)
@require_safe
def case_page(request: StaffRequest, ref: str) -> HttpResponse:
    return show_case(request, case_for(request.user, ref))


def show_case(request: StaffRequest, case: Case, *, status: int = 200, **bound: Any) -> HttpResponse:
    """The case page. `bound` puts what was typed, with its errors, in the place of an empty form."""
    opened = reading.read_case(case=case, by=request.user, at=timezone.now())
    empty: dict[str, forms.Form] = {
        "note": NoteForm(),
        "message": MessageForm(),
        "assign": AssignForm(initial={"to": case.assignee}),
        "handle": HandleForm(initial={"text": opened.handle}),
        "links": LinksForm(),
        "close": CloseForm(),
    }
    context = {"opened": opened, "case": case, "erased": opened.report.erased, "forms": empty | bound}
    return render(request, "cases/case.html", context, status=status)


Act = Callable[[Case, forms.Form, StaffRequest], str]


def _on_case(
    request: StaffRequest, ref: str, name: str, form: forms.Form, act: Act, *, anchor: str
) -> HttpResponse:
    """Load, check what was typed, act, go back: what every form on the page does."""
    case = case_for(request.user, ref)
    if not form.is_valid():
        return show_case(request, case, status=NOT_TAKEN, **{name: form})
    page = reverse("desk:case", kwargs={"ref": case.ref})
    try:
        said = act(case, form, request)
    except ForbiddenMove:
        case.refresh_from_db()
        said = _("Somebody changed this case meanwhile: it is “%(status)s” now. Nothing was done twice.")
        return back_to(request, page, said % {"status": case.get_status_display()}, level=messages.WARNING)
    except actions.NotAllGone:
        form.add_error("outcome", _("Not every link has been seen gone. Choose what is true of all of them."))
        return show_case(request, case, status=NOT_TAKEN, **{name: form})
    except WrongKey:
        said = _("The young person erased this report. Nothing can be added to it any more.")
        return back_to(request, page, said, level=messages.WARNING)
    return back_to(request, f"{page}#{anchor}" if anchor else page, said)


@needs(*CASEWORK)
@require_POST
def add_note(request: StaffRequest, ref: str) -> HttpResponse:
    def act(case: Case, form: forms.Form, request: StaffRequest) -> str:
        actions.add_note(case=case, text=form.cleaned_data["text"], by=request.user, at=timezone.now())
        return _("The note is kept.")

    return _on_case(request, ref, "note", NoteForm(request.POST), act, anchor="notes")


@needs(*CASEWORK)
@require_POST
def write_message(request: StaffRequest, ref: str) -> HttpResponse:
    def act(case: Case, form: forms.Form, request: StaffRequest) -> str:
        text = form.cleaned_data["text"]
        actions.write_to_young_person(case=case, text=text, by=request.user, at=timezone.now())
        return _("The message waits for them. They read it when they come back with their code.")

    return _on_case(request, ref, "message", MessageForm(request.POST), act, anchor="messages")


@needs(*CASEWORK)
@require_POST
def assign(request: StaffRequest, ref: str) -> HttpResponse:
    def act(case: Case, form: forms.Form, request: StaffRequest) -> str:
        actions.assign(case=case, to=form.cleaned_data["to"], by=request.user, at=timezone.now())
        return _("%(name)s works on this case now.") % {"name": case.assignee}

    answer = _on_case(request, ref, "assign", AssignForm(request.POST), act, anchor="people")
    if (
        answer.status_code == 302
        and not Case.objects.visible_to(request.user).filter(ref=ref.upper()).exists()
    ):
        answer["Location"] = reverse("desk:cases")
    return answer


@needs(*CASEWORK)
@require_POST
def set_handle(request: StaffRequest, ref: str) -> HttpResponse:
    def act(case: Case, form: forms.Form, request: StaffRequest) -> str:
        actions.set_handle(case=case, text=form.cleaned_data["text"], by=request.user, at=timezone.now())
        return _("The name is kept.")

    return _on_case(request, ref, "handle", HandleForm(request.POST), act, anchor="")


@needs(*CASEWORK)
@require_POST
def add_links(request: StaffRequest, ref: str) -> HttpResponse:
    def act(case: Case, form: forms.Form, request: StaffRequest) -> str:
        facts = form.cleaned_data["facts"]
        added = actions.add_links(case=case, facts=facts, by=request.user, at=timezone.now())
        if not added:
            return _("These addresses are already here.")
        return ngettext("%(count)s link added.", "%(count)s links added.", len(added)) % {"count": len(added)}

    return _on_case(request, ref, "links", LinksForm(request.POST), act, anchor="links")


@needs(*CASEWORK)
@require_POST
def set_waiting(request: StaffRequest, ref: str) -> HttpResponse:
    waiting = request.POST.get("waiting") == "yes"

    def act(case: Case, form: forms.Form, request: StaffRequest) -> str:
        actions.set_waiting(case=case, waiting=waiting, by=request.user, at=timezone.now())
        return _("Waiting for the young person.") if waiting else _("Back to work.")

    return _on_case(request, ref, "waiting", forms.Form(request.POST), act, anchor="")


@needs(*CASEWORK)
@require_POST
def close(request: StaffRequest, ref: str) -> HttpResponse:
    def act(case: Case, form: forms.Form, request: StaffRequest) -> str:
        outcome = Outcome(form.cleaned_data["outcome"])
        actions.close_case(case=case, outcome=outcome, by=request.user, at=timezone.now())
        return _("The case is closed. It can be reopened here at any time.")

    return _on_case(request, ref, "close", CloseForm(request.POST), act, anchor="")


@needs(*CASEWORK)
@require_POST
def reopen(request: StaffRequest, ref: str) -> HttpResponse:
    def act(case: Case, form: forms.Form, request: StaffRequest) -> str:
        actions.reopen_case(case=case, by=request.user, at=timezone.now())
        return _("The case is open again.")

    return _on_case(request, ref, "reopen", forms.Form(request.POST), act, anchor="")
