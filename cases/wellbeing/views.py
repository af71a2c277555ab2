"""One's own ledger, and for supervisors who carried much. Nothing here is sorted by how much."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases.models import Case
from cases.views.answers import (
    READERS,
    Tab,
    back_to,
    first_address,
    next_address,
    page_of,
    report_for,
    tabs_of,
)
from cases.wellbeing import actions, weights
from cases.wellbeing.models import Exposure, Talk
from cases.wellbeing.states import Load, Seen
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission

TONES = {Load.LIGHT: "none", Load.MUCH: "go", Load.A_LOT: "wait"}
LONGEST = 20_000  # words nobody writes


@needs(*READERS)
@require_safe
def team(request: StaffRequest) -> HttpResponse:
    """Who carried much this week, by name; who would like to talk; who could take over. For supervisors: whoever else
    comes here is led to their own page."""
    if not request.user.can(Permission.CASES_ALL):
        return redirect("wellbeing:mine")
    now = timezone.now()
    page = page_of(request, actions.readers(), "display_name", "id")
    loads = actions.loads(page.rows, at=now)
    people = [(one, loads[one.pk], TONES[loads[one.pk]]) for one in page.rows]
    context = {
        "tabs": _tabs(request, "team"),
        "people": people,
        "tired": [one for one, load, _tone in people if load == Load.A_LOT],
        "rested": [one for one, load, _tone in people if load == Load.LIGHT],
        "talks": actions.wanted().exclude(staff=request.user).select_related("staff")[:50],
        "next_url": next_address(request, page.next),
        "first_url": first_address(request),
    }
    return render(request, "wellbeing/team.html", context)


@needs(*READERS)
@require_safe
def mine(request: StaffRequest) -> HttpResponse:
    """Everything that is kept about this person, and how to have less of it."""
    now = timezone.now()
    page = page_of(request, Exposure.objects.filter(staff=request.user), "-day", "-id")
    here = actions.standing(request.user, at=now)
    context = {
        "tabs": _tabs(request, "mine"),
        "rows": [(row, _in_words(row.weight)) for row in page.rows],
        "standing": here,
        "load": weights.load(here.week, cap=settings.WELLBEING_WEEK_CAP).label,
        "talks": Talk.objects.filter(staff=request.user).select_related("talked_with").order_by("-day")[:50],
        "days": settings.WELLBEING_DAYS.days,
        "id_days": settings.WELLBEING_ID_DAYS.days,
        "next_url": next_address(request, page.next),
        "first_url": first_address(request),
    }
    return render(request, "wellbeing/mine.html", context)


def _in_words(weight: int) -> str:
    if weight >= weights.IS_VERY_HEAVY:
        return _("very heavy")
    return _("heavy") if weight >= weights.IS_HEAVY else _("counts a little")


@needs(*READERS)
@require_POST
def lighter(request: StaffRequest) -> HttpResponse:
    """Lighter ones first until tonight, or as always again."""
    if request.POST.get("lighter") == "no":
        actions.end_ease(staff=request.user)
        return _back(request, _("As always again."))
    actions.ease(staff=request.user, at=timezone.now())
    return _back(request, _("Until tonight “next for me” offers you lighter ones first. Nobody is told."))


@needs(*READERS)
@require_POST
def forget(request: StaffRequest) -> HttpResponse:
    actions.forget_mine(staff=request.user)
    return back_to(request, reverse("wellbeing:mine"), _("Forgotten. Nothing is kept about you here."))


@needs(*READERS)
@require_POST
def ask_to_talk(request: StaffRequest) -> HttpResponse:
    if actions.ask_to_talk(staff=request.user, at=timezone.now()):
        said = _("Your supervisors see that you would like to talk, and nothing else.")
    else:
        said = _("You have talked already. Nothing changed.")
    return _back(request, said)


@needs(*READERS)
@require_POST
def answer(request: StaffRequest, talk_id: UUID) -> HttpResponse:
    """Yes is told to the supervisors; no to nobody. Either can be changed until they talked."""
    wants = request.POST.get("wants") == "yes"
    if not Talk.objects.filter(pk=talk_id, staff=request.user).exists():
        raise Http404
    if not actions.answer(talk_id=talk_id, staff=request.user, wants=wants):
        return _back(request, _("You have talked already. Nothing changed."), level=messages.INFO)
    yes = _("Your supervisors see that you would like to talk, and nothing else.")
    return _back(request, yes if wants else _("All right. Nobody is told."))


@needs(Permission.CASES_ALL)
@require_POST
def talked(request: StaffRequest, talk_id: UUID) -> HttpResponse:
    page = reverse("wellbeing:team")
    if not actions.talked(talk_id=talk_id, by=request.user, at=timezone.now()):
        said = _("A colleague has noted it already, or it was taken back. Nothing changed.")
        return back_to(request, page, said, level=messages.INFO)
    return back_to(request, page, _("Noted that you talked. About what is written nowhere."))


@needs(*READERS)
@require_POST
def unfolded(request: StaffRequest, report_id: UUID) -> HttpResponse:
    """A story was unfolded; told by a script. Without one, reading a heavy case counts all the same."""
    report = report_for(report_id)
    case = Case.objects.filter(report=report).first()
    visible = (
        request.user.can(Permission.QUEUE_READ)
        if case is None
        else Case.objects.visible_to(request.user).filter(pk=case.pk).exists()
    )
    if not visible:
        raise Http404
    said = request.POST.get("words", "")
    words = min(int(said), LONGEST) if said.isascii() and said.isdigit() and len(said) < 7 else 0
    actions.note_reading(report=report, by=request.user, seen=Seen.STORY, words=words, at=timezone.now())
    return HttpResponse(status=204)


def _back(request: StaffRequest, said: str, *, level: int = messages.SUCCESS) -> HttpResponse:
    """To the page the form stood on."""
    came_from = request.POST.get("from", "")
    ours = url_has_allowed_host_and_scheme(came_from, allowed_hosts=None) and came_from.startswith("/staff/")
    return back_to(request, came_from if ours else reverse("wellbeing:mine"), said, level=level)


def _tabs(request: StaffRequest, current: str) -> list[Tab]:
    if not request.user.can(Permission.CASES_ALL):
        return []
    labels = {"mine": _("Mine"), "team": _("The team")}
    return tabs_of(labels, current, lambda name: reverse(f"wellbeing:{name}"))
