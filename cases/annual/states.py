"""A version of a report moves along these arrows and no others."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Status(TextChoices):
    """Of one version of a report."""

    DRAFT = "draft", _("Being written")
    REVIEW = "review", _("Waits for a second person")
    FROZEN = "frozen", _("Frozen")
    DISCARDED = "discarded", _("Put aside")


# What is frozen never changes: a correction is a further version that names it.
TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.DRAFT: frozenset({Status.REVIEW, Status.DISCARDED}),
    Status.REVIEW: frozenset({Status.DRAFT, Status.FROZEN}),
    Status.FROZEN: frozenset(),
    Status.DISCARDED: frozenset({Status.DRAFT}),
}
OPEN = frozenset({Status.DRAFT, Status.REVIEW})
