"""The trail: who did or read what, and whether its chain holds. It shows no content, because it holds none."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases.models import Case
from cases.views.answers import back_to, first_address, next_address, page_of
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.audit import actions as audit
from helpline.audit.models import AuditRow

FILTERS = ("actor", "verb", "type", "object")


@needs(Permission.TRAIL)
@require_safe
def trail_page(request: StaffRequest) -> HttpResponse:
    asked = {name: request.GET.get(name, "").replace("\0", "").strip()[:60] for name in FILTERS}
    page = page_of(request, AuditRow.objects.filter(_asked_for(asked)), "-id")
    names = _names(row.actor for row in page.rows)
    context: dict[str, Any] = {
        "rows": [(row, names.get(row.actor, row.actor)) for row in page.rows],
        "asked": asked,
        "colleagues": Staff.objects.order_by("display_name", "username"),
        "filtered": any(asked.values()),
        "last": AuditRow.objects.exclude(number=None).order_by("-number").first(),
        "unchained": AuditRow.objects.filter(number=None).order_by("id")[:100].count(),
        "next_url": next_address(request, page.next),
        "first_url": first_address(request),
    }
    return render(request, "cases/trail.html", context)


def _asked_for(asked: Mapping[str, str]) -> Q:
    """A colleague may be named by user name or by name, a case by its reference."""
    found = Q()
    if who := asked["actor"]:
        named = Staff.objects.filter(Q(username__iexact=who) | Q(display_name__iexact=who))
        found &= Q(actor__in=[who, *(f"staff:{pk}" for pk in named.values_list("pk", flat=True))])
    if asked["verb"]:
        found &= Q(verb=asked["verb"])
    if asked["type"]:
        found &= Q(object_type=asked["type"])
    if which := asked["object"]:
        case = Case.objects.filter(ref=which.upper()).values_list("pk", flat=True).first()
        found &= Q(object_id=which) | (Q(object_type="case", object_id=str(case)) if case else Q(pk__in=()))
    return found


def _names(actors: Any) -> dict[str, str]:
    """`staff:<id>` as the name of the colleague."""
    ids = {int(actor.removeprefix("staff:")) for actor in actors if actor.removeprefix("staff:").isdigit()}
    return {f"staff:{one.pk}": str(one) for one in Staff.objects.filter(pk__in=ids)}


@needs(Permission.TRAIL)
@require_POST
def check_chain(request: StaffRequest) -> HttpResponse:
    """Read the whole chain and say whether it holds."""
    broken = audit.first_broken()
    page = reverse("desk:trail")
    if broken is not None:
        said = _("The chain is broken at line %(number)s. Tell whoever runs this system at once.")
        return back_to(request, page, said % {"number": broken}, level=messages.ERROR)
    return back_to(request, page, _("The chain holds: no line was changed or taken out."))
