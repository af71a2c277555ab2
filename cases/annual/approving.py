"""A report is frozen when a second person, who wrote nothing in it, agrees to exactly what they read."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.annual import actions
from cases.annual.models import AnnualReport
from cases.annual.states import Status
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.approvals.handlers import CannotBeDone, Change, Handler
from helpline.approvals.models import Approval
from reports.states import ForbiddenMove


class FreezeReport(Handler[AnnualReport]):
    """Granted, the report never changes again."""

    title: ClassVar[str | Promise] = gettext_lazy("Freeze a yearly report")
    does: ClassVar[str | Promise] = gettext_lazy(
        "The report never changes again, and its files can be saved and published. A correction is a new version."
    )
    undone: ClassVar[str | Promise] = gettext_lazy("It goes back to whoever writes it.")
    deciders = frozenset({Permission.FIGURES})
    life = timedelta(days=60)

    def find(self, ids: Collection[str]) -> Mapping[str, AnnualReport]:
        return {str(one.pk): one for one in AnnualReport.objects.filter(pk__in=list(ids))}

    def check_can_ask(self, obj: AnnualReport, *, by: Staff) -> None:
        actions.check_can_write(by)
        if obj.status != Status.REVIEW:
            raise CannotBeDone(gettext_lazy("This report does not wait for anybody any more."))

    def check_can_decide(self, obj: AnnualReport, *, by: Staff) -> None:
        """Who wrote in it may say no, and not yes: see `granted`."""

    def granted(self, approval: Approval, obj: AnnualReport, *, by: Staff, at: datetime) -> None:
        try:
            actions.freeze(report=obj, sha256=str(approval.proposal.get("sha256")), by=by, at=at)
        except PermissionDenied as error:
            raise CannotBeDone(
                gettext_lazy("You wrote in this report. Somebody who did not has to agree to it.")
            ) from error
        except actions.GivesAway as error:
            raise CannotBeDone(
                gettext_lazy(
                    "An earlier version tells what this one hides. Say no, so that it can be counted anew later."
                )
            ) from error
        except actions.ToldInPublic as error:
            raise CannotBeDone(
                gettext_lazy(
                    "Beside the public page of its year this report would tell a small number that it hides. Say no, so "
                    "that it can be counted anew later."
                )
            ) from error
        except (actions.Stale, ForbiddenMove) as error:
            raise CannotBeDone(
                gettext_lazy("The report is another than the one you were asked about.")
            ) from error

    def not_granted(self, approval: Approval, obj: AnnualReport, *, at: datetime) -> None:
        actions.back_to_draft(report=obj, by=approval.decided_by, at=at)

    def changes(self, approval: Approval, obj: AnnualReport) -> Sequence[Change]:
        return (Change(_("SHA-256"), "", str(approval.proposal.get("sha256", ""))),)

    def name(self, obj: AnnualReport) -> str:
        return _("%(period)s, version %(version)s") % {"period": obj.months, "version": obj.version}

    def url(self, obj: AnnualReport) -> str:
        return reverse("annual:report", args=[obj.pk])
