"""A case leaves the house as a file only when a second person agrees."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.actions import check_can_work_on
from cases.models import Case
from cases.reading import is_erased
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.approvals.handlers import CannotBeDone, Change, Handler
from helpline.approvals.models import Approval

WHYS: Mapping[str, str | Promise] = {
    "their-wish": gettext_lazy("The young person asks for what we keep about them"),
    "authority": gettext_lazy("An authority asks for it in writing"),
    "lawyer": gettext_lazy("Their lawyer or guardian asks for it"),
    "handing-over": gettext_lazy("Another helpline takes it over"),
}


class ExportCase(Handler[Case]):
    """Granted, whoever asked can make the file for a while."""

    title: ClassVar[str | Promise] = gettext_lazy("Make a file of a case")
    does: ClassVar[str | Promise] = gettext_lazy(
        "Whoever asked can save everything that was told, in words: a ZIP with a PDF and the data. No picture is in it. "
        "What has left can’t be called back."
    )
    undone: ClassVar[str | Promise] = gettext_lazy("Nothing leaves.")
    deciders = frozenset({Permission.CASES_ALL})
    whys: ClassVar[Mapping[str, str | Promise]] = WHYS
    life = timedelta(days=7)

    def find(self, ids: Collection[str]) -> Mapping[str, Case]:
        rows = Case.objects.select_related("report").filter(pk__in=[int(one) for one in ids])
        return {str(row.pk): row for row in rows}

    def check_can_ask(self, obj: Case, *, by: Staff) -> None:
        check_can_work_on(obj, by=by)
        if is_erased(obj):
            raise CannotBeDone(gettext_lazy("The young person erased this report. There is nothing to save."))

    def check_can_decide(self, obj: Case, *, by: Staff) -> None:
        check_can_work_on(obj, by=by)

    def changes(self, approval: Approval, obj: Case) -> Sequence[Change]:
        notes = _("in the file") if approval.proposal.get("notes") else _("not in the file")
        return (Change(_("Notes of colleagues"), "", notes),)

    def name(self, obj: Case) -> str:
        return _("case %(ref)s") % {"ref": obj.ref}

    def url(self, obj: Case) -> str:
        return reverse("desk:case", args=[obj.ref])

    def belongs_to(self, obj: Case) -> UUID | None:
        return obj.report_id

    def granted(self, approval: Approval, obj: Case, *, by: Staff, at: datetime) -> None:
        if is_erased(obj):
            raise CannotBeDone(gettext_lazy("The young person erased this report. There is nothing to save."))
