"""The words of the ledger."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Seen(TextChoices):
    """What was read."""

    CASE = "case", _("A heavy report or case")
    STORY = "story", _("A story, unfolded")
    SCREENSHOT = "screenshot", _("A screenshot")


class Load(TextChoices):
    """How much somebody carried, in words: numbers would be ranked."""

    LIGHT = "light", _("light")
    MUCH = "much", _("much")
    A_LOT = "a-lot", _("a lot")


class Why(TextChoices):
    """Why somebody is asked whether they would like to talk."""

    HEAVY = "heavy", _("after something very heavy")
    STREAK = "streak", _("after several heavy stories in one day")


class Answer(TextChoices):
    """What they said. Nobody is told a no."""

    NONE = "", _("not answered")
    YES = "yes", _("yes")
    NO = "no", _("no")
