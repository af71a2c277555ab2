"""The words a call is described with."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from reports.states import Channel


class Code(TextChoices):
    """What became of the code once a call was sent."""

    TO_SAY = "to-say", _("To read aloud")
    SAID = "said", _("Read aloud")
    NONE = "none", _("They take none")


# How somebody reaches a counsellor who writes for them.
CHANNELS = (Channel.PHONE, Channel.CHAT)
