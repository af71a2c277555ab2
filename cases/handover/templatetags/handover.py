"""What the pages of the desk show of hand-overs. They stand below them, so they ask by tag."""

from collections.abc import Mapping
from typing import Any

from django import template

from cases import rail
from cases.handover import desk
from cases.handover.desk import People
from cases.models import Case

register = template.Library()


@register.simple_tag(takes_context=True)
def people_of(context: Mapping[str, Any], case: Case) -> People:
    """Who has to do with the case, and what this person may do about it; two queries."""
    return desk.people_of(case, by=context["request"].user)


@register.simple_tag(takes_context=True)
def is_on_shift(context: Mapping[str, Any]) -> bool | None:
    """Has this person begun their shift? None for whoever has none. It is asked with the rail's counts."""
    count = rail.counts(context["request"]).get("shift")
    return None if count is None else bool(count)


@register.simple_tag(takes_context=True)
def offers_waiting(context: Mapping[str, Any]) -> str:
    """How many offers wait for this person's answer; '' for none. Asked with the rail's counts, too."""
    return rail.capped(rail.counts(context["request"]).get("offered"))


@register.simple_tag(takes_context=True)
def offers_back(context: Mapping[str, Any]) -> str:
    """How many of this person's offers came back and were not looked at; '' for none."""
    return rail.capped(rail.counts(context["request"]).get("offers_back"))
