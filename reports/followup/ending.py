"""Taking back, erasing, leaving: what the young person can end at any time."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from helpline.audit import actions as audit
from helpline.crypto.box import Box
from reports import actions
from reports import note as notes
from reports.bounds import bounded, in_turn
from reports.followup import page as pages
from reports.followup.views import FOLLOW, opened
from reports.locked import CHANGE_CODE, ask_for_code, open_note
from reports.models import Report
from reports.states import LinkStatus
from reports.voice import speak_to, voice_of


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
        return redirect(f"{FOLLOW}?done=4")
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
@in_turn
def erase(request: HttpRequest) -> HttpResponse:
    """Erase everything, sent or not; first what that means. There is no way back from it."""
    note, form = open_note(request)
    # Held until it is erased: it may be on its way to us at this moment, from another tap.
    draft = notes.draft_of(note, lock=request.method == "POST") if note else None
    report = notes.report_of(note) if note else None
    if note is None or not (report or draft):
        return ask_for_code(request, form)
    if report and report[0].code_said_aloud:
        # Asked once more on their page, not done by itself as what was typed: there is no way back from it.
        return notes.keep(redirect(CHANGE_CODE), note)
    if report:
        speak_to(voice_of(report[0].who))
    if request.method != "POST":
        return notes.keep(render(request, "reports/erase.html", {"is_sent": bool(report)}), note)
    if report:
        actions.erase_report(report=report[0], by=audit.YOUNG_PERSON, at=timezone.now())
    elif draft:
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
    return notes.forget(render(request, "reports/goodbye.html", {"is_erased": True}))


@login_not_required
@require_safe
def left(request: HttpRequest) -> HttpResponse:
    """After leaving."""
    return notes.forget(render(request, "reports/goodbye.html", {"is_erased": False}))
