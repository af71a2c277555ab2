"""A case as a file: ask, wait for the second person, save it."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cases.exports import actions
from cases.exports.forms import ExportForm
from cases.reading import is_erased
from cases.views.answers import CASEWORK, NOT_TAKEN, back_to, case_for
from helpline.accounts.access import StaffRequest, needs
from helpline.approvals import actions as approvals
from helpline.approvals.handlers import CannotBeDone
from helpline.crypto.wrapping import WrongKey
from helpline.web.files import neutral_file


@needs(*CASEWORK)
@require_http_methods(["GET", "HEAD", "POST"])
def export_page(request: StaffRequest, ref: str) -> HttpResponse:
    case, now = case_for(request.user, ref), timezone.now()
    form = ExportForm(request.POST if request.method == "POST" else None)
    page = reverse("exports:export", args=[case.ref])
    if form.is_valid():
        data = form.cleaned_data
        try:
            approvals.ask(
                what=actions.EXPORT,
                obj=case,
                by=request.user,
                reason=data["text"],
                why=data["why"],
                proposal={"notes": data["notes"]},
                at=now,
            )
        except CannotBeDone as no:
            return back_to(request, page, str(no.sentence), level=messages.WARNING)
        except PermissionDenied:
            said = _("Only who works on this case asks for a file of it.")
            return back_to(request, page, said, level=messages.WARNING)
        return back_to(request, page, _("Asked. The file can be made once a second person says yes."))
    asked = approvals.waiting_on(what=actions.EXPORT, obj=case)
    granted = actions.granted(case, by=request.user, at=now)
    context = {
        "case": case,
        "form": form,
        "erased": is_erased(case),
        "asked": asked,
        "can_open_asked": asked is not None and approvals.seen_by(request.user).filter(pk=asked.pk).exists(),
        "granted": granted,
        "until": granted.done_at + settings.EXPORT_FOR if granted and granted.done_at else None,
    }
    return render(request, "exports/export.html", context, status=NOT_TAKEN if form.is_bound else 200)


@needs(*CASEWORK)
@require_POST
def export_file(request: StaffRequest, ref: str) -> HttpResponse:
    """Made now, kept nowhere, in the trail each time."""
    case = case_for(request.user, ref)
    page = reverse("exports:export", args=[case.ref])
    try:
        made = actions.export(case=case, by=request.user, at=timezone.now())
    except PermissionDenied:
        said = _("Nobody agreed to it, or the time is over. Ask again.")
        return back_to(request, page, said, level=messages.WARNING)
    except WrongKey:
        said = _("The young person erased this report. There is nothing to save.")
        return back_to(request, page, said, level=messages.WARNING)
    return neutral_file(made.body, kind="zip", content_type="application/zip")
