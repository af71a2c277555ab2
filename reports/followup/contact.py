"""Changing how a sign comes, or stopping it."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from helpline.crypto.box import Box
from reports import crowd
from reports.bounds import bounded
from reports.contact import contract, words
from reports.contact.actions import change_contact
from reports.contact.forms import ContactForm
from reports.followup.views import opened
from reports.models import Report

HERE = "/follow/contact/"


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@bounded
@opened
def contact(request: HttpRequest, report: Report, box: Box) -> HttpResponse:
    """What is agreed, in words; and a form for another agreement, or none."""
    agreed = contract.read(box.open_json(report, "contact"))
    if request.method == "POST":
        form = ContactForm(request.POST, auto_id="c-%s")
        if form.is_valid():
            if held := crowd.hold(request):
                return held
            change_contact(report=report, box=box, contact=form.contract, at=timezone.now())
            return redirect(f"{HERE}?done=1")
    else:
        form = ContactForm(initial=ContactForm.initial_of(agreed), auto_id="c-%s")
    form.language = report.language
    context = {
        "form": form,
        "lines": words.lines(agreed),
        "is_wanted": agreed.is_wanted,
        "done": request.GET.get("done") == "1",
        "neutral_name": settings.NEUTRAL_NAME,
    }
    return render(request, "reports/contact.html", context)
