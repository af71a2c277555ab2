"""Who is being spoken to, and how: adults are said *vous* where the young are said *tu*.

A language that knows the difference has a second catalogue, which holds only the sentences that differ
(`locale/fr_Vous` beside `locale/fr`); everything else comes from the language itself.
"""

from enum import StrEnum

from django.utils import translation

from helpline.web.language import spoken
from reports.states import Who

FORMAL = {"fr": "fr-vous"}


class Voice(StrEnum):
    """The young person, a friend of theirs (both are spoken to in the same way), or an adult."""

    ME = "me"
    FRIEND = "friend"
    ADULT = "adult"


VOICES: dict[str, Voice] = {Who.FRIEND: Voice.FRIEND, Who.CHILD: Voice.ADULT, Who.PUPIL: Voice.ADULT}


def voice_of(who: str) -> Voice:
    """Until we know who writes, we speak to the young person."""
    return VOICES.get(who, Voice.ME)


def register_for(voice: Voice) -> str:
    """The right register of the language that is spoken, to be activated."""
    language = spoken()
    return FORMAL.get(language, language) if voice == Voice.ADULT else language


def speak_to(voice: Voice) -> None:
    """From here to the end of the request, in the right register of the page's language."""
    translation.activate(register_for(voice))
