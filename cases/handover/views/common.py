"""What the views of this room share: a case one may pass on, and the way back to it."""

from django.urls import reverse
from django.utils.translation import gettext_lazy

from cases.actions import check_belongs_to
from cases.models import Case
from cases.views.answers import case_for
from helpline.accounts.access import StaffRequest

ERASED = gettext_lazy("The young person erased this report. Nothing can be added to it any more.")


def case_address(case: Case, anchor: str = "people") -> str:
    """The page of the case, at the people who are on it."""
    return reverse("desk:case", kwargs={"ref": case.ref}) + f"#{anchor}"


def own_case(request: StaffRequest, ref: str) -> Case:
    """For who may pass it on. Raises Http404; PermissionDenied for who only works on it for a while."""
    case = case_for(request.user, ref)
    check_belongs_to(case, request.user)
    return case
