"""What the case page shows of this room. The page stands below it, so it asks by tag."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.conf import settings
from django.utils import timezone

from cases.models import Case, Note
from cases.reading import OpenCase
from cases.todo import desk, undo, words
from cases.todo.desk import Step, Todo
from cases.todo.forms import TaskForm
from cases.todo.models import Checklist, MessageTemplate, SafetyPlan
from cases.todo.words import Tongue
from reports.models import Report

register = template.Library()
Context = Mapping[str, Any]


@register.simple_tag
def todo_of(opened: OpenCase, steps: Sequence[Step]) -> Todo:
    """Who needs what next, with the tasks; two queries."""
    return desk.todo_of(opened, steps)


@register.simple_tag(takes_context=True)
def task_form(context: Context, case: Case) -> TaskForm:
    """The form that was sent, with its errors, or an empty one; its list of colleagues is one query."""
    sent = context["forms"].get("task")
    return sent if isinstance(sent, TaskForm) else TaskForm(case=case, by=context["request"].user)


@register.simple_tag(takes_context=True)
def conversation_of(context: Context, opened: OpenCase) -> list[dict[str, Any]]:
    """The messages, each with what is known of it."""
    return desk.conversation(opened, by=context["request"].user)


@register.simple_tag
def texts() -> list[MessageTemplate]:
    """The texts to begin a message with; one query."""
    return desk.texts_by_occasion()


@register.simple_tag
def plan_of(case: Case) -> SafetyPlan | None:
    """The safety plan, without its words; one query."""
    return desk.latest_plan(case)


@register.simple_tag
def tongue_of(report: Report) -> Tongue:
    """How they are spoken to."""
    return words.tongue_of(report)


@register.simple_tag(takes_context=True)
def minutes_to_remove(context: Context, note: Note) -> int:
    """How long this note can still be removed by who looks; 0: not, or not by them."""
    now = timezone.now()
    if not undo.can_remove_note(note, by=context["request"].user, at=now):
        return 0
    return words.left(note.at + settings.UNSEND - now)


@register.filter
def name_of(row: Checklist | MessageTemplate) -> str:
    """How colleagues know it, in the language of the page."""
    return words.name_of(row)
