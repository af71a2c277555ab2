"""What can be done to an incident, each a line of its history."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from cases.states import MemberState
from reports.states import ForbiddenMove

__all__ = ["UNDONE_BY_UNDO", "ForbiddenMove", "MemberState", "Step"]


class Step(TextChoices):
    """A line of the history."""

    OPENED = "opened", _("Opened by a colleague")
    PROPOSED = "proposed", _("Proposed by the machine")
    JOINED = "joined", _("Joined")
    KEPT_APART = "apart", _("Kept apart")
    ADDED = "added", _("Added by a colleague")
    SPLIT = "split", _("Split off")
    MERGED = "merged", _("Merged into another incident")
    CLOSED = "closed", _("Closed")
    REOPENED = "reopened", _("Open again")
    CODE_MADE = "code", _("A school code was made")
    CODE_ENDED = "code-ended", _("The school code was ended")
    ASKED = "asked", _("Removal asked for all")
    WORKSHEET = "worksheet", _("A worksheet was made")
    UNDONE = "undone", _("Undone")


# What the history offers to undo: what moved cases, or the incident itself.
UNDONE_BY_UNDO = frozenset(
    {
        Step.OPENED,
        Step.JOINED,
        Step.KEPT_APART,
        Step.ADDED,
        Step.SPLIT,
        Step.MERGED,
        Step.CLOSED,
        Step.REOPENED,
    }
)
