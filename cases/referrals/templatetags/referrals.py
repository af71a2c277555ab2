"""What the pages of the desk show of referrals. The case page stands below them, so it asks by tag."""

from collections.abc import Mapping

from django import template

from cases.models import Case
from cases.referrals import desk, recipients
from cases.referrals.desk import Row

register = template.Library()


@register.simple_tag
def referrals_of(case: Case) -> list[Row]:
    """The referrals of a case, the newest first; one query."""
    return desk.of_case(case)


@register.filter
def said(texts: Mapping[str, str]) -> str:
    """A text of the recipients' data, in the language of the page."""
    return recipients.said(texts)
