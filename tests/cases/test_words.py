"""What colleagues read."""

from datetime import timedelta

import pytest
from django.utils import translation

from cases import words
from cases.models import CaseEvent
from cases.states import Happening
from reports.contact import contract
from reports.models import Nudge
from reports.states import AgeRange, Circumstance, Kind, NudgeStatus, Who


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


@pytest.mark.parametrize(
    ("agreed", "said"),
    [
        ({"via": "none"}, "They come back with their code. Write nowhere else."),
        (
            {"via": "email", "address": "me@example.org", "from_hour": 16, "to_hour": 20, "is_safe": True},
            "By e-mail, 16:00–20:00, said to be safe",
        ),
        (
            {"via": "sms", "address": "+33612345678", "from_hour": 0, "to_hour": 24, "is_safe": True},
            "By text message, at any hour, said to be safe",
        ),
        (
            {"via": "sms", "address": "+33612345678", "hours": "after school"},
            "By text message, “after school”, not said to be safe",
        ),
        ({"via": "email", "address": "me@example.org"}, "By e-mail, hours not clear, not said to be safe"),
        (
            {"via": "phone", "address": "0612345678", "hours": "evenings"},
            "By phone: 0612345678, “evenings”, not said to be safe",
        ),
    ],
)
def test_safe_contact_without_where_to(agreed: dict[str, object], said: str) -> None:
    assert words.safe_contact(contract.read(agreed)) == said


@pytest.mark.parametrize(
    ("status", "why", "said"),
    [
        (NudgeStatus.WAITING, "", "Waiting for an hour that is allowed"),
        (NudgeStatus.WAITING, "retry", "Waiting for an hour that is allowed"),
        (NudgeStatus.WAITING, "too_soon", "It waits: One was sent a short while ago"),
        (NudgeStatus.SENT, "", "Sent"),
        (NudgeStatus.SENT, "unknown", "Sent, but nobody confirmed that it arrived"),
        (NudgeStatus.REFUSED, "not_safe", "Not sent: They did not say that it is safe"),
        (NudgeStatus.FAILED, "turned_away", "Not sent: it did not get through"),
    ],
)
def test_what_became_of_a_sign(status: NudgeStatus, why: str, said: str) -> None:
    assert words.nudge(Nudge(status=status, why=why)) == said
