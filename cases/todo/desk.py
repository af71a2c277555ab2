"""What the desk shows of what there is to do: one's own tasks by their day, a case's next steps, checklists that fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases import reading
from cases.forms import may_hold_cases
from cases.models import Case, Share
from cases.reading import OpenCase
from cases.states import CaseStatus
from cases.todo import undo, words
from cases.todo.actions import opened_plan
from cases.todo.models import AppliedChecklist, Checklist, MessageTemplate, SafetyPlan, Task
from cases.todo.states import Occasion, end_of
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.audit import actions as audit
from helpline.crypto.box import Box
from reports.models import Message, Report

LATELY = timedelta(days=14)
TABS: Mapping[str, str | Promise] = {
    "overdue": _("Overdue"),
    "today": _("Today"),
    "later": _("Later"),
    "done": _("Done lately"),
}
COUNTED = ("overdue", "today", "later")


# --- a task as every page shows it ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task with its words opened. `text` is '' once the young person erased it."""

    task: Task
    text: str
    due: str
    tone: str
    whom: str
    checklist: str = ""

    @property
    def is_overdue(self) -> bool:
        """Open, and its day is over."""
        return self.tone == "stop"


def view_of(task: Task, box: Box | None, *, now: datetime) -> TaskView:
    """`task` needs its case with assignee, for_whom and the applied checklist loaded."""
    whom = task.for_whom if task.for_whom and task.for_whom.is_active else task.case.assignee
    return TaskView(
        task=task,
        text=box.open(task, "text") if box else "",
        due=words.due_words(task, now),
        tone=words.tone_of(task, now),
        whom=str(whom or ""),
        checklist=words.name_of(task.applied.checklist) if task.applied else "",
    )


RELATED = ("for_whom", "applied__checklist", "done_by")


def task_view(task: Task, *, now: datetime) -> TaskView:
    """One task, for the answer to what was done with it."""
    loaded = Task.objects.select_related("case__report", "case__assignee", *RELATED).get(pk=task.pk)
    return view_of(loaded, _box(loaded.case), now=now)


def _box(case: Case) -> Box | None:
    return None if reading.is_erased(case) else case.box()


# --- my tasks ---------------------------------------------------------------------------------------------


def due(staff: Staff) -> QuerySet[Task]:
    """Theirs, for today or before: what the rail counts."""
    return Task.objects.open_for(staff).filter(due_at__lte=end_of(timezone.localdate()))


def under_tab(staff: Staff, tab: str) -> QuerySet[Task]:
    """What stands under a tab."""
    now, tonight = timezone.now(), end_of(timezone.localdate())
    if tab == "done":
        done = Task.objects.workable_by(staff).filter(done_by=staff, removed_at=None)
        return done.filter(done_at__gte=now - LATELY)
    found = Task.objects.open_for(staff)
    if tab == "overdue":
        return found.filter(due_at__lt=now)
    if tab == "today":
        return found.filter(due_at__gte=now, due_at__lte=tonight)
    return found.filter(due_at__gt=tonight)


def order_of(tab: str) -> tuple[str, str]:
    """The most pressing first; of those that are done, the last."""
    return ("-done_at", "-id") if tab == "done" else ("due_at", "id")


def views_of(tasks: Sequence[Task], *, by: Staff, now: datetime) -> list[TaskView]:
    """A page of a list. Their words are opened, so a line of the trail says so of each case; one statement."""
    boxes = {task.case_id: _box(task.case) for task in tasks}
    cases = {task.case_id: task.case for task in tasks}
    if cases:
        audit.record_many(
            audit.row(by=by, verb="case.tasks_read", obj=case, at=now) for case in cases.values()
        )
    return [view_of(task, boxes[task.case_id], now=now) for task in tasks]


# --- the next steps of a case -----------------------------------------------------------------------------


class Step(Protocol):
    """What the takedowns and the messages say comes next."""

    @property
    def text(self) -> str: ...
    @property
    def anchor(self) -> str: ...
    @property
    def tone(self) -> str: ...


@dataclass(frozen=True, slots=True)
class NextLine:
    """A line of "who needs what next": a step elsewhere on the page, or a task to tick."""

    step: Step | None = None
    task: TaskView | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a checklist is: 3 of 7."""

    name: str
    done: int
    of: int


@dataclass(frozen=True, slots=True)
class Todo:
    """Everything the panel of next steps shows."""

    lines: Sequence[NextLine]
    done: Sequence[TaskView] = ()
    progress: Sequence[Progress] = ()
    offered: Sequence[Checklist] = field(default=())
    may_change: bool = False


def todo_of(opened: OpenCase, steps: Sequence[Step]) -> Todo:
    """Two queries, however much there is to do."""
    case, now = opened.case, timezone.now()
    box = None if opened.report.erased else case.box()
    if box is None:
        return Todo(lines=[NextLine(step=step) for step in steps])
    found = case.tasks.filter(removed_at=None).select_related(*RELATED).order_by("due_at", "position", "id")
    tasks = []
    for task in found:
        task.case = case
        tasks.append(view_of(task, box, now=now))
    may_change = case.status != CaseStatus.CLOSED
    # Those that are in the case already are not offered twice.
    applied = AppliedChecklist.objects.filter(case=case, checklist=OuterRef("pk"))
    lists = Checklist.objects.filter(~Exists(applied), is_offered=True).order_by("position", "id")
    return Todo(
        lines=_in_order(steps, [one for one in tasks if one.task.done_at is None]) if may_change else [],
        done=sorted(
            (one for one in tasks if one.task.done_at is not None),
            key=lambda one: one.task.done_at or now,
            reverse=True,
        ),
        progress=_progress(tasks),
        offered=[one for one in lists if fits(one, case.report)] if may_change else (),
        may_change=may_change,
    )


def _in_order(steps: Sequence[Step], tasks: Sequence[TaskView]) -> list[NextLine]:
    """Danger; what is overdue; what the case needs now; then the tasks by their day."""
    danger = [NextLine(step=step) for step in steps if step.tone == "danger"]
    now = [NextLine(step=step) for step in steps if step.tone != "danger"]
    overdue = [NextLine(task=one) for one in tasks if one.is_overdue]
    later = [NextLine(task=one) for one in tasks if not one.is_overdue]
    return danger + overdue + now + later


def _progress(tasks: Sequence[TaskView]) -> list[Progress]:
    by_list: dict[int, list[TaskView]] = {}
    for one in tasks:
        if one.task.applied_id is not None:
            by_list.setdefault(one.task.applied_id, []).append(one)
    return [
        Progress(
            name=found[0].checklist,
            done=sum(one.task.done_at is not None for one in found),
            of=len(found),
        )
        for _applied, found in sorted(by_list.items())
    ]


def fits(checklist: Checklist, report: Report) -> bool:
    """Is it for a report like this one? One thing that is true is enough; a list that names nothing is for all."""
    if not (checklist.kinds or checklist.ages or checklist.circumstances):
        return True
    return (
        report.kind in checklist.kinds
        or report.age_range in checklist.ages
        or not set(report.circumstances).isdisjoint(checklist.circumstances)
    )


def colleagues_of(case: Case) -> QuerySet[Staff]:
    """Who else may be given a task of this case: those who may see it, but for its holder."""
    sees = Q(role__permissions__contains=[Permission.CASES_ALL])
    if case.team_id is not None:
        sees |= Q(memberships__team=case.team_id)
    shares = Share.objects.live().filter(case=case, may_work=True)
    sees |= Q(pk__in=shares.values("staff"))
    found = may_hold_cases().filter(pk__in=Staff.objects.filter(sees).values("pk"))
    return found.exclude(pk=case.assignee_id) if case.assignee_id else found


# --- the conversation -------------------------------------------------------------------------------------


def conversation(opened: OpenCase, *, by: Staff) -> list[dict[str, Any]]:
    """The messages with what is known of each: new, read by the other side, still one's own to take back."""
    now = timezone.now()
    lines = []
    for one in opened.messages:
        message = one.message
        mine = message.author == Message.Author.HELPLINE
        back = mine and not opened.report.erased and undo.can_take_back(message, by=by, at=now)
        lines.append(
            {
                "pk": message.pk,
                "mine": mine,
                "who": str(message.staff or "") if mine else "",
                "at": message.at,
                "text": one.text,
                "unread": not mine and message.read_at is None,
                "read_at": message.read_at if mine else None,
                "minutes": words.left(message.at + settings.UNSEND - now) if back else 0,
            }
        )
    return lines


def texts_by_occasion() -> list[MessageTemplate]:
    """The texts that can be used, in the order of what they are for."""
    order = list(Occasion)
    found = MessageTemplate.objects.filter(is_offered=True)
    return sorted(found, key=lambda row: (order.index(Occasion(row.occasion)), words.name_of(row)))


# --- the safety plan --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlanPart:
    """A part of a plan: its heading and its words."""

    name: str
    heading: str | Promise
    help: str | Promise
    text: str


def latest_plan(case: Case) -> SafetyPlan | None:
    """The version that counts; one query."""
    return case.safety_plans.select_related("by", "shared_by").order_by("-number").first()


def parts_of(plan: SafetyPlan | None, box: Box | None) -> list[PlanPart]:
    """All its parts, the empty ones too."""
    said = opened_plan(plan, box) if plan is not None else {}
    return [
        PlanPart(name=name, heading=heading, help=hint, text=said.get(name, ""))
        for name, (heading, hint) in words.PLAN.items()
    ]
