"""Steps that several of the desk's views share: loading what may be seen, and going back with a word of what happened."""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.functional import Promise

from cases import rail
from cases.models import Case
from helpline.accounts.access import StaffRequest
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.web import keyset
from reports.models import Report

# Who opens the pages of cases: to work on one's own or all, or also to read what the queue shows.
CASEWORK = (Permission.CASES_OWN, Permission.CASES_ALL)
READERS = (Permission.QUEUE_READ, *CASEWORK)

M = TypeVar("M", bound=Model)
PAGE = 50
# An answer to a form that can't be taken: what was typed is shown again.
NOT_TAKEN = 422


def case_for(staff: Staff, ref: str) -> Case:
    """The case with this reference, to work on it. Raises Http404 when it is not there or not this person's, or theirs to
    read only: these look the same.
    """
    return _of(Case.objects.workable_by(staff), ref)


def case_to_read(staff: Staff, ref: str) -> Case:
    """The same, for pages that have no form: a case that a colleague shared to be read, too."""
    return _of(Case.objects.visible_to(staff), ref)


def _of(found: QuerySet[Case], ref: str) -> Case:
    return get_object_or_404(found.select_related("report", "assignee", "team"), ref=ref.upper())


def report_for(report_id: UUID) -> Report:
    """A report. Raises Http404."""
    return get_object_or_404(Report, pk=report_id)


def page_of(request: HttpRequest, rows: QuerySet[M], *by: str) -> keyset.Page[M]:
    """The page of `rows` that the address asks for, ordered by the columns `by`. Raises Http404 for a broken address."""
    try:
        return keyset.page(rows, by=by, cursor=request.GET.get("after", ""), limit=PAGE)
    except keyset.BadCursor as error:
        raise Http404 from error


def back_to(
    request: HttpRequest, address: str, said: str, *, level: int = messages.SUCCESS, undo: str = ""
) -> HttpResponse:
    """Redirect to `address` and say there what happened; `undo`: where a button beside it posts to, to take it back."""
    messages.add_message(request, level, said, extra_tags=undo)
    return redirect(address)


def next_address(request: HttpRequest, cursor: str) -> str:
    """The address of the following page of this list; '' at its end."""
    if not cursor:
        return ""
    kept = {name: value for name, value in request.GET.items() if name != "after"}
    return f"{request.path}?{urlencode(kept | {'after': cursor})}"


def first_address(request: HttpRequest) -> str:
    """The address of the first page, when this is a later one."""
    if "after" not in request.GET:
        return ""
    kept = {name: value for name, value in request.GET.items() if name != "after"}
    return f"{request.path}?{urlencode(kept)}" if kept else request.path


def with_filter(request: StaffRequest, name: str, value: str) -> str:
    """This list's address with one filter set, or taken off by an empty `value`; always from the first page."""
    return changed_address(request.path, filters_in(request), name, value)


def filters_in(request: HttpRequest) -> tuple[tuple[str, str], ...]:
    """What a filter's address carries along of this one."""
    left_out = {"after", "lang"}
    return tuple((name, str(value)) for name, value in request.GET.items() if value and name not in left_out)


def changed_address(path: str, asked: Iterable[tuple[str, str]], name: str, value: str) -> str:
    """`path` with what was asked, and one filter set, or taken off by an empty `value`."""
    changed = {key: one for key, one in asked if key != name} | ({name: value} if value else {})
    return f"{path}?{urlencode(changed)}" if changed else path


def tab_of(request: HttpRequest, names: Container[str], counts: Mapping[str, int], otherwise: str) -> str:
    """The tab that is asked for; else the first under which something is counted."""
    asked = request.GET.get("tab", "")
    return asked if asked in names else next((name for name, count in counts.items() if count), otherwise)


@dataclass(frozen=True, slots=True)
class Tab:
    """One of the lists a page has, for `components/tabs.html`; or one choice, for `components/chips.html`."""

    label: str | Promise
    url: str
    current: bool
    count: str = ""
    live: str = ""  # by this name a script keeps the count up to date


def tabs_of(
    labels: Mapping[str, str | Promise],
    current: str,
    address: str | Callable[[str], str],
    counts: Mapping[str, int | str] | None = None,
) -> list[Tab]:
    """A tab for each name of `labels`. `address`: the page they are on, which takes `?tab=` a name, or where a name leads.

    `counts`, by name: a number is written as the rail writes it, a text stands as it is.
    """
    leads_to = address if callable(address) else lambda name: f"{address}?tab={name}"
    found = counts or {}
    return [
        Tab(label, leads_to(name), name == current, _written(found.get(name)))
        for name, label in labels.items()
    ]


def _written(count: int | str | None) -> str:
    return count if isinstance(count, str) else rail.capped(count)
