"""Offers, shares and watches of cases; shifts and what they leave; the team and who is away."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases import rail, reading
from cases.actions import belongs_to, check_belongs_to
from cases.handover import actions, desk
from cases.handover.actions import AlreadyOffered, Answered, Refused
from cases.handover.forms import (
    AcceptForm,
    AwayForm,
    DeclineForm,
    EndShiftForm,
    OfferForm,
    ReassignForm,
    ShareForm,
)
from cases.handover.models import Away, HandOver, Move, Transfer
from cases.handover.states import ForbiddenMove, Status
from cases.models import Case, Share
from cases.queue import capped_counts
from cases.states import CaseStatus
from cases.views.answers import (
    CASEWORK,
    NOT_TAKEN,
    READERS,
    back_to,
    case_for,
    case_to_read,
    first_address,
    next_address,
    page_of,
)
from cases.views.casework import tabs_of_cases
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.crypto.wrapping import WrongKey

TEAM = (Permission.ACCOUNTS, Permission.CASES_ALL)
ERASED = gettext_lazy("The young person erased this report. Nothing can be added to it any more.")
LABELS: dict[str, Any] = {
    "me": gettext_lazy("Offered to me"),
    "back": gettext_lazy("Came back to me"),
    "mine": gettext_lazy("What I offered"),
}


def _case_address(case: Case, anchor: str = "people") -> str:
    return reverse("desk:case", kwargs={"ref": case.ref}) + f"#{anchor}"


# --- a case is offered ------------------------------------------------------------------------------------


@needs(*CASEWORK)
@require_http_methods(["GET", "HEAD", "POST"])
def offer(request: StaffRequest, ref: str) -> HttpResponse:
    """To whom, and why. It stays with whoever has it until somebody says yes."""
    case = _own_case(request, ref)
    here = _case_address(case)
    if reading.is_erased(case):
        return back_to(request, here, str(ERASED), level=messages.WARNING)
    if case.status == CaseStatus.CLOSED:
        return back_to(request, here, _("This case is closed. Reopen it first."), level=messages.WARNING)
    form = OfferForm(request.POST if request.method == "POST" else None, case=case, by=request.user)
    if not form.is_valid():
        return _show_offer(request, case, form)
    data = form.cleaned_data
    try:
        made = actions.offer(
            case=case, to=data["receiver"], reason=data["reason"], by=request.user, at=timezone.now()
        )
    except AlreadyOffered as already:
        said = _("It is offered to %(name)s already. Take that back first.")
        return back_to(request, here, said % {"name": already.transfer.to_whom}, level=messages.WARNING)
    except Refused as refused:
        form.add_error("team" if data["team"] else "colleague", str(refused.sentence))
        return _show_offer(request, case, form)
    except ForbiddenMove:
        return back_to(request, here, _("Somebody closed this case meanwhile."), level=messages.WARNING)
    except WrongKey:
        return back_to(request, here, str(ERASED), level=messages.WARNING)
    said = _("Offered to %(name)s. It stays with %(holder)s until they say yes.")
    return back_to(request, here, said % {"name": made.to_whom, "holder": case.assignee or _("the team")})


def _show_offer(request: StaffRequest, case: Case, form: OfferForm) -> HttpResponse:
    context = {"case": case, "form": form}
    return render(request, "handover/offer.html", context, status=NOT_TAKEN if form.is_bound else 200)


def _own_case(request: StaffRequest, ref: str) -> Case:
    """For who may pass it on. Raises Http404; PermissionDenied for who only works on it for a while."""
    case = case_for(request.user, ref)
    check_belongs_to(case, request.user)
    return case


@needs(*CASEWORK)
@require_POST
def take(request: StaffRequest, ref: str) -> HttpResponse:
    """A case of the team, from now on one's own."""
    case = case_for(request.user, ref)
    actions.take(case=case, by=request.user, at=timezone.now())
    return back_to(request, _case_address(case), _("It is with you now."))


@needs(*CASEWORK)
@require_safe
def transfers(request: StaffRequest) -> HttpResponse:
    """What waits for my answer, what came back to me, and what I offered."""
    found = capped_counts({name: desk.under_tab(request.user, name) for name in ("me", "back")})
    tab = request.GET.get("tab", "")
    if tab not in LABELS:
        tab = next((name for name in ("me", "back") if found[name]), "me")
    page = page_of(request, desk.rows_of(desk.under_tab(request.user, tab)), "-offered_at", "-id")
    context = {
        "rows": [(row, desk.TONES[Status(row.status)]) for row in page.rows],
        "tab": tab,
        "tabs": [
            {
                "label": label,
                "url": f"{request.path}?tab={name}",
                "count": rail.capped(found.get(name)),
                "current": name == tab,
            }
            for name, label in LABELS.items()
        ],
        "next_url": next_address(request, page.next),
        "first_url": first_address(request),
    }
    return render(request, "handover/transfers.html", context)


def _transfer_for(request: StaffRequest, transfer_id: UUID) -> Transfer:
    """Raises Http404 for one that is not there, or that was neither made by nor to this person."""
    found = Transfer.objects.seen_by(request.user).select_related(
        "case__report", "case__queue_item", "case__assignee", "by", "to_staff", "to_team", "done_by"
    )
    return get_object_or_404(found, pk=transfer_id)


@needs(*CASEWORK)
@require_safe
def transfer_page(request: StaffRequest, transfer_id: UUID) -> HttpResponse:
    return _show_transfer(request, _transfer_for(request, transfer_id))


def _show_transfer(
    request: StaffRequest, transfer: Transfer, *, status: int = 200, **bound: forms.Form
) -> HttpResponse:
    opened = desk.opened(transfer, by=request.user)
    actions.record_read(transfer=transfer, by=request.user, at=timezone.now())
    empty: dict[str, forms.Form] = {"accept": AcceptForm(), "decline": DeclineForm()}
    context = {
        "opened": opened,
        "transfer": transfer,
        "case": transfer.case,
        "item": getattr(transfer.case, "queue_item", None),
        "erased": reading.is_erased(transfer.case),
        "came_back": transfer.by_id == request.user.pk
        and transfer.seen_at is None
        and transfer.status in {Status.DECLINED, Status.EXPIRED, Status.VOID},
        "forms": empty | bound,
    }
    return render(request, "handover/transfer.html", context, status=status)


@needs(*CASEWORK)
@require_POST
def accept(request: StaffRequest, transfer_id: UUID) -> HttpResponse:
    """Yes: the case is mine now. Whoever comes second is told who was first."""
    transfer = _transfer_for(request, transfer_id)
    form = AcceptForm(request.POST)
    if not form.is_valid():
        return _show_transfer(request, transfer, status=NOT_TAKEN, accept=form)
    words, now = form.cleaned_data["words"], timezone.now()
    try:
        actions.accept(transfer=transfer, words=words, by=request.user, at=now)
    except Answered as answered:
        return _too_late(request, answered.transfer)
    except WrongKey:
        return back_to(request, _address(transfer), str(ERASED), level=messages.WARNING)
    said = _("Case %(ref)s is with you now.") % {"ref": transfer.case.ref}
    return back_to(request, reverse("desk:case", kwargs={"ref": transfer.case.ref}), said)


@needs(*CASEWORK)
@require_POST
def decline(request: StaffRequest, transfer_id: UUID) -> HttpResponse:
    """No, with a sentence: it stays where it is."""
    transfer = _transfer_for(request, transfer_id)
    form = DeclineForm(request.POST)
    if not form.is_valid():
        return _show_transfer(request, transfer, status=NOT_TAKEN, decline=form)
    words, now = form.cleaned_data["words"], timezone.now()
    try:
        actions.decline(transfer=transfer, words=words, by=request.user, at=now)
    except Answered as answered:
        return _too_late(request, answered.transfer)
    except WrongKey:
        return back_to(request, _address(transfer), str(ERASED), level=messages.WARNING)
    said = _("%(name)s keeps the case, and reads why.") % {"name": transfer.by}
    return back_to(request, reverse("handover:transfers"), said)


@needs(*CASEWORK)
@require_POST
def take_back(request: StaffRequest, transfer_id: UUID) -> HttpResponse:
    """Not offered any more."""
    found = Transfer.objects.filter(
        Q(pk__in=Transfer.objects.seen_by(request.user).values("pk"))
        | Q(case__in=Case.objects.workable_by(request.user))
    )
    transfer = get_object_or_404(found.select_related("case__report", "to_staff", "to_team"), pk=transfer_id)
    try:
        actions.take_back(transfer=transfer, by=request.user, at=timezone.now())
    except Answered as answered:
        return _too_late(request, answered.transfer)
    if belongs_to(transfer.case, request.user):
        return back_to(request, _case_address(transfer.case), _("It is not offered any more."))
    return back_to(request, reverse("handover:transfers"), _("It is not offered any more."))


@needs(*CASEWORK)
@require_POST
def seen(request: StaffRequest, transfer_id: UUID) -> HttpResponse:
    """I know that it came back."""
    transfer = _transfer_for(request, transfer_id)
    actions.saw_it_come_back(transfer=transfer, by=request.user, at=timezone.now())
    return redirect("handover:transfers")


def _address(transfer: Transfer) -> str:
    return reverse("handover:transfer", args=[transfer.pk])


def _too_late(request: StaffRequest, transfer: Transfer) -> HttpResponse:
    name = transfer.done_by or ""
    said = {
        Status.ACCEPTED: _("%(name)s took it on before you.") % {"name": name},
        Status.DECLINED: _("%(name)s said no before you. It stayed with whoever offered it.")
        % {"name": name},
        Status.TAKEN_BACK: _("%(name)s took the offer back.") % {"name": name},
    }.get(Status(transfer.status), _("This offer is over. The case stayed where it was, or moved on."))
    if Transfer.objects.seen_by(request.user).filter(pk=transfer.pk).exists():
        return back_to(request, _address(transfer), said, level=messages.WARNING)
    return back_to(request, reverse("handover:transfers"), said, level=messages.WARNING)


# --- sharing, watching ------------------------------------------------------------------------------------


@needs(*CASEWORK)
@require_http_methods(["GET", "HEAD", "POST"])
def share(request: StaffRequest, ref: str) -> HttpResponse:
    """With whom, for what, until when, why."""
    case = _own_case(request, ref)
    here = _case_address(case)
    if reading.is_erased(case):
        return back_to(request, here, str(ERASED), level=messages.WARNING)
    form = ShareForm(request.POST if request.method == "POST" else None, case=case, by=request.user)
    if form.is_valid():
        data = form.cleaned_data
        try:
            made = actions.share(
                case=case,
                to=data["colleague"],
                may_work=data["may_work"] == "work",
                lasts=data["lasts"],
                reason=data["reason"],
                by=request.user,
                at=timezone.now(),
            )
        except Refused as refused:
            form.add_error("colleague", str(refused.sentence))
        except WrongKey:
            return back_to(request, here, str(ERASED), level=messages.WARNING)
        else:
            said = _("Shared with %(name)s. It ends by itself, and you can end it here before.")
            return back_to(request, here, said % {"name": made.staff})
    context = {"case": case, "form": form, "people": desk.people_of(case, by=request.user)}
    return render(request, "handover/share.html", context, status=NOT_TAKEN if form.is_bound else 200)


@needs(*CASEWORK)
@require_POST
def end_share(request: StaffRequest, share_id: UUID) -> HttpResponse:
    found = Share.objects.filter(
        Q(staff=request.user) | Q(case__in=Case.objects.workable_by(request.user))
    ).select_related("case", "staff")
    row = get_object_or_404(found, pk=share_id)
    actions.end_share(share=row, by=request.user, at=timezone.now())
    said = _("It is not shared any more.")
    if Case.objects.visible_to(request.user).filter(pk=row.case_id).exists():
        return back_to(request, _case_address(row.case), said)
    return back_to(request, reverse("desk:cases"), said)


@needs(*CASEWORK)
@require_POST
def watch(request: StaffRequest, ref: str) -> HttpResponse:
    """The star, set or taken off."""
    case = case_to_read(request.user, ref)
    on = request.POST.get("on") == "yes"
    actions.watch(case=case, on=on, by=request.user, at=timezone.now())
    said = (
        _("You watch this case. What changes is marked among your cases.")
        if on
        else _("Not watched any more.")
    )
    if request.POST.get("from") == "list":
        return back_to(request, reverse("handover:watched"), said)
    return back_to(request, _case_address(case), said)


@needs(*CASEWORK)
@require_safe
def watched(request: StaffRequest) -> HttpResponse:
    found = desk.watched_by(request.user).select_related("report", "assignee", "queue_item")
    page = page_of(request, found, "-changed_at", "-id")
    context = {
        "cases": page.rows,
        "tabs": tabs_of_cases("watched"),
        "next_url": next_address(request, page.next),
        "first_url": first_address(request),
    }
    return render(request, "handover/watched.html", context)


# --- shifts -----------------------------------------------------------------------------------------------


@needs(*READERS)
@require_safe
def shift_page(request: StaffRequest) -> HttpResponse:
    return _show_shift(request, AwayForm())


def _show_shift(request: StaffRequest, form: AwayForm, *, status: int = 200) -> HttpResponse:
    now = timezone.now()
    latest = list(desk.handovers_for(request.user)[: desk.LATEST])
    texts = actions.words_of(handovers=latest, by=request.user, at=now)
    today = timezone.localdate()
    context = {
        "is_on": desk.shift_of(request.user).exists(),
        "left": [(one, texts.get(one.pk, "")) for one in latest],
        "away": Away.objects.filter(staff=request.user, last_day__gte=today).order_by("first_day"),
        "form": form,
        "today": today,
    }
    return render(request, "handover/shift.html", context, status=status)


@needs(*READERS)
@require_POST
def start_shift(request: StaffRequest) -> HttpResponse:
    """One click; then what the last shift left."""
    if actions.start_shift(by=request.user, at=timezone.now()):
        messages.success(request, _("Your shift has begun. Colleagues see that you are here."))
    return redirect("handover:shift")


@needs(*READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def end_shift(request: StaffRequest) -> HttpResponse:
    """What I leave, in rows and in words."""
    now = timezone.now()
    summary = desk.summary(of=request.user, seen_by=request.user, now=now)
    form = EndShiftForm(request.POST if request.method == "POST" else None, dangers=summary.dangers)
    if form.is_valid():
        actions.end_shift(by=request.user, words=form.cleaned_data["words"], at=now)
        return back_to(request, reverse("handover:shift"), _("Your shift has ended. Rest well."))
    context = {
        "form": form,
        "summary": summary,
        "is_on": desk.shift_of(request.user).exists(),
        "now": now,
        # Whatever else the rail counts of this person's: other rooms stand beside this one, and are not asked by name.
        "calls": rail.capped(rail.counts(request).get("calls")),
        "tasks": rail.capped(rail.counts(request).get("tasks")),
    }
    return render(request, "handover/end_shift.html", context, status=NOT_TAKEN if form.is_bound else 200)


def _handover_for(request: StaffRequest, handover_id: UUID) -> HandOver:
    return get_object_or_404(desk.handovers_for(request.user), pk=handover_id)


@needs(*READERS)
@require_safe
def handover_page(request: StaffRequest, handover_id: UUID) -> HttpResponse:
    """One of them, with what its colleague has in hand now, as far as the reader sees it."""
    row, now = _handover_for(request, handover_id), timezone.now()
    context = {
        "row": row,
        "text": actions.words_of(handovers=[row], by=request.user, at=now).get(row.pk, ""),
        "summary": desk.summary(of=row.by, seen_by=request.user, now=now),
    }
    return render(request, "handover/handover.html", context)


@needs(*READERS)
@require_POST
def mark_read(request: StaffRequest, handover_id: UUID) -> HttpResponse:
    actions.mark_read(handover=_handover_for(request, handover_id), by=request.user, at=timezone.now())
    return redirect("handover:shift")


@needs(*READERS)
@require_POST
def my_away(request: StaffRequest) -> HttpResponse:
    """I am not here on these days."""
    form = AwayForm(request.POST)
    if _kept_away(request, form, staff=request.user):
        return back_to(
            request, reverse("handover:shift"), _("Kept. Nothing is offered to you on these days.")
        )
    return _show_shift(request, form, status=NOT_TAKEN)


def _kept_away(request: StaffRequest, form: AwayForm, *, staff: Staff) -> bool:
    if not form.is_valid():
        return False
    try:
        actions.set_away(staff=staff, by=request.user, at=timezone.now(), **form.cleaned_data)
    except Refused as refused:
        form.add_error("last_day", str(refused.sentence))
        return False
    return True


@needs(*READERS)
@require_POST
def end_away(request: StaffRequest, away_id: UUID) -> HttpResponse:
    found = Away.objects.select_related("staff")
    if not request.user.can(Permission.CASES_ALL):
        found = found.filter(staff=request.user)
    row = get_object_or_404(found, pk=away_id)
    actions.end_away(away=row, by=request.user, at=timezone.now())
    said = _("%(name)s is here on these days after all.") % {"name": row.staff}
    if row.staff_id == request.user.pk:
        return back_to(request, reverse("handover:shift"), said)
    return back_to(request, reverse("handover:reassign", args=[row.staff_id]), said)


# --- the team ---------------------------------------------------------------------------------------------


@needs(*TEAM)
@require_safe
def team(request: StaffRequest) -> HttpResponse:
    """Who works here, and how much each holds: to share the work, never to rank people."""
    context = {
        "colleagues": desk.team(),
        "sees_load": request.user.can(Permission.CASES_ALL),
        "unheld": desk.unheld(request.user),
        "today": timezone.localdate(),
    }
    return render(request, "cases/team.html", context)


@needs(Permission.CASES_ALL)
@require_http_methods(["GET", "HEAD", "POST"])
def reassign(request: StaffRequest, staff_id: int) -> HttpResponse:
    """Everything somebody has in hand, and to whom it goes."""
    staff = get_object_or_404(Staff.objects.select_related("role"), pk=staff_id)
    form = _reassign_form(staff, request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _show_reassign(request, staff, form, AwayForm())
    data = form.cleaned_data
    try:
        done = actions.reassign(
            staff=staff, choices=data["choices"], offers=data["offers"], by=request.user, at=timezone.now()
        )
    except Refused as refused:
        form.add_error("everything", str(refused.sentence))
        return _show_reassign(request, staff, form, AwayForm())
    if done.missed:
        said = ngettext(
            "%(count)s case was not with them any more, and stays where it is.",
            "%(count)s cases were not with them any more, and stay where they are.",
            done.missed,
        )
        messages.warning(request, said % {"count": done.missed})
    address = reverse("handover:reassign", args=[staff.pk])
    return redirect(f"{address}?done={done.batch}" if done.moved else address)


def _reassign_form(staff: Staff, said: Any = None) -> ReassignForm:
    held = Case.objects.filter(assignee=staff).exclude(status=CaseStatus.CLOSED)
    rows = held.select_related("report", "queue_item").order_by("-queue_item__danger", "opened_at", "pk")
    offers = desk.rows_of(Transfer.objects.live().filter(to_staff=staff)).order_by("offered_at", "pk")
    return ReassignForm(
        said,
        cases={case.pk: case for case in rows},
        offers={row.pk: row for row in offers},
        staff=staff,
    )


def _show_reassign(
    request: StaffRequest, staff: Staff, form: ReassignForm, away_form: AwayForm, *, status: int = 200
) -> HttpResponse:
    done: Any = ()
    try:
        batch = UUID(request.GET.get("done", ""))
    except ValueError:
        batch = None
    if batch is not None:
        done = Move.objects.filter(batch=batch, was=staff, undone_at=None).select_related("case", "to")
    today = timezone.localdate()
    context = {
        "staff": staff,
        "form": form,
        "away_form": away_form,
        "away": Away.objects.filter(staff=staff, last_day__gte=today).order_by("first_day"),
        "is_here": desk.shift_of(staff).exists(),
        "done": list(done),
        "batch": batch,
        "today": today,
    }
    is_refused = form.is_bound or away_form.is_bound
    return render(request, "handover/reassign.html", context, status=NOT_TAKEN if is_refused else status)


@needs(Permission.CASES_ALL)
@require_POST
def undo(request: StaffRequest, batch: UUID) -> HttpResponse:
    """Give back what nobody has touched since."""
    first = Move.objects.filter(batch=batch).first()
    if first is None:
        raise Http404
    back, left = actions.undo(batch=batch, by=request.user, at=timezone.now())
    if back:
        said = ngettext("%(count)s case is back.", "%(count)s cases are back.", back)
        messages.success(request, said % {"count": back})
    if left:
        said = ngettext(
            "%(count)s case stays where it is: somebody worked on it since, or they are not here any more.",
            "%(count)s cases stay where they are: somebody worked on them since, or they are not here any more.",
            left,
        )
        messages.warning(request, said % {"count": left})
    return redirect("handover:reassign", first.was_id)


@needs(Permission.CASES_ALL)
@require_POST
def set_away(request: StaffRequest, staff_id: int) -> HttpResponse:
    """A colleague is ill or on holiday: from when until when."""
    staff = get_object_or_404(Staff.objects.select_related("role"), pk=staff_id)
    form = AwayForm(request.POST)
    if not _kept_away(request, form, staff=staff):
        return _show_reassign(request, staff, _reassign_form(staff), form)
    said = _("Kept. Nothing is offered to %(name)s on these days.") % {"name": staff}
    return back_to(request, reverse("handover:reassign", args=[staff.pk]), said)
