"""What changes reports: each checks, writes, leaves a line in the trail."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from cases.annual import content, states
from cases.annual.beside import completed, given_away
from cases.annual.models import AnnualReport
from cases.annual.states import Status
from cases.dashboards.periods import Period
from cases.dashboards.publishing import numbers_in
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.approvals import actions as approvals
from helpline.approvals.models import Approval
from helpline.audit import actions as audit
from reports.states import ForbiddenMove
from reports.statistics.models import PublishedYear

FREEZE = "freeze-report"
MAX_WORDS = 20_000


class OneIsOpen(Exception):
    """Somebody writes about these months already: `report`."""

    def __init__(self, report: AnnualReport) -> None:
        super().__init__(str(report))
        self.report = report


class Stale(Exception):
    """The report changed since the page was opened: `report` as it is now."""

    def __init__(self, report: AnnualReport) -> None:
        super().__init__(str(report))
        self.report = report


class NotOver(Exception):
    """The last month of the report still runs."""


class CountedEarly(Exception):
    """It was counted before its last month was over."""


class Unfinished(Exception):
    """Something is still to be written in it: `names` of content.TEXTS."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


class GivesAway(Exception):
    """What it hides is told by an earlier version of the same months: `earlier`."""

    def __init__(self, earlier: AnnualReport) -> None:
        super().__init__(str(earlier))
        self.earlier = earlier


class ToldInPublic(Exception):
    """What it hides is told by it and the public page of its year together."""


def can_write(by: Staff) -> bool:
    """Supervisors: who sees the figures and every case."""
    return by.can(Permission.FIGURES) and by.can(Permission.CASES_ALL)


def check_can_write(by: Staff) -> None:
    """Raises PermissionDenied for everybody else."""
    if not can_write(by):
        raise PermissionDenied


@transaction.atomic
def start(*, period: Period, language: str, by: Staff, at: datetime) -> AnnualReport:
    """A draft about these months, counted now. Where one was frozen before, this one corrects it, names it, and begins with
    its figures: whoever corrects a word must not tell other numbers by the way, and may count anew.

    The texts are those of the report that it corrects, else of the last frozen one in this language, or the starting ones.
    Raises PermissionDenied, OneIsOpen, content.Behind, folding.AtWork.
    """
    check_can_write(by)
    rows = AnnualReport.objects.filter(first=period.first, last=period.last)
    if there := rows.filter(status__in=states.OPEN).first():
        raise OneIsOpen(there)
    frozen = AnnualReport.objects.filter(status=Status.FROZEN)
    corrected = frozen.filter(first=period.first, last=period.last).order_by("-version").first()
    before = frozen.filter(language=language).order_by("-last", "-frozen_at").first()
    if corrected is not None and corrected.language == language:
        before = corrected
    report = AnnualReport(
        first=period.first,
        last=period.last,
        language=language,
        version=(rows.aggregate(last=Max("version"))["last"] or 0) + 1,
        replaces=corrected,
        texts=dict(before.texts) if before else content.starting_texts(language),
        figures=corrected.figures if corrected else {},
        counted_at=corrected.counted_at if corrected else at,
        writers=[by.pk],
        started_by=by,
        started_at=at,
        changed_at=at,
    )
    try:
        with transaction.atomic():
            report.save(force_insert=True)
    except IntegrityError as error:  # a colleague, or the second click
        raise OneIsOpen(rows.get(status__in=states.OPEN)) from error
    if corrected is None:
        # After its row is there: whoever starts the same meanwhile waits for that, and counts nothing.
        report.figures, report.counted_at = content.count(period, at=at)
        report.save(update_fields=["figures", "counted_at"])
    _record(report, "annual_report.started", by=by, at=at)
    return report


@transaction.atomic
def save_texts(
    *, report: AnnualReport, edition: int, texts: Mapping[str, str] | None, by: Staff, at: datetime
) -> AnnualReport:
    """Keep what was typed. The same again writes nothing. Raises PermissionDenied, ForbiddenMove, Stale."""
    return _typed(_draft(report.pk, edition=edition, by=by), texts, by=by, at=at)


@transaction.atomic
def recount(
    *, report: AnnualReport, edition: int, by: Staff, at: datetime, texts: Mapping[str, str] | None = None
) -> AnnualReport:
    """The figures as they stand now, and the `texts` that were typed meanwhile. Raises PermissionDenied, ForbiddenMove,
    Stale, content.Behind, folding.AtWork: then nothing is kept."""
    report = _typed(_draft(report.pk, edition=edition, by=by), texts, by=by, at=at)
    report.figures, report.counted_at = content.count(report.period, at=at)
    return _written(report, "annual_report.counted", by=by, at=at)


@transaction.atomic
def send(
    *, report: AnnualReport, edition: int, by: Staff, at: datetime, texts: Mapping[str, str] | None = None
) -> Approval:
    """Ask a second person to freeze exactly this, with the `texts` that were typed meanwhile. Raises PermissionDenied,
    ForbiddenMove, Stale, NotOver, CountedEarly, Unfinished, GivesAway, ToldInPublic: then nothing is kept."""
    report = _typed(_draft(report.pk, edition=edition, by=by), texts, by=by, at=at)
    if at < report.period.until:
        raise NotOver
    if report.counted_at < report.period.until:
        raise CountedEarly
    if names := content.unfinished(report.texts):
        raise Unfinished(names)
    _check_gives_nothing_away(report)
    report.move(Status.REVIEW)
    report.body = content.body_of(report)
    report.sha256 = content.digest(report.body)
    _written(report, "annual_report.sent", by=by, at=at)
    return approvals.ask(
        what=FREEZE,
        obj=report,
        by=by,
        reason=_("Please read the report on its own page, then answer here."),
        proposal={"sha256": report.sha256},
        at=at,
    )


@transaction.atomic
def freeze(*, report: AnnualReport, sha256: str, by: Staff, at: datetime) -> AnnualReport:
    """In the transaction of the second person's yes. Raises PermissionDenied for whoever wrote in it, ForbiddenMove when
    it does not wait any more, Stale when it is another text than the one that was agreed to, GivesAway, ToldInPublic."""
    report = _locked(report.pk)
    if by.pk in report.writers:
        raise PermissionDenied
    if report.sha256 != sha256 or content.digest(report.body) != sha256:
        raise Stale(report)
    _check_gives_nothing_away(report)
    report.move(Status.FROZEN)
    report.frozen_at, report.frozen_by = at, by
    return _changed(report, "annual_report.frozen", by=by, at=at)


@transaction.atomic
def back_to_draft(*, report: AnnualReport, by: Staff | None, at: datetime) -> AnnualReport:
    """The second person said no, or it was taken back, or nobody answered. A report that does not wait stays as it is."""
    report = _locked(report.pk)
    if report.status != Status.REVIEW:
        return report
    report.move(Status.DRAFT)
    report.body = report.sha256 = ""
    return _changed(report, "annual_report.came_back", by=by, at=at)


@transaction.atomic
def discard(*, report: AnnualReport, edition: int, by: Staff, at: datetime) -> AnnualReport:
    """Put a draft aside; it can be taken up again. Raises PermissionDenied, ForbiddenMove, Stale."""
    report = _draft(report.pk, edition=edition, by=by)
    report.move(Status.DISCARDED)
    return _changed(report, "annual_report.discarded", by=by, at=at)


@transaction.atomic
def restore(*, report: AnnualReport, by: Staff, at: datetime) -> AnnualReport:
    """Take it up again. Raises PermissionDenied, ForbiddenMove, and OneIsOpen where another was started since."""
    check_can_write(by)
    report = _locked(report.pk)
    others = AnnualReport.objects.filter(first=report.first, last=report.last, status__in=states.OPEN)
    if there := others.exclude(pk=report.pk).first():
        raise OneIsOpen(there)
    report.move(Status.DRAFT)
    try:
        with transaction.atomic():
            return _changed(report, "annual_report.restored", by=by, at=at)
    except IntegrityError as error:
        raise OneIsOpen(others.exclude(pk=report.pk).get()) from error


@transaction.atomic
def publish(*, report: AnnualReport, by: Staff, at: datetime) -> bool:
    """Note that it was published and sent to the coordinator. False where that is noted. Raises PermissionDenied,
    ForbiddenMove."""
    check_can_write(by)
    report = _frozen(report.pk)
    if report.published_at is not None:
        return False
    report.published_at, report.published_by = at, by
    _changed(report, "annual_report.published", by=by, at=at)
    return True


@transaction.atomic
def unpublish(*, report: AnnualReport, by: Staff, at: datetime) -> bool:
    """Take that note back. False where there is none. Raises PermissionDenied, ForbiddenMove."""
    check_can_write(by)
    report = _frozen(report.pk)
    if report.published_at is None:
        return False
    report.published_at = report.published_by = None
    _changed(report, "annual_report.unpublished", by=by, at=at)
    return True


def saved(*, report: AnnualReport, kind: str, by: Staff, at: datetime) -> None:
    """Somebody saved a file of it: a line in the trail."""
    detail: audit.Detail = {"kind": kind, "sha256": report.sha256}
    audit.record(by=by, verb="annual_report.saved", obj=report, detail=detail, at=at)


def _locked(pk: UUID) -> AnnualReport:
    return AnnualReport.objects.select_for_update(of=("self",)).select_related("replaces").get(pk=pk)


def _draft(pk: UUID, *, edition: int, by: Staff) -> AnnualReport:
    check_can_write(by)
    report = _locked(pk)
    if report.status != Status.DRAFT:
        raise ForbiddenMove(f"A report that is {report.status} can't be written in.")
    if report.edition != edition:
        raise Stale(report)
    return report


def _typed(report: AnnualReport, texts: Mapping[str, str] | None, *, by: Staff, at: datetime) -> AnnualReport:
    if texts is None:
        return report
    kept = {name: texts.get(name, "").strip() for name in content.TEXTS}
    if kept == report.texts:
        return report
    report.texts = kept
    return _written(report, "annual_report.written", by=by, at=at)


def _check_gives_nothing_away(report: AnnualReport) -> None:
    if report.replaces is not None and report.figures == report.replaces.figures:
        return  # a correction of words: its numbers are told already
    frozen = AnnualReport.objects.filter(first=report.first, last=report.last, status=Status.FROZEN)
    for earlier in frozen.order_by("-version"):
        if given_away(earlier.figures, report.figures, threshold=settings.SMALL_CELLS):
            raise GivesAway(earlier)
    if report.is_of_a_year:
        # Locked, as whoever publishes locks it: of the two, the second one sees the first.
        for public in PublishedYear.objects.select_for_update().filter(pk=report.first.year):
            if any(_is_completed(report, numbers_in(facts)) for facts in public.earlier):
                raise ToldInPublic


def completed_by(year: int) -> Callable[[Mapping[str, int]], bool]:
    """Whether numbers of the public page would tell what a frozen report of the year hides; see `settings.COMPLETED_BY`."""
    of_year = Period(date(year, 1, 1), date(year, 12, 1))
    frozen = AnnualReport.objects.filter(first=of_year.first, last=of_year.last, status=Status.FROZEN)
    reports = list(frozen.only("figures"))
    return lambda told: any(_is_completed(report, told) for report in reports)


def _is_completed(report: AnnualReport, told: Mapping[str, int]) -> bool:
    return bool(completed(report.figures, told, threshold=settings.SMALL_CELLS))


def _frozen(pk: UUID) -> AnnualReport:
    report = _locked(pk)
    if report.status != Status.FROZEN:
        raise ForbiddenMove(f"A report that is {report.status} can't be published.")
    return report


def _written(report: AnnualReport, verb: str, *, by: Staff, at: datetime) -> AnnualReport:
    report.writers = sorted({*report.writers, by.pk})
    return _changed(report, verb, by=by, at=at)


def _changed(report: AnnualReport, verb: str, *, by: Staff | None, at: datetime) -> AnnualReport:
    report.edition += 1
    report.changed_at = at
    report.save()
    _record(report, verb, by=by, at=at)
    return report


def _record(report: AnnualReport, verb: str, *, by: Staff | None, at: datetime) -> None:
    detail: audit.Detail = {
        "period": f"{report.first:%Y-%m}/{report.last:%Y-%m}",
        "version": report.version,
        "sha256": report.sha256 or None,
    }
    audit.record(by=by, verb=verb, obj=report, detail=detail, at=at)
