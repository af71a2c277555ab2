"""What the takedown desk says of the rooms above it: mails to decide, and what the ladder waits for."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import rail
from cases.ladder import desk as ladder
from cases.mailbox import desk
from cases.queue import capped_counts
from helpline.accounts.models import Staff

register = template.Library()
MAILS = "mails"


@register.simple_tag(takes_context=True)
def waiting_above(context: Mapping[str, Any]) -> list[dict[str, str]]:
    """What waits for this person there: where it stands, its name and how many. One statement."""
    staff = context["request"].user
    if not isinstance(staff, Staff):
        return []
    # Silence has a tab of its own on the takedown desk.
    wanted = {tab: rows for tab, rows in ladder.counts(staff, at=timezone.now()).items() if tab != "silent"}
    found = capped_counts({MAILS: desk.waiting(staff), **wanted})
    mails = {"label": _("Mails from platforms"), "url": reverse("mailbox:list")}
    steps = {
        tab: {"label": str(ladder.TABS[tab]), "url": f"{reverse('ladder:list')}?tab={tab}"} for tab in wanted
    }
    return [
        {**place, "count": rail.capped(found[name])}
        for name, place in {MAILS: mails, **steps}.items()
        if found[name]
    ]
