"""A case is offered: to whom, the answer, what came back; or taken, when nobody has it."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases import reading
from cases.actions import belongs_to
from cases.handover import actions, desk
from cases.handover.actions import AlreadyOffered, Answered, Refused
from cases.handover.forms import AcceptForm, DeclineForm, OfferForm
from cases.handover.models import Transfer
from cases.handover.states import ForbiddenMove, Status
from cases.handover.views.common import ERASED, case_address, own_case
from cases.models import Case
from cases.queue import capped_counts
from cases.states import CaseStatus
from cases.views.answers import (
    CASEWORK,
    NOT_TAKEN,
    back_to,
    case_for,
    first_address,
    next_address,
    page_of,
    tab_of,
    tabs_of,
)
from helpline.accounts.access import StaffRequest, needs
from helpline.crypto.wrapping import WrongKey

LABELS: dict[str, Promise] = {
    "me": gettext_lazy("Offered to me"),
    "back": gettext_lazy("Came back to me"),
    "mine": gettext_lazy("What I offered"),
}


@needs(*CASEWORK)
@require_http_methods(["GET", "HEAD", "POST"])
def offer(request: StaffRequest, ref: str) -> HttpResponse:
    """To whom, and why. It stays with whoever has it until somebody says yes."""
    case = own_case(request, ref)
    here = case_address(case)
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


@needs(*CASEWORK)
@require_POST
def take(request: StaffRequest, ref: str) -> HttpResponse:
    """A case of the team, from now on one's own."""
    case = case_for(request.user, ref)
    actions.take(case=case, by=request.user, at=timezone.now())
    return back_to(request, case_address(case), _("It is with you now."))


@needs(*CASEWORK)
@require_safe
def transfers(request: StaffRequest) -> HttpResponse:
    """What waits for my answer, what came back to me, and what I offered."""
    found = capped_counts({name: desk.under_tab(request.user, name) for name in ("me", "back")})
    tab = tab_of(request, LABELS, found, "me")
    page = page_of(request, desk.rows_of(desk.under_tab(request.user, tab)), "-offered_at", "-id")
    context = {
        "rows": [(row, desk.TONES[Status(row.status)]) for row in page.rows],
        "tab": tab,
        "tabs": tabs_of(LABELS, tab, request.path, found),
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
        return back_to(request, case_address(transfer.case), _("It is not offered any more."))
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
