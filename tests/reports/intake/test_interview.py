"""Which question comes next, and what the answers make."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from reports.actions import LinkFacts
from reports.intake import interview as interviews
from reports.intake.forms import DeadlineForm
from reports.intake.interview import NUMBERS, Interview
from reports.intake.questions import (
    CIRCUMSTANCES,
    DEADLINE,
    DEMAND,
    KIND,
    PLACES,
    QUESTIONS,
    STORY,
    WHO,
)
from reports.states import AgeRange, Channel, Circumstance, Deadline, Kind, Safety, Who
from reports.voice import Voice

pytestmark = pytest.mark.django_db


def names(interview: Interview) -> list[str]:
    """The path."""
    return [question.name for question in interview.path()]


def test_every_question_has_an_address_and_its_own_words() -> None:
    assert list(NUMBERS.values()) == list(range(1, len(QUESTIONS) + 1))
    assert len({question.name for question in QUESTIONS}) == len(QUESTIONS)
    for question in QUESTIONS:
        for voice in Voice:
            for words in (question.heading, question.why, question.short, question.lead or question.heading):
                assert words.to(voice)


def test_the_shortest_way() -> None:
    assert names(Interview()) == [
        "who",
        "safety",
        "age",
        "kind",
        "places",
        "fingerprints",
        "screenshots",
        "circumstances",
        "knows",
        "home",
        "story",
        "school",
        "contact",
    ]


def test_whether_it_was_reported_is_asked_only_of_what_could_be() -> None:
    interview = Interview()
    interview.keep(PLACES, {"pasted": "he showed it in class", "no_link": True})
    assert "reported" not in names(interview)

    interview.keep(PLACES, {"pasted": "https://chatter.example/p/1"})
    assert names(interview)[7] == "reported"


def test_home_is_not_asked_of_a_parent() -> None:
    assert "home" in names(Interview(answers={"who": {"who": "pupil"}}))
    assert "home" not in names(Interview(answers={"who": {"who": "child"}}))


def test_screenshots_are_not_asked_for_where_none_are_taken(settings: Any) -> None:
    settings.EVIDENCE_ENABLED = False

    assert "screenshots" not in names(Interview())


def test_a_threat_opens_two_questions_and_they_close_again() -> None:
    interview = Interview()
    interview.keep(KIND, {"kind": "threat"})
    assert names(interview)[3:7] == ["kind", "deadline", "demand", "places"]

    interview.keep(KIND, {"kind": "sent"})
    assert "deadline" not in names(interview)

    interview.keep(CIRCUMSTANCES, {"circumstances": ["blackmail"]})
    assert names(interview)[4:6] == ["deadline", "demand"]


def test_the_threat_door_begins_with_the_card_and_knows_what_happened() -> None:
    interview = Interview()
    interview.begin_with_threat()

    assert names(interview)[:3] == ["deadline", "demand", "who"]
    assert interview.next() is DEADLINE
    for question in (DEADLINE, DEMAND, WHO):
        interview.keep(question, {"x": "y"})
    interview.keep(QUESTIONS[1], {"safety": "safe"})
    interview.keep(QUESTIONS[2], {"age_range": "13-14"})
    assert interview.next() is PLACES  # not KIND


def test_next_is_what_has_no_answer_and_skipping_is_an_answer() -> None:
    interview = Interview()
    assert interview.next() is WHO
    for question in interview.path():
        interview.keep(question, {} if question.is_skippable else {"x": "y"})

    assert interview.next() is None


def test_to_the_end_leaves_out_only_the_extra_questions() -> None:
    interview = Interview(to_the_end=True)
    required = [question for question in interview.path() if not question.is_extra]
    for question in required:
        assert interview.next() is question
        interview.keep(question, {"x": "y"})

    assert interview.next() is None


def test_steps_and_the_way_back() -> None:
    interview = Interview()

    assert interview.before(WHO) is None
    assert interview.before(PLACES) is KIND
    assert interview.step(KIND) == (4, 5)
    assert interview.step(STORY) == (6, 8)


def test_what_is_needed_is_enough() -> None:
    interview = Interview()
    assert not interview.is_enough(PLACES)
    for question in interview.path()[:4]:
        interview.keep(question, {"x": "y"})

    assert interview.is_enough(PLACES)
    assert not interview.is_enough(KIND)  # the places are open still


def test_what_was_typed_waits_until_it_is_answered() -> None:
    interview = Interview()
    interview.keep_unfinished(STORY, {"story": "It beg"})

    assert interview.earlier(STORY) == {"story": "It beg"}
    assert STORY.name not in interview.answers
    interview.keep(STORY, {"story": "It began"})
    assert interview.earlier(STORY) == {"story": "It began"}
    assert interview.unfinished == {}


def test_sealed_and_read_back() -> None:
    interview = Interview(
        answers={"who": {"who": "self"}},
        unfinished={"story": {"story": "x"}},
        threat_first=True,
        to_the_end=True,
        is_raised=True,
    )

    assert Interview.from_json(interview.as_json()) == interview
    assert Interview.from_json({}) == Interview()


@pytest.mark.parametrize(
    ("who", "voice"),
    [
        ("", Voice.ME),
        ("self", Voice.ME),
        ("friend", Voice.FRIEND),
        ("child", Voice.ADULT),
        ("pupil", Voice.ADULT),
    ],
)
def test_whom_we_speak_to(who: str, voice: Voice) -> None:
    assert Interview(answers={"who": {"who": who}}).voice == voice


# --- deadlines ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "said", "ends"),
    [
        # Paris is one hour ahead of UTC in winter, two in summer.
        ("today", datetime(2026, 1, 10, 15, 0, tzinfo=UTC), datetime(2026, 1, 10, 23, 0, tzinfo=UTC)),
        ("today", datetime(2026, 7, 10, 15, 0, tzinfo=UTC), datetime(2026, 7, 10, 22, 0, tzinfo=UTC)),
        ("today", datetime(2026, 7, 10, 22, 30, tzinfo=UTC), datetime(2026, 7, 11, 22, 0, tzinfo=UTC)),
        # The night in which the clock goes forward: the day has 23 hours.
        ("today", datetime(2026, 3, 28, 23, 30, tzinfo=UTC), datetime(2026, 3, 29, 22, 0, tzinfo=UTC)),
        ("day", datetime(2026, 1, 10, 15, 0, tzinfo=UTC), datetime(2026, 1, 11, 15, 0, tzinfo=UTC)),
        ("week", datetime(2026, 1, 10, 15, 0, tzinfo=UTC), datetime(2026, 1, 17, 15, 0, tzinfo=UTC)),
        ("none", datetime(2026, 1, 10, 15, 0, tzinfo=UTC), None),
    ],
)
def test_when_a_threat_runs_out(chosen: str, said: datetime, ends: datetime | None) -> None:
    assert Deadline(chosen).ends(said) == ends


def test_looking_at_the_answer_again_does_not_move_the_deadline() -> None:
    said = timezone.now()
    first = DeadlineForm({"deadline": "day"})
    assert first.is_valid()
    answer = first.answer(said)

    again, changed = (
        DeadlineForm({"deadline": "day"}, earlier=answer),
        DeadlineForm({"deadline": "week"}, earlier=answer),
    )
    assert again.is_valid()
    assert changed.is_valid()

    assert again.answer(said + timedelta(hours=9)) == answer
    assert changed.answer(said)["ends"] == (said + timedelta(days=7)).isoformat()


# --- what it makes ------------------------------------------------------------------------------------------

FULL: dict[str, dict[str, Any]] = {
    "who": {"who": "friend"},
    "safety": {"safety": "in-danger"},
    "age": {"age_range": "15-17"},
    "kind": {"kind": "threat"},
    "deadline": {"deadline": "day", "ends": "2026-03-03T12:00:00+00:00"},
    "demand": {"demand": ["money", "pictures"]},
    "places": {"pasted": "https://a.example/1", "account": "kim", "platform": "other", "no_link": False},
    "circumstances": {"circumstances": ["school", "adult"]},
    "story": {"story": "It began on Monday."},
    "school": {"school": "Collège"},
    "contact": {"via": "none"},
}


def test_a_whole_report() -> None:
    made = interviews.submission_of(Interview(answers=FULL), language="fr")

    assert (made.who, made.age_range, made.kind, made.channel) == (
        Who.FRIEND,
        AgeRange.FROM_15,
        Kind.THREAT,
        Channel.WEB,
    )
    assert set(made.circumstances) == {
        Circumstance.IN_DANGER,
        Circumstance.SCHOOL,
        Circumstance.ADULT,
        Circumstance.DEADLINE,
        Circumstance.BLACKMAIL,
    }
    assert made.deadline_at == datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
    assert made.links == (LinkFacts(url="https://a.example/1"), LinkFacts(account="kim", platform="other"))
    assert (made.story, made.school, made.language) == ("It began on Monday.", "Collège", "fr")
    assert made.answers == {"demand": ["money", "pictures"], "deadline": "day"}
    assert made.contact == {"via": "none"}


def test_nothing_said_is_still_a_report() -> None:
    made = interviews.submission_of(Interview(), language="fr")

    assert (made.who, made.age_range, made.kind) == (Who.SELF, AgeRange.UNKNOWN, Kind.UNSURE)
    assert (made.circumstances, made.links, made.answers, made.deadline_at) == (
        *((), ()),
        {"unanswered": ["who", "safety", "age", "kind", "places"]},
        None,
    )


def test_answers_to_questions_no_longer_asked_are_left_out() -> None:
    answers = FULL | {"kind": {"kind": "deepnude"}}

    made = interviews.submission_of(Interview(answers=answers), language="fr")

    assert made.deadline_at is None
    assert made.answers == {}
    assert Circumstance.BLACKMAIL not in made.circumstances
    assert Circumstance.DEADLINE not in made.circumstances


def test_a_threat_that_asks_for_nothing_known_is_no_blackmail() -> None:
    answers = FULL | {"demand": {"demand": ["unknown"]}}

    made = interviews.submission_of(Interview(answers=answers), language="fr")

    assert Circumstance.BLACKMAIL not in made.circumstances


def test_words_where_links_were_meant_are_kept() -> None:
    answers = FULL | {"places": {"pasted": "he showed it in class", "no_link": True}}

    made = interviews.submission_of(Interview(answers=answers), language="fr")

    assert made.links == ()
    assert made.answers["pasted"] == "he showed it in class"


def test_the_last_page_shows_every_answer_in_words() -> None:
    rows = {row.question.name: row for row in interviews.rows(Interview(answers=FULL | {"school": {}}))}

    assert rows["who"].lines == ["A friend"]
    assert rows["safety"].lines == ["My friend is in danger"]
    assert rows["deadline"].lines == ["Within a day"]
    assert rows["demand"].lines == ["Money", "More pictures or videos"]
    assert rows["places"].lines == ["a.example/1", "Another site · kim"]
    assert rows["story"].lines == ["It began on Monday."]
    assert rows["school"].lines == []
    assert list(rows) == names(Interview(answers=FULL))


def test_only_danger_is_urgent() -> None:
    assert {one for one in Safety if one.is_urgent} == {Safety.IN_DANGER, Safety.SELF_HARM}
