"""Every arrow of a takedown, and every one that does not exist."""

import itertools
from datetime import datetime

import pytest

from cases.takedowns import states
from cases.takedowns.models import Takedown
from cases.takedowns.states import TRANSITIONS, ForbiddenMove, Outcome, Status


@pytest.mark.parametrize(("start", "end"), list(itertools.product(Status, Status)))
def test_every_state_against_every_state(start: Status, end: Status, noon: datetime) -> None:
    takedown = Takedown(status=start)
    if end in TRANSITIONS[start]:
        takedown.move(end, at=noon)
        assert (takedown.status, takedown.status_at) == (end, noon)
    else:
        with pytest.raises(ForbiddenMove):
            takedown.move(end, at=noon)
        assert takedown.status == start


def test_every_state_can_be_reached_and_only_the_ended_lead_nowhere() -> None:
    reached = set().union(*TRANSITIONS.values())
    assert reached | {Status.QUEUED, Status.TO_FILE} == set(Status)
    assert {status for status, after in TRANSITIONS.items() if not after} == set(states.ENDED)


def test_every_word_of_a_platform_leads_somewhere() -> None:
    observed = {Outcome.SEEN_GONE, Outcome.SEEN_THERE}
    assert set(states.STATUS_OF) == set(Outcome) - observed


def test_what_left_is_watched_and_what_has_not_is_leaving() -> None:
    assert not states.WATCHED & states.LEAVING
    assert states.WATCHED | states.LEAVING | states.ENDED | {Status.FAILED} == set(Status)
