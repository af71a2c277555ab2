"""A figure's definition beside the figure, and the way from a count to the list behind it."""

from typing import Any
from urllib.parse import urlencode

from django import template
from django.urls import reverse
from django.utils.formats import localize
from django.utils.html import format_html

from cases.dashboards.definitions import define
from cases.dashboards.listed import FIGURES, is_listed

register = template.Library()


@register.inclusion_tag("dashboards/definition.html")
def definition(*names: str) -> dict[str, Any]:
    """`{% definition "acted_on" %}`: one click from a figure, or from several side by side, to what they mean."""
    return {"definitions": [define(name) for name in names]}


@register.simple_tag(takes_context=True)
def count(
    context: template.Context,
    figure: str,
    number: int,
    *,
    said: str = "",
    of: str = "",
    platform: str = "",
    dim: str = "",
    value: Any = "",
    bar: Any = "",
    month: str = "",
) -> str:
    """A count that leads to the list behind it: `{% count "refused" line.count platform=line.platform of=line.label %}`.

    The number alone where it is nought, no list stands behind it, or whoever looks may open none (`drills` of the page).
    `said` stands there instead of the bare number. The months are the page's own `since` and `until`, or `month` alone, as
    YYYY-MM. `bar`: of these, those that took so long. `of` is what narrows it, for whoever hears the link without its table.
    """
    said = said or localize(number, use_l10n=context.use_l10n)
    value, bar = str(value), str(bar)
    if (
        not number
        or not is_listed(figure, dim, value)
        or (bar and not is_listed(figure, "bar", bar))
        or FIGURES[figure].name not in (context.get("drills") or ())
    ):
        return said
    asked = {"figure": figure, "platform": platform or context.get("platform"), "dim": dim, "value": value}
    asked["bar"] = bar
    asked |= {name: month or context.get(name) for name in ("since", "until")}
    address = (
        f"{reverse('dashboards:behind')}?{urlencode({name: text for name, text in asked.items() if text})}"
    )
    heard = " · ".join(str(one) for one in (said, define(figure).label, of) if one)
    return format_html('<a href="{}" aria-label="{}">{}</a>', address, heard, said)
