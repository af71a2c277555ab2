"""What about a report needs a second person: destroying a screenshot, and erasing on a spoken wish."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import actions
from cases.models import Case
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.approvals import actions as approvals
from helpline.approvals.handlers import CannotBeDone, Handler
from helpline.approvals.models import Approval
from helpline.approvals.states import Status as Answer
from reports import actions as reports
from reports.evidence import actions as evidence
from reports.models import Evidence, Report
from reports.states import News, Picture, SealedWhy, Status

SEAL = "seal-evidence"
ERASE = "erase-report"


def check_can_see(report: Report, *, by: Staff) -> None:
    """Raises PermissionDenied unless `by` works on its case, or on the queue it waits in."""
    case = Case.objects.filter(report=report).first()
    if case is not None:
        actions.check_can_work_on(case, by=by)
    elif not by.can(Permission.QUEUE_READ):
        raise PermissionDenied


def case_name(report: Report) -> str:
    """How a report is called where nothing of it may be opened."""
    case: Case | None = getattr(report, "case", None)
    return _("case %(ref)s") % {"ref": case.ref} if case else _("a report in the queue")


class SealEvidence(Handler[Evidence]):
    """Destroy a screenshot for good. From the question on it is hidden, and shown again only if the answer is no."""

    title: ClassVar[str | Promise] = gettext_lazy("Destroy a screenshot")
    does: ClassVar[str | Promise] = gettext_lazy(
        "The picture and its keys are destroyed. Nobody can open it again, not even the young person. Its digest, its "
        "size and both your names stay. This can’t be undone."
    )
    undone: ClassVar[str | Promise] = gettext_lazy("The screenshot is shown again to those who work on it.")
    deciders = frozenset({Permission.CASES_ALL})
    whys: ClassVar[Mapping[str, str | Promise]] = dict(SealedWhy.choices)
    # Hidden, it would otherwise stay for as long as the report does, and nobody would have decided.
    life = None
    # For the same reason: taken back, it would stay hidden because of one person alone.
    can_be_taken_back = False

    def find(self, ids: Collection[str]) -> Mapping[str, Evidence]:
        rows = Evidence.objects.defer("picture").select_related("report__case").exclude(report=None)
        return {str(row.pk): row for row in rows.filter(pk__in=ids).exclude(report__status=Status.ERASED)}

    def check_can_ask(self, obj: Evidence, *, by: Staff) -> None:
        check_can_see(_report_of(obj), by=by)
        if obj.destroyed_at is not None:
            raise CannotBeDone(gettext_lazy("This screenshot is destroyed already."))

    def check_can_decide(self, obj: Evidence, *, by: Staff) -> None:
        check_can_see(_report_of(obj), by=by)

    def name(self, obj: Evidence) -> str:
        shows = _("Screenshot of a profile") if obj.what == Picture.PROFILE else _("Screenshot of messages")
        return f"{shows} · {case_name(_report_of(obj))}"

    def url(self, obj: Evidence) -> str:
        return reverse("desk:evidence", args=[obj.pk])

    def belongs_to(self, obj: Evidence) -> UUID | None:
        return obj.report_id

    def asked(self, approval: Approval, obj: Evidence, *, by: Staff, at: datetime) -> None:
        evidence.hide(evidence=obj, by=by, at=at)

    def granted(self, approval: Approval, obj: Evidence, *, by: Staff, at: datetime) -> None:
        evidence.destroy(evidence=obj, why=SealedWhy(approval.why), by=by, at=at)
        report = _report_of(obj)
        reports.post_update(report_id=report.pk, what=News.SCREENSHOT_DESTROYED, at=at)

    def not_granted(self, approval: Approval, obj: Evidence, *, at: datetime) -> None:
        # Nobody else shows it again: forgotten after an erasure, it stays hidden.
        if approval.status == Answer.REFUSED and approval.decided_by is not None:
            evidence.show_again(evidence=obj, by=approval.decided_by, at=at)


def _report_of(row: Evidence) -> Report:
    if row.report is None:
        raise PermissionDenied  # of a draft, which is nobody's to see
    return row.report


class EraseReport(Handler[Report]):
    """Erase what a young person told, because they said so: on the phone, or without their code."""

    title: ClassVar[str | Promise] = gettext_lazy("Erase a report")
    does: ClassVar[str | Promise] = gettext_lazy(
        "Everything the young person told is erased at once: words, links, screenshots, messages, and our notes. What "
        "we asked the sites for is stopped. Dates and outcomes stay. This can’t be undone."
    )
    undone: ClassVar[str | Promise] = gettext_lazy("Nothing is erased.")
    deciders = frozenset({Permission.CASES_ALL})

    def find(self, ids: Collection[str]) -> Mapping[str, Report]:
        return {str(row.pk): row for row in Report.objects.select_related("case").filter(pk__in=ids)}

    def check_can_ask(self, obj: Report, *, by: Staff) -> None:
        check_can_see(obj, by=by)
        if obj.status == Status.ERASED:
            raise CannotBeDone(gettext_lazy("This report is erased already."))

    def check_can_decide(self, obj: Report, *, by: Staff) -> None:
        check_can_see(obj, by=by)

    def name(self, obj: Report) -> str:
        return case_name(obj)

    def url(self, obj: Report) -> str:
        case: Case | None = getattr(obj, "case", None)
        return reverse("desk:case", args=[case.ref]) if case else reverse("desk:report", args=[obj.pk])

    def belongs_to(self, obj: Report) -> UUID | None:
        return obj.pk

    def granted(self, approval: Approval, obj: Report, *, by: Staff, at: datetime) -> None:
        reports.erase_report(report=obj, by=by, at=at)


def follow_erasures(*, at: datetime) -> int:
    """Where a report was erased, nothing about it waits, and the words it was asked with go. Returns how many."""
    erased = Report.objects.filter(pk=OuterRef("belongs_to"), status=Status.ERASED)
    return approvals.forget(approvals=Approval.objects.filter(Exists(erased)), at=at)
