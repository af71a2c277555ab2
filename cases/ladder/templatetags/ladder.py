"""What the takedowns' pages show of the ladder. They stand below it, so they ask by tag."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils import timezone

from cases import rail
from cases.ladder import desk
from cases.ladder.desk import Climb
from cases.ladder.forms import PauseForm
from cases.queue import capped_counts
from cases.takedowns.models import Takedown

register = template.Library()
Context = Mapping[str, Any]


@register.simple_tag
def climb_of(takedown: Takedown) -> Climb:
    """One takedown's clock, steps and complaints."""
    return desk.climb_of(takedown, at=timezone.now())


@register.simple_tag
def pause_form() -> PauseForm:
    """Empty."""
    return PauseForm()


@register.simple_tag(takes_context=True)
def ladder_counts(context: Context) -> list[dict[str, Any]]:
    """What waits for this person on the ladder, by tab; nothing where nothing waits. One statement."""
    staff = context["request"].user
    found = capped_counts(desk.counts(staff, at=timezone.now()))
    return [
        {"tab": tab, "label": desk.TABS[tab], "count": rail.capped(count)}
        for tab, count in found.items()
        if count and tab != "silent"  # the takedown desk has a tab of its own for these
    ]
