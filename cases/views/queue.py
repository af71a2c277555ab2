"""The queue: who needs somebody first, who reads what just now, and the tabs a colleague made."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from cases import actions, queue, rail, saved_views, words
from cases.forms import AssignForm, may_hold_cases
from cases.models import Case, QueueItem, SavedView
from cases.queue import BadCursor, Filters
from cases.views.answers import back_to, first_address, next_address, report_for, with_filter
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.crypto.wrapping import WrongKey
from reports.models import Report
from reports.states import AgeRange, Kind

LABELS = {"waiting": gettext_lazy("Waiting"), "mine": gettext_lazy("Mine"), "open": gettext_lazy("All open")}
CASEWORK = (Permission.CASES_OWN, Permission.CASES_ALL)
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
    filters = _filters(request.GET)
    after = request.GET.get("after", "")
    try:
        rows, cursor = queue.page(staff=request.user, filters=filters, after=after)
    except BadCursor:
        return redirect(first_address(request))
    found = rail.counts(request)
    query = _query(filters)
    saved = saved_views.of(request.user)
    present = [view for view in saved if view.removed_at is None]
    at_the_top = not query and not after
    can_assign = request.user.can(Permission.CASES_ALL) and filters.view == "waiting" and bool(rows)
    return render(
        request,
        "cases/queue.html",
        {
            "rows": rows,
            "filters": filters,
            "filtered": filters != Filters(view=filters.view),
            # They come first anyway; under another tab or filter the strip leads here.
            "in_danger": [item for item in rows if item.danger][:5] if at_the_top else (),
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
            "ticked": ticked,
            "next_url": next_address(request, cursor),
            "first_url": first_address(request),
        },
    )


@needs(Permission.QUEUE_READ)
@require_safe
def news(request: StaffRequest) -> HttpResponse:
    """What changed on a page of the queue that lies open. Asked by a clock, so it keeps nobody logged in."""
    filters, after = _filters(request.GET), request.GET.get("after", "")
    try:
        found = queue.news(staff=request.user, filters=filters, after=after)
    except BadCursor as error:
        raise Http404 from error
    counts = {name: rail.capped(number) for name, number in found.counts.items()}
    answer = render(request, "cases/queue_news.html", {"news": found, "counts": counts})
    request.session.accessed = False  # the half hour without a click goes on running out
    return answer


# --- who reads what just now ------------------------------------------------------------------------------


@needs(Permission.QUEUE_READ)
@needs(*CASEWORK)
@require_POST
def next_report(request: StaffRequest) -> HttpResponse:
    """The most urgent report that nobody reads."""
    report_id = queue.next_for(staff=request.user)
    if report_id is None:
        said = _("Nobody else waits. What colleagues read comes back when they stop.")
        return back_to(request, reverse("desk:queue"), said, level=messages.INFO)
    return redirect("desk:report", report_id)


@needs(Permission.QUEUE_READ)
@needs(*CASEWORK)
@require_POST
def keep_reading(request: StaffRequest, report_id: UUID) -> HttpResponse:
    """The time begins anew."""
    report = report_for(report_id)
    queue.claim(report=report, by=request.user)
    return redirect("desk:report", report.pk)


@needs(Permission.QUEUE_READ)
@needs(*CASEWORK)
@require_POST
def release(request: StaffRequest, report_id: UUID) -> HttpResponse:
    """Somebody else may read it."""
    if queue.release(report=report_for(report_id), by=request.user):
        return back_to(request, reverse("desk:queue"), _("The report is back in the queue."))
    return redirect("desk:queue")


@needs(Permission.CASES_ALL)
@require_POST
def take_over(request: StaffRequest, report_id: UUID) -> HttpResponse:
    """Read it instead of the colleague who does."""
    report = report_for(report_id)
    queue.take_over(report=report, by=request.user, at=timezone.now())
    return redirect("desk:report", report.pk)


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
    except queue.Claimed as claimed:
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


# --- tabs of one's own ------------------------------------------------------------------------------------


@needs(Permission.QUEUE_READ)
@require_POST
def save_view(request: StaffRequest) -> HttpResponse:
    """The filters that are on, as a tab."""
    query = _query(_filters(QueryDict(request.POST.get("query", ""))))
    name = " ".join(request.POST.get("name", "").split())[:40]
    address = _at(query)
    if not query or not name.isprintable() or not name:
        said = _("Give the tab a name.") if query else _("Choose filters first. They are what a tab keeps.")
        return back_to(request, address, said, level=messages.WARNING)
    try:
        saved_views.save(name=name, query=query, by=request.user, at=timezone.now())
    except saved_views.TooMany:
        return back_to(request, address, _too_many(), level=messages.WARNING)
    return redirect(address)


@needs(Permission.QUEUE_READ)
@require_POST
def remove_view(request: StaffRequest, view_id: UUID) -> HttpResponse:
    """Take a tab away; the queue offers it back."""
    view = get_object_or_404(SavedView, pk=view_id, staff=request.user)
    saved_views.remove(view=view, by=request.user, at=timezone.now())
    return redirect(_at(urlencode({"removed": view.pk})))


@needs(Permission.QUEUE_READ)
@require_POST
def restore_view(request: StaffRequest, view_id: UUID) -> HttpResponse:
    """Undo it."""
    view = get_object_or_404(SavedView, pk=view_id, staff=request.user)
    try:
        saved_views.put_back(view=view, by=request.user, at=timezone.now())
    except saved_views.TooMany:
        return back_to(request, reverse("desk:queue"), _too_many(), level=messages.WARNING)
    return redirect(_at(view.query))


def _too_many() -> str:
    return _("You have %(most)s tabs already. Take one away first.") % {"most": saved_views.MOST}


def _at(query: str) -> str:
    return f"{reverse('desk:queue')}?{query}" if query else reverse("desk:queue")


# --- filters ----------------------------------------------------------------------------------------------


def _filters(asked: QueryDict) -> Filters:
    """What the address asks for; a value that is none of ours is left out."""
    said = asked.get
    return Filters(
        view=_known(said("view"), queue.VIEWS) or "waiting",
        kind=_known(said("kind"), Kind.values),
        age_range=_known(said("age"), AgeRange.values),
        language=_known(said("language"), [code for code, _name in settings.LANGUAGES]),
        since=queue.day_in(said("from") or ""),
        until=queue.day_in(said("to") or ""),
    )


def _known(value: str | None, values: Any) -> str:
    return value if value and value in values else ""


def _query(filters: Filters) -> str:
    """Filters as they stand in an address, always in the same words and order; '' for the queue as it begins."""
    written: dict[str, str | date | None] = {
        "view": filters.view if filters.view != "waiting" else "",
        "kind": filters.kind,
        "age": filters.age_range,
        "language": filters.language,
        "from": filters.since,
        "to": filters.until,
    }
    return urlencode({name: str(value) for name, value in written.items() if value})


def _kept_by_dates(filters: Filters) -> list[tuple[str, str]]:
    """What the form of days carries along."""
    asked = QueryDict(_query(filters))
    return [(name, str(value)) for name, value in asked.items() if name not in {"from", "to"}]


def _tabs(
    filters: Filters, query: str, saved: Sequence[SavedView], found: dict[str, int]
) -> list[dict[str, Any]]:
    """The queue's own tabs, each with its count, and after them this person's."""
    chosen = next((view for view in saved if view.query == query), None)
    fixed = [
        {
            "label": label,
            "url": _at(_query(Filters(view=view))),
            "name": view,
            "count": rail.capped(found.get(view)),
            "current": chosen is None and filters.view == view,
        }
        for view, label in LABELS.items()
    ]
    return fixed + [
        {"label": view.name, "url": _at(view.query), "name": "", "count": "", "current": view == chosen}
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
    rows = queue.search(staff=request.user, text=text) if text else []
    return render(request, "cases/search.html", {"rows": rows, "q": text})
