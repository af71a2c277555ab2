"""How much the team carries at this moment, in totals: no person is named or counted apart."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from cases.handover.models import Shift
from cases.models import QueueItem
from cases.queue import capped_counts
from cases.states import QueueState


@dataclass(frozen=True, slots=True)
class Load:
    """Counts stop at `cases.queue.COUNT_UP_TO`."""

    open_cases: int
    unassigned: int
    unread: int  # cases in which the young person wrote and nobody has read it
    unread_away: int  # of them, those whose counsellor is not on shift, or that have none
    on_shift: int


def load_now() -> Load:
    """In one statement."""
    in_hand = QueueItem.objects.filter(state=QueueState.OPEN)
    here = Shift.objects.running().filter(staff=OuterRef("holder"))
    unread = in_hand.filter(unread=True)
    counted = capped_counts(
        {
            "open_cases": in_hand,
            "unassigned": in_hand.filter(holder=None),
            "unread": unread,
            "unread_away": unread.filter(~Exists(here)),
            "on_shift": Shift.objects.running(),
        }
    )
    return Load(**counted)
