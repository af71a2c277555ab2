"""An approval moves along these arrows and no others: it waits, then it is settled for good."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Status(TextChoices):
    """Where an approval stands."""

    WAITING = "waiting", _("Waits for a second person")
    GRANTED = "granted", _("Granted and done")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Taken back")
    EXPIRED = "expired", _("Over without an answer")


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.WAITING: frozenset({Status.GRANTED, Status.REFUSED, Status.WITHDRAWN, Status.EXPIRED}),
    Status.GRANTED: frozenset(),
    Status.REFUSED: frozenset(),
    Status.WITHDRAWN: frozenset(),
    Status.EXPIRED: frozenset(),
}


class ForbiddenMove(Exception):
    """This state does not follow from that one."""
