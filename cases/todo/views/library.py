"""The checklists and texts that supervisors write."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases import words as desk_words
from cases.todo import library, words
from cases.todo.actions import Stale
from cases.todo.forms import ChecklistForm, ItemForms, TemplateForm, items_in
from cases.todo.models import Checklist, MessageTemplate
from cases.todo.states import Occasion
from cases.views.answers import NOT_TAKEN, Tab, back_to, tabs_of
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission

EDITORS = (Permission.CASES_ALL,)


def _tabs(current: str) -> list[Tab]:
    labels = {"checklists": _("Checklists"), "templates": _("Texts")}
    return tabs_of(labels, current, lambda name: reverse(f"todo:{name}"))


# --- checklists -------------------------------------------------------------------------------------------


@needs(*EDITORS)
@require_safe
def checklists(request: StaffRequest) -> HttpResponse:
    found = Checklist.objects.annotate(item_count=Count("items")).select_related("changed_by")
    rows = [
        {"row": row, "name": words.name_of(row), "marks": marks_of(row)}
        for row in found.order_by("-is_offered", "position", "id")
    ]
    return render(request, "todo/checklists.html", {"rows": rows, "tabs": _tabs("checklists")})


def marks_of(row: Checklist) -> list[Any]:
    """Where it is offered, in the desk's words."""
    return [
        *(desk_words.KINDS.get(code, code) for code in row.kinds),
        *(desk_words.AGES.get(code, code) for code in row.ages),
        *(desk_words.circumstance(code) for code in row.circumstances),
    ]


@needs(*EDITORS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_checklist(request: StaffRequest) -> HttpResponse:
    return _edit_checklist(request, None)


@needs(*EDITORS)
@require_http_methods(["GET", "HEAD", "POST"])
def checklist(request: StaffRequest, checklist_id: UUID) -> HttpResponse:
    return _edit_checklist(request, get_object_or_404(Checklist, pk=checklist_id))


def _edit_checklist(request: StaffRequest, row: Checklist | None) -> HttpResponse:
    if request.method != "POST":
        stands: dict[str, Any] = library.standing(row) if row else {"items": []}
        items = [one | {"place": place + 1} for place, one in enumerate(stands.pop("items"))]
        form = ChecklistForm(initial=stands | {"version": row.version if row else 0})
        return _show_checklist(request, row, form, ItemForms(initial=items))
    form, lines = ChecklistForm(request.POST), ItemForms(request.POST)
    if not (form.is_valid() and lines.is_valid()):
        return _show_checklist(request, row, form, lines)
    items = items_in(lines)
    if not items:
        form.add_error(None, _("Write at least one line."))
        return _show_checklist(request, row, form, lines)
    version = form.cleaned_data["version"] or 0
    try:
        saved = library.save_checklist(
            checklist=row,
            version=version,
            facts=form.cleaned_data,
            items=items,
            by=request.user,
            at=timezone.now(),
        )
    except Stale as error:
        form = ChecklistForm(_with_version(request.POST, error.now))
        return _show_checklist(request, row, form, lines, theirs=_lines_of(error.now))
    return _saved(request, saved, "todo:checklists", "todo:checklist-back", is_new=row is None)


def _show_checklist(
    request: StaffRequest, row: Checklist | None, form: ChecklistForm, lines: Any, **more: Any
) -> HttpResponse:
    context = {"row": row, "form": form, "lines": lines, "name": words.name_of(row) if row else "", **more}
    return render(request, "todo/checklist.html", context, status=NOT_TAKEN if form.is_bound else 200)


@needs(*EDITORS)
@require_POST
def checklist_back(request: StaffRequest, checklist_id: UUID) -> HttpResponse:
    return _go_back(request, get_object_or_404(Checklist, pk=checklist_id), "todo:checklists")


# --- texts ------------------------------------------------------------------------------------------------


@needs(*EDITORS)
@require_safe
def templates(request: StaffRequest) -> HttpResponse:
    order = list(Occasion)
    found = MessageTemplate.objects.select_related("changed_by")
    rows = [{"row": row, "name": words.name_of(row)} for row in found]
    rows.sort(key=lambda one: (order.index(Occasion(one["row"].occasion)), str(one["name"])))  # type: ignore[attr-defined]
    return render(request, "todo/templates.html", {"rows": rows, "tabs": _tabs("templates")})


@needs(*EDITORS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_template(request: StaffRequest) -> HttpResponse:
    return _edit_template(request, None)


@needs(*EDITORS)
@require_http_methods(["GET", "HEAD", "POST"])
def template(request: StaffRequest, template_id: UUID) -> HttpResponse:
    return _edit_template(request, get_object_or_404(MessageTemplate, pk=template_id))


def _edit_template(request: StaffRequest, row: MessageTemplate | None) -> HttpResponse:
    if request.method != "POST":
        stands = library.standing(row) if row else {}
        form = TemplateForm(initial=stands | {"version": row.version if row else 0})
        return _show_template(request, row, form)
    form = TemplateForm(request.POST)
    if not form.is_valid():
        return _show_template(request, row, form)
    try:
        saved = library.save_template(
            template=row,
            version=form.cleaned_data["version"] or 0,
            facts=form.cleaned_data,
            by=request.user,
            at=timezone.now(),
        )
    except Stale as error:
        form = TemplateForm(_with_version(request.POST, error.now))
        return _show_template(request, row, form, theirs=_lines_of(error.now))
    return _saved(request, saved, "todo:templates", "todo:template-back", is_new=row is None)


def _show_template(
    request: StaffRequest, row: MessageTemplate | None, form: TemplateForm, **more: Any
) -> HttpResponse:
    context = {
        "row": row,
        "form": form,
        "name": words.name_of(row) if row else "",
        "placeholders": words.PLACEHOLDERS.items(),
        **more,
    }
    return render(request, "todo/template.html", context, status=NOT_TAKEN if form.is_bound else 200)


@needs(*EDITORS)
@require_POST
def template_back(request: StaffRequest, template_id: UUID) -> HttpResponse:
    return _go_back(request, get_object_or_404(MessageTemplate, pk=template_id), "todo:templates")


# --- what they share --------------------------------------------------------------------------------------


def _with_version(posted: QueryDict, now: object) -> QueryDict:
    typed = posted.copy()
    typed["version"] = str(getattr(now, "version", 0))
    return typed


def _lines_of(now: object) -> list[tuple[str, str]]:
    """How a row stands, a line each: the colleague's version, to compare with one's own."""
    if isinstance(now, Checklist):
        return [(one["text_fr"], one["text_en"]) for one in library.items_of(now)]
    return [(str(label), getattr(now, name)) for name, label in TemplateForm.TEXTS.items()]


def _saved(
    request: StaffRequest, row: Checklist | MessageTemplate, to: str, back: str, *, is_new: bool
) -> HttpResponse:
    said = _("“%(name)s” is kept, as version %(version)s.") % {
        "name": words.name_of(row),
        "version": row.version,
    }
    undo = "" if is_new else f"{reverse(back, args=[row.pk])}?version={row.version}"
    return back_to(request, reverse(to), said, undo=undo)


def _go_back(request: StaffRequest, row: Checklist | MessageTemplate, to: str) -> HttpResponse:
    version = request.GET.get("version", "")
    try:
        is_number = version.isascii() and version.isdigit() and len(version) < 10
        number = int(version) if is_number else row.version
        library.go_back(row=row, version=number, by=request.user, at=timezone.now())
    except Stale:
        said = _("Somebody changed it meanwhile. Nothing was put back.")
        return back_to(request, reverse(to), said, level=messages.WARNING)
    return back_to(request, reverse(to), _("As it was before."))
