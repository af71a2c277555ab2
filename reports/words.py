"""Sentences that come in a version for each who may be spoken to."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reports.states import Circumstance, Kind
from reports.voice import Voice

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Words:
    """One sentence for each voice. What is said to a friend is said to an adult, where nothing else is."""

    me: Text
    friend: Text
    adult: Text = ""

    def to(self, voice: Voice) -> str:
        """The version for this voice, in the language of the page."""
        return str(getattr(self, voice) or self.friend)


def same(text: Text) -> Words:
    """A sentence that speaks to nobody in particular."""
    return Words(text, text, text)


# What happened, as it is asked and as a paper says it.
KINDS: dict[Kind, Words] = {
    Kind.DEEPNUDE: same(_("A fake nude picture or video")),
    Kind.REAL_IMAGE: same(_("A real private picture or video")),
    Kind.THREAT: same(_("A threat to share something")),
    Kind.SENT: Words(
        me=_("I sent something and regret it"),
        friend=_("My friend sent something and regrets it"),
        adult=_("The young person sent something and regrets it"),
    ),
    Kind.UNSURE: same(_("Something else, or not sure")),
}

# What may be true, as it is asked: in the interview, and later when something changed.
CIRCUMSTANCES: dict[Circumstance, Words] = {one: same(one.label) for one in Circumstance} | {
    Circumstance.IN_DANGER: Words(
        me=_("I am in danger right now"),
        friend=_("My friend is in danger right now"),
        adult=_("The young person is in danger right now"),
    ),
    Circumstance.SELF_HARM: Words(
        me=_("I think of hurting myself"),
        friend=_("My friend speaks of hurting themselves"),
        adult=_("The young person speaks of self-harm"),
    ),
    Circumstance.NAMED: Words(
        me=Circumstance.NAMED.label,
        friend=_("Their name or school is on it"),
    ),
    Circumstance.VULNERABLE: Words(
        me=Circumstance.VULNERABLE.label,
        friend=_("Something makes this harder for my friend"),
        adult=_("Something makes this harder for the young person"),
    ),
}
