"""Two minutes of `make fault`: every fault of the deck once, a broker that goes away, a platform that stands still."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.bench.house import House
from tests.faults import broker, silence, takedowns
from tests.faults.__main__ import Book
from tests.faults.verdict import Invariant, Story

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
    assert {one.number for story in stories for one in story.held} == {*range(2, 8), 19}


def test_a_broken_promise_is_called_so() -> None:
    assert Invariant(2, "requests lost", 0, 0).ok
    assert not Invariant(2, "requests lost", 1, 0).ok


def test_only_what_is_timed_may_be_late_here() -> None:
    doubled = Invariant(3, "sent a second time", 1, 0)
    slow = Invariant(6, "seconds until the last left", 9, 1, is_timed=True)
    assert broken([doubled, slow]) == [doubled]


def test_each_part_is_written_down_as_it_ends(tmp_path: Path) -> None:
    book, held = Book(tmp_path / "var" / "fault.json"), Story("many", [Invariant(2, "requests lost", 0, 0)])
    book.write("takedowns", held, words=held.words, seed=1, scale=10.0, seconds=1800.2)
    book.write("broker", None, words="it did not come back", seed=1, scale=1.0, seconds=3.0)
    again = Story("once more", [Invariant(6, "not sent", 1, 0)])
    Book(tmp_path / "var" / "fault.json").write(
        "broker", again, words=again.words, seed=2, scale=1.0, seconds=9
    )
    parts = json.loads((tmp_path / "var" / "fault.json").read_text())["parts"]
    assert {name: (one["ok"], one["seed"], one["caused"]) for name, one in parts.items()} == {
        "takedowns": (True, 1, "many"),
        "broker": (False, 2, "once more"),
    }
    assert parts["takedowns"]["invariants"]["requests lost"]["ok"]
    assert list((tmp_path / "var").iterdir()) == [tmp_path / "var" / "fault.json"]
