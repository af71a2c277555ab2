"""Coming back with the code: what happened, messages, more links, taking back, erasing."""

import time
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from helpline.audit import actions as audit
from helpline.crypto.box import Box
from helpline.crypto.wrapping import WrongKey
from helpline.web.flood import address_of
from reports import actions
from reports import note as notes
from reports.bounds import WRITING, bounded
from reports.followup import page as pages
from reports.followup.forms import MessageForm, MorePlacesForm
from reports.locked import CodeForm, ask_for_code, open_note
from reports.models import Message, Report
from reports.places import PlacesForm
from reports.states import LinkStatus

AUTO_ID = "f-%s"
FOLLOW = "/follow/"
START = "/report/"
TOO_MANY_AT_ONCE = _("Too many at once. Wait a minute, then try again.")

P = ParamSpec("P")


def _said(request: HttpRequest) -> str:
    """What was just done, as a number in the address, which holds no content."""
    return request.GET.get("done", "")


def opened(
    view: Callable[Concatenate[HttpRequest, Report, Box, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """For pages of an open report; where none is open the code is asked for, and what was typed waits."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        note, form = open_note(request)
        found = notes.report_of(note) if note else None
        if note is None or found is None:
            return ask_for_code(request, form)
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
        found = notes.report_of(note)
        if found is not None:
            return notes.keep(_page(request, *found), note)
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


def _page(
    request: HttpRequest,
    report: Report,
    box: Box,
    *,
    message: MessageForm | None = None,
    more: MorePlacesForm | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    now = timezone.now()
    page = pages.page_of(report, box, now=now)
    context = {
        "page": page,
        "message": message or MessageForm(auto_id="m-%s"),
        "more": more or MorePlacesForm(auto_id="l-%s"),
        "wrong": message or more,
        "places": more.places() if more and more.is_bound and not more.errors else None,
        "done": _said(request),
    }
    response = render(request, "reports/follow.html", context, status=status)
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
        return _page(request, report, box, message=form)
    if _is_flood(request):
        form.add_error("message", TOO_MANY_AT_ONCE)
        return _page(request, report, box, message=form, status=HTTPStatus.TOO_MANY_REQUESTS)
    actions.send_message(
        report=report, box=box, text=form.cleaned_data["message"], by=None, at=timezone.now()
    )
    return redirect(f"{FOLLOW}?done=1#messages")


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@bounded
@opened
def links(request: HttpRequest, report: Report, box: Box) -> HttpResponse:
    """More links or accounts."""
    if request.method != "POST":
        return redirect(FOLLOW)
    form = MorePlacesForm(request.POST, auto_id="l-%s")
    if "look" in request.POST and request.headers.get("X-Part"):
        return _found(request)
    if not form.is_valid() or "look" in request.POST:
        return _page(request, report, box, more=form)
    if _is_flood(request):
        form.add_error("pasted", TOO_MANY_AT_ONCE)
        return _page(request, report, box, more=form, status=HTTPStatus.TOO_MANY_REQUESTS)
    try:
        added = actions.add_links(
            report=report,
            box=box,
            facts=form.facts,
            by=audit.YOUNG_PERSON,
            at=timezone.now(),
            most=actions.MOST_LINKS,
        )
    except actions.TooManyLinks as error:
        form.add_error("pasted", error.sentence)
        return _page(request, report, box, more=form)
    return redirect(f"{FOLLOW}?done={'2' if added else '3'}#links")


def _is_flood(request: HttpRequest) -> bool:
    return WRITING.count(address_of(request), now=time.monotonic()) > 0


def _found(request: HttpRequest) -> HttpResponse:
    form = PlacesForm(request.POST)
    form.is_valid()
    context = {"places": form.places(), "error": form.sentence()}
    return render(request, "reports/_found.html", context)


# --- taking back --------------------------------------------------------------------------------------


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@bounded
@opened
def stop(request: HttpRequest, report: Report, box: Box, number: int | None = None) -> HttpResponse:
    """Take back one link, or all of them; first what that means."""
    open_links = (
        report.links.select_related("platform").exclude(status=LinkStatus.WITHDRAWN).order_by("position")
    )
    chosen = list(open_links if number is None else open_links.filter(position=number))
    if request.method == "POST":
        actions.withdraw(report=report, links=chosen, at=timezone.now())
        return redirect(f"{FOLLOW}?done=4#links")
    if not chosen and number is not None and not report.links.filter(position=number).exists():
        raise Http404
    if not chosen:
        return redirect(FOLLOW)
    names = [pages.full_name_of(link, box) for link in chosen]
    left_already = [
        link for link in chosen if link.status not in {LinkStatus.RECEIVED, LinkStatus.IN_PROGRESS}
    ]
    heading = ngettext("Take this link back?", "Take all %(count)s links back?", len(chosen)) % {
        "count": len(chosen)
    }
    context = {"heading": heading, "names": names, "is_sent": bool(left_already)}
    return render(request, "reports/stop.html", context)


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@bounded
def erase(request: HttpRequest) -> HttpResponse:
    """Erase everything, sent or not; first what that means. There is no way back from it."""
    note, form = open_note(request)
    report = notes.report_of(note) if note else None
    draft = notes.draft_of(note) if note and report is None else None
    if note is None or not (report or draft):
        return ask_for_code(request, form)
    if request.method != "POST":
        return notes.keep(render(request, "reports/erase.html", {"is_sent": bool(report)}), note)
    if report:
        actions.erase_report(report=report[0], by=audit.YOUNG_PERSON, at=timezone.now())
    if draft:
        actions.discard_draft(draft=draft[0])
    return notes.forget(redirect("/follow/gone/"))


@login_not_required
@require_POST
@bounded
def leave(request: HttpRequest) -> HttpResponse:
    """Close what is open in this browser. The code opens it again."""
    return notes.forget(redirect("/follow/left/"))


@login_not_required
@require_safe
def gone(request: HttpRequest) -> HttpResponse:
    """After erasing."""
    return notes.forget(render(request, "reports/goodbye.html", {"is_erased": True}, status=HTTPStatus.OK))


@login_not_required
@require_safe
def left(request: HttpRequest) -> HttpResponse:
    """After leaving."""
    return notes.forget(render(request, "reports/goodbye.html", {"is_erased": False}))
