"""What other pages show of letters. They stand below, so they ask by tag."""

from typing import Any

from django import template
from django.utils import timezone

from cases.letters import actions
from cases.letters.forms import MandateForm
from cases.models import Case

register = template.Library()


@register.simple_tag
def mandate_panel(case: Case) -> dict[str, Any]:
    """The mandate that stands, and an empty form where none does; one query."""
    mandate = actions.mandate_of(case)
    form = None if mandate else MandateForm(initial={"given_on": timezone.localdate()}, auto_id="mandate-%s")
    return {"mandate": mandate, "form": form}
