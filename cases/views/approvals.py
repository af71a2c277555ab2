"""The second person: what waits for one's decision, what one asked, what was decided; and asking to erase a report."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases import approving, rail
from cases.forms import AskForm, DecideForm
from cases.models import Case
from cases.views.answers import (
    NOT_TAKEN,
    READERS,
    Tab,
    back_to,
    first_address,
    next_address,
    page_of,
    report_for,
    tabs_of,
)
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission
from helpline.approvals import actions, handlers
from helpline.approvals.actions import ApprovalRefused
from helpline.approvals.handlers import CannotBeDone, Change
from helpline.approvals.models import Approval
from helpline.approvals.states import Status
from helpline.platforms.models import Channel
from reports.models import Report

WAITING, ASKED, DECIDED = "waiting", "asked", "decided"
LABELS: dict[str, Promise] = {
    WAITING: gettext_lazy("Waiting for me"),
    ASKED: gettext_lazy("What I asked"),
    DECIDED: gettext_lazy("Decided lately"),
}
TONES = {
    Status.WAITING: "wait",
    Status.GRANTED: "good",
    Status.REFUSED: "stop",
    Status.WITHDRAWN: "none",
    Status.EXPIRED: "none",
}


@dataclass(frozen=True, slots=True)
class Row:
    """An approval in words. `name` is empty once what it was about is gone."""

    approval: Approval
    title: str | Promise
    does: str | Promise
    undone: str | Promise
    why: str | Promise
    name: str
    url: str
    tone: str
    reason: str
    changes: Sequence[Change] = ()


@needs(Permission.APPROVE, *READERS)
@require_safe
def approval_list(request: StaffRequest) -> HttpResponse:
    """Three lists. Those that wait are shown with their reasons, and that is a reading each."""
    view = _view(request)
    found, order = _lists(request)[view]
    page = page_of(request, found.select_related("asked_by", "decided_by"), *order)
    now = timezone.now()
    reasons = actions.reasons_of(approvals=page.rows, by=request.user, at=now) if view == WAITING else {}
    context: dict[str, Any] = {
        "view": view,
        "rows": _rows(page.rows, reasons),
        "tabs": _tabs(request, view),
        "channels": _channels(request) if view == WAITING else (),
        "next_url": next_address(request, page.next),
        "first_url": first_address(request),
    }
    return render(request, "cases/approvals.html", context)


@needs(Permission.APPROVE, *READERS)
@require_safe
def approval_page(request: StaffRequest, approval_id: UUID) -> HttpResponse:
    return _show(request, _approval_for(request, approval_id), DecideForm())


@needs(Permission.APPROVE)
@require_POST
def decide(request: StaffRequest, approval_id: UUID) -> HttpResponse:
    """Yes or no. What is granted is done before this answers."""
    approval = _approval_for(request, approval_id)
    form = DecideForm(request.POST)
    if not form.is_valid():
        return _show(request, approval, form, status=NOT_TAKEN)
    granted = form.cleaned_data["granted"] == "yes"
    try:
        actions.decide(approval=approval, granted=granted, by=request.user, at=timezone.now())
    except PermissionDenied as error:
        raise Http404 from error
    except (ApprovalRefused, CannotBeDone) as refused:
        page = reverse("desk:approval", args=[approval_id])
        return back_to(request, page, str(refused.sentence), level=messages.WARNING)
    said = _("Granted, and done.") if granted else _("Refused. Nothing was done.")
    return back_to(request, reverse("desk:approvals"), said)


@needs(Permission.APPROVE, *READERS)
@require_POST
def withdraw(request: StaffRequest, approval_id: UUID) -> HttpResponse:
    """Whoever asked takes it back."""
    approval = get_object_or_404(Approval, pk=approval_id, asked_by=request.user)
    page = reverse("desk:approval", args=[approval_id])
    try:
        actions.withdraw(approval=approval, by=request.user, at=timezone.now())
    except ApprovalRefused as refused:
        return back_to(request, page, refused.sentence, level=messages.WARNING)
    return back_to(request, page, _("Taken back. Nobody decides on it any more."))


@needs(*READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def erase_report(request: StaffRequest, report_id: UUID) -> HttpResponse:
    """The young person said that everything shall go, and can't do it with their code: ask for a second person."""
    report = report_for(report_id)
    handler = handlers.of(approving.ERASE)
    try:
        handler.check_can_ask(report, by=request.user)
    except PermissionDenied as error:
        raise Http404 from error
    except CannotBeDone as no:
        return back_to(request, handler.url(report), str(no.sentence), level=messages.WARNING)
    form = AskForm(request.POST) if request.method == "POST" else AskForm()
    if request.method != "POST" or not form.is_valid():
        return _ask_to_erase(request, report, form, status=NOT_TAKEN if form.is_bound else 200)
    approval = actions.ask(
        what=approving.ERASE,
        obj=report,
        by=request.user,
        reason=form.cleaned_data["text"],
        at=timezone.now(),
    )
    return back_to(
        request,
        reverse("desk:approval", args=[approval.pk])
        if approval.asked_by == request.user
        else handler.url(report),
        _("Asked. Nothing is erased before a second person says yes."),
    )


def _ask_to_erase(request: StaffRequest, report: Report, form: AskForm, *, status: int) -> HttpResponse:
    context = {
        "report": report,
        "case": Case.objects.filter(report=report).first(),
        "form": form,
        "handler": handlers.of(approving.ERASE),
        "asked": actions.waiting_on(what=approving.ERASE, obj=report),
    }
    return render(request, "cases/approvals_erase.html", context, status=status)


def _approval_for(request: StaffRequest, approval_id: UUID) -> Approval:
    """What this person asked, decided or may decide. Raises Http404 for anything else."""
    seen = actions.seen_by(request.user).select_related("asked_by", "decided_by")
    approval = get_object_or_404(seen, pk=approval_id)
    if approval.asked_by != request.user and (obj := _objects([approval]).get(approval.pk)) is not None:
        try:
            handlers.of(approval.what).check_can_decide(obj, by=request.user)
        except PermissionDenied as error:
            raise Http404 from error
    return approval


def _show(request: StaffRequest, approval: Approval, form: DecideForm, *, status: int = 200) -> HttpResponse:
    reasons = actions.reasons_of(approvals=[approval], by=request.user, at=timezone.now())
    context = {
        "row": _rows([approval], reasons)[0],
        "form": form,
        "can_decide": actions.can_decide(approval, by=request.user),
        "is_mine": approval.asked_by == request.user,
    }
    return render(request, "cases/approval.html", context, status=status)


def _view(request: StaffRequest) -> str:
    """Whoever decides nothing is led to what they asked."""
    asked = request.GET.get("view", "")
    if not request.user.can(Permission.APPROVE):
        return ASKED
    return asked if asked in LABELS else WAITING


def _lists(request: StaffRequest) -> dict[str, tuple[QuerySet[Approval], Sequence[str]]]:
    """What each list holds, and the columns it is ordered by: what waits longest comes first."""
    staff = request.user
    return {
        WAITING: (actions.waiting_for(staff), ("asked_at", "id")),
        ASKED: (Approval.objects.filter(asked_by=staff), ("-asked_at", "-id")),
        DECIDED: (actions.decided_lately(staff), ("-done_at", "-id")),
    }


def _tabs(request: StaffRequest, view: str) -> list[Tab]:
    if not request.user.can(Permission.APPROVE):
        return []
    counts = {WAITING: rail.counts(request).get("approvals", 0)}
    return tabs_of(LABELS, view, lambda name: f"{request.path}?view={name}", counts)


def _channels(request: StaffRequest) -> Sequence[Channel]:
    """Contacts that wait for this person: they have columns of their own, and are approved on their platform's page."""
    if not request.user.can(Permission.PLATFORMS):
        return ()
    waiting = Channel.objects.filter(approved_at=None).exclude(address="").exclude(changed_by=request.user)
    return list(waiting.select_related("platform", "changed_by").order_by("platform_id", "id")[:50])


def _objects(approvals: Sequence[Approval]) -> dict[UUID, Any]:
    """What each is about, in one or two statements for each kind; without those that are gone."""
    there: dict[tuple[str, str], Any] = {}
    for what in {one.what for one in approvals}.intersection(handlers.kinds()):
        ids = {one.object_id for one in approvals if one.what == what}
        there |= {(what, pk): obj for pk, obj in handlers.of(what).find(ids).items()}
    keys = {one.pk: (one.what, one.object_id) for one in approvals}
    return {pk: there[key] for pk, key in keys.items() if key in there}


def _rows(approvals: Sequence[Approval], reasons: dict[UUID, str]) -> list[Row]:
    objects = _objects(approvals)
    return [_row(one, objects.get(one.pk), reasons.get(one.pk, "")) for one in approvals]


def _row(approval: Approval, obj: Any | None, reason: str) -> Row:
    handler = handlers.of(approval.what) if approval.what in handlers.kinds() else None
    return Row(
        approval=approval,
        title=handler.title if handler else approval.what,
        does=handler.does if handler else "",
        undone=handler.undone if handler else "",
        why=handler.whys.get(approval.why, "") if handler else "",
        name=handler.name(obj) if handler and obj is not None else "",
        url=handler.url(obj) if handler and obj is not None else "",
        tone=TONES[Status(approval.status)],
        reason=reason,
        changes=handler.changes(approval, obj) if handler and obj is not None else (),
    )
