"""The queue: who needs somebody first, what changed since, several at once, and the search."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import danger as dangers
from cases import queue, rail, saved_views, words
from cases import search as finding
from cases.forms import AssignForm, may_hold_cases
from cases.models import SavedView
from cases.queue import BadCursor, Filters
from cases.views import filtering, lines
from cases.views.answers import (
    CASEWORK,
    Tab,
    changed_address,
    filters_in,
    first_address,
    next_address,
    tabs_of,
)
from cases.views.opening import ids_in, open_each
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission
from helpline.platforms import directory

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
    ticked, removed = ids_in(_once(request, TICKED)), _once(request, "removed")
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
            "danger": found.get("danger", 0) + found.get("calling", 0),
            "tabs": _tabs(filters, query, present, found),
            "chips": _chips(request, filters),
            "kept": _kept_by_form(filters),
            "platforms": _platforms(filters.platform),
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
    said = repr((counts, found.danger, found.calling, found.is_whole, written))
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
    """Which reports wait and speak of danger, and which open cases call: asked by a clock from every page of the desk."""
    told = {"danger": list(queue.in_danger().values_list("report_id", flat=True))}
    calling = dangers.calling(request.user).order_by("danger_since", "report_id")[: queue.PAGE]
    if in_cases := list(calling.values_list("report_id", flat=True)):
        told["cases"] = in_cases
    answer = JsonResponse(told)
    request.session.accessed = False  # the half hour without a click goes on running out
    return answer


# --- several at once --------------------------------------------------------------------------------------


@needs(Permission.CASES_ALL)
@require_POST
def assign(request: StaffRequest) -> HttpResponse:
    """Open what is ticked for a colleague. What could not be opened stays ticked, with the reason."""
    wanted = ids_in(request.POST.getlist("report"))[: queue.PAGE]
    form = AssignForm(request.POST)
    if not wanted or not form.is_valid():
        said = _("Tick at least one report.") if not wanted else _("Choose who works on them.")
        messages.warning(request, said)
        return _back_to_queue(request, wanted)
    return _back_to_queue(request, open_each(request, wanted, to=form.cleaned_data["to"]).left)


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


# --- tabs and filters -------------------------------------------------------------------------------------


def _kept_by_form(filters: Filters) -> list[tuple[str, str]]:
    """What the form of days and platforms carries along."""
    asked = QueryDict(filtering.written(filters))
    return [(name, str(value)) for name, value in asked.items() if name not in {"from", "to", "platform"}]


def _platforms(chosen: str) -> SafeString:
    """A choice for each platform of the directory, those that became part of another left out."""
    known = directory.current().by_slug.items()
    write = _write_platforms if settings.DEBUG else _written_platforms
    return write(tuple(sorted((one.name, slug) for slug, one in known if one.slug == slug)), chosen)


def _write_platforms(platforms: tuple[tuple[str, str], ...], chosen: str) -> SafeString:
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((slug, mark_safe(" selected") if slug == chosen else "", name) for name, slug in platforms),
    )


_written_platforms = lru_cache(maxsize=256)(_write_platforms)  # some hundred, on every page the same


def _tabs(filters: Filters, query: str, saved: Sequence[SavedView], found: dict[str, int]) -> list[Tab]:
    """The queue's own tabs, each with its count, and after them this person's."""
    chosen = next((view for view in saved if view.query == query), None)
    fixed = tabs_of(
        LABELS,
        filters.view if chosen is None else "",
        lambda view: filtering.address(filtering.written(Filters(view=view))),
        found,
    )
    live = [replace(tab, live=view) for view, tab in zip(LABELS, fixed, strict=True)]
    return live + [Tab(view.name, filtering.address(view.query), view == chosen) for view in saved]


def _chips(request: StaffRequest, filters: Filters) -> SafeString:
    """Four rows of filters; a chosen chip's address takes its filter off."""
    write = _write_chips if settings.DEBUG else _written_chips
    return write(request.path, filters_in(request), filters, get_language())


def _write_chips(
    path: str, asked: tuple[tuple[str, str], ...], filters: Filters, language: str | None
) -> SafeString:
    def group(name: str, chosen: str, choices: Iterable[tuple[str, Any]]) -> list[Tab]:
        return [
            Tab(label, changed_address(path, asked, name, "" if value == chosen else value), value == chosen)
            for value, label in choices
        ]

    on = filtering.ON
    languages = [(code, code.upper()) for code, _name in settings.LANGUAGES]
    chips = [
        (
            _("Urgent"),
            [
                *group("danger", on if filters.danger else "", [(on, _("In danger"))]),
                *group("deadline", on if filters.deadline else "", [(on, _("A deadline runs"))]),
            ],
        ),
        (_("What happened"), group("kind", filters.kind, words.KINDS.items())),
        (_("Age"), group("age", filters.age_range, words.AGES.items())),
        (_("Language"), group("language", filters.language, languages)),
    ]
    return render_to_string("cases/queue_chips.html", {"chips": chips})


_written_chips = lru_cache(maxsize=256)(_write_chips)  # most look at the queue as it begins


@needs(Permission.QUEUE_READ, *CASEWORK)
@require_POST
def search(request: StaffRequest) -> HttpResponse:
    """What carries this reference, link, account or day. Asked by POST, so that no address of a picture stands in a log."""
    text = request.POST.get("q", "").strip()[:2000]
    rows = finding.find(staff=request.user, text=text) if text else []
    found = {"rows": rows, "lines": lines.table(rows, staff=request.user), "q": text}
    return render(request, "cases/search.html", found)
