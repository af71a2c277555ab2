"""An offer of a case moves along these arrows and no others: it waits, then it is settled for good."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from reports.states import ForbiddenMove

__all__ = ["TRANSITIONS", "UNANSWERED", "ForbiddenMove", "Status"]


class Status(TextChoices):
    """Where an offer stands."""

    OFFERED = "offered", _("Waits for an answer")
    ACCEPTED = "accepted", _("Taken on")
    DECLINED = "declined", _("Not taken on")
    TAKEN_BACK = "taken-back", _("Taken back")
    EXPIRED = "expired", _("Not answered in time")
    VOID = "void", _("Over: the case moved on")


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.OFFERED: frozenset(
        {Status.ACCEPTED, Status.DECLINED, Status.TAKEN_BACK, Status.EXPIRED, Status.VOID}
    ),
    Status.ACCEPTED: frozenset(),
    Status.DECLINED: frozenset(),
    Status.TAKEN_BACK: frozenset(),
    Status.EXPIRED: frozenset(),
    Status.VOID: frozenset(),
}

# The case stayed where it was, and nobody who gave it away said so: whoever offered it is told.
UNANSWERED = (Status.DECLINED, Status.EXPIRED, Status.VOID)
