"""The list behind a count: the takedowns, steps, complaints or reports it is made of, for whoever may see them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Self

from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from cases import rail
from cases import words as desk
from cases.dashboards import metrics
from cases.dashboards.asking import address_of, asked_of
from cases.dashboards.definitions import Words, define
from cases.dashboards.listed import FIGURES, Source, is_listed
from cases.dashboards.periods import Period
from cases.ladder.desk import REDRESS_TONES, STEP_TONES
from cases.ladder.models import Redress, Step
from cases.ladder.states import StepOutcome
from cases.models import Case
from cases.queue import COUNT_UP_TO, capped_counts
from cases.states import QueueState
from cases.takedowns.desk import view_of
from cases.takedowns.models import Takedown
from cases.views.answers import first_address, next_address, page_of
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.platforms.models import Platform
from reports.models import Report
from reports.states import Status as ReportStatus


@dataclass(frozen=True, slots=True)
class Asked:
    """Which count: what the address says, checked."""

    figure: str
    source: Source
    period: Period
    platform: Platform | None
    dim: str
    value: str
    bar: str  # of these, those that took so long
    called: Sequence[Words]  # the slice, in words

    @classmethod
    def of(cls, request: StaffRequest) -> Self:
        """Raises Http404 for a count that no page shows."""
        figure, dim, value, bar = (request.GET.get(name, "") for name in ("figure", "dim", "value", "bar"))
        period, platform = asked_of(request.GET)
        if not is_listed(figure, dim, value) or (bar and not is_listed(figure, "bar", bar)):
            raise Http404
        source = FIGURES[figure]
        if platform is not None and not source.has_platform:
            raise Http404
        try:
            slices = [(name, one) for name, one in ((dim, value), ("bar", bar)) if one]
            called = [source.dims[name].words(one) for name, one in slices]
        except LookupError as error:
            raise Http404 from error
        return cls(figure, source, period, platform, dim, value, bar, called)

    def ids(self) -> QuerySet[Any, Any]:
        """What it counts, as the figures know it."""
        return metrics.behind(
            figure=self.figure,
            since=self.period.since,
            until=self.period.until,
            platform=self.platform.slug if self.platform else None,
            dim=self.dim,
            value=self.value,
            bar=self.bar,
        )

    def words(self) -> list[str]:
        """What narrows it down, beside the figure itself."""
        said = (self.period, self.platform.name if self.platform else "", *self.called)
        return [str(one) for one in said if one]


# --- the rows of each source ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list: coarse facts, no words. What may be opened depends on who looks."""

    what: Words
    more: Words
    detail: Words
    tone: str
    label: Words
    at: datetime
    case: Case | None
    is_erased: bool
    address: str  # '' where it may not be opened


@dataclass(frozen=True, slots=True)
class Listing:
    """How the rows of one source are found and shown. Each sees those of the cases that they may see."""

    model: type[Model]
    case: str  # the way from a row to its case
    report: str  # and to its report, with the dunder
    loaded: tuple[str, ...]  # whatever a line shows
    what: Words
    one: Words
    when: Words
    line: Callable[[Any, Collection[int]], Row]  # of a row, and of the cases that may be worked on

    def seen_by(self, staff: Staff) -> Q:
        """Those of visible cases; who reads the queue sees what is no case yet, as on the report's own page."""
        seen = Q(**{f"{self.case}__in": Case.objects.visible_to(staff)})
        return seen | Q(case=None) if self.model is Report and staff.can(Permission.QUEUE_READ) else seen


def _takedown(row: Takedown, opens: Collection[int]) -> Row:
    view = view_of(row)
    return Row(
        what=row.platform.name,
        more=_link_kind(row),
        detail=row.notice.channel.get_kind_display(),
        tone=view.tone,
        label=view.label,
        at=row.requested_at,
        case=row.case,
        is_erased=row.case.report.status == ReportStatus.ERASED,
        address=reverse("takedowns:detail", args=[row.pk]) if row.case_id in opens else "",
    )


def _of_takedown(
    row: Step | Redress, opens: Collection[int], *, what: str, tone: str, label: str, page: str
) -> Row:
    asked = row.takedown
    return Row(
        what=what,
        more=asked.platform.name,
        detail=_link_kind(asked),
        tone=tone,
        label=label,
        at=row.state_at,
        case=asked.case,
        is_erased=asked.case.report.status == ReportStatus.ERASED,
        address=reverse(page, args=[row.pk]) if asked.case_id in opens else "",
    )


# What was done is good where it led to something; a no, and silence, look as they do elsewhere.
_ENDED: Mapping[str, str] = {
    StepOutcome.ACTED: "good",
    StepOutcome.TAKEN_UP: "good",
    StepOutcome.DECLINED: "stop",
    StepOutcome.SILENT: "unknown",
}


def _step(row: Step, opens: Collection[int]) -> Row:
    return _of_takedown(
        row,
        opens,
        what=row.get_rung_display(),
        tone=_ENDED.get(row.outcome, STEP_TONES[row.state]),
        label=row.get_outcome_display() or row.get_state_display(),
        page="ladder:step",
    )


def _redress(row: Redress, opens: Collection[int]) -> Row:
    return _of_takedown(
        row,
        opens,
        what=row.get_kind_display(),
        tone=REDRESS_TONES[row.state],
        label=row.get_state_display(),
        page="ladder:redress",
    )


# A report by where it stands at the desk; that it was erased, its own word says.
_REPORT_STANDS: Mapping[str, tuple[str, Words]] = {
    ReportStatus.SUBMITTED: ("wait", QueueState.WAITING.label),
    ReportStatus.IN_CASE: ("go", QueueState.OPEN.label),
    ReportStatus.CLOSED: ("quiet", QueueState.CLOSED.label),
    ReportStatus.ERASED: ("none", ReportStatus.ERASED.label),
}


def _report(row: Report, _opens: Collection[int]) -> Row:
    case: Case | None = getattr(row, "case", None)
    tone, label = _REPORT_STANDS[row.status]
    return Row(
        what=desk.KINDS.get(row.kind, row.kind),
        more=desk.AGES.get(row.age_range, row.age_range),
        detail=desk.WRITERS.get(row.who, row.who),
        tone=tone,
        label=label,
        at=row.submitted_at,
        case=case,
        is_erased=False,
        address=reverse("desk:case", args=[case.ref]) if case else reverse("desk:report", args=[row.pk]),
    )


def _link_kind(row: Takedown) -> Words:
    return desk.LINK_KINDS.get(row.link.kind, desk.LINK_KINDS["unknown"])


_of_rungs = partial(
    Listing,
    case="takedown__case",
    report="takedown__case__report__",
    loaded=("takedown__platform", "takedown__link", "takedown__case__report", "takedown__case__assignee"),
    when=_("Since"),
)
LISTINGS: Mapping[str, Listing] = {
    "takedown": Listing(
        model=Takedown,
        case="case",
        report="case__report__",
        loaded=("notice__channel", "platform", "link", "case__report", "case__assignee"),
        what=_("Requests"),
        one=_("Request"),
        when=_("Requested"),
        line=_takedown,
    ),
    "step": _of_rungs(model=Step, what=_("Steps"), one=_("Step"), line=_step),
    "redress": _of_rungs(model=Redress, what=_("Complaints"), one=_("Complaint"), line=_redress),
    "report": Listing(
        model=Report,
        case="case",
        report="",
        loaded=("case__assignee",),
        what=_("Reports"),
        one=_("Report"),
        when=_("Reported"),
        line=_report,
    ),
}


# --- the page ---------------------------------------------------------------------------------------------


@needs(Permission.FIGURES)
@require_safe
def behind(request: StaffRequest) -> HttpResponse:
    """Each sees those of the cases that they may see; who sees no cases, a sentence in the list's place."""
    asked = Asked.of(request)
    listing = LISTINGS[asked.source.name]
    ids = asked.ids()
    total = ids.count()  # to the last one: it is the figure itself
    is_for_them = asked.source.is_for(request.user)
    context: dict[str, Any] = {
        "definition_of": asked.figure,
        "title": define(asked.figure).label,
        "narrowed": asked.words(),
        "back": urlencode(address_of(asked.period, asked.platform.slug if asked.platform else None)),
        "listing": listing,
        "all": total,
        "is_for_them": is_for_them,
        "rows": (),
    }
    if is_for_them:
        seen = listing.model._default_manager.filter(listing.seen_by(request.user), pk__in=ids)
        erased = seen.filter(**{f"{listing.report}status": ReportStatus.ERASED})
        found = capped_counts({"seen": seen, "erased": erased})
        page = page_of(request, seen.select_related(*listing.loaded), f"-{asked.source.moment}", "-id")
        opens = _workable(request.user, page.rows)
        context |= {
            "seen": rail.capped(found["seen"]) or "0",
            "erased": found["erased"],
            "erased_said": rail.capped(found["erased"]),
            "is_all": found["seen"] == total,
            # Counted no further: only a role that sees every case may think of all of them.
            "is_many": found["seen"] >= COUNT_UP_TO and request.user.can(Permission.CASES_ALL),
            "rows": [listing.line(row, opens) for row in page.rows],
            "next_url": next_address(request, page.next),
            "first_url": first_address(request),
        }
    return render(request, "dashboards/behind.html", context)


def _workable(staff: Staff, rows: Sequence[Any]) -> set[int]:
    """The cases of these rows whose takedowns, steps and complaints this person may open."""
    if not staff.can(Permission.TAKEDOWNS):
        return set()
    cases = {getattr(row, "takedown", row).case_id for row in rows if not isinstance(row, Report)}
    return set(Case.objects.workable_by(staff).filter(pk__in=cases).values_list("pk", flat=True))
