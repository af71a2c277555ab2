"""What other pages say of the mailbox."""

from collections.abc import Mapping
from typing import Any

from django import template

from cases import rail
from cases.mailbox import desk
from cases.queue import capped_counts
from helpline.accounts.models import Staff

register = template.Library()


@register.simple_tag(takes_context=True)
def mails_waiting(context: Mapping[str, Any]) -> str:
    """How many mails wait for this person, as it is written; '' for none."""
    staff = context["request"].user
    if not isinstance(staff, Staff):
        return ""
    return rail.capped(capped_counts({"mails": desk.waiting(staff)})["mails"])
