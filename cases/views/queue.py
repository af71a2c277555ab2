"""The queue: who needs somebody first."""

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from cases import queue, rail, words
from cases.queue import BadCursor, Filters
from cases.views.answers import first_address, next_address, with_filter
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission
from reports.states import AgeRange, Kind

LABELS = {"waiting": _("Waiting"), "mine": _("Mine"), "open": _("All open")}


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
    filters = _filters(request)
    try:
        rows, cursor = queue.page(staff=request.user, filters=filters, after=request.GET.get("after", ""))
    except BadCursor:
        return redirect(first_address(request))
    found = rail.counts(request)
    return render(
        request,
        "cases/queue.html",
        {
            "rows": rows,
            "filters": filters,
            "filtered": bool(filters.kind or filters.age_range or filters.language),
            "in_danger": queue.in_danger() if found.get("danger") else (),
            "tabs": [
                {
                    "label": label,
                    "url": f"{request.path}?view={view}" if view != "waiting" else request.path,
                    "count": rail.capped(found.get(view)),
                    "current": filters.view == view,
                }
                for view, label in LABELS.items()
            ],
            "chips": _chips(request, filters),
            "next_url": next_address(request, cursor),
            "first_url": first_address(request),
        },
    )


def _filters(request: HttpRequest) -> Filters:
    """What the address asks for; a value that is none of ours is left out."""
    asked = request.GET.get
    return Filters(
        view=_known(asked("view", ""), queue.VIEWS) or "waiting",
        kind=_known(asked("kind", ""), Kind.values),
        age_range=_known(asked("age", ""), AgeRange.values),
        language=_known(asked("language", ""), [code for code, _name in settings.LANGUAGES]),
    )


def _known(value: str, values: Any) -> str:
    return value if value in values else ""


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


@needs(Permission.QUEUE_READ, Permission.CASES_OWN, Permission.CASES_ALL)
@require_POST
def search(request: StaffRequest) -> HttpResponse:
    """What carries this reference, link or account. Asked by POST, so that no address of a picture stands in a log."""
    text = request.POST.get("q", "").strip()[:2000]
    rows = queue.search(staff=request.user, text=text) if text else []
    return render(request, "cases/search.html", {"rows": rows, "q": text})
