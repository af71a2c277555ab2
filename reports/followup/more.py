"""Adding to what was told: links, fingerprints, and what has changed since."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from helpline.audit import actions as audit
from helpline.crypto.box import Box
from reports import actions, crowd
from reports.bounds import bounded
from reports.followup.forms import ChangedForm, MoreFingerprintsForm, MorePlacesForm
from reports.followup.views import FOLLOW, opened
from reports.models import Report
from reports.voice import voice_of

HELP_NOW = "/report/now/"


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@bounded
@opened
def links(request: HttpRequest, report: Report, box: Box) -> HttpResponse:
    """More links or accounts."""
    is_posted = request.method == "POST"
    form = MorePlacesForm(request.POST if is_posted else None, auto_id="f-%s")
    is_valid = form.is_valid()
    if "look" in request.POST and request.headers.get("X-Part"):
        return render(request, "reports/_found.html", {"places": form.places(), "error": form.sentence()})
    if not is_valid or "look" in request.POST:
        context = {"form": form, "places": form.places() if is_posted and not form.errors else None}
        return render(request, "reports/more_links.html", context)
    if held := crowd.hold(request):
        return held
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
        return render(request, "reports/more_links.html", {"form": form})
    return redirect(f"{FOLLOW}?done={'2' if added else '3'}")


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@bounded
@opened
def fingerprints(request: HttpRequest, report: Report, box: Box) -> HttpResponse:
    """Fingerprints made on this device, now that the picture is at hand."""
    if "remove" in request.POST:
        actions.remove_fingerprints(report=report, at=timezone.now())
        return redirect(f"{FOLLOW}?done=6")
    form = MoreFingerprintsForm(request.POST if request.method == "POST" else None, auto_id="f-%s")
    if not form.is_valid():
        context = {"form": form, "kept": report.fingerprints.count()}
        return render(request, "reports/more_fingerprints.html", context)
    if held := crowd.hold(request):
        return held
    added = actions.add_fingerprints(report=report, box=box, facts=form.facts, at=timezone.now())
    return redirect(f"{FOLLOW}?done={'2' if added else '3'}")


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@bounded
@opened
def changed(request: HttpRequest, report: Report, box: Box) -> HttpResponse:
    """What is true now and was not when it was told. Whoever is in danger sees who can help at once."""
    data = request.POST if request.method == "POST" else None
    form = ChangedForm(data, voice=voice_of(report.who), told=report.circumstances, auto_id="f-%s")
    if not form.is_valid():
        return render(request, "reports/changed.html", {"form": form})
    if held := crowd.hold(request):
        return held
    at = timezone.now()
    actions.add_circumstances(
        report=report, circumstances=form.circumstances, deadline_at=form.deadline.ends(at), at=at
    )
    return redirect(HELP_NOW if form.is_urgent else f"{FOLLOW}?done=5")
