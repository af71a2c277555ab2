"""Tags of the accounts' pages."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _

from helpline.accounts.models import ApiToken
from helpline.accounts.permissions import Permission
from helpline.approvals import handlers
from helpline.approvals.models import Approval

register = template.Library()


@register.simple_tag
def last_here(at: datetime | None) -> str:
    """When somebody logged in last, coarsely: it is about closing what nobody uses, not about who works when."""
    if at is None:
        return _("never")
    span = timezone.now() - at
    if span < timedelta(days=7):
        return _("this week")
    if span < timedelta(days=31):
        return _("this month")
    if span < timedelta(days=183):
        return _("in the last half year")
    return _("longer ago")


@register.filter
def scope_words(scopes: Iterable[str]) -> str:
    """What a token may do, in words."""
    known = dict(Permission.choices)
    return ", ".join(str(known.get(one, one)) for one in scopes)


@register.filter
def is_over(token: ApiToken, now: datetime) -> bool:
    """Did it run out?"""
    return not token.is_valid(now)


@register.filter
def can_be_taken_back(approval: Approval) -> bool:
    """May whoever asked take it back?"""
    return handlers.can_be_taken_back(approval.what)


@register.filter
def approval_title(approval: Approval) -> str:
    """What was asked, in a few words."""
    return str(handlers.of(approval.what).title) if approval.what in handlers.kinds() else approval.what
