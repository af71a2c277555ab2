"""Whose own code stopped working gets another one when a second person agrees."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.actions import check_can_work_on
from cases.listening.actions import can_listen
from cases.models import Case
from cases.reading import is_erased
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.approvals.handlers import CannotBeDone, Handler
from helpline.approvals.models import Approval

ERASED = gettext_lazy("The young person erased this report. No code opens it any more.")


class AnotherCode(Handler[Case]):
    """Granted, whoever asked can make one code and read it aloud, for a while."""

    title: ClassVar[str | Promise] = gettext_lazy("Give another code")
    does: ClassVar[str | Promise] = gettext_lazy(
        "Whoever asked can make one new code and read it aloud. The code of now stops working for everybody, the young "
        "person too. Whoever hears the new one can read the answers: ask how they know that it is them on the phone."
    )
    undone: ClassVar[str | Promise] = gettext_lazy("The code stays as it is.")
    deciders = frozenset({Permission.CASES_ALL})

    def find(self, ids: Collection[str]) -> Mapping[str, Case]:
        rows = Case.objects.select_related("report").filter(pk__in=[int(one) for one in ids])
        return {str(row.pk): row for row in rows}

    def check_can_ask(self, obj: Case, *, by: Staff) -> None:
        check_can_work_on(obj, by=by)
        if not can_listen(by):
            raise PermissionDenied
        if is_erased(obj):
            raise CannotBeDone(ERASED)

    def check_can_decide(self, obj: Case, *, by: Staff) -> None:
        check_can_work_on(obj, by=by)

    def name(self, obj: Case) -> str:
        return _("case %(ref)s") % {"ref": obj.ref}

    def url(self, obj: Case) -> str:
        return reverse("desk:case", args=[obj.ref])

    def belongs_to(self, obj: Case) -> UUID | None:
        return obj.report_id

    def granted(self, approval: Approval, obj: Case, *, by: Staff, at: datetime) -> None:
        if is_erased(obj):
            raise CannotBeDone(ERASED)
