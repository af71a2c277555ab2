"""Coming back with the code: the door, the page of what happened, messages."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from helpline.crypto.box import Box
from helpline.crypto.wrapping import WrongKey
from reports import actions, crowd
from reports import note as notes
from reports.bounds import bounded
from reports.followup import page as pages
from reports.followup.forms import MessageForm
from reports.locked import CodeForm, ask_for_code, change_code_first, open_note
from reports.models import Message, Report
from reports.voice import speak_to, voice_of

AUTO_ID = "f-%s"
FOLLOW = "/follow/"
START = "/report/"

P = ParamSpec("P")


def _done(request: HttpRequest) -> str:
    """What was just done, as a number in the address, which holds no content."""
    return request.GET.get("done", "")


def opened(
    view: Callable[Concatenate[HttpRequest, Report, Box, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """For pages of an open report. Where none is open the code is asked for, and where its code was said aloud another
    is taken first; what was typed waits.
    """

    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        note, form = open_note(request)
        note = notes.settled(note) if note else None
        found = notes.report_of(note) if note else None
        if note is None or found is None:
            return ask_for_code(request, form)
        speak_to(voice_of(found[0].who))
        if found[0].code_said_aloud:
            return change_code_first(request, note)
        try:
            return notes.keep(view(request, *found, *args, **kwargs), note)
        except WrongKey:  # erased since it was looked up
            return ask_for_code(request)

    return wrapper


# --- the door -----------------------------------------------------------------------------------------


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@bounded
def follow(request: HttpRequest) -> HttpResponse:
    """The page of an open report, or the door: one field for the code."""
    if request.method == "POST":
        return _enter(request)
    note = notes.read(request)
    if note is not None:
        note = notes.settled(note)
        found = notes.report_of(note)
        if found is not None and found[0].code_said_aloud:
            return change_code_first(request, note)
        if found is not None:
            speak_to(voice_of(found[0].who))
            return notes.keep(show(request, *found), note)
    has_draft = note is not None and not note.is_report
    response = render(
        request, "reports/door.html", {"form": CodeForm(auto_id=AUTO_ID), "has_draft": has_draft}
    )
    return notes.keep(response, note) if note and has_draft else notes.forget(response)


def _enter(request: HttpRequest) -> HttpResponse:
    form = CodeForm(request.POST, auto_id=AUTO_ID)
    note = form.try_it(request)
    if note is None:
        return render(request, "reports/door.html", {"form": form}, status=form.status)
    return notes.keep(redirect(FOLLOW if note.is_report else START), note)


# --- the page -----------------------------------------------------------------------------------------


def show(
    request: HttpRequest,
    report: Report,
    box: Box,
    *,
    message: MessageForm | None = None,
) -> HttpResponse:
    """The page of an open report, with a message that was not sent yet."""
    now = timezone.now()
    page = pages.page_of(report, box, now=now)
    context = {
        "page": page,
        "message": message or MessageForm(auto_id="m-%s"),
        "wrong": message,
        "done": _done(request),
        "takes_screenshots": settings.EVIDENCE_ENABLED,
    }
    response = render(request, "reports/follow.html", context)
    if page.unread and request.method != "HEAD":
        actions.mark_read(report=report, author=Message.Author.HELPLINE, at=now)
    return response


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@bounded
@opened
def message(request: HttpRequest, report: Report, box: Box) -> HttpResponse:
    """A message to the helpline."""
    if request.method != "POST":
        return redirect(FOLLOW)
    form = MessageForm(request.POST, auto_id="m-%s")
    if not form.is_valid():
        return show(request, report, box, message=form)
    if held := crowd.hold(request):
        return held
    actions.send_message(
        report=report, box=box, text=form.cleaned_data["message"], by=None, at=timezone.now()
    )
    return redirect(f"{FOLLOW}?done=1#messages")
