"""What changes tasks, checklists in a case, and the safety plan."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from cases.actions import can_work_on, check_can_work_on, lock_case, write_to_young_person
from cases.models import Case
from cases.reading import box_of
from cases.states import CaseStatus
from cases.todo import words
from cases.todo.models import (
    NO_DAY,
    OPEN,
    PARTS,
    AppliedChecklist,
    Checklist,
    RemovedNote,
    SafetyPlan,
    Task,
)
from cases.todo.states import About, end_of
from helpline.accounts.models import Staff
from helpline.audit import actions as audit
from helpline.crypto.box import Box
from helpline.retention import privacy
from reports.states import Status as ReportStatus

KEPT = timedelta(days=1)  # a removed task can be put back for so long
SECOND_TAP = timedelta(minutes=1)


class CaseClosed(Exception):
    """It is reopened first."""


class AlreadyApplied(Exception):
    """This checklist is in the case already."""


class Stale(Exception):
    """Somebody changed it since it was opened: `now` is how it stands."""

    def __init__(self, now: object) -> None:
        super().__init__("It was changed meanwhile.")
        self.now = now


def check_open(case: Case) -> None:
    """Raises CaseClosed."""
    if case.status == CaseStatus.CLOSED:
        raise CaseClosed


# --- tasks ----------------------------------------------------------------------------------------------


@transaction.atomic
def add_task(
    *,
    case: Case,
    text: str,
    due_at: datetime | None,
    for_whom: Staff | None,
    by: Staff,
    at: datetime,
    key: UUID | None = None,
) -> Task:
    """Something to do. `key` names it, so that a form that is sent twice makes it once.

    `for_whom` None, or the holder of the case: whoever holds it, now and later. Raises PermissionDenied (also when
    `for_whom` may not work on the case), CaseClosed, WrongKey once erased.
    """
    check_can_work_on(case, by=by)
    check_open(case)
    existing = Task.objects.filter(pk=key).first() if key else None
    if existing is not None:
        if (existing.case_id, existing.made_by_id) != (case.pk, by.pk):
            raise PermissionDenied
        return existing
    task = Task(
        pk=key or uuid.uuid4(),
        case=case,
        due_at=due_at or NO_DAY,
        for_whom=_named(for_whom, case),
        made_at=at,
        made_by=by,
    )
    task.text = box_of(case).seal(task, "text", text)
    try:
        with transaction.atomic():
            task.save(force_insert=True)
    except IntegrityError:
        # The first tap's row was committed this moment. Somebody else's with the same key is a forgery.
        return Task.objects.get(pk=task.pk, case=case, made_by=by)
    audit.record(by=by, verb="task.added", obj=task, detail={"case": case.ref}, at=at)
    return task


def _named(for_whom: Staff | None, case: Case) -> Staff | None:
    if for_whom is None or for_whom.pk == case.assignee_id:
        return None
    if not can_work_on(case, by=for_whom):
        raise PermissionDenied
    return for_whom


@transaction.atomic
def tick(*, task: Task, by: Staff, at: datetime) -> None:
    """It is done; twice is once. Raises PermissionDenied, CaseClosed."""
    row = _locked(task, by=by)
    if row.is_open:
        row.done_at, row.done_by = at, by
        row.save(update_fields=["done_at", "done_by"])
        _note(row, "task.done", by=by, at=at)
    task.refresh_from_db()


@transaction.atomic
def untick(*, task: Task, by: Staff, at: datetime) -> None:
    """It was not done after all. Raises PermissionDenied, CaseClosed."""
    row = _locked(task, by=by)
    if row.done_at is not None and row.removed_at is None:
        _leave_one_review(row, at=at)
        row.done_at, row.done_by = None, None
        row.save(update_fields=["done_at", "done_by"])
        _note(row, "task.not_done", by=by, at=at)
    task.refresh_from_db()


@transaction.atomic
def change_task(
    *,
    task: Task,
    version: int,
    text: str,
    due_at: datetime | None,
    for_whom: Staff | None,
    by: Staff,
    at: datetime,
) -> None:
    """Other words, another day, another colleague. Raises PermissionDenied, CaseClosed, Stale, WrongKey."""
    row = _locked(task, by=by)
    if row.version != version or not row.is_open:
        raise Stale(row)
    row.text = box_of(row.case).seal(row, "text", text)
    row.due_at, row.for_whom = due_at or NO_DAY, _named(for_whom, row.case)
    row.version += 1
    row.save(update_fields=["text", "due_at", "for_whom", "version"])
    _note(row, "task.changed", by=by, at=at)
    task.refresh_from_db()


@transaction.atomic
def remove_task(*, task: Task, by: Staff, at: datetime) -> None:
    """Out of the lists; it can be put back for a day. Raises PermissionDenied, CaseClosed."""
    row = _locked(task, by=by)
    if row.removed_at is None:
        row.removed_at = at
        row.save(update_fields=["removed_at"])
        _note(row, "task.removed", by=by, at=at)
    task.refresh_from_db()


@transaction.atomic
def put_back_task(*, task: Task, by: Staff, at: datetime) -> None:
    """Undo `remove_task`. Raises PermissionDenied, CaseClosed."""
    row = _locked(task, by=by)
    if row.removed_at is not None and row.text is not None:
        if row.done_at is None:
            _leave_one_review(row, at=at)
        row.removed_at = None
        row.save(update_fields=["removed_at"])
        _note(row, "task.put_back", by=by, at=at)
    task.refresh_from_db()


def _leave_one_review(row: Task, *, at: datetime) -> None:
    """A plan is looked at again once: what comes back replaces what was made meanwhile."""
    if row.about == About.PLAN:
        others = Task.objects.filter(OPEN, case=row.case, about=About.PLAN).exclude(pk=row.pk)
        others.update(removed_at=at)


def _locked(task: Task, *, by: Staff) -> Task:
    rows = Task.objects.select_for_update(of=("self",)).select_related("case__report", "case__assignee")
    row = rows.get(pk=task.pk)
    check_can_work_on(row.case, by=by)
    check_open(row.case)
    return row


def _note(row: Task, verb: str, *, by: Staff, at: datetime) -> None:
    audit.record(by=by, verb=verb, obj=row, detail={"case": row.case.ref}, at=at)


# --- checklists -----------------------------------------------------------------------------------------


@transaction.atomic
def apply_checklist(*, case: Case, checklist: Checklist, by: Staff, at: datetime) -> int:
    """Copy its items into tasks of the case, in the language of the page. Returns how many.

    Raises PermissionDenied, CaseClosed, AlreadyApplied, WrongKey.
    """
    check_can_work_on(case, by=by)
    check_open(case)
    box = box_of(case)
    applied = AppliedChecklist(case=case, checklist=checklist, version=checklist.version, at=at, by=by)
    try:
        with transaction.atomic():
            applied.save(force_insert=True)
    except IntegrityError as error:
        raise AlreadyApplied from error
    tasks = []
    for place, item in enumerate(checklist.items.order_by("position")):
        due_at = at + timedelta(hours=item.due_hours) if item.due_hours is not None else NO_DAY
        task = Task(case=case, applied=applied, position=place, due_at=due_at, made_at=at, made_by=by)
        task.text = box.seal(task, "text", words.text_of(item))
        tasks.append(task)
    Task.objects.bulk_create(tasks)
    detail: audit.Detail = {"checklist": str(checklist.pk), "version": checklist.version, "tasks": len(tasks)}
    audit.record(by=by, verb="checklist.applied", obj=case, detail=detail, at=at)
    return len(tasks)


# --- the safety plan ------------------------------------------------------------------------------------


def opened_plan(plan: SafetyPlan, box: Box | None) -> dict[str, str]:
    """Its words by part; nothing without a box."""
    return {name: box.open(plan, name) if box else "" for name in PARTS}


@transaction.atomic
def write_plan(
    *,
    case: Case,
    based_on: int,
    said: Mapping[str, str],
    review_on: date | None,
    by: Staff,
    at: datetime,
) -> SafetyPlan:
    """A new version, written over version `based_on` (0: there was none). The day to look again becomes a task.

    The same words sent twice are one version. Raises PermissionDenied, CaseClosed, Stale, WrongKey.
    """
    check_can_work_on(case, by=by)
    lock_case(case)
    check_open(case)
    box = box_of(case)
    latest = case.safety_plans.order_by("-number").first()
    number = latest.number if latest else 0
    if latest is not None and (opened_plan(latest, box), latest.review_on) == (dict(said), review_on):
        return latest
    if number != based_on:
        raise Stale(latest)
    plan = SafetyPlan(case=case, number=number + 1, at=at, by=by, review_on=review_on)
    for name in PARTS:
        setattr(plan, name, box.seal(plan, name, said[name]))
    plan.save(force_insert=True)
    _plan_review(case, review_on, box=box, by=by, at=at)
    detail: audit.Detail = {"case": case.ref, "version": plan.number}
    audit.record(by=by, verb="plan.written", obj=plan, detail=detail, at=at)
    return plan


def _plan_review(case: Case, on: date | None, *, box: Box, by: Staff, at: datetime) -> None:
    task = Task.objects.select_for_update(of=("self",)).filter(OPEN, case=case, about=About.PLAN).first()
    if on is None:
        if task is not None:
            task.removed_at = at
            task.save(update_fields=["removed_at"])
        return
    if task is None:
        task = Task(case=case, about=About.PLAN, made_at=at, made_by=by, version=0)
        task.text = box.seal(task, "text", _("Look at the safety plan again, together."))
    task.due_at, task.version = end_of(on), task.version + 1
    task.save()


@transaction.atomic
def share_plan(*, plan: SafetyPlan, text: str, by: Staff, at: datetime) -> None:
    """Send it to the young person as a message, in the words `text`. A second tap sends nothing.

    Raises PermissionDenied, CaseClosed, Stale when a newer version was written, WrongKey.
    """
    case = (
        Case.objects.select_for_update(no_key=True, of=("self",))
        .select_related("report")
        .get(pk=plan.case_id)
    )
    check_can_work_on(case, by=by)
    check_open(case)
    box_of(case)
    latest = case.safety_plans.order_by("-number")[0]
    if latest.pk != plan.pk:
        raise Stale(latest)
    if latest.shared_at is not None and latest.shared_by_id == by.pk and at - latest.shared_at < SECOND_TAP:
        return
    message = write_to_young_person(case=case, text=text, by=by, at=at)
    latest.shared_at, latest.shared_by, latest.shared_as = at, by, message.pk
    latest.save(update_fields=["shared_at", "shared_by", "shared_as"])
    detail: audit.Detail = {"case": case.ref, "version": latest.number}
    audit.record(by=by, verb="plan.shared", obj=latest, detail=detail, at=at)
    plan.refresh_from_db()


def record_plan_read(*, plan: SafetyPlan, by: Staff, at: datetime) -> None:
    """Reading it is an act too."""
    detail: audit.Detail = {"case": plan.case.ref, "version": plan.number}
    audit.record(by=by, verb="plan.read", obj=plan, detail=detail, at=at)


# --- forgetting -----------------------------------------------------------------------------------------


@transaction.atomic
def follow_erasures(*, at: datetime, limit: int = 500) -> int:
    """Where the young person erased the report: blank the words, and take what is open off the lists. Returns how many."""
    erased = Q(case__report__status=ReportStatus.ERASED) | Q(case__key=None)
    tasks = list(
        Task.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(erased)
        .filter(Q(text__isnull=False) | OPEN)
        .order_by("pk")[:limit]
    )
    for task in tasks:
        privacy.blank(task)
        if task.is_open:
            task.removed_at = at
    Task.objects.bulk_update(tasks, ["text", "removed_at"])
    written = Q()
    for name in PARTS:
        written |= Q(**{f"{name}__isnull": False})
    plans = list(
        SafetyPlan.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(erased & written)
        .order_by("pk")[:limit]
    )
    for plan in plans:
        plan.save(update_fields=privacy.blank(plan))
    notes, _by_model = RemovedNote.objects.filter(erased).delete()
    return len(tasks) + len(plans) + notes


@transaction.atomic
def tidy(*, at: datetime) -> int:
    """Forget what was removed and nobody wanted back. Returns how many rows."""
    old = at - KEPT
    tasks, _tasks = Task.objects.filter(removed_at__lt=old).delete()
    notes, _notes = RemovedNote.objects.filter(removed_at__lt=old).delete()
    return tasks + notes
