"""A screenshot that a young person added. It is opened by a deliberate click, and each showing is in the trail."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import approving, reading
from cases.forms import SealForm
from cases.models import Case
from cases.views.answers import NOT_TAKEN, READERS, back_to, case_for
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission
from helpline.approvals import actions as approvals
from helpline.approvals.handlers import CannotBeDone
from helpline.crypto.wrapping import WrongKey
from reports.evidence.sanitise import content_type
from reports.models import Evidence
from reports.states import Status


@needs(*READERS)
@require_safe
def evidence_page(request: StaffRequest, evidence_id: UUID) -> HttpResponse:
    """What it is and what to do when it is something else, around the picture; or what became of it."""
    evidence, case = _evidence_for(request, evidence_id)
    return _show(request, evidence, case, SealForm())


@needs(*READERS)
@require_POST
def seal(request: StaffRequest, evidence_id: UUID) -> HttpResponse:
    """Ask a second person to destroy it. From here on nobody sees it."""
    evidence, case = _evidence_for(request, evidence_id)
    form = SealForm(request.POST)
    if not form.is_valid():
        return _show(request, evidence, case, form, status=NOT_TAKEN)
    page = reverse("desk:evidence", args=[evidence.pk])
    why, reason = form.cleaned_data["why"], form.cleaned_data["text"]
    try:
        approvals.ask(
            what=approving.SEAL, obj=evidence, by=request.user, reason=reason, why=why, at=timezone.now()
        )
    except CannotBeDone as no:
        return back_to(request, page, str(no.sentence), level=messages.WARNING)
    return back_to(request, page, _("Nobody can see it now. A second person decides."))


@needs(*READERS)
@require_safe
def evidence_picture(request: StaffRequest, evidence_id: UUID) -> HttpResponse:
    """Its bytes. No cache keeps them, and nothing in them is ever run."""
    evidence, _case = _evidence_for(request, evidence_id)
    try:
        picture = reading.read_evidence(evidence=evidence, by=request.user, at=timezone.now())
    except WrongKey as error:  # hidden or destroyed
        raise Http404 from error
    kind = content_type(picture)
    if not kind:
        raise Http404
    response = HttpResponse(picture, content_type=kind)
    response["Content-Disposition"] = f'inline; filename="screenshot.{kind.removeprefix("image/")}"'
    response["Content-Security-Policy"] = (
        "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox"
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response


def _show(
    request: StaffRequest, evidence: Evidence, case: Case | None, form: SealForm, *, status: int = 200
) -> HttpResponse:
    asked = approvals.waiting_on(what=approving.SEAL, obj=evidence)
    context = {
        "evidence": evidence,
        "case": case,
        "form": form,
        "asked": asked,
        "can_open_asked": asked is not None and approvals.seen_by(request.user).filter(pk=asked.pk).exists(),
        "sealing": form.is_bound or "seal" in request.GET,
        "digest": bytes(evidence.sha256 or b"").hex(),
    }
    return render(request, "cases/evidence.html", context, status=status)


def _evidence_for(request: StaffRequest, evidence_id: UUID) -> tuple[Evidence, Case | None]:
    """The screenshot, for whoever may read the report or the case it belongs to. Raises Http404 for everybody else,
    for a draft's, and once it is erased: they look the same."""
    there = Evidence.objects.defer("picture").select_related("report", "destroyed_by")
    # One that was destroyed has a page, too: it says so.
    there = there.exclude(staff_key=None, destroyed_at=None).exclude(report__status=Status.ERASED)
    evidence = get_object_or_404(there, pk=evidence_id)
    if evidence.report is None:
        raise Http404
    case = Case.objects.filter(report=evidence.report).first()
    if case is not None:
        return evidence, case_for(request.user, case.ref)
    if not request.user.can(Permission.QUEUE_READ):
        raise Http404
    return evidence, None
