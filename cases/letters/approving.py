"""Another wording of notices: a second person reads it part by part, and it is used with their yes."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.letters import actions, wording
from cases.letters.models import NoticeTemplate
from cases.letters.words import name_of
from helpline.accounts.models import Staff
from helpline.approvals.handlers import CannotBeDone, Change, Handler
from helpline.approvals.models import Approval
from reports.states import ForbiddenMove


class ChangeTemplate(Handler[NoticeTemplate]):
    """Whoever keeps the platforms proposes; anybody who may be the second person decides."""

    title: ClassVar[str | Promise] = gettext_lazy("Change what notices say")
    does: ClassVar[str | Promise] = gettext_lazy(
        "Notices that are asked for from now on are written in these words. Those that were asked for stay as they are."
    )
    undone: ClassVar[str | Promise] = gettext_lazy("Notices go on being written as before.")
    life = timedelta(days=30)

    def find(self, ids: Collection[str]) -> Mapping[str, NoticeTemplate]:
        rows = NoticeTemplate.objects.filter(pk__in=[int(one) for one in ids])
        return {str(row.pk): row for row in rows}

    def check_can_ask(self, obj: NoticeTemplate, *, by: Staff) -> None:
        actions.check_can_edit(by)

    def check_can_decide(self, obj: NoticeTemplate, *, by: Staff) -> None:
        """Any holder of APPROVE."""

    def name(self, obj: NoticeTemplate) -> str:
        number = _("Version %(number)s") % {"number": obj.version}
        return f"{name_of(obj.regime, obj.language, obj.kind)} · {number}"

    def url(self, obj: NoticeTemplate) -> str:
        return reverse("letters:version", args=[obj.pk])

    def changes(self, approval: Approval, obj: NoticeTemplate) -> Sequence[Change]:
        before = parts_before(obj)
        return [Change(part.label, before.get(part.name, ""), text) for part, text in obj.layout]

    def granted(self, approval: Approval, obj: NoticeTemplate, *, by: Staff, at: datetime) -> None:
        used = NoticeTemplate.objects.of(obj.regime, obj.language, obj.kind).in_use().first()
        if (used.version if used else None) != obj.based_on:
            raise CannotBeDone(_("It was changed since it was proposed. It has to be proposed again."))
        try:
            actions.use(template=obj, by=by, at=at)
        except ForbiddenMove as error:
            raise CannotBeDone(_("It does not wait any more.")) from error

    def not_granted(self, approval: Approval, obj: NoticeTemplate, *, at: datetime) -> None:
        actions.set_aside(template=obj)


def parts_before(template: NoticeTemplate) -> Mapping[str, str]:
    """What this version was written over. What came with the program was written over nothing: itself."""
    if template.by_id is None:
        return dict(template.parts)
    if template.based_on is None:
        return wording.current(template.regime, template.language).parts
    rows = NoticeTemplate.objects.of(template.regime, template.language, template.kind)
    before: Mapping[str, str] = rows.values_list("parts", flat=True).get(version=template.based_on)
    return before
