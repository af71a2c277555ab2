"""Tags of the pages on which stories stand folded. They stand below the ledger, so they ask it by name."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import words
from cases.reading import OpenReport
from reports.states import AgeRange, Circumstance, Demand, Kind

register = template.Library()

STANDING = "cases.wellbeing.actions.standing"
# What a story holds, in a word each, so that nobody is surprised by it.
HOLDS: Mapping[str, words.Words] = {
    Circumstance.IN_DANGER: gettext_lazy("danger"),
    Circumstance.SELF_HARM: gettext_lazy("self-harm"),
    Circumstance.VIOLENCE: gettext_lazy("violence"),
    Circumstance.ADULT: gettext_lazy("an adult"),
    Circumstance.BLACKMAIL: gettext_lazy("blackmail"),
    Circumstance.UNSAFE_HOME: gettext_lazy("home is not safe"),
    Circumstance.SCHOOL: gettext_lazy("school"),
}
DEMANDS: Mapping[str, words.Words] = {
    Demand.MONEY: gettext_lazy("money"),
    Demand.PICTURES: gettext_lazy("more pictures"),
    Demand.MEET: gettext_lazy("a meeting"),
    Demand.ACTS: gettext_lazy("acts"),
}


@register.filter
def holds(opened: OpenReport) -> str:
    """What the story holds, from the plain facts: "threat, money, under 13"; '' where they say nothing."""
    report = opened.report
    found = [_("threat")] if report.kind == Kind.THREAT else []
    found += [str(word) for code, word in HOLDS.items() if code in report.circumstances]
    said = opened.answers.get("demand") or ()
    asked = [said] if isinstance(said, str) else said
    found += [str(word) for code, word in DEMANDS.items() if code in asked]
    if report.age_range == AgeRange.UNDER_13:
        found.append(_("under 13"))
    return ", ".join(found)


@register.simple_tag(takes_context=True)
def my_standing(context: Mapping[str, Any]) -> Any:
    """How the reader stands today: see cases.wellbeing.actions.Standing."""
    ask: Any = import_string(STANDING)
    return ask(context["request"].user, at=timezone.now())
