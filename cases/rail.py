"""The rail of the desk: where this person may go, and how much waits for them there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Self

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from cases import danger, queue
from cases.models import Case, IncidentMember, QueueItem
from cases.states import CaseStatus, MemberState, QueueState
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.approvals import actions as approvals

# By name: the takedowns stand above the rail. Answers the takedowns of `staff` that need a person.
TAKEDOWNS_NEEDING_A_PERSON = "cases.takedowns.desk.needing_a_person"
# The same of the referrals: those to ask about again.
REFERRALS_DUE = "cases.referrals.desk.due"
# And the tasks of `staff` for today or before.
TASKS_DUE = "cases.todo.desk.due"
# Who would like to talk with a supervisor.
TALKS_WANTED = "cases.wellbeing.actions.wanted"
# And the calls of `staff` that are not finished.
CALLS_UNFINISHED = "cases.listening.actions.unfinished"

# Offers of cases that wait for `staff`, those that came back to them, and the shift they are on.
OFFERED = "cases.handover.desk.offered_to"
OFFERS_BACK = "cases.handover.desk.came_back_to"
SHIFT = "cases.handover.desk.shift_of"

# (icon, label, address, who sees it, which count)
PLACES: Sequence[tuple[str, Promise | str, str, tuple[Permission, ...], str]] = (
    ("queue", _("Queue"), "desk:queue", (Permission.QUEUE_READ,), "waiting"),
    ("calls", _("Calls"), "listening:list", (Permission.CASES_OWN,), "calls"),
    ("cases", _("My cases"), "desk:cases", (Permission.CASES_OWN, Permission.CASES_ALL), "unread"),
    ("tasks", _("My tasks"), "todo:list", (Permission.CASES_OWN, Permission.CASES_ALL), "tasks"),
    (
        "transfers",
        _("Hand-overs"),
        "handover:transfers",
        (Permission.CASES_OWN, Permission.CASES_ALL),
        "offered",
    ),
    ("incidents", _("Incidents"), "desk:incidents", (Permission.CASES_OWN, Permission.CASES_ALL), "proposed"),
    ("takedowns", _("Takedowns"), "takedowns:desk", (Permission.TAKEDOWNS,), "takedowns"),
    (
        "referrals",
        _("Referrals"),
        "referrals:list",
        (Permission.CASES_OWN, Permission.CASES_ALL),
        "referrals",
    ),
    ("platforms", _("Platforms"), "desk:platforms", (Permission.PLATFORMS, Permission.TAKEDOWNS), ""),
    ("approvals", _("To approve"), "desk:approvals", (Permission.APPROVE,), "approvals"),
    ("figures", _("Figures"), "dashboards:dashboard", (Permission.FIGURES,), ""),
    ("team", _("Team"), "handover:team", (Permission.ACCOUNTS, Permission.CASES_ALL), ""),
    ("accounts", _("Accounts"), "accounts:list", (Permission.ACCOUNTS,), ""),
    (
        "wellbeing",
        _("Wellbeing"),
        "wellbeing:team",
        (Permission.QUEUE_READ, Permission.CASES_OWN, Permission.CASES_ALL),
        "talks",
    ),
    ("trail", _("Trail"), "desk:trail", (Permission.TRAIL,), ""),
)

# Reached from a place, and a part of it, though its address begins otherwise.
PARTS: Mapping[str, tuple[str, ...]] = {
    "queue": ("/staff/reports/", "/staff/queue/", "/staff/search/", "/staff/next/"),
    "platforms": ("/staff/letters/",),
    "figures": ("/staff/alerts/", "/staff/annual-report/", "/staff/reconciliation/"),
}

# What the number beside a place counts, in words.
COUNTED: Mapping[str, Promise | str] = {
    "waiting": _("Waiting"),
    "calls": _("Not finished"),
    "unread": _("Unread"),
    "tasks": _("Due today or before"),
    "offered": _("Offered to me"),
    "proposed": _("To decide"),
    "takedowns": _("What needs a person"),
    "referrals": _("To follow up"),
    "approvals": _("Waiting for me"),
    "talks": _("Would like to talk"),
}


def counts(request: HttpRequest) -> dict[str, int]:
    """What waits, by name, each counted up to `queue.COUNT_UP_TO`; one statement a request, whatever the page shows."""
    kept: dict[str, int] | None = getattr(request, "_desk_counts", None)
    if kept is None:
        kept = _question(_Asker.of(request.user)).ask() if isinstance(request.user, Staff) else {}
        request._desk_counts = kept  # type: ignore[attr-defined]
    return kept


@dataclass(frozen=True, slots=True)
class _Asker:
    """Somebody, with all that decides what is counted for them."""

    pk: int
    permissions: frozenset[str]
    teams: tuple[str, ...]
    day: date
    staff: Staff = field(compare=False)

    @classmethod
    def of(cls, staff: Staff) -> Self:
        """`staff`, today. Whoever sees every case is not asked for their teams."""
        teams = () if staff.can(Permission.CASES_ALL) else tuple(sorted(staff.team_slugs()))
        return cls(staff.pk, frozenset(staff.role.permissions), teams, timezone.localdate(), staff)


@lru_cache(maxsize=256)
def _question(asker: _Asker) -> queue.CappedCounts:
    """What `counts` asks for them. Kept, because nothing else decides it: not the hour, not what was counted before."""
    return queue.CappedCounts(_counted(asker.staff))


def _counted(staff: Staff) -> dict[str, QuerySet[Any]]:
    found: dict[str, QuerySet[Any]] = {}
    if staff.can(Permission.QUEUE_READ):
        found |= queue.tabs(staff=staff)
        # The strip sends nobody away from the one in danger whom they are reading.
        theirs = Q(claimed_by=staff, claimed_until__gt=Now())
        found["danger"] = QueueItem.objects.filter(~theirs, state=QueueState.WAITING, danger=True)
    if staff.can(Permission.CASES_OWN) or staff.can(Permission.CASES_ALL):
        unread = QueueItem.objects.filter(state=QueueState.OPEN, holder=staff, unread=True)
        long = Now() - timedelta(hours=settings.ALERTS_UNREAD_HOURS)
        found |= {"unread": unread, "left_unread": unread.filter(unread_since__lte=long)}
        found["calling"] = danger.calling(staff)
        mine = Case.objects.workable_by(staff).exclude(status=CaseStatus.CLOSED)
        found["proposed"] = IncidentMember.objects.filter(state=MemberState.PROPOSED, case__in=mine)
        calls: Callable[..., QuerySet[Any]] = import_string(CALLS_UNFINISHED)
        found["calls"] = calls(staff)
        due: Callable[..., QuerySet[Any]] = import_string(REFERRALS_DUE)
        found["referrals"] = due(staff)
        found["tasks"] = import_string(TASKS_DUE)(staff)
        for name, path in (("offered", OFFERED), ("offers_back", OFFERS_BACK), ("shift", SHIFT)):
            found[name] = import_string(path)(staff)
    if staff.can(Permission.CASES_ALL):
        found["talks"] = import_string(TALKS_WANTED)().exclude(staff=staff)
    if staff.can(Permission.TAKEDOWNS):
        needing: Callable[..., QuerySet[Any]] = import_string(TAKEDOWNS_NEEDING_A_PERSON)
        found["takedowns"] = needing(staff)
    if staff.can(Permission.APPROVE):
        found["approvals"] = approvals.waiting_for(staff)
    return found


def capped(number: int | None) -> str:
    """A count as it is written: "99+" where counting stopped, nothing for none."""
    if not number:
        return ""
    return f"{queue.COUNT_UP_TO - 1}+" if number >= queue.COUNT_UP_TO else str(number)


def items(request: HttpRequest) -> list[dict[str, Any]]:
    """The places this person's role opens: label, url, icon, count, current."""
    staff = request.user
    if not isinstance(staff, Staff):
        return []
    found, held = counts(request), frozenset(staff.role.permissions if staff.is_active else ())
    places = [
        {"label": label, "url": url, "icon": icon, "count": capped(found.get(count)), "counted": counted}
        for icon, label, url, permissions, count, counted in _places(get_language())
        if not held.isdisjoint(permissions)
        and (icon != "calls" or Permission.QUEUE_READ in held)  # a call ends in the queue
    ]
    found_here = [str(place["url"]) for place in places if _leads_to(place, request.path)]
    here = max(found_here, default="", key=len)
    return [place | {"current": place["url"] == here} for place in places]


@lru_cache(maxsize=8)  # fourteen on each page, always the same
def _places(language: str | None) -> Sequence[tuple[str, str, str, tuple[Permission, ...], str, str]]:
    """PLACES, with their addresses and in this language."""
    return [
        (icon, str(label), reverse(name), permissions, count, str(COUNTED.get(count, "")))
        for icon, label, name, permissions, count in PLACES
    ]


def _leads_to(place: Mapping[str, Any], path: str) -> bool:
    url, parts = str(place["url"]), PARTS.get(str(place["icon"]), ())
    # The queue's own address begins every other one: a report is of it, my account is not.
    return path.startswith(parts) or (path == url if place["icon"] == "queue" else path.startswith(url))
