"""A version of a template moves along these arrows and no others; and the words of a mandate."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Status(TextChoices):
    """Of one version of a template."""

    DRAFT = "draft", _("Not used")
    WAITING = "waiting", _("Waits for a second person")
    IN_USE = "in-use", _("In use")
    RETIRED = "retired", _("Used before")


# What was refused or taken back stays to be read; proposing it again makes a new version.
TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.DRAFT: frozenset(),
    Status.WAITING: frozenset({Status.IN_USE, Status.DRAFT}),
    Status.IN_USE: frozenset({Status.RETIRED}),
    Status.RETIRED: frozenset(),
}


class GivenBy(TextChoices):
    """Who allows the helpline to sign."""

    YOUNG_PERSON = "young-person", _("The young person")
    PARENT = "parent", _("A parent")
    LEGAL = "legal", _("Another legal representative")


class GivenHow(TextChoices):
    """In which way they said so."""

    MESSAGE = "message", _("In a message here")
    ALOUD = "aloud", _("On the phone or in the chat")
    PAPER = "paper", _("On paper, signed")
