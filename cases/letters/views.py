"""The templates: reading, trying, proposing, going back; and the mandate on the case page."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases.letters import actions, wording
from cases.letters.approving import parts_before
from cases.letters.forms import MandateForm, PreviewForm, TemplateForm
from cases.letters.models import Mandate, NoticeTemplate
from cases.letters.parts import KINDS
from cases.letters.states import GivenBy, GivenHow, Status
from cases.letters.words import compared, language_name, name_of, only
from cases.letters.writing import invented, subject, text
from cases.models import Case
from cases.views.answers import NOT_TAKEN, back_to, case_for, first_address, next_address, page_of
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission
from helpline.approvals import actions as approvals
from helpline.crypto.wrapping import WrongKey
from helpline.platforms.models import Regime
from reports.states import Kind

READERS = (Permission.PLATFORMS, Permission.TAKEDOWNS)


@needs(*READERS)
@require_safe
def template_list(request: StaffRequest) -> HttpResponse:
    """Every template: which version notices are written in, and what waits."""
    live = NoticeTemplate.objects.filter(status__in=[Status.IN_USE, Status.WAITING]).select_related("by")
    rows: dict[wording.Slot, dict[str, Any]] = {slot: {} for slot in wording.packaged()}
    for one in live:
        slot = (one.regime, one.language, one.kind)
        rows.setdefault(slot, {})["waiting" if one.status == Status.WAITING else "used"] = one
    order = {regime: place for place, regime in enumerate(Regime.values)}
    context = {
        "groups": [
            (
                Regime(regime).label,
                [
                    {
                        "name": _name_in_group(slot),
                        "url": _page(*slot),
                        "used": found.get("used"),
                        "waiting": found.get("waiting"),
                    }
                    for slot, found in sorted(rows.items(), key=lambda one: (one[0][2], one[0][1]))
                    if slot[0] == regime
                ],
            )
            for regime in sorted(order, key=lambda one: order[one])
        ],
        "may_edit": request.user.can(Permission.PLATFORMS),
    }
    return render(request, "letters/list.html", context)


def _name_in_group(slot: wording.Slot) -> str:
    _regime, language, kind = slot
    if not kind:
        return language_name(language)
    return f"{language_name(language)} · {only(kind)}"


def _page(regime: str, language: str, kind: str = "", *, change: bool = False) -> str:
    names = [one for one in (regime, language, kind) if one]
    return reverse(f"letters:{'kind-' if kind else ''}{'change' if change else 'template'}", args=names)


def _check_slot(regime: str, language: str, kind: str) -> None:
    """Raises Http404 for what no template can be for."""
    if regime not in Regime.values or language not in wording.LANGUAGES or kind not in {"", *Kind.values}:
        raise Http404


def _used(regime: str, language: str, kind: str) -> wording.Wording:
    """What notices are written in, read from the tables: whoever edits must see what stands there now."""
    row = NoticeTemplate.objects.of(regime, language, kind).in_use().first()
    if row is None and kind:
        row = NoticeTemplate.objects.of(regime, language).in_use().first()
    return wording.Wording(row.wording, row.parts) if row else wording.packaged()[regime, language, ""]


@needs(*READERS)
@require_safe
def template(request: StaffRequest, regime: str, language: str, kind: str = "") -> HttpResponse:
    """One template: how a notice reads in it, and its versions."""
    _check_slot(regime, language, kind)
    rows = NoticeTemplate.objects.of(regime, language, kind)
    page = page_of(request, rows.select_related("by"), "-version")
    waiting = rows.filter(status=Status.WAITING).first()
    context = {
        **_about(regime, language, kind),
        **_preview(request.GET, _used(regime, language, kind), regime, language, kind),
        "rows": page.rows,
        "next_url": next_address(request, page.next),
        "first_url": first_address(request),
        "asked": approvals.waiting_on(what=actions.CHANGE, obj=waiting) if waiting else None,
        "may_edit": request.user.can(Permission.PLATFORMS),
        "kinds": [(label, _page(regime, language, one, change=True)) for one, label in KINDS.items()],
    }
    return render(request, "letters/template.html", context)


def _about(regime: str, language: str, kind: str) -> dict[str, Any]:
    return {
        "title": name_of(regime, language, kind),
        "kind": kind,
        "page": _page(regime, language, kind),
        "change_url": _page(regime, language, kind, change=True),
    }


def _preview(
    given: Mapping[str, Any], words: wording.Wording, regime: str, language: str, kind: str
) -> dict[str, Any]:
    """The notice of an invented case in these words."""
    form = PreviewForm(given if "age" in given else {"case_kind": kind or Kind.DEEPNUDE, "age": "minor"})
    chosen = form.cleaned_data if form.is_valid() else {}
    shown = Kind(kind or chosen.get("case_kind") or Kind.DEEPNUDE)
    content = invented(
        words=words,
        regime=regime,
        language=language,
        kind=shown,
        minor=chosen.get("age") != "adult",
        today=timezone.localdate(),
    )
    if kind:
        del form.fields["case_kind"]
    return {"preview": form, "subject": subject(content), "letter": text(content), "letter_lang": language}


@needs(Permission.PLATFORMS)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: StaffRequest, regime: str, language: str, kind: str = "") -> HttpResponse:
    """Another wording: tried with `show`, else proposed."""
    _check_slot(regime, language, kind)
    used = _used(regime, language, kind)
    data = request.POST if request.method == "POST" else None
    form = TemplateForm(data, initial=dict(used.parts), regime=regime, kind=kind)
    form.fields["text"].required = "show" not in request.POST
    context = _about(regime, language, kind) | {"form": form, "used": used}
    if request.method != "POST" or not form.is_valid():
        waiting = NoticeTemplate.objects.of(regime, language, kind).filter(status=Status.WAITING).first()
        context["asked"] = approvals.waiting_on(what=actions.CHANGE, obj=waiting) if waiting else None
        return render(request, "letters/change.html", context, status=NOT_TAKEN if form.is_bound else 200)
    if "show" in request.POST:
        words = wording.Wording(used.name, form.parts())
        context |= _preview(request.POST, words, regime, language, kind)
        return render(request, "letters/change.html", context)
    return _propose(
        request, regime, language, kind, parts=form.parts(), reason=form.cleaned_data["text"], form=form
    )


def _propose(
    request: StaffRequest,
    regime: str,
    language: str,
    kind: str,
    *,
    parts: Mapping[str, str],
    reason: str,
    form: TemplateForm | None = None,
) -> HttpResponse:
    page = _page(regime, language, kind)
    try:
        actions.propose(
            regime=regime,
            language=language,
            kind=kind,
            parts=parts,
            reason=reason,
            by=request.user,
            at=timezone.now(),
        )
    except (actions.WaitsAlready, actions.NothingNew) as no:
        said = (
            _("That is how it reads already. Nothing was proposed.")
            if isinstance(no, actions.NothingNew)
            else _("Another version waits for a second person. Take that back first, or wait for the answer.")
        )
        if form is None:
            return back_to(request, page, said, level=messages.WARNING)
        form.add_error(None, said)
        context = _about(regime, language, kind) | {"form": form, "used": _used(regime, language, kind)}
        return render(request, "letters/change.html", context, status=NOT_TAKEN)
    except actions.BadParts:
        # Only an old version can come to this: what is typed was checked beside each field.
        said = _("This version lacks a part that a template has by now. Change the one in use instead.")
        return back_to(request, page, said, level=messages.WARNING)
    return back_to(request, page, _("Proposed. Notices are written in it once a second person says yes."))


@needs(*READERS)
@require_safe
def version(request: StaffRequest, pk: int) -> HttpResponse:
    """One version, part by part, with what it changed."""
    row = get_object_or_404(NoticeTemplate.objects.select_related("by"), pk=pk)
    before = parts_before(row)
    lines: list[dict[str, Any]] = [
        {"label": part.label, "runs": compared(before.get(part.name, ""), said)} for part, said in row.layout
    ]
    context = {
        **_about(row.regime, row.language, row.kind),
        "row": row,
        "lines": lines,
        "changed": sum(any(run.change for run in line["runs"]) for line in lines),
        "asked": approvals.waiting_on(what=actions.CHANGE, obj=row),
        "may_go_back": row.status in {Status.RETIRED, Status.DRAFT}
        and request.user.can(Permission.PLATFORMS),
    }
    return render(request, "letters/version.html", context)


@needs(Permission.PLATFORMS)
@require_POST
def again(request: StaffRequest, pk: int) -> HttpResponse:
    """Propose the words of an earlier version again."""
    row = get_object_or_404(NoticeTemplate, pk=pk)
    reason = _("Back to version %(number)s.") % {"number": row.version}
    return _propose(request, row.regime, row.language, row.kind, parts=row.parts, reason=reason)


# --- mandates -----------------------------------------------------------------------------------------


def _case_page(case: Case) -> str:
    return f"{reverse('desk:case', kwargs={'ref': case.ref})}#mandate"


@needs(Permission.TAKEDOWNS)
@require_http_methods(["GET", "HEAD", "POST"])
def record_mandate(request: StaffRequest, ref: str) -> HttpResponse:
    """Note who allowed us to sign. The form stands on the case page; with an error it is shown by itself."""
    case = case_for(request.user, ref)
    data = request.POST if request.method == "POST" else None
    form = MandateForm(data, initial={"given_on": timezone.localdate()})
    if request.method != "POST" or not form.is_valid():
        context = {"case": case, "form": form}
        return render(request, "letters/mandate.html", context, status=NOT_TAKEN if form.is_bound else 200)
    try:
        actions.record_mandate(
            case=case,
            given_by=GivenBy(form.cleaned_data["given_by"]),
            given_how=GivenHow(form.cleaned_data["given_how"]),
            given_on=form.cleaned_data["given_on"],
            words=form.cleaned_data["words"],
            by=request.user,
            at=timezone.now(),
        )
    except actions.MandateStands:
        said = _("Somebody allowed it already. Nothing was recorded twice.")
        return back_to(request, _case_page(case), said, level=messages.WARNING)
    except WrongKey:
        said = _("The young person erased this report. Nothing can be added to it any more.")
        return back_to(request, _case_page(case), said, level=messages.WARNING)
    return back_to(request, _case_page(case), _("Recorded. The helpline may sign in this case."))


def _mandate_for(request: StaffRequest, ref: str, mandate_id: UUID) -> Mandate:
    """Raises Http404 for one that is not there or not this person's."""
    case = case_for(request.user, ref)
    return get_object_or_404(case.mandates.select_related("case"), pk=mandate_id)


@needs(Permission.TAKEDOWNS)
@require_POST
def revoke_mandate(request: StaffRequest, ref: str, mandate_id: UUID) -> HttpResponse:
    mandate = _mandate_for(request, ref, mandate_id)
    stays = actions.revoke_mandate(mandate=mandate, by=request.user, at=timezone.now())
    undo = reverse("letters:restore-mandate", args=[mandate.case.ref, mandate.pk])
    said = _("Taken back. Nothing is signed in this case from now on.")
    if stays:
        waiting = ngettext(
            "%(count)s request that had not left stays here, under “To mend”.",
            "%(count)s requests that had not left stay here, under “To mend”.",
            stays,
        )
        said = f"{said} {waiting % {'count': stays}}"
    return back_to(request, _case_page(mandate.case), said, undo=undo)


@needs(Permission.TAKEDOWNS)
@require_POST
def restore_mandate(request: StaffRequest, ref: str, mandate_id: UUID) -> HttpResponse:
    mandate = _mandate_for(request, ref, mandate_id)
    try:
        actions.restore_mandate(mandate=mandate, by=request.user, at=timezone.now())
    except actions.MandateStands:
        said = _("Another one was recorded meanwhile. Nothing changed.")
        return back_to(request, _case_page(mandate.case), said, level=messages.WARNING)
    said = _("It stands again. What stayed here for it leaves once you press “Check again”.")
    return back_to(request, _case_page(mandate.case), said)
