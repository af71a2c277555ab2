"""The yearly report: the list, one report in its state, and its files."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases.annual import actions, papers
from cases.annual.changes import points_at_somebody, since_before
from cases.annual.content import TEXTS, Behind, body_of, unfinished
from cases.annual.forms import StartForm, TextsForm
from cases.annual.models import AnnualReport
from cases.annual.states import OPEN, Status
from cases.dashboards import periods
from cases.dashboards.folding import AtWork
from cases.dashboards.periods import BadPeriod, Period
from cases.views.answers import NOT_TAKEN, back_to, first_address, next_address, page_of
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission
from helpline.approvals import actions as approvals
from helpline.web.files import neutral_file
from helpline.web.language import spoken
from reports.states import ForbiddenMove

NOT_YOURS = gettext_lazy(
    "A colleague changed this report meanwhile. Yours is below and not kept yet; compare, then keep it."
)
REFUSED = (actions.NotOver, actions.CountedEarly, actions.GivesAway, actions.ToldInPublic, Behind, AtWork)
TONES = {Status.DRAFT: "quiet", Status.REVIEW: "wait", Status.FROZEN: "good", Status.DISCARDED: "none"}


@needs(Permission.FIGURES)
@require_http_methods(["GET", "HEAD", "POST"])
def report_list(request: StaffRequest) -> HttpResponse:
    """Every report, the newest months first; and starting one."""
    today = timezone.localdate()
    if request.method == "POST":
        actions.check_can_write(request.user)
    form = StartForm(request.POST if request.method == "POST" else None, initial=_usual(today))
    if form.is_valid():
        try:
            period = periods.asked(form.cleaned_data["since"], form.cleaned_data["until"], today=today)
        except BadPeriod as error:
            form.add_error("until", str(error))
        else:
            return _start(request, period, form.cleaned_data["language"])
    page = page_of(
        request,
        AnnualReport.objects.select_related("started_by", "frozen_by").defer("body", "figures", "texts"),
        *("-last", "-version", "-id"),
    )
    context = {
        "rows": [{"report": row, "tone": TONES[Status(row.status)]} for row in page.rows],
        "form": form,
        "may_write": actions.can_write(request.user),
        "next_url": next_address(request, page.next),
        "first_url": first_address(request),
    }
    return render(request, "annual/list.html", context, status=NOT_TAKEN if form.is_bound else 200)


def _usual(today: date) -> dict[str, str]:
    """The year that is over."""
    return {"since": f"{today.year - 1}-01", "until": f"{today.year - 1}-12", "language": spoken()}


def _start(request: StaffRequest, period: Period, language: str) -> HttpResponse:
    try:
        report = actions.start(period=period, language=language, by=request.user, at=timezone.now())
    except actions.OneIsOpen as there:
        said = _("Somebody writes about these months already. Here it is.")
        return back_to(request, _page(there.report), said, level=messages.WARNING)
    except (Behind, AtWork) as error:
        return back_to(request, reverse("annual:list"), _why_not(error), level=messages.WARNING)
    if report.replaces is not None:
        said = _("Started, with the figures of version %(version)s. Mend what is wrong in it.")
        return back_to(request, _page(report), said % {"version": report.replaces.version})
    return back_to(request, _page(report), _("Started, and counted."))


@needs(Permission.FIGURES)
@require_http_methods(["GET", "HEAD", "POST"])
def report_page(request: StaffRequest, report_id: UUID) -> HttpResponse:
    """The report in its state; POST keeps the texts of a draft."""
    report = _report(report_id)
    if request.method == "POST":
        return _change(request, report, actions.save_texts, said=_("Kept."), typed=True)
    return _show(request, report, TextsForm(initial=report.texts))


def _show(
    request: StaffRequest, report: AnnualReport, form: TextsForm, *, stale: bool = False
) -> HttpResponse:
    writes = actions.can_write(request.user)
    draft = report.status == Status.DRAFT
    asked = approvals.waiting_on(what=actions.FREEZE, obj=report) if report.status == Status.REVIEW else None
    newer = AnnualReport.objects.filter(replaces=report).exclude(status=Status.DISCARDED).first()
    context: dict[str, Any] = {
        "report": report,
        "tone": TONES[Status(report.status)],
        "laid": papers.laid_out(report.body or body_of(report)),
        "form": form,
        "draft": draft and writes,
        "theirs": {name: report.texts.get(name, "") for name in TEXTS} if stale else {},
        "unfinished": len(unfinished({name: form[name].value() or "" for name in TEXTS})) if draft else 0,
        "may_write": writes,
        "asked": asked,
        "may_decide": asked is not None
        and approvals.can_decide(asked, by=request.user)
        and request.user.pk not in report.writers,
        "changes": since_before(report) if report.status in OPEN else (),
        "newer": newer,
        "overlapping": _overlapping(report) if report.status in OPEN else (),
        "near": points_at_somebody(report) if report.status in OPEN else (),
        "early": report.counted_at < report.period.until,
        "over": timezone.now() >= report.period.until,
        "kinds": [(kind, kind.upper()) for kind in papers.MAKERS],
    }
    return render(request, "annual/report.html", context, status=NOT_TAKEN if form.is_bound else 200)


def _overlapping(report: AnnualReport) -> list[AnnualReport]:
    """Frozen reports of other months that share some with these: who has both can take one from the other."""
    frozen = AnnualReport.objects.filter(status=Status.FROZEN, first__lte=report.last, last__gte=report.first)
    return list(frozen.exclude(first=report.first, last=report.last).defer("body", "figures", "texts")[:5])


@needs(Permission.CASES_ALL)
@require_POST
def recount(request: StaffRequest, report_id: UUID) -> HttpResponse:
    return _change(request, _report(report_id), actions.recount, said=_("Counted anew."))


@needs(Permission.CASES_ALL)
@require_POST
def send(request: StaffRequest, report_id: UUID) -> HttpResponse:
    """To a second person."""
    said = _("Sent. A second person reads it; then it is frozen.")
    return _change(request, _report(report_id), actions.send, said=said)


def _change(
    request: StaffRequest, report: AnnualReport, change: Callable[..., Any], *, said: str, typed: bool = False
) -> HttpResponse:
    """Do it with the words as they are in the form, and say that, or why not: then they stand there still.

    `typed`: the words are what was sent, even where there are none.
    """
    actions.check_can_write(request.user)
    typed = typed or any(name in request.POST for name in TEXTS)
    form = TextsForm(request.POST if typed else report.texts)
    if not form.is_valid():
        return _show(request, report, form)
    try:
        change(
            report=report,
            edition=_edition(request),
            texts=form.cleaned_data if typed else None,
            by=request.user,
            at=timezone.now(),
        )
    except ForbiddenMove:
        return _too_late(request, report)
    except actions.Unfinished as missing:
        form.add_missing(missing.names)
        return _show(request, report, form)
    except actions.Stale:
        if not typed:
            return _stale(request, report)
        form.add_error(None, NOT_YOURS)
        return _show(request, report, form, stale=True)
    except REFUSED as error:
        if not typed:
            return back_to(request, _page(report), _why_not(error), level=messages.WARNING)
        form.add_error(None, _why_not(error))
        return _show(request, report, form)
    return back_to(request, _page(report), said)


def _why_not(error: Exception) -> str:
    match error:
        case actions.NotOver():
            return _("Its last month still runs. Send it once that is over.")
        case actions.CountedEarly():
            return _("It was counted before its last month was over. Count anew, then send it.")
        case actions.GivesAway():
            return _(
                "Version %(version)s tells numbers that this one hides, and hardly anything else changed: who has both "
                "could work them out. Count anew when more has changed."
            ) % {"version": error.earlier.version}
        case actions.ToldInPublic():
            return _(
                "The public page of this year was read already, and beside it this report would tell a small number that it "
                "hides. Count anew when more has changed."
            )
    return _(
        "The figures are not up to date at this moment, so nothing was counted. Try again in a few minutes; if it stays so, "
        "tell whoever runs the helpline’s server."
    )


@needs(Permission.CASES_ALL)
@require_POST
def discard(request: StaffRequest, report_id: UUID) -> HttpResponse:
    report = _report(report_id)
    try:
        actions.discard(report=report, edition=_edition(request), by=request.user, at=timezone.now())
    except actions.Stale:
        return _stale(request, report)
    except ForbiddenMove:
        return _too_late(request, report)
    undo = reverse("annual:restore", args=[report.pk])
    return back_to(request, reverse("annual:list"), _("Put aside."), undo=undo)


@needs(Permission.CASES_ALL)
@require_POST
def restore(request: StaffRequest, report_id: UUID) -> HttpResponse:
    report = _report(report_id)
    try:
        actions.restore(report=report, by=request.user, at=timezone.now())
    except actions.OneIsOpen as there:
        said = _("Another was started about these months since. Here it is.")
        return back_to(request, _page(there.report), said, level=messages.WARNING)
    except ForbiddenMove:
        return _too_late(request, report)
    return back_to(request, _page(report), _("It is a draft again."))


@needs(Permission.CASES_ALL)
@require_POST
def correct(request: StaffRequest, report_id: UUID) -> HttpResponse:
    """A further version of a frozen report."""
    actions.check_can_write(request.user)
    report = _report(report_id)
    if report.status != Status.FROZEN:
        return _too_late(request, report)
    return _start(request, report.period, report.language)


@needs(Permission.CASES_ALL)
@require_POST
def publish(request: StaffRequest, report_id: UUID) -> HttpResponse:
    report = _report(report_id)
    try:
        done = actions.publish(report=report, by=request.user, at=timezone.now())
    except ForbiddenMove:
        return _too_late(request, report)
    said = _("Noted: published and sent.") if done else _("That is noted already.")
    return back_to(
        request, _page(report), said, undo=reverse("annual:unpublish", args=[report.pk]) if done else ""
    )


@needs(Permission.CASES_ALL)
@require_POST
def unpublish(request: StaffRequest, report_id: UUID) -> HttpResponse:
    report = _report(report_id)
    try:
        done = actions.unpublish(report=report, by=request.user, at=timezone.now())
    except ForbiddenMove:
        return _too_late(request, report)
    return back_to(request, _page(report), _("Taken back.") if done else _("There is nothing to take back."))


@needs(Permission.FIGURES)
@require_safe
def report_file(request: StaffRequest, report_id: UUID, kind: str) -> HttpResponse:
    """A frozen report as a file; each saving is in the trail."""
    report = get_object_or_404(AnnualReport, pk=report_id, status=Status.FROZEN)
    if kind not in papers.MAKERS:
        raise Http404
    make, content_type = papers.MAKERS[kind]
    actions.saved(report=report, kind=kind, by=request.user, at=timezone.now())
    name = f"report-{report.first:%Y-%m}-{report.last:%Y-%m}-v{report.version}"
    return neutral_file(make(report.body), kind=kind, content_type=content_type, name=name)


def _report(report_id: UUID) -> AnnualReport:
    return get_object_or_404(
        AnnualReport.objects.select_related("replaces", "started_by", "frozen_by", "published_by"),
        pk=report_id,
    )


def _page(report: AnnualReport) -> str:
    return reverse("annual:report", args=[report.pk])


def _edition(request: StaffRequest) -> int:
    """Of the page that was sent; 0, which is none, for anything else."""
    typed = request.POST.get("edition", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else 0


def _stale(request: StaffRequest, report: AnnualReport) -> HttpResponse:
    said = _("A colleague changed this report meanwhile. Look at it as it is now, then do it again.")
    return back_to(request, _page(report), said, level=messages.WARNING)


def _too_late(request: StaffRequest, report: AnnualReport) -> HttpResponse:
    report.refresh_from_db(fields=["status"])
    said = _("It is no longer as it was: %(state)s. Nothing changed.") % {
        "state": report.get_status_display()
    }
    return back_to(request, _page(report), said, level=messages.WARNING)
