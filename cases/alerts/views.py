"""What stands, what somebody takes care of, what was over lately."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from cases.alerts import actions, desk, words
from cases.alerts.models import Alert, Reader
from cases.alerts.states import State
from cases.views.answers import back_to, first_address, next_address, page_of, tabs_of
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission
from helpline.health.views import findings

TABS = {
    "standing": pgettext_lazy("alerts", "Standing"),
    "acknowledged": gettext_lazy("Somebody is on it"),
    "over": gettext_lazy("Over lately"),
}


def _under(tab: str) -> QuerySet[Alert]:
    rows = Alert.objects.select_related("platform", "acknowledged_by")
    if tab == "over":
        return rows.filter(state=State.OVER)
    return rows.filter(state=State.STANDING, acknowledged_at__isnull=tab == "standing")


@needs(Permission.FIGURES)
@require_safe
def alert_list(request: StaffRequest) -> HttpResponse:
    """One tab of the alerts, what is urgent first; and what the watch of the processes sees at this moment.

    While no worker could, the page itself raises that it is silent.
    """
    tab = request.GET.get("tab", "standing")
    if tab not in TABS:
        raise Http404
    now, processes = timezone.now(), findings()
    if processes["worker"]:
        actions.note_stopped(at=now)
    page = page_of(request, _under(tab), *desk.order_of(over=tab == "over"))
    context = {
        "tab": tab,
        "tabs": tabs_of(TABS, tab, request.path, {name: str(count) for name, count in desk.counts().items()}),
        "rows": desk.lines(page.rows, staff=request.user, now=now),
        "rules": desk.rules(),
        "processes": [(words.PARTS.get(name, name), text) for name, text in processes.items()],
        "may_answer": request.user.can(Permission.CASES_ALL),
        "by_mail": Reader.objects.filter(staff=request.user).exists(),
        "has_address": bool(request.user.email),
        "also_to": len(settings.ALERTS_EMAIL),
        "keep_days": settings.ALERTS_KEEP.days,
        "next_url": next_address(request, page.next),
        "first_url": first_address(request),
    }
    return render(request, "alerts/list.html", context)


@needs(Permission.CASES_ALL)
@require_POST
def acknowledge(request: StaffRequest, alert_id: UUID) -> HttpResponse:
    _exists(alert_id)
    word = request.POST.get("word", "")
    if actions.acknowledge(alert_id=alert_id, word=word, by=request.user, at=timezone.now()):
        said = _("Noted that you take care of it.")
        return back_to(request, _page(request), said, undo=reverse("alerts:take-back", args=[alert_id]))
    said = _("A colleague takes care of it already, or it is over. Nothing changed.")
    return back_to(request, _page(request), said, level=messages.INFO)


@needs(Permission.CASES_ALL)
@require_POST
def take_back(request: StaffRequest, alert_id: UUID) -> HttpResponse:
    _exists(alert_id)
    if actions.take_back(alert_id=alert_id, by=request.user, at=timezone.now()):
        return back_to(request, _page(request), _("It stands again among those nobody takes care of."))
    said = _("It is over, or it was taken back before. Nothing changed.")
    return back_to(request, _page(request), said, level=messages.INFO)


@needs(Permission.CASES_ALL)
@require_POST
def mail(request: StaffRequest) -> HttpResponse:
    """New alerts by mail for whoever asks, or not any more."""
    wants = request.POST.get("wants") == "yes"
    if wants and not request.user.email:
        said = _("Your account has no e-mail address. An administrator can add one.")
        return back_to(request, _page(request), said, level=messages.WARNING)
    actions.wants_mail(staff=request.user, wants=wants, at=timezone.now())
    yes = _("From now on new alerts come to you by mail.")
    return back_to(request, _page(request), yes if wants else _("No more mails to you."))


def _exists(alert_id: UUID) -> None:
    """Raises Http404 for what was never raised, or is forgotten."""
    if not Alert.objects.filter(~Q(state=State.SEEN), pk=alert_id).exists():
        raise Http404


def _page(request: StaffRequest) -> str:
    tab = request.POST.get("tab", "")
    return f"{reverse('alerts:alerts')}?tab={tab}" if tab in TABS else reverse("alerts:alerts")
