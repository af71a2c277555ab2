"""The sign itself: the exact words that leave, the same for everybody. They name nobody and lead nowhere."""

from dataclasses import dataclass

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Sign:
    """What a mailbox or a phone shows. A text message has no subject."""

    sender: str
    subject: str
    text: str


def sign(language: str) -> Sign:
    """In the language of the report. Nothing of the report goes in, so nothing of it can come out."""
    with translation.override(language):
        return Sign(
            sender=settings.NEUTRAL_NAME, subject=settings.NEUTRAL_NAME, text=_("There is something new.")
        )
