"""What the forms of the interview and of the follow page carry."""

from typing import Any

from django import template
from django.utils.html import format_html

from reports import note as notes

register = template.Library()


@register.simple_tag(takes_context=True)
def whose(context: dict[str, Any]) -> str:
    """Beside `csrf_token`: what the form is about, so that an old tab never acts on what another one opened."""
    mark = context.get("whose_mark") or notes.mark_of(context["request"])
    return format_html('<input type="hidden" name="{}" value="{}">', notes.FIELD, mark) if mark else ""
