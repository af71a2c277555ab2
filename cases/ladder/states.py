"""A step of the ladder, and a complaint against a refusal, move along these arrows and no others."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from cases.takedowns import states as takedown
from cases.takedowns.states import WAITED_FOR, ForbiddenMove, Rung
from cases.takedowns.states import Status as TakedownStatus

__all__ = [
    "CLIMBING",
    "CONTESTABLE",
    "DECIDED",
    "LIVE",
    "MAY_ESCALATE",
    "OPEN",
    "REDRESS_TRANSITIONS",
    "SAID_GONE",
    "STEP_TRANSITIONS",
    "WAITED_FOR",
    "ForbiddenMove",
    "Kind",
    "RedressState",
    "Rung",
    "StepOutcome",
    "StepState",
]

# Silence was noted, and no answer ended it since: steps are proposed.
CLIMBING = frozenset({TakedownStatus.NO_ANSWER, TakedownStatus.ESCALATED})
# A decision against which article 20 lets one complain.
CONTESTABLE = frozenset({TakedownStatus.REFUSED}) | takedown.PARTLY
# A word that says it is gone: seen there at a later look, it climbs. What is said to be blocked or partly removed is
# contested instead.
SAID_GONE = takedown.SAID_REMOVED - CONTESTABLE
MAY_ESCALATE = frozenset(
    status for status, to in takedown.TRANSITIONS.items() if TakedownStatus.ESCALATED in to
) | {TakedownStatus.ESCALATED}


class StepState(TextChoices):
    """From the proposal to what came of it."""

    PROPOSED = "proposed", _("Proposed")
    TAKEN = "taken", _("Taken on, to file")
    DONE = "done", _("Done")
    SKIPPED = "skipped", _("Left out")
    OVER = "over", _("Not needed any more")


STEP_TRANSITIONS: dict[StepState, frozenset[StepState]] = {
    StepState.PROPOSED: frozenset({StepState.TAKEN, StepState.DONE, StepState.SKIPPED, StepState.OVER}),
    StepState.TAKEN: frozenset({StepState.PROPOSED, StepState.DONE, StepState.SKIPPED, StepState.OVER}),
    # Taken back within minutes: what a machine sent while it has not left, what a person noted.
    StepState.DONE: frozenset({StepState.PROPOSED, StepState.TAKEN}),
    StepState.SKIPPED: frozenset({StepState.PROPOSED, StepState.TAKEN}),
    StepState.OVER: frozenset(),
}
LIVE = frozenset({StepState.PROPOSED, StepState.TAKEN})


class StepOutcome(TextChoices):
    """What became of what a person filed."""

    TAKEN_UP = "taken-up", _("They took it up")
    ACTED = "acted", _("They acted")
    DECLINED = "declined", _("They declined")
    SILENT = "silent", _("No answer came")


class Kind(TextChoices):
    """The two ways to contest a decision."""

    INTERNAL = "internal", _("Complaint to the platform (art. 20)")
    OUT_OF_COURT = "out-of-court", _("Out-of-court body (art. 21)")


class RedressState(TextChoices):
    """From the open window to the answer."""

    TO_FILE = "to_file", _("To file")
    FILED = "filed", _("Filed")
    UPHELD = "upheld", _("The refusal stands")
    OVERTURNED = "overturned", _("Overturned")
    PARTLY = "partly", _("Partly overturned")
    LAPSED = "lapsed", _("The time ran out")
    WITHDRAWN = "withdrawn", _("Not needed any more")


REDRESS_TRANSITIONS: dict[RedressState, frozenset[RedressState]] = {
    RedressState.TO_FILE: frozenset({RedressState.FILED, RedressState.LAPSED, RedressState.WITHDRAWN}),
    RedressState.FILED: frozenset(
        {
            RedressState.UPHELD,
            RedressState.OVERTURNED,
            RedressState.PARTLY,
            RedressState.WITHDRAWN,
            RedressState.TO_FILE,
        }
    ),
    # A decision noted by a slip is taken back within minutes.
    RedressState.UPHELD: frozenset({RedressState.FILED}),
    RedressState.OVERTURNED: frozenset({RedressState.FILED}),
    RedressState.PARTLY: frozenset({RedressState.FILED}),
    RedressState.LAPSED: frozenset(),
    # Dropped by a person, and within minutes not.
    RedressState.WITHDRAWN: frozenset({RedressState.TO_FILE, RedressState.FILED}),
}
OPEN = frozenset({RedressState.TO_FILE, RedressState.FILED})
DECIDED = frozenset({RedressState.UPHELD, RedressState.OVERTURNED, RedressState.PARTLY})
