"""The strip of alerts, for pages that stand below them."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils import timezone

from cases.alerts import desk
from helpline.accounts.permissions import Permission

register = template.Library()


@register.inclusion_tag("alerts/strip.html", takes_context=True)
def alerts_strip(context: Mapping[str, Any]) -> dict[str, Any]:
    """What stands and nobody takes care of, in a few lines, for who may see the figures; nothing where nothing does."""
    staff = context["request"].user
    if not staff.is_authenticated or not staff.can(Permission.FIGURES):
        return {"strip": None}
    return {"strip": desk.strip(now=timezone.now())}
