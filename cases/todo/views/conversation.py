"""Writing to the young person with a text to begin with, and ways back: a message, a note, a checklist, the end of a
case.
"""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cases import reading
from cases.forms import MessageForm
from cases.models import Case
from cases.states import ForbiddenMove
from cases.todo import undo, words
from cases.todo.forms import UseTextForm
from cases.todo.models import Checklist
from cases.todo.undo import TooLate
from cases.todo.views.common import case_address, erased, is_part
from cases.views.answers import CASEWORK, NOT_TAKEN, back_to, case_for
from cases.views.casework import show_case
from helpline.accounts.access import StaffRequest, needs
from helpline.crypto.wrapping import WrongKey


@needs(*CASEWORK)
@require_POST
def use_text(request: StaffRequest, ref: str) -> HttpResponse:
    """Put a text into the box, below what is in it already. Sent by POST, so that no words stand in an address."""
    case = case_for(request.user, ref)
    if reading.is_erased(case):
        return erased(request, case)
    typed = request.POST.get("message-text", "").strip().replace("\x00", "")
    form, status = UseTextForm(request.POST), 200
    if form.is_valid():
        platforms = list(
            case.report.links.filter(platform__is_other=False)
            .order_by("platform__name")
            .values_list("platform__name", flat=True)
            .distinct()
        )
        text = words.filled(
            form.cleaned_data["template"], report=case.report, platforms=platforms, now=timezone.now()
        )
        typed = f"{typed}\n\n{text}" if typed else text
    else:
        status = NOT_TAKEN
    message = MessageForm(initial={"text": typed, "seen": request.POST.get("message-seen", "")})
    if is_part(request):
        return render(request, "todo/message_box.html", {"form": message, "case": case}, status=200)
    return show_case(request, case, status=status, message=message)


@needs(*CASEWORK)
@require_http_methods(["GET", "HEAD", "POST"])
def take_back(request: StaffRequest, ref: str, message_id: UUID) -> HttpResponse:
    """Unsend a message. Its words are in the box of the page that answers, and nowhere else any more."""
    case = case_for(request.user, ref)
    if request.method != "POST":
        return redirect(case_address(case, "messages"))  # the address of that page, opened again
    try:
        text = undo.take_back_message(case=case, message_id=message_id, by=request.user, at=timezone.now())
    except TooLate as error:
        return back_to(request, case_address(case, "messages"), str(error.why), level=messages.WARNING)
    except WrongKey:
        return erased(request, case)
    messages.success(request, _("Taken back. Nobody read it. Its words are in the box."))
    return show_case(request, _again(request, case), message=MessageForm(initial={"text": text}))


def _again(request: StaffRequest, case: Case) -> Case:
    return case_for(request.user, case.ref)


@needs(*CASEWORK)
@require_POST
def remove_note(request: StaffRequest, ref: str, note_id: UUID) -> HttpResponse:
    case = case_for(request.user, ref)
    here = case_address(case, "notes")
    try:
        undo.remove_note(case=case, note_id=note_id, by=request.user, at=timezone.now())
    except TooLate as error:
        return back_to(request, here, str(error.why), level=messages.WARNING)
    except WrongKey:
        return erased(request, case)
    address = reverse("todo:restore-note", kwargs={"ref": case.ref, "note_id": note_id})
    return back_to(request, here, _("The note is removed."), undo=address)


@needs(*CASEWORK)
@require_POST
def restore_note(request: StaffRequest, ref: str, note_id: UUID) -> HttpResponse:
    case = case_for(request.user, ref)
    here = case_address(case, "notes")
    try:
        undo.put_back_note(case=case, note_id=note_id, by=request.user, at=timezone.now())
    except TooLate as error:
        return back_to(request, here, str(error.why), level=messages.WARNING)
    except WrongKey:
        return erased(request, case)
    return back_to(request, here, _("The note is back."))


@needs(*CASEWORK)
@require_POST
def take_back_checklist(request: StaffRequest, ref: str, checklist_id: UUID) -> HttpResponse:
    case = case_for(request.user, ref)
    checklist = get_object_or_404(Checklist, pk=checklist_id)
    here = case_address(case, "next")
    try:
        undo.take_back_checklist(case=case, checklist=checklist, by=request.user, at=timezone.now())
    except TooLate as error:
        return back_to(request, here, str(error.why), level=messages.WARNING)
    except WrongKey:
        return erased(request, case)
    said = _("“%(name)s” is out of this case again.") % {"name": words.name_of(checklist)}
    return back_to(request, here, said)


@needs(*CASEWORK)
@require_POST
def undo_close(request: StaffRequest, ref: str) -> HttpResponse:
    case = case_for(request.user, ref)
    here = case_address(case)
    try:
        in_silence = undo.undo_close(case=case, by=request.user, at=timezone.now())
    except TooLate as error:
        return back_to(request, here, str(error.why), level=messages.WARNING)
    except ForbiddenMove:
        case.refresh_from_db()
        said = _("The case is “%(status)s”: there is nothing to undo.") % {
            "status": case.get_status_display()
        }
        return back_to(request, here, said, level=messages.WARNING)
    except WrongKey:
        return erased(request, case)
    if in_silence:
        return back_to(
            request, here, _("As if it had not been closed. The young person reads nothing of it.")
        )
    said = _(
        "The case is open again. They may have seen that it was closed, so they read that we are on it again."
    )
    return back_to(request, here, said)
