"""What colleagues read."""

from datetime import timedelta

import pytest
from django.utils import translation

from cases import words
from cases.models import CaseEvent
from cases.states import Happening
from reports.states import AgeRange, Circumstance, Kind, Who


@pytest.fixture(autouse=True)
def _english() -> object:
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=42), "42 s"),
        (timedelta(minutes=5, seconds=59), "5 min"),
        (timedelta(hours=3, minutes=20), "3 h 20 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(hours=26, minutes=5), "26 h"),
        (timedelta(days=2), "2 days"),
        (timedelta(days=400), "400 days"),
    ],
)
def test_how_long(span: timedelta, said: str) -> None:
    assert words.lasting(span) == said


def test_every_word_of_a_report_has_one_for_colleagues() -> None:
    assert set(words.KINDS) == set(Kind.values)
    assert set(words.AGES) == set(AgeRange.values)
    assert set(words.WRITERS) == set(Who.values)
    assert all(words.circumstance(one) != one for one in Circumstance.values)


def test_a_code_of_another_version_is_shown_as_it_stands() -> None:
    assert words.reason("new-one") == "new-one"
    assert words.circumstance("new-one") == "new-one"
    assert words.event(CaseEvent(what="new-one")) == "new-one"


@pytest.mark.parametrize(
    ("what", "data", "said"),
    [
        (Happening.OPENED, {}, "Case opened"),
        (Happening.ASSIGNED, {"to": "Nour"}, "Assigned to Nour"),
        (Happening.LINKS_ADDED, {"count": 2}, "2 links added"),
        (
            Happening.REQUESTED,
            {"count": 1, "platform": "Chatter"},
            "Removal of 1 link requested from Chatter",
        ),
        (Happening.STATUS, {"to": "waiting"}, "Status: Waiting for the young person"),
        (Happening.CLOSED, {"outcome": "gone"}, "Closed: Everything is gone"),
        (Happening.JOINED, {"incident": "ABCD"}, "Joined incident ABCD"),
        (Happening.OUTCOME, {"platform": "Chatter", "status": "gone"}, "Chatter: Seen gone"),
        (Happening.OUTCOME, {}, "Takedown outcome"),
    ],
)
def test_events_are_sentences(what: Happening, data: dict[str, object], said: str) -> None:
    assert words.event(CaseEvent(what=what, data=data)) == said


def test_other_answers_are_lines() -> None:
    lines = words.answers({"demand": ["money", "odd"], "deadline": "tonight", "pasted": "", "shoe": 3})
    assert [(str(label), text) for label, text in lines] == [
        ("What is asked of them", "Money, odd"),
        ("Until when, in their words", "tonight"),
        ("shoe", "3"),
    ]
