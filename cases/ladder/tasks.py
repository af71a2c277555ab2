"""What beat asks of the ladder. Each is safe to run twice, at once or never: what is left is found by the next."""

from collections.abc import Callable
from typing import Any

from celery import shared_task
from django.utils import timezone

from cases.ladder import actions, clock, proposing, redress

ROUNDS = 20  # of one sweep; the rest waits for the next


@shared_task
def sweep(**kwargs: Any) -> None:
    """Set clocks, note silence, end climbs that were answered, propose what comes next."""
    now = timezone.now()
    _until_empty(clock.set_clocks)
    _until_empty(lambda: clock.note_silence(at=now))
    _until_empty(lambda: proposing.hear_for_first(at=now))
    _until_empty(lambda: proposing.end_climbs(at=now))
    _until_empty(proposing.propose_steps)
    actions.take_reminders(at=now)


@shared_task
def sweep_redress(**kwargs: Any) -> None:
    """Open windows, bring to mind what closes and answers that do not come, end what is over; forget what is erased."""
    now = timezone.now()
    _until_empty(lambda: redress.end_redress(at=now))
    _until_empty(lambda: redress.open_windows(at=now))
    _until_empty(lambda: redress.remind(at=now))
    _until_empty(lambda: redress.remind_of_answers(at=now))
    _until_empty(actions.follow_erasures)


def _until_empty(one: Callable[[], int]) -> None:
    for _round in range(ROUNDS):
        if not one():
            return
