"""Incidents: cases that share a cause, proposed by the machine, joined, split and merged by people."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Prefetch, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases.actions import can_work_on
from cases.forms import AssignForm
from cases.incidents import access, actions, alike, desk, school, undoing
from cases.incidents import worksheet as papers
from cases.incidents.actions import Changed
from cases.incidents.forms import AddForm, MergeForm, TitleForm, WorksheetForm
from cases.incidents.models import IncidentStep, Worksheet
from cases.incidents.school import Stale
from cases.incidents.serializers import MOST_CASES
from cases.incidents.states import ForbiddenMove, MemberState
from cases.incidents.undoing import CannotUndo
from cases.letters.forms import facts_of
from cases.models import Case, Incident, IncidentMember
from cases.states import CaseStatus, IncidentStatus
from cases.takedowns import together
from cases.takedowns.actions import NoChannel, WeakNotice
from cases.takedowns.states import Status
from cases.views.answers import (
    CASEWORK,
    NOT_TAKEN,
    PAGE,
    back_to,
    first_address,
    next_address,
    page_of,
    report_for,
    tabs_of,
)
from cases.views.opening import ids_in, open_each
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission
from helpline.crypto.wrapping import WrongKey
from helpline.platforms.models import Platform
from helpline.web.files import neutral_file

TABS = {"open": gettext_lazy("Open"), "closed": gettext_lazy("Closed")}


def incident_for(request: StaffRequest, ref: str) -> Incident:
    """One this person takes part in. Raises Http404 for any other: not there and not theirs look the same."""
    found: Incident = get_object_or_404(access.open_to(request.user), ref=ref.upper())
    return found


def seen_by(request: StaffRequest, ref: str) -> Incident:
    """The same, or one that a case of this person's is only proposed for. Raises Http404."""
    found: Incident = get_object_or_404(access.visible_to(request.user), ref=ref.upper())
    return found


def _named(request: StaffRequest) -> list[Case]:
    """The cases that were ticked, as far as this person works on them."""
    refs = [ref for ref in request.POST.getlist("case") if "\0" not in ref][:MOST_CASES]
    return list(Case.objects.workable_by(request.user).filter(ref__in=refs))


def address(incident: Incident, anchor: str = "") -> str:
    """Of its page."""
    return reverse("desk:incident", kwargs={"ref": incident.ref}) + anchor


@needs(*CASEWORK)
@require_safe
def incident_list(request: StaffRequest) -> HttpResponse:
    is_closed = request.GET.get("tab") == "closed"
    found = access.visible_to(request.user).filter(
        status=IncidentStatus.CLOSED if is_closed else IncidentStatus.OPEN
    )
    found = found.annotate(
        joined=Count("members", filter=Q(members__state=MemberState.JOINED)),
        proposed=Count("members", filter=Q(members__state=MemberState.PROPOSED)),
    )
    page = page_of(request, found, "-opened_at", "-id")
    shown = access.open_to(request.user).filter(pk__in=[incident.pk for incident in page.rows])
    named = set(shown.values_list("pk", flat=True))
    context = {
        "rows": [
            (incident, desk.opened_title(incident) if incident.pk in named else "") for incident in page.rows
        ],
        "tabs": tabs_of(TABS, "closed" if is_closed else "open", request.path),
        "is_closed": is_closed,
        "next_url": next_address(request, page.next),
        "first_url": first_address(request),
    }
    return render(request, "incidents/list.html", context)


@needs(*CASEWORK)
@require_safe
def incident_page(request: StaffRequest, ref: str) -> HttpResponse:
    return _show(request, seen_by(request, ref))


def _show(request: StaffRequest, incident: Incident, *, status: int = 200, **bound: Any) -> HttpResponse:
    """The page. `bound` puts what was typed, with its errors, in the place of an empty form."""
    opened = desk.opened(incident, request.user)
    actions.record_read(incident=incident, by=request.user, at=timezone.now())
    empty = {
        "title": TitleForm(initial={"text": opened.title}),
        "add": AddForm(staff=request.user),
        "merge": MergeForm(),
    }
    context = {
        "incident": incident,
        "opened": opened,
        "forms": empty | bound,
        "may_make_code": request.user.can(Permission.CASES_ALL),
        "may_ask": request.user.can(Permission.TAKEDOWNS),
    }
    return render(request, "incidents/incident.html", context, status=status)


def _done(request: StaffRequest, incident: Incident, said: str, step: IncidentStep | None) -> HttpResponse:
    """Back on the page, with a way to undo it; on the list, when the incident is not this person's any more."""
    if not access.visible_to(request.user).filter(pk=incident.pk).exists():
        if access.can_join(incident, by=request.user):
            said = _("%(said)s You can undo it on the page of the case.") % {"said": said}
        return back_to(request, reverse("desk:incidents"), said)
    undo_address = ""
    if step is not None and undoing.can_undo(step):
        undo_address = reverse("desk:undo-incident", kwargs={"ref": incident.ref, "step_id": step.pk})
    messages.success(request, said, extra_tags=undo_address)
    return redirect(address(incident))


# --- before there is one ------------------------------------------------------------------------------


@needs(*CASEWORK)
@require_POST
def open_together(request: StaffRequest, report_id: UUID) -> HttpResponse:
    """Open this report and those ticked beside it for one colleague; each is proposed for what they share.

    What shares nothing with it any more is not opened from here. What could not be opened is named, with the reason.
    """
    report = report_for(report_id)
    if existing := Case.objects.filter(report=report).first():
        if not can_work_on(existing, by=request.user):
            said = _("A colleague took this report in hand before you.")
            return back_to(request, reverse("desk:queue"), said, level=messages.WARNING)
        said = _("It is case %(ref)s already.") % {"ref": existing.ref}
        return back_to(
            request, reverse("desk:case", kwargs={"ref": existing.ref}), said, level=messages.WARNING
        )
    here = reverse("desk:report", kwargs={"report_id": report.pk})
    form, ticked = AssignForm(request.POST), ids_in(request.POST.getlist("report"))[:PAGE]
    if not ticked or not form.is_valid():
        said = _("Tick at least one report.") if not ticked else _("Choose who works on them.")
        return back_to(request, here, said, level=messages.WARNING)
    shared = alike.similar(report)
    if strange := len([one for one in ticked if one not in shared]):
        said = ngettext(
            "%(count)s report shares nothing with this one any more. It was left as it is.",
            "%(count)s reports share nothing with this one any more. They were left as they are.",
            strange,
        )
        messages.warning(request, said % {"count": strange})
    wanted = [report.pk, *(one for one in ticked if one in shared)]
    opened = open_each(request, wanted, to=form.cleaned_data["to"])
    found = access.visible_to(request.user).filter(members__case__in=opened.cases)
    incident = found.annotate(size=Count("members__case")).order_by("-size", "opened_at").first()
    return redirect(address(incident) if incident and opened.cases else "desk:queue")


# --- who belongs to it --------------------------------------------------------------------------------


@needs(*CASEWORK)
@require_POST
def set_title(request: StaffRequest, ref: str) -> HttpResponse:
    incident, form = incident_for(request, ref), TitleForm(request.POST)
    if not form.is_valid():
        return _show(request, incident, status=NOT_TAKEN, title=form)
    try:
        actions.set_title(
            incident=incident, text=form.cleaned_data["text"], by=request.user, at=timezone.now()
        )
    except WrongKey:
        return back_to(request, address(incident), _forgotten(), level=messages.WARNING)
    return back_to(request, address(incident), _("The name is kept."))


def _forgotten() -> str:
    return _("All of it was erased. Nothing can be added to it any more.")


@needs(*CASEWORK)
@require_POST
def decide(request: StaffRequest, ref: str, member_id: int) -> HttpResponse:
    """The same cause, or not. Either answer can be changed later, here or on the case page."""
    mine: Any = IncidentMember.objects.filter(case__in=Case.objects.workable_by(request.user))
    found = mine.select_related("case", "incident")
    member = get_object_or_404(found, pk=member_id, incident__ref=ref.upper())
    joined, seen = request.POST.get("joined") == "yes", request.POST.get("seen", "")
    here = address(member.incident) if request.POST.get("from") == "incident" else ""
    here = here or reverse("desk:case", kwargs={"ref": member.case.ref}) + "#incident"
    try:
        step = actions.decide_membership(
            member=member, joined=joined, seen=seen, by=request.user, at=timezone.now()
        )
    except Changed as error:
        said = _("A colleague decided meanwhile: it is “%(state)s” now. Nothing was changed.")
        said %= {"state": error.member.get_state_display()}
        return back_to(request, here, said, level=messages.WARNING)
    except PermissionDenied:
        return back_to(request, here, _not_let_in(), level=messages.WARNING)
    if joined:
        said = _("Joined. You can undo it.")
    elif access.can_join(member.incident, by=request.user):
        said = _("Kept apart. You can undo it.")
    else:
        said = _("Kept apart. A supervisor can undo it.")
    if request.POST.get("from") != "incident":
        return back_to(request, here, said)
    # Going to the case would open it, and leave a reading in the trail that nobody asked for.
    return _done(request, member.incident, said, step)


@needs(*CASEWORK)
@require_POST
def join(request: StaffRequest, ref: str) -> HttpResponse:
    """All that is proposed, as it was shown: what was proposed meanwhile is not joined unseen."""
    incident = seen_by(request, ref)
    try:
        step = actions.join_proposed(
            incident=incident, cases=_named(request), by=request.user, at=timezone.now()
        )
    except PermissionDenied:
        return back_to(request, address(incident), _not_let_in(), level=messages.WARNING)
    if step is None:
        said = _("These were decided meanwhile. Nothing was changed.")
        return back_to(request, address(incident), said, level=messages.WARNING)
    count = len(step.changes)
    said = ngettext("%(count)s case joined.", "%(count)s cases joined.", count) % {"count": count}
    return _done(request, incident, said, step)


def _not_let_in() -> str:
    return _("Cases of other teams are in this incident. A supervisor can join yours.")


@needs(*CASEWORK)
@require_POST
def add(request: StaffRequest, ref: str) -> HttpResponse:
    incident, form = incident_for(request, ref), AddForm(request.POST, staff=request.user)
    if not form.is_valid():
        return _show(request, incident, status=NOT_TAKEN, add=form)
    step = actions.add_case(incident=incident, case=form.case, by=request.user, at=timezone.now())
    if step is None:
        return back_to(request, address(incident), _("It is in this incident already."))
    return _done(request, incident, _("Added."), step)


@needs(*CASEWORK)
@require_POST
def split(request: StaffRequest, ref: str) -> HttpResponse:
    incident, cases = incident_for(request, ref), _named(request)
    if not cases:
        said = _("Tick the cases that are to go into an incident of their own.")
        return back_to(request, address(incident), said, level=messages.WARNING)
    try:
        made = actions.split(incident=incident, cases=cases, by=request.user, at=timezone.now())
    except ForbiddenMove:
        said = _("That would leave nobody here, or they are not in it any more. Nothing was changed.")
        return back_to(request, address(incident), said, level=messages.WARNING)
    said = _("Split off into incident %(ref)s.") % {"ref": made.ref}
    return _done(request, incident, said, incident.steps.filter(other=made).first())


@needs(*CASEWORK)
@require_POST
def merge(request: StaffRequest, ref: str) -> HttpResponse:
    incident, form = incident_for(request, ref), MergeForm(request.POST)
    into = None
    if form.is_valid():
        wanted = form.cleaned_data["ref"].strip().upper()
        into = access.open_to(request.user).filter(ref=wanted).exclude(pk=incident.pk).first()
        if into is None:
            form.add_error("ref", _("None of your cases is in an incident with this reference."))
    if into is None:
        return _show(request, incident, status=NOT_TAKEN, merge=form)
    try:
        step = actions.merge(incident=incident, into=into, by=request.user, at=timezone.now())
    except PermissionDenied:
        form.add_error("ref", _("Cases of other teams are in this one. A supervisor can merge them."))
        return _show(request, incident, status=NOT_TAKEN, merge=form)
    except ForbiddenMove:
        said = _("These two are one already. Nothing was changed.")
        return back_to(request, address(into), said, level=messages.WARNING)
    said = _("Incident %(ref)s is merged into this one.") % {"ref": incident.ref}
    return _done(request, into, said, step)


@needs(*CASEWORK)
@require_POST
def set_open(request: StaffRequest, ref: str) -> HttpResponse:
    incident, is_open = incident_for(request, ref), request.POST.get("open") == "yes"
    step = actions.set_open(incident=incident, is_open=is_open, by=request.user, at=timezone.now())
    said = _("It is open again.") if is_open else _("Closed. Its cases stay as they are.")
    return _done(request, incident, said, step)


@needs(*CASEWORK)
@require_POST
def undo(request: StaffRequest, ref: str, step_id: UUID) -> HttpResponse:
    incident = seen_by(request, ref)
    step = undoing.step_of(incident, step_id)
    if step is None:
        raise Http404
    try:
        undoing.undo(step=step, by=request.user, at=timezone.now())
    except CannotUndo:
        said = _("Something of it was decided anew since, so it was not undone. Change it case by case.")
        return back_to(request, address(incident), said, level=messages.WARNING)
    except PermissionDenied:
        said = _("It concerns cases of other teams, too. A supervisor can undo it.")
        return back_to(request, address(incident), said, level=messages.WARNING)
    return _done(request, incident, _("Undone. Everything is as it was before."), None)


# --- the school code ----------------------------------------------------------------------------------


@needs(Permission.CASES_ALL)
@require_POST
def code(request: StaffRequest, ref: str) -> HttpResponse:
    incident = incident_for(request, ref)
    if request.POST.get("end") == "yes":
        current = incident.codes.filter(ended_at=None).first()
        if current is not None:
            school.end_code(code=current, by=request.user, at=timezone.now())
        return back_to(request, address(incident, "#code"), _("The code leads nowhere any more."))
    try:
        school.make_code(incident=incident, by=request.user, at=timezone.now())
    except WrongKey:
        return back_to(request, address(incident), _forgotten(), level=messages.WARNING)
    said = _("The code is made. Give it to the school’s contact, for the pupils.")
    return back_to(request, address(incident, "#code"), said)


@needs(*CASEWORK)
@require_safe
def code_card(request: StaffRequest, ref: str) -> HttpResponse:
    """A page of neutral cards to cut out."""
    incident = incident_for(request, ref)
    current = get_object_or_404(incident.codes, ended_at=None)
    body = papers.cards(desk.shown(current, incident))
    return neutral_file(
        body, kind="pdf", content_type="application/pdf", name=f"{incident.ref}-cards".lower()
    )


# --- asking for all -----------------------------------------------------------------------------------


@needs(Permission.TAKEDOWNS)
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: StaffRequest, ref: str, slug: str) -> HttpResponse:
    """What one platform would be asked for all the joined cases this person works on; sent on POST, as it was shown."""
    incident = incident_for(request, ref)
    platform = get_object_or_404(Platform, slug=slug)
    cases = _askable_cases(request, incident)
    links = together.askable(cases, platform=platform)
    given = request.POST if request.method == "POST" else request.GET
    if request.method == "POST":
        shown = set(given.getlist("link"))
        links = [link for link in links if str(link.pk) in shown]
    try:
        found = together.contents(links, cases)
        facts = facts_of(given).get(slug, "")
        draft = together.draft(
            found=found,
            chosen=given.get("channel", ""),
            law=given.get(f"law-{slug}", ""),
            facts=facts,
            by=request.user,
            at=timezone.now(),
        )
    except WrongKey:
        said = _("A young person erased a report this moment. Look again.")
        return back_to(request, address(incident), said, level=messages.WARNING)
    if request.method != "POST" or draft is None or not draft.may_leave or "look" in given:
        if request.method == "POST" and draft is None:
            said = _("This was asked for, or withdrawn, meanwhile. Nothing was sent twice.")
            return back_to(request, address(incident), said, level=messages.WARNING)
        context = {"incident": incident, "platform": platform, "draft": draft}
        status = NOT_TAKEN if request.method == "POST" and "look" not in given else 200
        return render(request, "incidents/ask.html", context, status=status)
    return _ask(request, incident, cases, draft)


def _askable_cases(request: StaffRequest, incident: Incident) -> list[Case]:
    joined, _others = desk.joined_cases(incident, request.user)
    ids = [case.pk for case in joined if case.status != CaseStatus.CLOSED]
    rows = Case.objects.filter(pk__in=ids).select_related("report")
    return list(rows.prefetch_related(Prefetch("report__fingerprints")).order_by("pk"))


def _ask(request: StaffRequest, incident: Incident, cases: list[Case], draft: together.Draft) -> HttpResponse:
    try:
        asked = together.request_for_all(
            cases=cases,
            links=draft.links,
            channel=draft.chosen,
            regimes=draft.regimes,
            facts=draft.facts,
            by=request.user,
            at=timezone.now(),
        )
    except (NoChannel, WeakNotice):
        context = {"incident": incident, "platform": draft.platform, "draft": draft}
        return render(request, "incidents/ask.html", context, status=NOT_TAKEN)
    count = len(asked.made) + len(asked.shared)
    if not count:
        said = _("This was asked for, or withdrawn, meanwhile. Nothing was sent twice.")
        return back_to(request, address(incident), said, level=messages.WARNING)
    actions.record_asked(
        incident=incident, platform=draft.platform.name, count=count, by=request.user, at=timezone.now()
    )
    parts = [ngettext("Asked for %(count)s link.", "Asked for %(count)s links.", count) % {"count": count}]
    if any(one.status == Status.TO_FILE for one in asked.made):
        parts.append(_("They are to be filed by hand, under Takedowns."))
    if asked.shared:
        shared = len(asked.shared)
        text = ngettext(
            "%(count)s shares a request that was there.", "%(count)s share a request that was there.", shared
        )
        parts.append(text % {"count": shared})
    return back_to(request, address(incident, "#platforms"), " ".join(parts))


# --- the worksheet ------------------------------------------------------------------------------------


@needs(*CASEWORK)
@require_http_methods(["GET", "HEAD", "POST"])
def worksheet(request: StaffRequest, ref: str) -> HttpResponse:
    """The words on it, and what else will stand there."""
    incident = incident_for(request, ref)
    if request.method != "POST":
        return _show_worksheet(request, incident)
    form = WorksheetForm(request.POST)
    if not form.is_valid():
        return _show_worksheet(request, incident, form=form, status=NOT_TAKEN)
    try:
        school.write_worksheet(
            incident=incident,
            version=form.cleaned_data["version"],
            words=form.words(),
            by=request.user,
            at=timezone.now(),
        )
    except Stale as error:
        # Both are shown: theirs as it stands, one's own in the fields, to be put together and kept.
        mine = WorksheetForm(initial=form.words() | {"version": error.worksheet.version})
        return _show_worksheet(request, incident, form=mine, theirs=error.worksheet, status=409)
    except WrongKey:
        return back_to(request, address(incident), _forgotten(), level=messages.WARNING)
    here = reverse("desk:worksheet", kwargs={"ref": incident.ref})
    return back_to(request, here, _("The words are kept."))


def _show_worksheet(
    request: StaffRequest,
    incident: Incident,
    *,
    form: WorksheetForm | None = None,
    theirs: Worksheet | None = None,
    status: int = 200,
) -> HttpResponse:
    cases, others = desk.joined_cases(incident, request.user)
    written = papers.words_of(incident)
    row = Worksheet.objects.filter(incident=incident).select_related("changed_by").first()
    context = {
        "incident": incident,
        "title": desk.opened_title(incident),
        "form": form or WorksheetForm(initial=written | {"version": row.version if row else 0}),
        "theirs": [(form_field.label, written[name]) for name, form_field in _fields() if written[name]]
        if theirs
        else [],
        "is_stale": theirs is not None,
        "row": row,
        "cases": len(cases),
        "others": others,
        "usual": papers.usual_tasks(),
    }
    actions.record_read(incident=incident, by=request.user, at=timezone.now())
    return render(request, "incidents/worksheet.html", context, status=status)


def _fields() -> list[tuple[str, Any]]:
    fields = WorksheetForm().fields
    return [(name, fields[name]) for name in school.WORDS]


@needs(*CASEWORK)
@require_POST
def worksheet_paper(request: StaffRequest, ref: str) -> HttpResponse:
    """The PDF, made now and kept nowhere."""
    incident = incident_for(request, ref)
    audience = request.POST.get("for", "")
    if audience not in papers.AUDIENCES:
        raise Http404
    cases, others = desk.joined_cases(incident, request.user)
    if not cases:
        said = _("No case is joined yet, so there is nothing to write.")
        return back_to(request, address(incident), said, level=messages.WARNING)
    try:
        made = papers.make(
            incident, cases, others=others, audience=audience, by=request.user, at=timezone.now()
        )
    except WrongKey:
        said = _("A young person erased a report this moment. Look again.")
        return back_to(request, address(incident), said, level=messages.WARNING)
    return neutral_file(
        made, kind="pdf", content_type="application/pdf", name=f"{incident.ref}-{audience}".lower()
    )
