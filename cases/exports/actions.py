"""Making the file, for who was allowed to, for as long as they may."""

from datetime import datetime

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction

from cases.actions import check_can_work_on
from cases.exports import making
from cases.models import Case
from cases.reading import is_erased
from helpline.accounts.models import Staff
from helpline.approvals import actions as approvals
from helpline.approvals.models import Approval
from helpline.audit import actions as audit
from helpline.crypto.wrapping import WrongKey

EXPORT = "export-case"


def granted(case: Case, *, by: Staff, at: datetime) -> Approval | None:
    """The yes by which `by` may make the file now."""
    return approvals.granted_to(what=EXPORT, obj=case, by=by, since=at - settings.EXPORT_FOR)


@transaction.atomic
def export(*, case: Case, by: Staff, at: datetime) -> making.Made:
    """The file. Each making is in the trail. Raises PermissionDenied without a yes that still counts, WrongKey once the
    case is erased."""
    check_can_work_on(case, by=by)
    allowed = granted(case, by=by, at=at)
    if allowed is None:
        raise PermissionDenied
    if is_erased(case):
        raise WrongKey("This case was erased.")
    notes = bool(allowed.proposal.get("notes"))
    made = making.make(case, notes=notes, by=by, at=at)
    detail: audit.Detail = {"approval": str(allowed.pk), "sha256": made.sha256, "notes": notes}
    audit.record(by=by, verb="case.exported", obj=case, detail=detail, at=at)
    return made
