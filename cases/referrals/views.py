"""The list of referrals, preparing one from a case, and one with what can be done."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases import reading
from cases.models import Case
from cases.queue import capped_counts
from cases.referrals import actions, desk, recipients, states, words
from cases.referrals.actions import Refused
from cases.referrals.forms import AnswerForm, CloseForm, FollowUpForm, ReferralForm, SentForm, TellForm
from cases.referrals.models import Referral
from cases.referrals.recipients import Recipient
from cases.referrals.states import ForbiddenMove, Outcome, RecipientKind
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
from helpline.web.files import neutral_file


@needs(*CASEWORK)
@require_safe
def list_page(request: StaffRequest) -> HttpResponse:
    found = capped_counts({name: desk.under_tab(request.user, name) for name in desk.COUNTED})
    tab = tab_of(request, desk.TABS, found, "all")
    rows = desk.under_tab(request.user, tab).select_related("case__assignee")
    page = page_of(request, rows, *desk.order_of(tab))
    context = {
        "rows": [desk.row_of(referral) for referral in page.rows],
        "tab": tab,
        "tabs": tabs_of(
            {name: label for name, (label, _statuses) in desk.TABS.items()}, tab, request.path, found
        ),
        "today": timezone.localdate(),
        "next_url": next_address(request, page.next),
        "first_url": first_address(request),
    }
    return render(request, "referrals/list.html", context)


# --- preparing ------------------------------------------------------------------------------------------


@needs(*CASEWORK)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: StaffRequest, ref: str) -> HttpResponse:
    """First to whom, then the rest: what a recipient accepts decides what is asked."""
    case = case_for(request.user, ref)
    kind = request.GET.get("kind", "")
    if reading.is_erased(case):
        return _erased(request, reverse("desk:case", kwargs={"ref": case.ref}))
    if kind not in RecipientKind.values:
        status = NOT_TAKEN if request.method == "POST" else 200
        context = {"case": case, "kinds": recipients.current().recipients.values()}
        return render(request, "referrals/choose.html", context, status=status)
    accepted = recipients.of_kind(kind)
    like = desk.of_the_same_incident(case, kind, request.user)
    form = ReferralForm(
        request.POST if request.method == "POST" else None, initial=_office(like), accepted=accepted
    )
    if not form.is_valid():
        if like is not None and not form.is_bound:
            actions.record_read(referral=like, by=request.user, at=timezone.now())
        return _show_form(request, case, form, accepted, like=like)
    try:
        made = actions.prepare(
            case=case, kind=RecipientKind(kind), facts=form.facts(), by=request.user, at=timezone.now()
        )
    except Refused as error:
        return _show_form(request, case, _with(form, error), accepted, like=like)
    return back_to(request, _address(made), _("A draft. Nothing has left."))


@needs(*CASEWORK)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: StaffRequest, referral_id: UUID) -> HttpResponse:
    referral = _referral_for(request, referral_id)
    accepted, here = recipients.of_kind(referral.kind), _address(referral)
    if reading.is_erased(referral.case):
        return _erased(request, here)
    if referral.status not in states.CHANGEABLE:
        return _too_late(request, referral)
    if request.method != "POST":
        actions.record_read(referral=referral, by=request.user, at=timezone.now())
        form = ReferralForm(initial=_initial(referral), accepted=accepted)
        return _show_form(request, referral.case, form, accepted, referral=referral)
    form = ReferralForm(request.POST, accepted=accepted)
    if not form.is_valid():
        return _show_form(request, referral.case, form, accepted, referral=referral)
    try:
        actions.change(referral=referral, facts=form.facts(), by=request.user, at=timezone.now())
    except Refused as error:
        return _show_form(request, referral.case, _with(form, error), accepted, referral=referral)
    except ForbiddenMove:
        return _too_late(request, referral)
    except PermissionDenied:
        said = _("A colleague asked a second person about it. Only they can change it while it waits.")
        return back_to(request, here, said, level=messages.WARNING)
    return back_to(request, here, _("Changed. It is a draft again."))


def _show_form(
    request: StaffRequest,
    case: Case,
    form: ReferralForm,
    accepted: Recipient,
    *,
    referral: Referral | None = None,
    like: Referral | None = None,
) -> HttpResponse:
    context = {
        "like": like,
        "case": case,
        "form": form,
        "accepted": accepted,
        "note": recipients.said(accepted.note),
        "referral": referral,
        "back_url": _address(referral) if referral else reverse("desk:case", kwargs={"ref": case.ref}),
    }
    return render(request, "referrals/form.html", context, status=NOT_TAKEN if form.is_bound else 200)


def _with(form: ReferralForm, refused: Refused) -> ReferralForm:
    for name, sentence in refused.findings.items():
        form.add_error(name if name in form.fields else None, str(sentence))
    return form


def _initial(referral: Referral) -> dict[str, Any]:
    shown = desk.opened(referral)
    named = ("recipient", "basis", "consent_by", "consent_at", "consent_how", "article", "included")
    kept = {name: getattr(referral, name) for name in named}
    return kept | {
        "contact": shown.contact,
        "consent_limits": shown.consent_limits,
        "reason": shown.reason,
    }


def _office(like: Referral | None) -> dict[str, Any]:
    """What holds for every pupil of one procedure: whose it is. What this young person agreed to is asked each time."""
    if like is None:
        return {}
    return {"recipient": like.recipient, "contact": desk.opened(like).contact, "article": like.article}


# --- one referral ---------------------------------------------------------------------------------------


def _referral_for(request: StaffRequest, referral_id: UUID) -> Referral:
    """Raises Http404 for one that is not there or not this person's."""
    found = Referral.objects.visible_to(request.user).select_related(
        "case__report", "case__assignee", "prepared_by", "asked_by", "approved_by", "sent_by"
    )
    return get_object_or_404(found, pk=referral_id)


def _address(referral: Referral) -> str:
    return reverse("referrals:detail", args=[referral.pk])


@needs(*CASEWORK)
@require_safe
def detail(request: StaffRequest, referral_id: UUID) -> HttpResponse:
    return _show(request, _referral_for(request, referral_id))


def _show(request: StaffRequest, referral: Referral, *, status: int = 200, **bound: Any) -> HttpResponse:
    """The page. `bound` puts what was typed, with its errors, in the place of an empty form."""
    opened = desk.opened(referral)
    actions.record_read(referral=referral, by=request.user, at=timezone.now())
    empty: dict[str, forms.Form] = {
        "sent": SentForm(),
        "answer": AnswerForm(),
        "follow": FollowUpForm(initial={"on": referral.follow_up_at}),
        "close": CloseForm(),
        "tell": TellForm(initial={"text": words.message_for(referral)}),
    }
    context = {
        "referral": referral,
        "case": referral.case,
        "opened": opened,
        "erased": opened.erased,
        "note": recipients.said(opened.recipient.note),
        "article": opened.article,
        "article_says": recipients.said(opened.article.says) if opened.article else "",
        "may_change": not opened.erased and referral.status in states.CHANGEABLE,
        "has_dossier": not opened.erased and referral.status in actions.DOSSIER_FROM,
        "is_under_way": referral.status in states.LEFT - states.ENDED,
        "may_tell": not opened.erased and referral.status != states.Status.CANCELLED,
        "forms": empty | bound,
    }
    return render(request, "referrals/detail.html", context, status=status)


Act = Callable[[Referral], str]


def _decide(request: StaffRequest, referral: Referral, act: Act) -> HttpResponse:
    """Act, and say on the referral's page what happened."""
    here = _address(referral)
    try:
        said = act(referral)
    except ForbiddenMove:
        return _too_late(request, referral)
    except Refused as error:
        said = " ".join(str(sentence) for sentence in error.findings.values())
        return back_to(request, here, said, level=messages.WARNING)
    except WrongKey:
        return _erased(request, here)
    return back_to(request, here, said)


def _too_late(request: StaffRequest, referral: Referral) -> HttpResponse:
    referral.refresh_from_db()
    said = _("It is “%(status)s” now, so this was not done.") % {"status": referral.get_status_display()}
    return back_to(request, _address(referral), said, level=messages.WARNING)


def _erased(request: StaffRequest, here: str) -> HttpResponse:
    said = _("The young person erased this report. Nothing of it can be handed over any more.")
    return back_to(request, here, said, level=messages.WARNING)


@needs(*CASEWORK)
@require_POST
def approval(request: StaffRequest, referral_id: UUID) -> HttpResponse:
    def act(referral: Referral) -> str:
        actions.ask_approval(referral=referral, by=request.user, at=timezone.now())
        return _("A second person is asked. Nothing leaves before they agree.")

    return _decide(request, _referral_for(request, referral_id), act)


@needs(*CASEWORK)
@require_POST
def ready(request: StaffRequest, referral_id: UUID) -> HttpResponse:
    def act(referral: Referral) -> str:
        actions.make_ready(referral=referral, by=request.user, at=timezone.now())
        return _("Ready. Make the dossier, hand it over, then note it as sent.")

    return _decide(request, _referral_for(request, referral_id), act)


@needs(*CASEWORK)
@require_POST
def make_dossier(request: StaffRequest, referral_id: UUID) -> HttpResponse:
    referral = _referral_for(request, referral_id)
    try:
        body = actions.make_dossier(referral=referral, by=request.user, at=timezone.now())
    except ForbiddenMove:
        return _too_late(request, referral)
    except WrongKey:
        return _erased(request, _address(referral))
    return neutral_file(body, kind="pdf", content_type="application/pdf")


@needs(*CASEWORK)
@require_POST
def sent(request: StaffRequest, referral_id: UUID) -> HttpResponse:
    referral, form = _referral_for(request, referral_id), SentForm(request.POST)
    if not form.is_valid():
        return _show(request, referral, status=NOT_TAKEN, sent=form)

    def act(referral: Referral) -> str:
        receipt = form.cleaned_data["receipt"]
        actions.mark_sent(referral=referral, receipt=receipt, by=request.user, at=timezone.now())
        return _("Noted as sent. The day to ask again is set; you can change it.")

    return _decide(request, referral, act)


@needs(*CASEWORK)
@require_POST
def answer(request: StaffRequest, referral_id: UUID) -> HttpResponse:
    referral, form = _referral_for(request, referral_id), AnswerForm(request.POST)
    if not form.is_valid():
        return _show(request, referral, status=NOT_TAKEN, answer=form)

    def act(referral: Referral) -> str:
        data = form.cleaned_data
        actions.record_answer(
            referral=referral,
            accepted=data["accepted"] == "yes",
            words=data["words"],
            by=request.user,
            at=timezone.now(),
        )
        return _("Their answer is kept. The young person is told only if you write to them.")

    return _decide(request, referral, act)


@needs(*CASEWORK)
@require_POST
def follow_up(request: StaffRequest, referral_id: UUID) -> HttpResponse:
    referral, form = _referral_for(request, referral_id), FollowUpForm(request.POST)
    if not form.is_valid():
        return _show(request, referral, status=NOT_TAKEN, follow=form)

    def act(referral: Referral) -> str:
        on = form.cleaned_data["on"]
        actions.set_follow_up(referral=referral, on=on, by=request.user, at=timezone.now())
        return _("It comes back into the list on that day.")

    return _decide(request, referral, act)


@needs(*CASEWORK)
@require_POST
def close(request: StaffRequest, referral_id: UUID) -> HttpResponse:
    referral, form = _referral_for(request, referral_id), CloseForm(request.POST)
    if not form.is_valid():
        return _show(request, referral, status=NOT_TAKEN, close=form)

    def act(referral: Referral) -> str:
        outcome = Outcome(form.cleaned_data["outcome"])
        actions.close(referral=referral, outcome=outcome, by=request.user, at=timezone.now())
        return _("Closed, with what came of it.")

    return _decide(request, referral, act)


@needs(*CASEWORK)
@require_POST
def cancel(request: StaffRequest, referral_id: UUID) -> HttpResponse:
    def act(referral: Referral) -> str:
        actions.cancel(referral=referral, by=request.user, at=timezone.now())
        return _("Cancelled. Nothing leaves.")

    return _decide(request, _referral_for(request, referral_id), act)


@needs(*CASEWORK)
@require_POST
def tell(request: StaffRequest, referral_id: UUID) -> HttpResponse:
    referral, form = _referral_for(request, referral_id), TellForm(request.POST)
    if not form.is_valid():
        return _show(request, referral, status=NOT_TAKEN, tell=form)

    def act(referral: Referral) -> str:
        text = form.cleaned_data["text"]
        actions.tell_young_person(referral=referral, text=text, by=request.user, at=timezone.now())
        return _("The message waits for them. They read it when they come back with their code.")

    return _decide(request, referral, act)
