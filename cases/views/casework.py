"""Cases: the list of mine, the one page that shows everything, and what can be done there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Max
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from cases import actions, reading
from cases.forms import (
    AssignForm,
    CloseForm,
    DangerForm,
    DeadlineForm,
    HandleForm,
    LinksForm,
    MessageForm,
    NoteForm,
    once_more,
    spelled,
)
from cases.models import Case, QueueItem
from cases.states import CaseStatus, ForbiddenMove, Outcome
from cases.views.answers import (
    CASEWORK,
    NOT_TAKEN,
    Tab,
    back_to,
    case_for,
    case_to_read,
    first_address,
    next_address,
    page_of,
    tabs_of,
)
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission
from helpline.crypto.wrapping import WrongKey

TABS = {
    "open": (gettext_lazy("Open"), CaseStatus.OPEN),
    "waiting": (gettext_lazy("Waiting for the young person"), CaseStatus.WAITING),
    "closed": (gettext_lazy("Closed"), CaseStatus.CLOSED),
}

NOTHING_READ = datetime(2000, 1, 1, tzinfo=UTC)  # before any message


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
        "tabs": tabs_of_cases(tab, whose=whose),
        "chips": tabs_of(
            {
                "mine": _("With me"),
                "team": _("All I may see") if request.user.can(Permission.CASES_ALL) else _("My team’s"),
            },
            whose,
            lambda name: f"{request.path}?tab={tab}&whose={name}",
        ),
        "next_url": next_address(request, page.next),
        "first_url": first_address(request),
    }
    return render(request, "cases/case_list.html", context)


def tabs_of_cases(current: str, *, whose: str = "mine") -> list[Tab]:
    """The tabs above the lists of cases; "watched" is a list of its own."""
    page = reverse("desk:cases")
    labels = {name: label for name, (label, _status) in TABS.items()}
    tabs = tabs_of(labels, current, lambda name: f"{page}?tab={name}&whose={whose}")
    return [*tabs, Tab(_("Watched"), reverse("handover:watched"), current == "watched")]


@needs(*CASEWORK)
@require_safe
def case_page(request: StaffRequest, ref: str) -> HttpResponse:
    """Everything, with what can be done; for whom it was shared to be read, the same without a form."""
    case = case_to_read(request.user, ref)
    if actions.can_work_on(case, by=request.user):
        return show_case(request, case)
    opened = reading.read_case(case=case, by=request.user, at=timezone.now())
    context = {"opened": opened, "case": case, "erased": opened.report.erased}
    return render(request, "cases/case_to_read.html", context)


def show_case(request: StaffRequest, case: Case, *, status: int = 200, **bound: Any) -> HttpResponse:
    """The case page. `bound` puts what was typed, with its errors, in the place of an empty form."""
    opened = reading.read_case(case=case, by=request.user, at=timezone.now())
    empty: dict[str, forms.Form] = {
        "note": NoteForm(),
        "message": MessageForm(),
        "assign": AssignForm(initial={"to": case.assignee, "was": str(case.assignee_id or "")}),
        "handle": HandleForm(initial={"text": opened.handle}),
        "links": LinksForm(),
        "close": CloseForm(in_danger=bool(opened.item and opened.item.danger)),
        "danger": DangerForm(initial={"told": spelled(case.report.danger_at)}),
        "deadline": DeadlineForm(
            initial={"until": case.report.deadline_at, "was": spelled(case.report.deadline_at)}
        ),
    }
    shown = empty | bound
    newest = max((one.message.at for one in opened.messages), default=None)
    shown["message"].initial.setdefault("seen", spelled(newest))
    context = {"opened": opened, "case": case, "erased": opened.report.erased, "forms": shown}
    return render(request, "cases/case.html", context, status=status)


@dataclass(frozen=True, slots=True)
class Said:
    """What is said after an act, with the address that takes it back."""

    text: str
    undo: str = ""


Act = Callable[[Case, forms.Form, StaffRequest], str | Said]


def on_case(
    request: StaffRequest, ref: str, name: str, form: forms.Form, act: Act, *, anchor: str
) -> HttpResponse:
    """Load, check what was typed, act, go back: what every form on the page does."""
    case = case_for(request.user, ref)
    if not form.is_valid():
        return show_case(request, case, status=NOT_TAKEN, **{name: form})
    page = reverse("desk:case", kwargs={"ref": case.ref})
    try:
        done = act(case, form, request)
    except ForbiddenMove:
        case.refresh_from_db()
        said = _("Somebody changed this case meanwhile: it is “%(status)s” now. Nothing was done twice.")
        return back_to(request, page, said % {"status": case.get_status_display()}, level=messages.WARNING)
    except actions.NotAllGone:
        form.add_error("outcome", _("Not every link has been seen gone. Choose what is true of all of them."))
        return show_case(request, case, status=NOT_TAKEN, **{name: form})
    except actions.WroteMeanwhile:
        newest = case.report.messages.aggregate(at=Max("at"))["at"]
        again = once_more(request.POST, since=form.cleaned_data["seen"], seen=newest)
        return show_case(request, case, status=NOT_TAKEN, message=again)
    except actions.WithSomebodyElse:
        said = _("This case is with %(name)s now. Nothing was done: look once more.")
        said %= {"name": case.assignee or _("nobody")}
        return back_to(request, page, said, level=messages.WARNING)
    except actions.ChangedMeanwhile:
        said = _("Something changed since you opened this page. Nothing was done: look once more.")
        return back_to(request, page, said, level=messages.WARNING)
    except WrongKey:
        said = _("The young person erased this report. Nothing can be added to it any more.")
        return back_to(request, page, said, level=messages.WARNING)
    answer = done if isinstance(done, Said) else Said(done)
    return back_to(request, f"{page}#{anchor}" if anchor else page, answer.text, undo=answer.undo)


@needs(*CASEWORK)
@require_POST
def add_note(request: StaffRequest, ref: str) -> HttpResponse:
    def act(case: Case, form: forms.Form, request: StaffRequest) -> Said:
        text = form.cleaned_data["text"]
        note = actions.add_note(case=case, text=text, by=request.user, at=timezone.now())
        undo = reverse("todo:remove-note", kwargs={"ref": case.ref, "note_id": note.pk})
        return Said(_("The note is kept."), undo)

    return on_case(request, ref, "note", NoteForm(request.POST), act, anchor="notes")


@needs(*CASEWORK)
@require_POST
def write_message(request: StaffRequest, ref: str) -> HttpResponse:
    def act(case: Case, form: forms.Form, request: StaffRequest) -> Said:
        text = form.cleaned_data["text"]
        after = form.cleaned_data["seen"] or NOTHING_READ if "message-seen" in request.POST else None
        sent = actions.write_to_young_person(
            case=case, text=text, by=request.user, at=timezone.now(), after=after
        )
        undo = reverse("todo:take-back", kwargs={"ref": case.ref, "message_id": sent.pk})
        return Said(_("The message waits for them. They read it when they come back with their code."), undo)

    return on_case(request, ref, "message", MessageForm(request.POST), act, anchor="messages")


@needs(*CASEWORK)
@require_POST
def assign(request: StaffRequest, ref: str) -> HttpResponse:
    def act(case: Case, form: forms.Form, request: StaffRequest) -> str:
        was = form.cleaned_data["was"] if "assign-was" in request.POST else None
        actions.assign(case=case, to=form.cleaned_data["to"], by=request.user, at=timezone.now(), was=was)
        return _("%(name)s works on this case now.") % {"name": case.assignee}

    answer = on_case(request, ref, "assign", AssignForm(request.POST), act, anchor="people")
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

    return on_case(request, ref, "handle", HandleForm(request.POST), act, anchor="")


@needs(*CASEWORK)
@require_POST
def add_links(request: StaffRequest, ref: str) -> HttpResponse:
    def act(case: Case, form: forms.Form, request: StaffRequest) -> str:
        facts = form.cleaned_data["facts"]
        added = actions.add_links(case=case, facts=facts, by=request.user, at=timezone.now())
        if not added:
            return _("These addresses are already here.")
        return ngettext("%(count)s link added.", "%(count)s links added.", len(added)) % {"count": len(added)}

    return on_case(request, ref, "links", LinksForm(request.POST), act, anchor="links")


@needs(*CASEWORK)
@require_POST
def set_waiting(request: StaffRequest, ref: str) -> HttpResponse:
    waiting = request.POST.get("waiting") == "yes"

    def act(case: Case, form: forms.Form, request: StaffRequest) -> str:
        actions.set_waiting(case=case, waiting=waiting, by=request.user, at=timezone.now())
        return _("Waiting for the young person.") if waiting else _("Back to work.")

    return on_case(request, ref, "waiting", forms.Form(request.POST), act, anchor="")


@needs(*CASEWORK)
@require_POST
def close(request: StaffRequest, ref: str) -> HttpResponse:
    def act(case: Case, form: forms.Form, request: StaffRequest) -> Said:
        outcome = Outcome(form.cleaned_data["outcome"])
        actions.close_case(case=case, outcome=outcome, by=request.user, at=timezone.now())
        undo = reverse("todo:undo-close", kwargs={"ref": case.ref})
        return Said(_("The case is closed. It can be reopened here at any time."), undo)

    danger = QueueItem.objects.filter(case__ref=ref.upper(), danger=True)
    form = CloseForm(request.POST, in_danger=danger.exists())
    return on_case(request, ref, "close", form, act, anchor="")


@needs(*CASEWORK)
@require_POST
def reopen(request: StaffRequest, ref: str) -> HttpResponse:
    def act(case: Case, form: forms.Form, request: StaffRequest) -> str:
        actions.reopen_case(case=case, by=request.user, at=timezone.now())
        return _("The case is open again.")

    return on_case(request, ref, "reopen", forms.Form(request.POST), act, anchor="")
