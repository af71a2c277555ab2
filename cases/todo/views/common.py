"""What the views of this room share."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from cases.models import Case
from cases.views.answers import back_to


def case_address(case: Case, anchor: str = "") -> str:
    """The page of the case, at the place where something was done."""
    page = reverse("desk:case", kwargs={"ref": case.ref})
    return f"{page}#{anchor}" if anchor else page


def is_part(request: HttpRequest) -> bool:
    """Does htmx ask, for a part of the page?"""
    return request.headers.get("HX-Request") == "true"


def erased(request: HttpRequest, case: Case) -> HttpResponse:
    """Back, with the reason."""
    said = _("The young person erased this report. Nothing can be added to it any more.")
    return back_to(request, case_address(case), said, level=messages.WARNING)


def closed(request: HttpRequest, case: Case) -> HttpResponse:
    """Back, with the reason."""
    said = _("The case is closed, so this was not done. Reopen it first.")
    return back_to(request, case_address(case, "close"), said, level=messages.WARNING)
