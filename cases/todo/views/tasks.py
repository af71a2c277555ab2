"""One's own tasks, and what is done with a task or a checklist."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases.queue import capped_counts
from cases.todo import actions, desk, words
from cases.todo.actions import AlreadyApplied, CaseClosed, Stale
from cases.todo.forms import ChangeTaskForm, TaskForm
from cases.todo.models import Checklist, Task
from cases.todo.views.common import case_address, closed, erased, is_part
from cases.views.answers import (
    CASEWORK,
    NOT_TAKEN,
    back_to,
    case_for,
    first_address,
    next_address,
    page_of,
    tab_of,
    tabs_of,
)
from cases.views.casework import show_case
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission
from helpline.crypto.wrapping import WrongKey


@needs(*CASEWORK)
@require_safe
def list_page(request: StaffRequest) -> HttpResponse:
    """Tabs by day. The first that holds something is shown, unless one is asked for."""
    found = capped_counts({name: desk.under_tab(request.user, name) for name in desk.COUNTED})
    tab = tab_of(request, desk.TABS, found, "today")
    now = timezone.now()
    rows = desk.under_tab(request.user, tab).select_related("case__report", "case__assignee", *desk.RELATED)
    page = page_of(request, rows, *desk.order_of(tab))
    context = {
        "rows": desk.views_of(page.rows, by=request.user, now=now),
        "tab": tab,
        "may_edit": request.user.can(Permission.CASES_ALL),
        "tabs": tabs_of(desk.TABS, tab, request.path, found),
        "next_url": next_address(request, page.next),
        "first_url": first_address(request),
    }
    return render(request, "todo/list.html", context)


def _task_for(request: StaffRequest, task_id: UUID) -> Task:
    """Raises Http404 for one that is not there or not this person's."""
    found = Task.objects.workable_by(request.user).select_related(
        "case__report", "case__assignee", "for_whom"
    )
    return get_object_or_404(found, pk=task_id)


# --- adding -----------------------------------------------------------------------------------------------


@needs(*CASEWORK)
@require_POST
def add(request: StaffRequest, ref: str) -> HttpResponse:
    case = case_for(request.user, ref)
    form = TaskForm(request.POST, case=case, by=request.user)
    if not form.is_valid():
        return show_case(request, case, status=NOT_TAKEN, task=form)
    now = timezone.now()
    try:
        task = actions.add_task(
            case=case,
            text=form.cleaned_data["text"],
            due_at=form.due_at(now),
            for_whom=form.cleaned_data["for_whom"],
            key=form.cleaned_data["key"],
            by=request.user,
            at=now,
        )
    except CaseClosed:
        return closed(request, case)
    except PermissionDenied:
        form.add_error("for_whom", _("This colleague may not work on the case any more."))
        return show_case(request, case, status=NOT_TAKEN, task=form)
    except WrongKey:
        return erased(request, case)
    said = _("The task is there: %(due)s.") % {"due": words.due_words(task, now)}
    undo = reverse("todo:remove-task", args=[task.pk])
    return back_to(request, case_address(case, "next"), said, undo=undo)


@needs(*CASEWORK)
@require_POST
def apply_checklist(request: StaffRequest, ref: str, checklist_id: UUID) -> HttpResponse:
    case = case_for(request.user, ref)
    checklist = get_object_or_404(Checklist, pk=checklist_id, is_offered=True)
    here = case_address(case, "next")
    try:
        count = actions.apply_checklist(case=case, checklist=checklist, by=request.user, at=timezone.now())
    except AlreadyApplied:
        said = _("“%(name)s” is in this case already. Nothing was added twice.")
        return back_to(request, here, said % {"name": words.name_of(checklist)}, level=messages.WARNING)
    except CaseClosed:
        return closed(request, case)
    except WrongKey:
        return erased(request, case)
    said = ngettext("%(count)s task added.", "%(count)s tasks added.", count) % {"count": count}
    address = reverse("todo:take-back-checklist", args=[case.ref, checklist.pk])
    return back_to(request, here, said, undo=address)


# --- one task ---------------------------------------------------------------------------------------------

Act = Callable[..., None]


def _do(
    request: StaffRequest,
    task_id: UUID,
    act: Act,
    said: str,
    *,
    undo: str = "",
    check: Callable[[Task], bool],
) -> HttpResponse:
    """Act; then the task alone for htmx, else back to where it was pressed, with the way back. `check`: did it hold?"""
    task = _task_for(request, task_id)
    where = "list" if request.GET.get("from") == "list" else "case"
    now = timezone.now()
    try:
        act(task=task, by=request.user, at=now)
    except CaseClosed:
        return closed(request, task.case)
    if is_part(request):
        template = "todo/task_row.html" if where == "list" else "todo/task.html"
        return render(request, template, {"one": desk.task_view(task, now=now), "now_open": True})
    here = reverse("todo:list") if where == "list" else case_address(task.case, "next")
    if not check(task):
        return back_to(request, here, _("It is gone for good by now."), level=messages.WARNING)
    back = f"{reverse(undo, args=[task.pk])}?from={where}" if undo else ""
    return back_to(request, here, said, undo=back)


@needs(*CASEWORK)
@require_POST
def tick(request: StaffRequest, task_id: UUID) -> HttpResponse:
    return _do(
        request,
        task_id,
        actions.tick,
        _("Done."),
        undo="todo:untick",
        check=lambda task: task.done_at is not None,
    )


@needs(*CASEWORK)
@require_POST
def untick(request: StaffRequest, task_id: UUID) -> HttpResponse:
    return _do(
        request, task_id, actions.untick, _("Still to be done."), check=lambda task: task.done_at is None
    )


@needs(*CASEWORK)
@require_POST
def remove(request: StaffRequest, task_id: UUID) -> HttpResponse:
    return _do(
        request,
        task_id,
        actions.remove_task,
        _("The task is removed."),
        undo="todo:restore-task",
        check=lambda task: True,
    )


@needs(*CASEWORK)
@require_POST
def restore(request: StaffRequest, task_id: UUID) -> HttpResponse:
    return _do(
        request,
        task_id,
        actions.put_back_task,
        _("The task is back."),
        check=lambda task: task.removed_at is None,
    )


@needs(*CASEWORK)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: StaffRequest, task_id: UUID) -> HttpResponse:
    task = _task_for(request, task_id)
    now = timezone.now()
    if not task.is_open:
        return _not_open(request, task)
    if request.method != "POST":
        (shown,) = desk.views_of([task], by=request.user, now=now)
        initial: dict[str, Any] = {
            "text": shown.text,
            "day": timezone.localdate(task.due_at) if task.has_day else None,
            "for_whom": task.for_whom_id,
            "version": task.version,
        }
        return _show_form(request, task, ChangeTaskForm(initial=initial, task=task, by=request.user))
    form = ChangeTaskForm(request.POST, task=task, by=request.user)
    if not form.is_valid():
        return _show_form(request, task, form)
    try:
        actions.change_task(
            task=task,
            version=form.cleaned_data["version"],
            text=form.cleaned_data["text"],
            due_at=form.due_at(now),
            for_whom=form.cleaned_data["for_whom"],
            by=request.user,
            at=now,
        )
    except Stale:
        return _stale(request, task)
    except CaseClosed:
        return closed(request, task.case)
    except WrongKey:
        return erased(request, task.case)
    except PermissionDenied:
        form.add_error("for_whom", _("This colleague may not work on the case any more."))
        return _show_form(request, task, form)
    return back_to(request, case_address(task.case, "next"), _("The task is changed."))


def _not_open(request: StaffRequest, task: Task) -> HttpResponse:
    said = _("This task was removed.") if task.removed_at else _("This task is done. Undo that first.")
    return back_to(request, case_address(task.case, "next"), said, level=messages.WARNING)


def _stale(request: StaffRequest, task: Task) -> HttpResponse:
    """Both versions: what a colleague wrote meanwhile above what was typed here. Sent again, this one counts."""
    task = _task_for(request, task.pk)
    if not task.is_open:
        return _not_open(request, task)
    typed: QueryDict = request.POST.copy()
    typed[f"{ChangeTaskForm.prefix}-version"] = str(task.version)
    form = ChangeTaskForm(typed, task=task, by=request.user)
    (theirs,) = desk.views_of([task], by=request.user, now=timezone.now())
    return _show_form(request, task, form, theirs=theirs)


def _show_form(request: StaffRequest, task: Task, form: ChangeTaskForm, **more: Any) -> HttpResponse:
    context = {"task": task, "case": task.case, "form": form, **more}
    return render(request, "todo/task_form.html", context, status=NOT_TAKEN if form.is_bound else 200)
