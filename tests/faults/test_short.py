"""Two minutes of `make fault`: every fault of the deck once, a broker that goes away, a platform that stands still."""

from collections.abc import Sequence

import pytest

from tests.bench.house import House
from tests.faults import broker, silence, takedowns
from tests.faults.verdict import Invariant

SEED = 5
SCALE = 0.06


def broken(held: Sequence[Invariant]) -> list[Invariant]:
    """What is counted must hold here as anywhere; what is timed, only in `make fault`: a machine that runs tests is slow."""
    return [one for one in held if not one.ok and not one.is_timed]


@pytest.mark.slow
def test_what_must_hold_holds() -> None:
    with House() as house:  # servers of its own, because these are killed
        stories = [
            part(house, scale=SCALE, seed=SEED) for part in (takedowns.part, broker.part, silence.part)
        ]
    for story in stories:
        assert story.held
        assert not broken(story.held), story.words
    assert {one.number for story in stories for one in story.held} == {2, 3, 4, 5, 6, 7}


def test_a_broken_promise_is_called_so() -> None:
    assert Invariant(2, "requests lost", 0, 0).ok
    assert not Invariant(2, "requests lost", 1, 0).ok


def test_only_what_is_timed_may_be_late_here() -> None:
    doubled = Invariant(3, "sent a second time", 1, 0)
    slow = Invariant(6, "seconds until the last left", 9, 1, is_timed=True)
    assert broken([doubled, slow]) == [doubled]
