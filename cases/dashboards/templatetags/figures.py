"""A figure's definition beside the figure, and the way from a count to the list behind it."""

from typing import Any
from urllib.parse import urlencode

from django import template
from django.urls import reverse

from cases.dashboards.definitions import define

register = template.Library()


@register.inclusion_tag("dashboards/definition.html")
def definition(*names: str) -> dict[str, Any]:
    """`{% definition "acted_on" %}`: one click from a figure, or from several side by side, to what they mean."""
    return {"definitions": [define(name) for name in names]}


@register.simple_tag(takes_context=True)
def behind(context: dict[str, Any], figure: str, platform: str = "", dim: str = "", value: str = "") -> str:
    """The address of the takedowns behind a count: `{% behind "refused" platform=row.slug as url %}`.

    The months are the page's own `since` and `until`, as YYYY-MM, both included.
    """
    asked = {"figure": figure, "platform": platform, "dim": dim, "value": value}
    asked |= {name: context.get(name) or "" for name in ("since", "until")}
    return f"{reverse('dashboards:behind')}?{urlencode({name: text for name, text in asked.items() if text})}"
