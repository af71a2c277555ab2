"""Why something did not leave: a coded word in `Notice.failure`, said to a person in whole sentences."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# How often before a person is asked: tries that were turned away, workers that died over one row, starts of which none got
# out of this house.
MAX_TRIES, MAX_CRASHES, MAX_STARTS = 8, 5, 200
SILENT = "the worker fell silent"


class Why(TextChoices):
    """The coded word; its label says it in a sentence."""

    REFUSED = "refused", _("The other side turned the notice away.")
    GIVEN_UP = "given_up", _("It was tried many times, and the other side could not take it.")
    NEVER_LEFT = "never_left", _("It was tried many times, and never got out: our own lines were busy.")
    CHANNEL_OFF = "channel_off", _("The channel it was asked on is not in use any more.")
    CRASHED = "crashed", _("The program broke off five times while it prepared this notice.")
    OUR_FAULT = "our_fault", _("The program could not write this notice.")
    WEAK = "weak", _("The notice would not hold, so it did not leave.")
    ERASED = "erased", _("Its words were erased.")
    NOT_WANTED = "not_wanted", _("Nobody wanted it any more when it was to leave.")
    SEEN_GONE = "seen_gone", _("It was seen gone before it left, so there was nothing to ask for.")
    BOUNCED = "bounced", _("It came back: nobody took it at that address.")
    NOT_FILED = "not_filed", _("The platform’s form did not take it.")
    OTHER = "other", _("It did not leave.")


ADVICE: Mapping[Why, Promise | str] = {
    Why.REFUSED: _("Trying again seldom helps. Check the address, or send it another way."),
    Why.GIVEN_UP: _("Try again when the other side works, or send it another way now."),
    Why.NEVER_LEFT: _("Tell whoever runs this program, then try again. Or send it another way now."),
    Why.CHANNEL_OFF: _("Send it another way, or try again once the channel is back in use."),
    Why.BOUNCED: _("Check the address on the platform’s page, or send it another way."),
    Why.NOT_FILED: _("Send it another way, or try the form again."),
    Why.CRASHED: _("Tell whoever runs this program. Meanwhile, send it another way."),
    Why.OUR_FAULT: _("Tell whoever runs this program. Meanwhile, send it another way."),
}
# What has passed by itself, perhaps: many of these may be tried again with one press.
TRANSIENT = frozenset({Why.GIVEN_UP, Why.NEVER_LEFT, Why.CHANNEL_OFF})
# The try after which none follows by itself.
GIVEN_UP = frozenset({Why.GIVEN_UP, Why.NEVER_LEFT})


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in words; `more` is the wire's own short word, such as "HTTP 403"."""

    why: Why
    more: str = ""

    @property
    def text(self) -> str:
        """One sentence."""
        return str(self.why.label)

    @property
    def said(self) -> str:
        """The sentence, and what the wire said; what has no coded word, as it stands."""
        if self.why == Why.OTHER:
            return self.more
        return f"{self.text} ({self.more})" if self.more else self.text

    @property
    def advice(self) -> str:
        """What to do about it; '' where there is nothing to say."""
        return str(ADVICE.get(self.why, ""))

    @property
    def may_pass(self) -> bool:
        """May it have passed by itself, so that trying many again makes sense?"""
        return self.why in TRANSIENT


def coded(why: Why, more: str = "") -> str:
    """How it stands in `Notice.failure` and in an event's `why`."""
    return f"{why.value}: {more}"[:200] if more else why.value


def reason(failure: str) -> Reason:
    """Read it back. What an older version wrote without a coded word is said as it stands."""
    word, _colon, more = failure.partition(": ")
    if word in Why.values:
        return Reason(Why(word), more)
    return Reason(Why.OTHER, failure)
