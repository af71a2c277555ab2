"""A screenshot that a young person added. It is opened by a deliberate click, and each showing is in the trail."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cases import reading
from cases.models import Case
from cases.views.answers import case_for
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission
from helpline.crypto.wrapping import WrongKey
from reports.evidence.sanitise import content_type
from reports.models import Evidence
from reports.states import Status

READERS = (Permission.QUEUE_READ, Permission.CASES_OWN, Permission.CASES_ALL)


@needs(*READERS)
@require_safe
def evidence_page(request: StaffRequest, evidence_id: UUID) -> HttpResponse:
    """What it is and what to do when it is something else, around the picture."""
    evidence, case = _evidence_for(request, evidence_id)
    return render(request, "cases/evidence.html", {"evidence": evidence, "case": case})


@needs(*READERS)
@require_safe
def evidence_picture(request: StaffRequest, evidence_id: UUID) -> HttpResponse:
    """Its bytes. No cache keeps them, and nothing in them is ever run."""
    evidence, _case = _evidence_for(request, evidence_id)
    try:
        picture = reading.read_evidence(evidence=evidence, by=request.user, at=timezone.now())
    except WrongKey as error:  # destroyed meanwhile
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


def _evidence_for(request: StaffRequest, evidence_id: UUID) -> tuple[Evidence, Case | None]:
    """The screenshot, for whoever may read the report or the case it belongs to. Raises Http404 for everybody else,
    for a draft's, and once it is erased: they look the same."""
    there = Evidence.objects.defer("picture").select_related("report")
    there = there.exclude(staff_key=None).exclude(report__status=Status.ERASED)
    evidence = get_object_or_404(there, pk=evidence_id)
    if evidence.report is None:
        raise Http404
    case = Case.objects.filter(report=evidence.report).first()
    if case is not None:
        return evidence, case_for(request.user, case.ref)
    if not request.user.can(Permission.QUEUE_READ):
        raise Http404
    return evidence, None
