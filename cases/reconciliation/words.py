"""The Transparency Database's words as colleagues say them."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.letters.writing import CYBER_VIOLENCE, PROTECTION_OF_MINORS
from cases.reconciliation.layout import Why
from cases.reconciliation.states import State

CATEGORIES: Mapping[str, Promise] = {
    CYBER_VIOLENCE: _("Cyber violence"),
    PROTECTION_OF_MINORS: _("Protection of minors"),
}
WHY: Mapping[str, Promise] = {
    Why.SHORT: _("more or fewer cells than the first line"),
    Why.DAY: _("no day that can be read, or one to come"),
    Why.QUOTES: _("a quotation mark is not closed"),
    Why.UUID: _("no uuid"),
    Why.CATEGORY: _("no category"),
    Why.DECISION: _("neither about content nor about an account"),
}
TONES: Mapping[str, str] = {
    State.WAITING: "quiet",
    State.READING: "go",
    State.COMPARING: "go",
    State.READY: "good",
    State.FAILED: "stop",
}


def category(code: str) -> str:
    """As it is said; what we have no word for as the database writes it, without its prefix."""
    known = CATEGORIES.get(code)
    if known is not None:
        return str(known)
    return code.removeprefix("STATEMENT_CATEGORY_").replace("_", " ").capitalize()
