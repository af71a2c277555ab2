"""Who is being spoken to, and sentences that come in a version for each."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise

from reports.states import Who

Text = str | Promise


class Voice(StrEnum):
    """The young person, a friend of theirs (both are spoken to in the same way), or an adult."""

    ME = "me"
    FRIEND = "friend"
    ADULT = "adult"


VOICES: dict[str, Voice] = {Who.FRIEND: Voice.FRIEND, Who.CHILD: Voice.ADULT, Who.PUPIL: Voice.ADULT}


def voice_of(who: str) -> Voice:
    """Until we know who writes, we speak to the young person."""
    return VOICES.get(who, Voice.ME)


@dataclass(frozen=True, slots=True)
class Words:
    """One sentence for each voice. Those for adults are translated apart (`pgettext("adult", …)`): *vous*."""

    me: Text
    friend: Text
    adult: Text

    def to(self, voice: Voice) -> str:
        """The version for this voice, in the language of the page."""
        return str(getattr(self, voice))


def same(text: Text) -> Words:
    """A sentence that speaks to nobody in particular."""
    return Words(text, text, text)
