"""Every piece of news has a sentence, and no sentence says more than is known."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone, translation

from reports.followup import news
from reports.states import LinkStatus, News, Status

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TOMORROW = {"next_look": (NOW + timedelta(days=1)).isoformat()}


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    with translation.override("en"):
        yield


def text(what: str, data: dict[str, Any] | None = None, **more: Any) -> str:
    """The sentence."""
    data = {"platform": "Chatter"} if data is None else data
    return news.line(what, data, at=NOW, now=NOW, **more).text


@pytest.mark.parametrize("what", News)
@pytest.mark.parametrize(
    "data",
    [
        {},
        {"platform": "Chatter"},
        {"platform": "Chatter", "next_look": (NOW + timedelta(days=1)).isoformat(), "until": "2026-09-01"},
        {"platform": None, "next_look": "soon", "until": 7},
        {"platform": "100% real", "next_look": "2026-03-03T12:00:00", "until": "never"},
    ],
)
@pytest.mark.parametrize("can_look", [True, False])
def test_every_news_with_any_data_is_one_clean_sentence(
    what: News, data: dict[str, Any], can_look: bool
) -> None:
    said = text(what, data, can_look=can_look)

    assert said[0].isupper() or said[0].isdigit()
    assert said.endswith(".")
    assert "%(" not in said
    assert "None" not in said
    assert "!" not in said


def test_every_state_is_covered() -> None:
    assert set(news.TELLINGS) == set(News)
    assert set(news.STATES) == set(LinkStatus) == set(news.NEXT)
    for status in Status:
        if status != Status.ERASED:
            assert all(news.greeting(status, hours=24))


def test_some_is_not_all() -> None:
    assert text(News.SAID_PARTLY).startswith("Chatter says that a part of it is removed.")
    for what in (News.SAID_PARTLY, News.SAID_BLOCKED):
        tone, words = news.state(LinkStatus.SENT, platform="Chatter", last=what)
        assert (tone, words) != news.state(LinkStatus.SENT, platform="Chatter")
        assert tone == "wait"
        assert "a person looks" in news.what_next(LinkStatus.SENT, {}, now=NOW, last=what)
    # What happened since says more.
    gone = news.state(LinkStatus.GONE, platform="Chatter", last=News.SAID_PARTLY)
    assert gone == news.state(LinkStatus.GONE, platform="Chatter")


def test_said_removed_is_not_seen_gone() -> None:
    assert text(News.SAID_REMOVED) == "Chatter says it is removed. We look ourselves."
    assert text(News.GONE) == "We looked and it is gone."
    assert news.STATES[LinkStatus.SAID_REMOVED][0] != "good"


def test_where_nobody_can_look_nobody_says_that_we_look() -> None:
    assert text(News.SAID_REMOVED, can_look=False) == "Chatter says it is removed."


def test_a_look_that_is_planned_is_dated_and_one_that_is_past_is_not() -> None:
    assert (
        text(News.STILL_THERE, TOMORROW) == "We looked: it is still there. We look again tomorrow at 13:00."
    )
    assert text(News.GONE, TOMORROW).startswith("We looked and it is gone. We look again tomorrow at 13:00")
    past = {"next_look": (NOW - timedelta(minutes=1)).isoformat()}
    assert text(News.STILL_THERE, past) == "We looked: it is still there."
    assert news.what_next(LinkStatus.GONE, past, now=NOW) == "There is nothing you have to do."
    assert "tomorrow at 13:00" in news.what_next(LinkStatus.GONE, TOMORROW, now=NOW)


def test_hours_are_those_of_paris() -> None:
    assert timezone.get_current_timezone_name() == "Europe/Paris"
    summer = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    said = news.line(News.STILL_THERE, {"next_look": "2026-07-01T20:00:00+00:00"}, at=summer, now=summer).text
    assert "today at 22:00" in said


def test_a_refusal_says_until_when_it_can_be_asked_again() -> None:
    said = text(News.REFUSED, {"platform": "Chatter", "until": "2026-09-01"})

    assert said.startswith("Chatter said no.")
    assert said.endswith("We can ask again until 1 September 2026.")


def test_the_page_may_know_a_better_name() -> None:
    assert text(News.SENT, {"platform": "Any other site"}, platform="pictures.example") == (
        "We asked pictures.example to remove it."
    )
    assert news.state(LinkStatus.REFUSED, platform="pictures.example") == ("stop", "pictures.example said no")
    assert text(News.ACKNOWLEDGED, {}, platform="pictures.example") == "pictures.example has our request."
    assert text(News.ACKNOWLEDGED, {}) == "The site has our request."
    assert news.state(LinkStatus.REFUSED, platform="the site") == ("stop", "The site said no")
