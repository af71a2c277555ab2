"""Papers for whoever comes back: the proof of their report."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from helpline.crypto.box import Box
from helpline.web.files import neutral_file
from reports.followup.proof import proof_of
from reports.followup.views import opened
from reports.models import Report


@login_not_required
@require_safe
@opened
def proof(request: HttpRequest, report: Report, box: Box) -> HttpResponse:
    """A dated PDF to save or to print. It needs the code's own key, so the public face can make it."""
    body = proof_of(report, box, at=timezone.now())
    return neutral_file(body, kind="pdf", content_type="application/pdf")
