"""What it means when a second person is asked about a referral without consent."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cases.actions import can_work_on, check_can_work_on
from cases.referrals import actions
from cases.referrals.models import Referral
from cases.referrals.states import ForbiddenMove
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.approvals.handlers import CannotBeDone, Handler
from helpline.approvals.models import Approval


class WithoutConsent(Handler[Referral]):
    """Whoever sees every case decides; granted, the referral may leave. It is still sent by hand."""

    title = _("Refer without consent")
    does = _("The referral becomes ready: a dossier can be made and handed over.")
    deciders = frozenset({Permission.CASES_ALL})
    life = timedelta(days=7)

    def find(self, ids: Collection[str]) -> Mapping[str, Referral]:
        rows = Referral.objects.select_related("case__report").filter(pk__in=ids)
        return {str(row.pk): row for row in rows}

    def check_can_ask(self, obj: Referral, *, by: Staff) -> None:
        check_can_work_on(obj.case, by=by)

    def check_can_decide(self, obj: Referral, *, by: Staff) -> None:
        if not can_work_on(obj.case, by=by):
            raise PermissionDenied

    def name(self, obj: Referral) -> str:
        return f"{obj.get_kind_display()}, {obj.get_basis_display()}, {obj.case.ref}"

    def url(self, obj: Referral) -> str:
        return reverse("referrals:detail", args=[obj.pk])

    def belongs_to(self, obj: Referral) -> UUID | None:
        return obj.case.report_id

    def granted(self, approval: Approval, obj: Referral, *, by: Staff, at: datetime) -> None:
        try:
            actions.allowed_without_consent(referral=obj, approval=approval, by=by, at=at)
        except ForbiddenMove as error:
            raise CannotBeDone(
                _("It was changed or cancelled since. It has to be asked for again.")
            ) from error

    def not_granted(self, approval: Approval, obj: Referral, *, at: datetime) -> None:
        actions.not_allowed(referral=obj, approval=approval, by=approval.decided_by, at=at)
