"""What every page of the desk shows of calls. They stand below, so they ask by tag."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import template

from cases.listening.actions import can_listen
from cases.models import Case
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow

register = template.Library()
CHANGED, GIVEN = "report.code_changed", "report.code_given"


@dataclass(frozen=True, slots=True)
class Code:
    """What a case page says of the young person's code."""

    is_none: bool
    is_said: bool
    changed_at: datetime | None
    given_at: datetime | None
    may_give: bool


@register.inclusion_tag("listening/new_call.html", takes_context=True)
def new_call(context: Mapping[str, Any]) -> dict[str, Any]:
    """The button that begins a call, for whoever may take one."""
    user = context["request"].user
    return {"may_listen": isinstance(user, Staff) and can_listen(user)}


@register.simple_tag(takes_context=True)
def code_of(context: Mapping[str, Any], case: Case) -> Code:
    """How their code stands. When it was changed is in the trail: the page that changes it sees nothing of a case."""
    report, user = case.report, context["request"].user
    rows = AuditRow.objects.filter(
        object_type="report", object_id=str(report.pk), verb__in=[CHANGED, GIVEN]
    ).order_by("id")
    when = dict(rows.values_list("verb", "at"))
    return Code(
        is_none=report.locator is None,
        is_said=report.code_said_aloud,
        changed_at=when.get(CHANGED),
        given_at=when.get(GIVEN),
        may_give=isinstance(user, Staff) and can_listen(user),
    )
