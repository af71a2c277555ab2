"""What leaves the figures with two people: a line for each takedown as a file, and the page that everybody can read."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.dashboards import periods, publishing
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.approvals.handlers import CannotBeDone, Change, Handler
from helpline.approvals.models import Approval
from helpline.platforms.models import Platform
from reports.statistics.models import PublishedYear

ROWS = "export-rows"
ROWS_WHYS: Mapping[str, str | Promise] = {
    "evaluation": gettext_lazy("We look into our own work"),
    "research": gettext_lazy("Researchers with whom there is a contract"),
    "authority": gettext_lazy("An authority asks for it in writing"),
}


def check_can_ask_rows(by: Staff) -> None:
    """Raises PermissionDenied unless `by` sees the figures and every case: the lines are about all of them."""
    if not by.can(Permission.FIGURES) or not by.can(Permission.CASES_ALL):
        raise PermissionDenied


class ExportRows(Handler[Staff]):
    """Granted, whoever asked can make the file for a while, of that period and no other. The object is who asked."""

    title: ClassVar[str | Promise] = gettext_lazy("Save a line for each request")
    does: ClassVar[str | Promise] = gettext_lazy(
        "Whoever asked can save a table with one line for each request of the period: month, platform, law, content, age "
        "group, and what became of it. No words, no links, no case. What has left can’t be called back."
    )
    undone: ClassVar[str | Promise] = gettext_lazy("Nothing leaves.")
    whys: ClassVar[Mapping[str, str | Promise]] = ROWS_WHYS
    life = timedelta(days=7)

    def find(self, ids: Collection[str]) -> Mapping[str, Staff]:
        return {str(one.pk): one for one in Staff.objects.filter(pk__in=[int(pk) for pk in ids])}

    def check_can_ask(self, obj: Staff, *, by: Staff) -> None:
        check_can_ask_rows(by)
        if obj.pk != by.pk:
            raise PermissionDenied

    def check_can_decide(self, obj: Staff, *, by: Staff) -> None:
        """Whoever may be a second person: the lines themselves are not shown to them."""

    def granted(self, approval: Approval, obj: Staff, *, by: Staff, at: datetime) -> None:
        """Nothing yet: it is made on demand, each time with a line in the trail."""

    def changes(self, approval: Approval, obj: Staff) -> Sequence[Change]:
        asked = approval.proposal
        slug = asked.get("platform") or ""
        platform = Platform.objects.filter(slug=slug).first() if slug else None
        return (
            Change(_("Period"), "", period_of(asked)),
            Change(_("Platform"), "", str(platform or slug or _("All platforms"))),
        )

    def name(self, obj: Staff) -> str:
        return _("requests, one a line")


def period_of(asked: Mapping[str, str]) -> str:
    """The period of a question, in words."""
    return str(periods.asked(asked["since"], asked["until"], today=date.max))


class PublishStatistics(Handler[PublishedYear]):
    """Put exactly what was previewed on the public page. Whoever decides sees every number that will stand there."""

    title: ClassVar[str | Promise] = gettext_lazy("Publish the figures of a year")
    does: ClassVar[str | Promise] = gettext_lazy(
        "Everybody can read these figures on the public page, at once. One person can take them down again, but what was "
        "read or copied can’t be called back."
    )
    undone: ClassVar[str | Promise] = gettext_lazy("The public page stays as it is.")
    life = timedelta(days=14)

    def find(self, ids: Collection[str]) -> Mapping[str, PublishedYear]:
        return {str(one.pk): one for one in PublishedYear.objects.filter(pk__in=[int(pk) for pk in ids])}

    def check_can_ask(self, obj: PublishedYear, *, by: Staff) -> None:
        publishing.check_can_publish(by)
        if not settings.PUBLIC_STATISTICS:
            raise CannotBeDone(gettext_lazy("The public page is switched off."))

    def check_can_decide(self, obj: PublishedYear, *, by: Staff) -> None:
        """Whoever may be a second person: what is to be published is no secret any more."""

    def changes(self, approval: Approval, obj: PublishedYear) -> Sequence[Change]:
        return publishing.changes(obj.facts, approval.proposal)

    def name(self, obj: PublishedYear) -> str:
        return _("the public page, %(year)s") % {"year": obj.year}

    def granted(self, approval: Approval, obj: PublishedYear, *, by: Staff, at: datetime) -> None:
        if not settings.PUBLIC_STATISTICS:
            raise CannotBeDone(gettext_lazy("The public page is switched off."))
        publishing.put_up(obj, facts=approval.proposal, by=by, at=at)
