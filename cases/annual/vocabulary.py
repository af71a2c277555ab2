"""Our words in those of the Transparency Database, where it has one.

Its names are those of the Commission's own page on the attributes of a statement, in its published source
(digital-services-act/transparency-database). What it has no name for stands beside them in plain words, and no name is
stretched over it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.letters.writing import CYBER_VIOLENCE, PROTECTION_OF_MINORS
from cases.takedowns.states import Outcome
from reports.states import Kind

ANYBODY: Final = "SOURCE_ARTICLE_16"


@dataclass(frozen=True, slots=True)
class Content:
    """A type of content: in words, and by its category and keyword in the database."""

    code: str
    label: str | Promise
    category: str
    keyword: str


@dataclass(frozen=True, slots=True)
class Action:
    """What was done: in words, by its name in the database or '' for none, and whether something was done at all."""

    code: str
    label: str | Promise
    decision: str = ""
    acted: bool = False


CONTENTS: tuple[Content, ...] = (
    Content(
        "fake-minor",
        _("Fake intimate picture of a minor"),
        PROTECTION_OF_MINORS,
        "KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL_DEEPFAKE",
    ),
    Content(
        "picture-minor",
        _("Intimate picture of a minor"),
        PROTECTION_OF_MINORS,
        "KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL",
    ),
    Content(
        "other-minor", _("Threat, or something else, against a minor"), PROTECTION_OF_MINORS, "KEYWORD_OTHER"
    ),
    Content(
        "fake-adult",
        _("Fake intimate picture of an adult"),
        CYBER_VIOLENCE,
        "KEYWORD_NON_CONSENSUAL_MATERIAL_DEEPFAKE",
    ),
    Content(
        "picture-adult",
        _("Intimate picture of an adult"),
        CYBER_VIOLENCE,
        "KEYWORD_NON_CONSENSUAL_IMAGE_SHARING",
    ),
    Content("other-adult", _("Threat, or something else, against an adult"), CYBER_VIOLENCE, "KEYWORD_OTHER"),
)
ACTIONS: tuple[Action, ...] = (
    Action(Outcome.REMOVED, _("Content removed"), "DECISION_VISIBILITY_CONTENT_REMOVED", acted=True),
    Action(
        Outcome.DISABLED,
        _("Content blocked, everywhere or in places"),
        "DECISION_VISIBILITY_CONTENT_DISABLED",
        True,
    ),
    Action(Outcome.ACCOUNT_REMOVED, _("Account removed"), "DECISION_ACCOUNT_TERMINATED", acted=True),
    Action(Outcome.PARTLY_REMOVED, _("Removed in part"), acted=True),
    Action(Outcome.ALREADY_GONE, _("Gone before they looked, they say"), acted=True),
    Action("seen_gone", _("No word from them; we saw it gone"), acted=True),
    Action(Outcome.REFUSED, _("Refused")),
    Action(Outcome.NOT_FOUND, _("Nothing found at the address")),
    Action(Outcome.MORE_INFORMATION, _("More information asked")),
    Action("under_way", _("Receipt confirmed or being looked at")),
    Action("no_answer", _("No answer")),
    Action("withdrawn", _("Withdrawn by the person")),
    Action("not_sent", _("Not sent")),
)
# How ProviderRow says what of ours is one line here.
SAME: Mapping[str, str] = {Outcome.ACKNOWLEDGED: "under_way", Outcome.UNDER_REVIEW: "under_way"}
SHAPES: Mapping[str, str] = {Kind.DEEPNUDE: "fake", Kind.REAL_IMAGE: "picture", Kind.SENT: "picture"}


def content_of(kind: str, age: str) -> str:
    """The type of content of a kind of report and an age group. Whose age nobody knows is a minor: the careful reading."""
    return f"{SHAPES.get(kind, 'other')}-{'adult' if age == 'adult' else 'minor'}"


def action_of(action: str) -> str:
    """The line on which an action of `metrics.by_provider` stands. Raises LookupError for one that has none."""
    code = SAME.get(action, action)
    if code not in {one.code for one in ACTIONS}:
        raise LookupError(f"No line of the report is for {action!r}.")
    return code
