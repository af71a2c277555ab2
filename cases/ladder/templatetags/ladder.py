"""What the takedowns' pages show of the ladder. They stand below it, so they ask by tag."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils import timezone

from cases.ladder import desk
from cases.ladder.desk import Climb
from cases.ladder.forms import PauseForm
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
