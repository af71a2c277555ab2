"""A file that was handed in moves along these arrows and no others."""

from collections.abc import Mapping

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from cases.takedowns.states import Status as TakedownStatus
from reports.states import ForbiddenMove

__all__ = ["TRANSITIONS", "UNDER_WAY", "Decision", "ForbiddenMove", "Problem", "State"]


class State(TextChoices):
    """From the file to the comparison."""

    WAITING = "waiting", _("Waiting to be read")
    READING = "reading", _("Being read")
    COMPARING = "comparing", _("Being compared")
    READY = "ready", _("Compared")
    FAILED = "failed", _("Could not be read")


UNDER_WAY = frozenset({State.WAITING, State.READING, State.COMPARING})

# A worker that died leaves a file behind in its state; the next one takes it up from there.
TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.WAITING: frozenset({State.READING}),
    State.READING: frozenset({State.COMPARING, State.FAILED}),
    State.COMPARING: frozenset({State.READY, State.FAILED}),
    # Once more, when somebody says which platform a name means.
    State.READY: frozenset({State.COMPARING}),
    State.FAILED: frozenset(),
}


class Problem(TextChoices):
    """Why a file could not be read."""

    NONE = "", ""
    COLUMNS = "columns", _("It lacks columns that are needed.")
    EMPTY = "empty", _("It holds no rows.")
    ARCHIVE = "archive", _("The archive can’t be opened, or holds no CSV file.")
    TOO_MANY = (
        "too-many",
        _("The archive holds more files than we read. Pack the tables in several archives."),
    )
    TOO_LONG = "too-long", _("Unpacked it is longer than we read.")
    GAVE_UP = "gave-up", _("Reading it broke off several times.")


class Decision(TextChoices):
    """What was done, in the coarsest words that both sides have."""

    REMOVED = "removed", _("Removed")
    DISABLED = "disabled", _("Access blocked")
    ACCOUNT = "account", _("Account suspended or closed")
    DEMOTED = "demoted", _("Shown less")
    RESTRICTED = "restricted", _("Restricted by age")
    LABELLED = "labelled", _("Labelled")
    OTHER = "other", _("Something else")


# The Transparency Database's words, the one that does the most first: a row may name several.
VISIBILITY: Mapping[str, Decision] = {
    "DECISION_VISIBILITY_CONTENT_REMOVED": Decision.REMOVED,
    "DECISION_VISIBILITY_CONTENT_DISABLED": Decision.DISABLED,
    "DECISION_VISIBILITY_CONTENT_AGE_RESTRICTED": Decision.RESTRICTED,
    "DECISION_VISIBILITY_CONTENT_DEMOTED": Decision.DEMOTED,
    "DECISION_VISIBILITY_CONTENT_INTERACTION_RESTRICTED": Decision.OTHER,
    "DECISION_VISIBILITY_CONTENT_LABELLED": Decision.LABELLED,
    "DECISION_VISIBILITY_OTHER": Decision.OTHER,
}
ACCOUNT_DECISIONS = frozenset({"DECISION_ACCOUNT_SUSPENDED", "DECISION_ACCOUNT_TERMINATED"})
# What a platform told us, in the same words. Whatever was gone before it looked has no statement of reasons.
OURS: Mapping[str, Decision] = {
    TakedownStatus.REMOVED: Decision.REMOVED,
    TakedownStatus.PARTLY_REMOVED: Decision.REMOVED,
    TakedownStatus.DISABLED: Decision.DISABLED,
    TakedownStatus.ACCOUNT_REMOVED: Decision.ACCOUNT,
}
