"""The queue: who needs somebody first, what changed since, several at once, and the search."""

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from cases import actions, claims, queue, rail, saved_views, words
from cases import search as finding
from cases.forms import AssignForm, may_hold_cases
from cases.models import Case, QueueItem, SavedView
from cases.queue import BadCursor, Filters
from cases.views import filtering, lines
from cases.views.answers import CASEWORK, first_address, next_address, with_filter
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.crypto.wrapping import WrongKey
from reports.models import Report
from reports.states import AgeRange, Kind

LABELS = {
    "waiting": gettext_lazy("Waiting"),
    "mine": gettext_lazy("Mine"),
    "open": gettext_lazy("Every open one"),
    "alone": gettext_lazy("Without anyone"),
}
TICKED = "tick"  # what an address says of rows that stay ticked


@require_safe
def home(request: StaffRequest) -> HttpResponse:
    """The queue, or for whoever may not see it the first page their role opens."""
    if request.user.can(Permission.QUEUE_READ):
        return queue_page(request)
    places = rail.items(request)
    if not places:
        raise PermissionDenied
    return redirect(places[0]["url"])


def queue_page(request: StaffRequest) -> HttpResponse:
    ticked, removed = _ids(_once(request, TICKED)), _once(request, "removed")
    filters = filtering.read(request.GET)
    after = request.GET.get("after", "")
    try:
        rows, cursor = queue.page(staff=request.user, filters=filters, after=after)
    except BadCursor:
        return redirect(first_address(request))
    found = rail.counts(request)
    query = filtering.written(filters)
    saved = saved_views.of(request.user)
    present = [view for view in saved if view.removed_at is None]
    at_the_top = not query and not after
    can_assign = request.user.can(Permission.CASES_ALL) and filters.view == "waiting" and bool(rows)
    return render(
        request,
        "cases/queue.html",
        {
            "rows": rows,
            "lines": lines.table(rows, staff=request.user, tickable=can_assign, ticked=ticked),
            "filters": filters,
            "filtered": filters != Filters(view=filters.view),
            # They come first anyway; under another tab or filter the strip leads here.
            "in_danger": lines.strip([item for item in rows if item.danger][:5]) if at_the_top else (),
            "danger": found.get("danger", 0),
            "tabs": _tabs(filters, query, present, found),
            "chips": _chips(request, filters),
            "kept": _kept_by_dates(filters),
            "query": query,
            "here": request.GET.urlencode(),
            "current_view": next((view for view in present if view.query == query), None),
            "removed_view": next(
                (view for view in saved if view.removed_at and str(view.pk) in removed), None
            ),
            "can_claim": any(request.user.can(one) for one in CASEWORK),
            "can_assign": can_assign,
            "colleagues": may_hold_cases() if can_assign else (),
            "next_url": next_address(request, cursor),
            "first_url": first_address(request),
        },
    )


@needs(Permission.QUEUE_READ)
@require_safe
def news(request: StaffRequest) -> HttpResponse:
    """What changed on a page of the queue that lies open. Asked by a clock, so it keeps nobody logged in."""
    filters, after = filtering.read(request.GET), request.GET.get("after", "")
    try:
        found = queue.news(staff=request.user, filters=filters, after=after)
    except BadCursor as error:
        raise Http404 from error
    counts = {name: rail.capped(number) for name, number in found.counts.items()}
    written = lines.news(found.rows, staff=request.user)
    said = repr((counts, found.danger, found.is_whole, written))
    seen = hashlib.sha256(said.encode()).hexdigest()[:16]
    if request.GET.get("seen") == seen:
        answer = HttpResponse(status=204)  # the page has it already: nothing is sent, nothing drawn
    else:
        told = {"news": found, "counts": counts, "lines": written, "seen": seen}
        answer = render(request, "cases/queue_news.html", told)
    request.session.accessed = False  # the half hour without a click goes on running out
    return answer


@needs(Permission.QUEUE_READ)
@require_safe
def danger(request: StaffRequest) -> HttpResponse:
    """Which reports wait and speak of danger: asked by a clock from every page of the desk."""
    answer = JsonResponse({"danger": list(queue.in_danger().values_list("report_id", flat=True))})
    request.session.accessed = False  # the half hour without a click goes on running out
    return answer


# --- several at once --------------------------------------------------------------------------------------


@needs(Permission.CASES_ALL)
@require_POST
def assign(request: StaffRequest) -> HttpResponse:
    """Open what is ticked for a colleague. What could not be opened stays ticked, with the reason."""
    wanted = _ids(request.POST.getlist("report"))[: queue.PAGE]
    form = AssignForm(request.POST)
    if not wanted or not form.is_valid():
        said = _("Tick at least one report.") if not wanted else _("Choose who works on them.")
        messages.warning(request, said)
        return _back_to_queue(request, wanted)
    to: Staff = form.cleaned_data["to"]
    items = {
        item.report_id: item
        for item in QueueItem.objects.select_related("report").filter(report_id__in=wanted)
    }
    opened, left = [], []
    for report_id in wanted:
        item = items.get(report_id)
        result = _open_for(to, item.report, by=request.user) if item else _("It is not there any more.")
        if isinstance(result, Case):
            opened.append(result.ref)
            continue
        left.append(report_id)
        name = f"{words.KINDS[Kind(item.kind)]}, {words.AGES[AgeRange(item.age_range)]}" if item else "–"
        messages.warning(request, f"{name}: {result}")
    if opened:
        said = _("Opened for %(name)s: %(refs)s.") % {"name": to, "refs": ", ".join(opened)}
        messages.success(request, said)
    return _back_to_queue(request, left)


def _open_for(to: Staff, report: Report, *, by: Staff) -> Case | str:
    """The case, or why there is none."""
    try:
        return actions.open_case(report=report, by=by, at=timezone.now(), assignee=to)
    except claims.Claimed as claimed:
        return _("%(name)s is reading it.") % {"name": claimed.by}
    except actions.AlreadyOpen as already:
        return _("It is case %(ref)s already.") % {"ref": already.case.ref}
    except WrongKey:
        return _("The young person erased it.")


def _back_to_queue(request: StaffRequest, ticked: Sequence[UUID]) -> HttpResponse:
    kept = request.GET.copy()
    kept.setlist(TICKED, [str(one) for one in ticked])
    return redirect(f"{reverse('desk:queue')}?{kept.urlencode()}" if kept else "desk:queue")


def _once(request: StaffRequest, name: str) -> list[str]:
    """What the address says under `name`, taken out of it: no link of the page carries it on."""
    asked = request.GET.copy()
    said: list[str] = asked.pop(name, [])
    request.GET = asked  # type: ignore[assignment]
    return said


def _ids(written: Sequence[str]) -> list[UUID]:
    found = []
    for one in written:
        try:
            found.append(UUID(one))
        except ValueError:
            continue
    return list(dict.fromkeys(found))


# --- tabs and filters -------------------------------------------------------------------------------------


def _kept_by_dates(filters: Filters) -> list[tuple[str, str]]:
    """What the form of days carries along."""
    asked = QueryDict(filtering.written(filters))
    return [(name, str(value)) for name, value in asked.items() if name not in {"from", "to"}]


def _tabs(
    filters: Filters, query: str, saved: Sequence[SavedView], found: dict[str, int]
) -> list[dict[str, Any]]:
    """The queue's own tabs, each with its count, and after them this person's."""
    chosen = next((view for view in saved if view.query == query), None)
    fixed = [
        {
            "label": label,
            "url": filtering.address(filtering.written(Filters(view=view))),
            "name": view,
            "count": rail.capped(found.get(view)),
            "current": chosen is None and filters.view == view,
        }
        for view, label in LABELS.items()
    ]
    return fixed + [
        {
            "label": view.name,
            "url": filtering.address(view.query),
            "name": "",
            "count": "",
            "current": view == chosen,
        }
        for view in saved
    ]


def _chips(request: StaffRequest, filters: Filters) -> list[tuple[Any, list[dict[str, Any]]]]:
    """Three rows of filters; a chosen chip's address takes its filter off."""
    groups: list[tuple[Any, str, str, list[tuple[str, Any]]]] = [
        (_("What happened"), "kind", filters.kind, list(words.KINDS.items())),
        (_("Age"), "age", filters.age_range, list(words.AGES.items())),
        (
            _("Language"),
            "language",
            filters.language,
            [(code, code.upper()) for code, _name in settings.LANGUAGES],
        ),
    ]
    return [
        (
            title,
            [
                {
                    "label": label,
                    "url": with_filter(request, name, "" if value == chosen else value),
                    "current": value == chosen,
                }
                for value, label in choices
            ],
        )
        for title, name, chosen, choices in groups
    ]


@needs(Permission.QUEUE_READ, *CASEWORK)
@require_POST
def search(request: StaffRequest) -> HttpResponse:
    """What carries this reference, link, account or day. Asked by POST, so that no address of a picture stands in a log."""
    text = request.POST.get("q", "").strip()[:2000]
    rows = finding.find(staff=request.user, text=text) if text else []
    found = {"rows": rows, "lines": lines.table(rows, staff=request.user), "q": text}
    return render(request, "cases/search.html", found)
