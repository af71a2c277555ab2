"""An alert moves along these arrows and no others."""

from collections.abc import Mapping

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from reports.states import ForbiddenMove

__all__ = ["LIVE", "TRANSITIONS", "URGENT", "ForbiddenMove", "RuleName", "State"]


class RuleName(TextChoices):
    """What may be wrong. What each means and when it is raised: cases/alerts/rules.py"""

    DANGER = "danger", _("Danger that waits")
    DEADLINE = "deadline", _("A threat’s deadline is near")
    WAIT = "wait", _("The queue is late")
    UNREAD = "unread", _("Somebody wrote and nobody has read it")
    SLOWER = "slower", _("A platform acts more slowly")
    SILENT = "silent", _("A platform has gone silent")
    BREAKER = "breaker", _("Sending is paused by itself")
    BOUNCED = "bounced", _("A contact sends our mail back")
    ANSWERS_DUE = "answers-due", _("Many answers are due at once")
    DESK_LATE = "desk-late", _("Work at the desk is left lying")
    STEPS_LATE = "steps-late", _("Next steps are left lying")
    WINDOW = "window", _("A complaint nobody was reminded of")
    STOPPED = "stopped", _("A part of the machine has stopped")


class State(TextChoices):
    """One look may be wrong: what two in a row saw is raised, and what two did not see any more is over."""

    SEEN = "seen", _("Seen once")
    STANDING = "standing", pgettext_lazy("alerts", "Standing")
    OVER = "over", pgettext_lazy("alerts", "Over")


URGENT = frozenset({RuleName.DANGER, RuleName.DEADLINE})
OF_REPORTS = frozenset({RuleName.DANGER, RuleName.DEADLINE, RuleName.UNREAD})  # their subject is a report
TOLD_BY_THE_WATCH = frozenset({RuleName.STOPPED})  # by its own mail and POST, to whoever operates the machine
LIVE = frozenset({State.SEEN, State.STANDING})
# What was seen once and not again is forgotten, as if it had never been.
TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.SEEN: frozenset({State.STANDING}),
    State.STANDING: frozenset({State.OVER}),
    State.OVER: frozenset(),
}
