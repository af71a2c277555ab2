"""Files of statements of reasons: handing one in, how far it is, what it says beside what we say."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db.models import F, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from cases.models import Case
from cases.reconciliation import actions, comparing, words
from cases.reconciliation.arriving import FIELD, Arrived, is_announced_too_large, with_a_table
from cases.reconciliation.forms import NameForm, UploadForm
from cases.reconciliation.models import Line, Statement, Upload
from cases.reconciliation.states import UNDER_WAY, State
from cases.takedowns.models import Takedown
from cases.views.answers import NOT_TAKEN, Tab, back_to, first_address, next_address, page_of, tabs_of
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission
from helpline.audit import actions as audit
from helpline.web.sheets import sheet_file

MEGABYTE = 1024 * 1024
TABS = {
    "theirs": gettext_lazy("Only they count"),
    "ours": gettext_lazy("Only we count"),
    "agreed": gettext_lazy("Both count"),
}


@needs(Permission.FIGURES)
@require_safe
def upload_list(request: StaffRequest) -> HttpResponse:
    """The files, the newest first, and the form for another."""
    return _list(request, UploadForm())


def _list(request: StaffRequest, form: UploadForm, *, said: str = "", status: int = 200) -> HttpResponse:
    rows = Upload.objects.select_related("uploaded_by", "platform")
    page = page_of(request, rows, "-uploaded_at", "-id")
    context = {
        "form": form,
        "file_said": said,
        "may_upload": actions.can_upload(request.user),
        "uploads": [(row, words.TONES[row.state]) for row in page.rows],
        "most": settings.RECONCILIATION_MAX_BYTES // MEGABYTE,
        "days": settings.RECONCILIATION_KEEP.days,
        "next_url": next_address(request, page.next),
        "first_url": first_address(request),
    }
    return render(request, "reconciliation/list.html", context, status=status)


@needs(Permission.CASES_ALL)
@require_POST
def upload(request: StaffRequest) -> HttpResponse:
    """A file comes in."""
    if is_announced_too_large(request):
        return _refused(request)
    return _take(request)


def _refused(request: StaffRequest) -> HttpResponse:
    most = settings.RECONCILIATION_MAX_BYTES // MEGABYTE
    said = _("This file is larger than %(most)s MB. Pack it as a zip archive, or hand it in by parts.")
    return _list(request, UploadForm(), said=said % {"most": most}, status=413)


@with_a_table
def _take(request: StaffRequest) -> HttpResponse:
    form, file = UploadForm(request.POST), request.FILES.get(FIELD)
    if isinstance(file, Arrived) and file.written.is_too_large:
        return _refused(request)
    if not isinstance(file, Arrived) or not file.written.size or not form.is_valid():
        if isinstance(file, Arrived):
            file.written.discard()
        said = (
            "" if isinstance(file, Arrived) and file.written.size else _("Choose a file that is not empty.")
        )
        return _list(request, form, said=said, status=NOT_TAKEN)
    try:
        row = actions.take_in(
            written=file.written,
            name=(file.name or "").replace("\0", ""),
            platform=form.cleaned_data["platform"],
            by=request.user,
            at=timezone.now(),
        )
    except actions.KnownAlready as known:
        said = _("This file was handed in before, on %(day)s. Nothing was read twice.")
        day = timezone.localtime(known.upload.uploaded_at).strftime("%Y-%m-%d")
        page = reverse("reconciliation:detail", args=[known.upload.pk])
        return back_to(request, page, said % {"day": day}, level=messages.INFO)
    said = _("It is here, and will be read now. You can leave this page.")
    return back_to(request, reverse("reconciliation:detail", args=[row.pk]), said)


# Django looks at the view it calls: what the inner one takes off, the outer one must not put back.
upload.csrf_exempt = True  # type: ignore[attr-defined]


def _lines(upload: Upload, tab: str) -> QuerySet[Line]:
    rows = Line.objects.filter(upload=upload).select_related("platform", "settled_by")
    if tab == "theirs":
        return rows.filter(theirs__gt=F("ours"))
    if tab == "ours":
        return rows.filter(ours__gt=F("theirs"))
    return rows.filter(theirs__lte=F("ours"), ours__lte=F("theirs"))


@needs(Permission.FIGURES)
@require_safe
def detail(request: StaffRequest, upload_id: UUID) -> HttpResponse:
    """How far it is; then what agrees and what does not."""
    row = get_object_or_404(Upload.objects.select_related("platform", "uploaded_by"), pk=upload_id)
    tab = request.GET.get("tab", "theirs")
    if tab not in TABS:
        raise Http404
    context: dict[str, Any] = _progress(row) | {"may_upload": actions.can_upload(request.user)}
    if row.state == State.READY:
        page = page_of(request, _lines(row, tab), "day", "id")
        context |= {
            "tab": tab,
            "totals": comparing.totals(row),
            "lines": [_shown(line) for line in page.rows],
            "unknown": _unknown(row),
            "names_most": actions.PROVIDERS_MOST,
            "name_form": NameForm(auto_id=False),
            "next_url": next_address(request, page.next),
            "first_url": first_address(request),
        }
        context["tabs"] = _tabs(request.path, tab, context["totals"])
    return render(request, "reconciliation/detail.html", context)


def _progress(row: Upload) -> dict[str, Any]:
    return {
        "upload": row,
        "tone": words.TONES[row.state],
        "under_way": row.state in UNDER_WAY,
        "percent": min(100, row.bytes_read * 100 // row.size) if row.size else 0,
        "broken": [(line, words.WHY.get(why, why)) for line, why in row.broken],
    }


def _shown(line: Line) -> dict[str, Any]:
    return {"line": line, "category": words.category(line.category), "decision": line.get_decision_display()}


def _unknown(row: Upload) -> list[tuple[str, str]]:
    known = comparing.meant(row)
    return sorted((name, shown) for name, shown in row.providers.items() if name not in known)


def _tabs(page: str, current: str, totals: dict[str, int]) -> list[Tab]:
    both = totals["lines"] - totals["theirs_lines"] - totals["ours_lines"]
    numbers = {"theirs": totals["theirs_lines"], "ours": totals["ours_lines"], "agreed": both}
    return tabs_of(TABS, current, page, {name: str(number) for name, number in numbers.items()})


@needs(Permission.FIGURES)
@require_safe
def progress(request: StaffRequest, upload_id: UUID) -> HttpResponse:
    """The part of the page that says how far it is, for its script."""
    row = get_object_or_404(Upload.objects.select_related("platform", "uploaded_by"), pk=upload_id)
    return render(request, "reconciliation/progress.html", _progress(row))


@needs(Permission.FIGURES)
@require_safe
def table(request: StaffRequest, upload_id: UUID) -> HttpResponse:
    """Every line, as a table to save."""
    row = get_object_or_404(Upload, pk=upload_id, state=State.READY)
    audit.record(by=request.user, verb="statements.exported", obj=row, at=timezone.now())
    head = (
        *(_("Platform"), _("Category"), _("Decision"), _("Day"), _("Pairs")),
        *(_("They count besides"), _("We count besides"), _("Only theirs"), _("Only ours"), _("Settled")),
    )
    lines = Line.objects.filter(upload=row).select_related("platform").order_by("day", "id")
    body = (
        (
            *(line.platform.name, line.category, line.decision, line.day, line.exact),
            *(line.theirs, line.ours, line.only_theirs, line.only_ours, line.settled_at),
        )
        for line in lines.iterator(1000)
    )
    # Streamed; the door does not look inside.
    return sheet_file(_all(head, body), name=f"reconciliation-{row.sha256[:8]}")  # type: ignore[return-value]


def _all(head: tuple[str, ...], body: Any) -> Any:
    yield head
    yield from body


@needs(Permission.FIGURES)
@require_safe
def line_page(request: StaffRequest, line_id: UUID) -> HttpResponse:
    """Both sides of one line: their statements by their public ids; our requests, for who may see their cases."""
    line = get_object_or_404(Line.objects.select_related("upload", "platform", "settled_by"), pk=line_id)
    page = page_of(
        request,
        Statement.objects.filter(
            upload=line.upload,
            platform=line.platform,
            day=line.day,
            category=line.category,
            decision=line.decision,
        ).select_related("takedown__case"),
        "id",
    )
    ours = list(
        comparing.requests_of(line)
        .filter(case__in=Case.objects.visible_to(request.user))
        .select_related("case")
        .order_by("platform_at", "id")[:100]
    )
    paired = [one.takedown for one in page.rows if one.takedown is not None]
    refs = dict(
        Case.objects.visible_to(request.user)
        .filter(pk__in=[one.case_id for one in paired])
        .values_list("pk", "ref")
    )
    context = _shown(line) | {
        "statements": [(one, _ref(one.takedown, refs)) for one in page.rows],
        "ours": ours,
        "note": actions.note_of(line) if actions.can_upload(request.user) else "",
        "may_upload": actions.can_upload(request.user),
        "next_url": next_address(request, page.next),
        "first_url": first_address(request),
    }
    return render(request, "reconciliation/line.html", context)


def _ref(row: Takedown | None, refs: dict[int, str]) -> str:
    return refs.get(row.case_id, "") if row is not None else ""


# --- what a supervisor does -------------------------------------------------------------------------------


@needs(Permission.CASES_ALL)
@require_POST
def name_provider(request: StaffRequest, upload_id: UUID) -> HttpResponse:
    row = get_object_or_404(Upload, pk=upload_id)
    page, form = reverse("reconciliation:detail", args=[row.pk]), NameForm(request.POST)
    if not form.is_valid():
        return back_to(request, page, _("Choose a platform."), level=messages.WARNING)
    data = form.cleaned_data
    try:
        actions.name_provider(
            upload=row, name=data["name"], platform=data["platform"], by=request.user, at=timezone.now()
        )
    except (actions.UnderWay, ValueError):
        said = _("This file is being compared just now, or does not hold this name. Nothing changed.")
        return back_to(request, page, said, level=messages.INFO)
    return back_to(request, page, _("Noted, for later files, too. It is compared again."))


@needs(Permission.CASES_ALL)
@require_POST
def again(request: StaffRequest, upload_id: UUID) -> HttpResponse:
    row = get_object_or_404(Upload, pk=upload_id)
    page = reverse("reconciliation:detail", args=[row.pk])
    try:
        actions.compare_again(upload=row, by=request.user, at=timezone.now())
    except actions.UnderWay:
        return back_to(request, page, _("It is being compared already."), level=messages.INFO)
    return back_to(request, page, _("It is compared again, with what we know by now."))


@needs(Permission.CASES_ALL)
@require_POST
def delete(request: StaffRequest, upload_id: UUID) -> HttpResponse:
    row = get_object_or_404(Upload, pk=upload_id)
    actions.delete(upload=row, by=request.user, at=timezone.now())
    said = _("Deleted: the file, its rows and the comparison. Hand it in again if you need it.")
    return back_to(request, reverse("reconciliation:uploads"), said)


@needs(Permission.CASES_ALL)
@require_POST
def settle(request: StaffRequest, line_id: UUID) -> HttpResponse:
    get_object_or_404(Line, pk=line_id)
    page, note = reverse("reconciliation:line", args=[line_id]), request.POST.get("note", "")
    if actions.settle(line_id=line_id, note=note, by=request.user, at=timezone.now()):
        undo = reverse("reconciliation:unsettle", args=[line_id])
        return back_to(request, page, _("Settled."), undo=undo)
    said = _("A colleague settled it already. Nothing changed.")
    return back_to(request, page, said, level=messages.INFO)


@needs(Permission.CASES_ALL)
@require_POST
def unsettle(request: StaffRequest, line_id: UUID) -> HttpResponse:
    get_object_or_404(Line, pk=line_id)
    page = reverse("reconciliation:line", args=[line_id])
    if actions.unsettle(line_id=line_id, by=request.user, at=timezone.now()):
        return back_to(request, page, _("It is open again."))
    return back_to(request, page, _("It is open already. Nothing changed."), level=messages.INFO)
