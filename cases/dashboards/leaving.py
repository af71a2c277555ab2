"""Figures that leave: saved as files, and put on the public page."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cases.dashboards import metrics, publishing, saving
from cases.dashboards.approving import ROWS, check_can_ask_rows, period_of
from cases.dashboards.asking import address_of, asked_of
from cases.dashboards.forms import PublishForm, RowsForm
from cases.dashboards.periods import Period
from cases.views.answers import NOT_TAKEN, back_to, tabs_of
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.approvals import actions as approvals
from helpline.approvals.handlers import CannotBeDone
from helpline.approvals.models import Approval
from helpline.audit import actions as audit
from helpline.web.files import neutral_file
from helpline.web.sheets import sheet_file
from reports.statistics.models import PublishedYear
from reports.statistics.views import numbers

FORMS = ("csv", "json")
FIRST_YEAR = 2000


# --- figures, and a line for each request -----------------------------------------------------------------


@needs(Permission.FIGURES)
@require_http_methods(["GET", "HEAD", "POST"])
def export_page(request: StaffRequest) -> HttpResponse:
    """What can be saved of a period; a POST asks for its lines."""
    period, platform = asked_of(request.GET)
    asked = address_of(period, platform.slug if platform else None)
    page = f"{reverse('dashboards:export')}?{urlencode(asked)}"
    form = RowsForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        return _ask_for_rows(request, form.cleaned_data, asked, page)
    granted = granted_rows(request.user)
    waiting = approvals.waiting_on(what=ROWS, obj=request.user)
    context = {
        "period": period,
        "platform": platform,
        "address": urlencode(asked),
        "asked": asked,
        "form": form,
        "may_ask": _can_ask_rows(request.user),
        "may_publish": settings.PUBLIC_STATISTICS and publishing.can_publish(request.user),
        "waiting": waiting,
        "waiting_for": period_of(waiting.proposal) if waiting else "",
        "granted": granted,
        "granted_for": period_of(granted.proposal) if granted else "",
        "until": granted.done_at + settings.EXPORT_FOR if granted and granted.done_at else None,
    }
    return render(request, "dashboards/export.html", context, status=NOT_TAKEN if form.is_bound else 200)


def _can_ask_rows(by: Staff) -> bool:
    try:
        check_can_ask_rows(by)
    except PermissionDenied:
        return False
    return True


def _ask_for_rows(
    request: StaffRequest, data: Mapping[str, Any], asked: Mapping[str, str], page: str
) -> HttpResponse:
    there = approvals.waiting_on(what=ROWS, obj=request.user)
    try:
        approvals.ask(
            what=ROWS,
            obj=request.user,
            by=request.user,
            reason=data["text"],
            why=data["why"],
            proposal=asked,
            at=timezone.now(),
        )
    except PermissionDenied:
        said = _("Only who may see every case asks for this.")
        return back_to(request, page, said, level=messages.WARNING)
    if there is not None:
        said = _("You asked for one before, and it still waits. Take it back first to ask for another.")
        return back_to(request, page, said, level=messages.WARNING)
    return back_to(request, page, _("Asked. The file can be made once a second person says yes."))


def granted_rows(by: Staff) -> Approval | None:
    """The yes by which this person may save the lines now."""
    return approvals.granted_to(what=ROWS, obj=by, by=by, since=timezone.now() - settings.EXPORT_FOR)


@needs(Permission.FIGURES)
@require_POST
def save_figures(request: StaffRequest) -> HttpResponseBase:
    """The figures of a period as CSV or JSON. Each saving is in the trail."""
    period, platform = asked_of(request.POST)
    form = request.POST.get("form", "")
    if form not in FORMS:
        raise Http404
    slug = platform.slug if platform else None
    figures = metrics.figures(since=period.since, until=period.until, platform=slug)
    detail: audit.Detail = {**address_of(period, slug), "form": form}
    audit.record(by=request.user, verb="figures.exported", obj=None, detail=detail, at=timezone.now())
    name = _name("figures", period, slug)
    if form == "csv":
        return sheet_file(saving.lines(figures, period), name=name)
    text = json.dumps(saving.as_json(figures, period), ensure_ascii=False, indent=2)
    return neutral_file(text.encode(), kind="json", content_type="application/json", name=name)


@needs(Permission.FIGURES)
@require_POST
def save_rows(request: StaffRequest) -> HttpResponseBase:
    """One line for each request of the period that was agreed to. Each saving is in the trail."""
    page = reverse("dashboards:export")
    allowed = granted_rows(request.user)
    if allowed is None or not _can_ask_rows(request.user):
        said = _("Nobody agreed to it, or the time is over. Ask again.")
        return back_to(request, page, said, level=messages.WARNING)
    period, platform = asked_of(allowed.proposal)
    slug = platform.slug if platform else None
    facts = saving.rows_of(period.since, period.until, platform=slug)
    detail: audit.Detail = {
        **address_of(period, slug),
        "approval": str(allowed.pk),
        "rows": facts.count(),
    }
    audit.record(by=request.user, verb="rows.exported", obj=request.user, detail=detail, at=timezone.now())
    return sheet_file(saving.row_lines(facts), name=_name("requests", period, slug))


def _name(what: str, period: Period, slug: str | None) -> str:
    """Colleagues have to tell several files apart."""
    return "-".join(part for part in (what, *period.address.values(), slug) if part)


# --- the public page --------------------------------------------------------------------------------------


def _check_can_publish(request: StaffRequest) -> None:
    """Raises Http404 where the page is switched off, PermissionDenied for who may not."""
    if not settings.PUBLIC_STATISTICS:
        raise Http404
    publishing.check_can_publish(request.user)


def _year(said: Mapping[str, Any]) -> int:
    text, now = str(said.get("year") or ""), timezone.localdate().year
    if not text:
        return now
    if not (text.isascii() and text.isdigit() and len(text) == 4 and FIRST_YEAR <= int(text) <= now):
        raise Http404
    return int(text)


@needs(Permission.FIGURES)
@require_http_methods(["GET", "HEAD", "POST"])
def publish_page(request: StaffRequest) -> HttpResponse:
    """What would stand on the public page, what stands there, and asking a second person."""
    _check_can_publish(request)
    number = _year(request.GET)
    row = PublishedYear.objects.filter(pk=number).first() or PublishedYear(pk=number)
    page = f"{reverse('dashboards:publish')}?year={number}"
    facts: dict[str, Any] = {}
    trouble = ""
    try:
        facts = publishing.preview(row)
    except CannotBeDone as no:
        trouble = str(no.sentence)
    seen = digest_of(facts)
    form = PublishForm(request.POST if request.method == "POST" else None, initial={"seen": seen})
    moved_on = False
    if form.is_valid() and facts:
        if form.cleaned_data["seen"] == seen:
            return _ask_to_publish(request, number, facts, form.cleaned_data["text"], page)
        # What was read is not what would be asked for: shown again, with the words that were typed.
        moved_on = True
        typed = request.POST.copy()
        typed["ask-seen"] = seen
        form = PublishForm(typed)
    waiting = approvals.waiting_on(what=publishing.PUBLISH, obj=row)
    now = timezone.localdate().year
    context = {
        "year": number,
        "row": row,
        "up": numbers(row.facts) if row.facts else [],
        "facts": facts,
        "numbers": numbers(facts) if facts else [],
        "is_same": facts.get("numbers") == row.facts.get("numbers")
        and facts.get("sent") == row.facts.get("sent")
        if facts and row.facts
        else False,
        "trouble": trouble,
        "moved_on": moved_on,
        "form": form,
        "waiting": waiting,
        "small": settings.SMALL_CELLS,
        "public_url": f"{settings.PUBLIC_URL}/statistics/?year={number}",
        "chips": tabs_of(
            {str(one): str(one) for one in range(now, max(now - 5, FIRST_YEAR), -1)},
            str(number),
            lambda year: f"{request.path}?year={year}",
        ),
    }
    return render(
        request, "dashboards/publish.html", context, status=NOT_TAKEN if request.method == "POST" else 200
    )


def digest_of(facts: Mapping[str, Any]) -> str:
    """Names a preview, so that what is asked for is what was read."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _ask_to_publish(
    request: StaffRequest, year: int, facts: Mapping[str, Any], reason: str, page: str
) -> HttpResponse:
    row = publishing.row_of(year)
    there = approvals.waiting_on(what=publishing.PUBLISH, obj=row)
    try:
        publishing.ask(year=row, facts=facts, reason=reason, by=request.user, at=timezone.now())
    except CannotBeDone as no:
        return back_to(request, page, str(no.sentence), level=messages.WARNING)
    if there is not None:
        said = _("This year waits for a second person already. Nothing changed.")
        return back_to(request, page, said, level=messages.WARNING)
    return back_to(request, page, _("Asked. It stands on the public page once a second person says yes."))


@needs(Permission.FIGURES)
@require_POST
def take_down(request: StaffRequest) -> HttpResponse:
    """At once, by one person: what should not stand there must not wait."""
    _check_can_publish(request)
    number = _year(request.POST)
    row = PublishedYear.objects.filter(pk=number).first()
    page = f"{reverse('dashboards:publish')}?year={number}"
    if row is None or not publishing.take_down(year=row, by=request.user, at=timezone.now()):
        return back_to(
            request, page, _("It was not on the public page. Nothing changed."), level=messages.WARNING
        )
    return back_to(request, page, _("Taken down. Nobody can read it on the public page any more."))
