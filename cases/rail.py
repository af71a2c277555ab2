"""The rail of the desk: where this person may go, and how much waits for them there."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from cases import queue
from cases.models import Case, IncidentMember, QueueItem
from cases.states import CaseStatus, MemberState, QueueState
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.approvals import actions as approvals

# By name: the takedowns stand above the rail. Answers the takedowns of `staff` that need a person.
TAKEDOWNS_NEEDING_A_PERSON = "cases.takedowns.desk.needing_a_person"
# The same of the referrals: those to ask about again.
REFERRALS_DUE = "cases.referrals.desk.due"

# (icon, label, address, who sees it, which count)
PLACES: Sequence[tuple[str, Promise | str, str, tuple[Permission, ...], str]] = (
    ("queue", _("Queue"), "desk:queue", (Permission.QUEUE_READ,), "waiting"),
    ("cases", _("My cases"), "desk:cases", (Permission.CASES_OWN, Permission.CASES_ALL), "unread"),
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
    ("team", _("Team"), "desk:team", (Permission.ACCOUNTS, Permission.CASES_ALL), ""),
    ("trail", _("Trail"), "desk:trail", (Permission.TRAIL,), ""),
)

# What the number beside a place counts, in words.
COUNTED: Mapping[str, Promise | str] = {
    "waiting": _("Waiting"),
    "unread": _("Unread"),
    "proposed": _("To decide"),
    "takedowns": _("What needs a person"),
    "referrals": _("To follow up"),
    "approvals": _("Waiting for me"),
}


def counts(request: HttpRequest) -> dict[str, int]:
    """What waits, by name, each counted up to `queue.COUNT_UP_TO`; one statement a request, whatever the page shows."""
    kept: dict[str, int] | None = getattr(request, "_desk_counts", None)
    if kept is None:
        kept = queue.capped_counts(_counted(request.user)) if isinstance(request.user, Staff) else {}
        request._desk_counts = kept  # type: ignore[attr-defined]
    return kept


def _counted(staff: Staff) -> dict[str, QuerySet[Any]]:
    found: dict[str, QuerySet[Any]] = {}
    if staff.can(Permission.QUEUE_READ):
        found |= queue.tabs(staff=staff)
        found["danger"] = QueueItem.objects.filter(state=QueueState.WAITING, danger=True)
    if staff.can(Permission.CASES_OWN) or staff.can(Permission.CASES_ALL):
        found["unread"] = QueueItem.objects.filter(state=QueueState.OPEN, holder=staff, unread=True)
        mine = Case.objects.visible_to(staff).exclude(status=CaseStatus.CLOSED)
        found["proposed"] = IncidentMember.objects.filter(state=MemberState.PROPOSED, case__in=mine)
        due: Callable[..., QuerySet[Any]] = import_string(REFERRALS_DUE)
        found["referrals"] = due(staff)
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
    found = counts(request)
    places = [
        {
            "label": label,
            "url": reverse(name),
            "icon": icon,
            "count": capped(found.get(count)),
            "counted": COUNTED.get(count, ""),
        }
        for icon, label, name, permissions, count in PLACES
        if any(staff.can(permission) for permission in permissions)
    ]
    here = max(
        (str(place["url"]) for place in places if request.path.startswith(str(place["url"]))),
        default="",
        key=len,
    )
    return [place | {"current": place["url"] == here} for place in places]
