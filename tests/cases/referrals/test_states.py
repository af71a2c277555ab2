"""Every arrow of a referral, and every one that does not exist."""

import itertools
from datetime import datetime

import pytest

from cases.referrals import states
from cases.referrals.models import Referral
from cases.referrals.states import TRANSITIONS, ForbiddenMove, Status


@pytest.mark.parametrize(("start", "end"), list(itertools.product(Status, Status)))
def test_every_state_against_every_state(start: Status, end: Status, noon: datetime) -> None:
    referral = Referral(status=start)
    if end in TRANSITIONS[start]:
        referral.move(end, at=noon)
        assert (referral.status, referral.status_at) == (end, noon)
    else:
        with pytest.raises(ForbiddenMove):
            referral.move(end, at=noon)
        assert referral.status == start


def test_every_state_can_be_reached_and_only_the_ended_lead_nowhere() -> None:
    assert set().union(*TRANSITIONS.values()) == set(Status)
    assert {status for status, after in TRANSITIONS.items() if not after} == states.ENDED


def test_only_what_was_ready_leaves_and_only_what_left_is_answered() -> None:
    assert {status for status, after in TRANSITIONS.items() if Status.SENT in after} == {Status.READY}
    before = {start for start, after in TRANSITIONS.items() if after & states.ANSWERED}
    assert before == {Status.SENT} | states.ANSWERED
    assert not states.CHANGEABLE & states.LEFT
