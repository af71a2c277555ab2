"""What the case page shows of takedowns. The page stands below them, so it asks by tag."""

from collections.abc import Sequence

from django import template

from cases.reading import OpenCase
from cases.takedowns import desk
from cases.takedowns.desk import LinkView, Step
from cases.takedowns.forms import FiledForm, OutcomeForm
from cases.takedowns.models import Takedown

register = template.Library()


@register.simple_tag
def links_of(opened: OpenCase) -> list[LinkView]:
    """The links of the case with their takedowns."""
    return desk.links_of(opened)


@register.simple_tag
def next_steps(opened: OpenCase, links: Sequence[LinkView]) -> list[Step]:
    """What the case needs now."""
    return desk.next_steps(opened, links)


@register.simple_tag
def askable(links: Sequence[LinkView]) -> int:
    """How many links nobody has asked for yet."""
    return sum(one.may_ask and one.now is None for one in links)


@register.simple_tag
def filed_form(takedown: Takedown) -> FiledForm:
    """An empty form for "I have filed it"; several stand on one page, so its fields carry the takedown's id."""
    return FiledForm(auto_id=f"{takedown.pk}-%s")


@register.simple_tag
def outcome_form(takedown: Takedown) -> OutcomeForm:
    """An empty form for an outcome learned by hand."""
    return OutcomeForm(auto_id=f"{takedown.pk}-%s")
