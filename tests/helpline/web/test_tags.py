"""Times in plain words, codes in fours, states as shapes, and the frame that is drawn once."""

from datetime import UTC, datetime

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation
from pytest_django import Settings

from helpline.web import context
from helpline.web.templatetags import web

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # 13:00 in Paris


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2026, 3, 2, 13, 5, tzinfo=UTC), "today at 14:05"),
        (datetime(2026, 3, 1, 22, 59, tzinfo=UTC), "yesterday at 23:59"),
        (datetime(2026, 3, 1, 23, 1, tzinfo=UTC), "today at 00:01"),
        (datetime(2026, 3, 3, 9, 0, tzinfo=UTC), "tomorrow at 10:00"),
        (datetime(2026, 3, 12, 9, 0, tzinfo=UTC), "12 March at 10:00"),
        (datetime(2025, 12, 31, 9, 0, tzinfo=UTC), "31 December 2025 at 10:00"),
        (datetime(2026, 7, 1, 9, 0, tzinfo=UTC), "1 July at 11:00"),
    ],
)
def test_moments_in_words(at: datetime, words: str) -> None:
    with translation.override("en"):
        assert web.in_words(at, NOON) == words


def test_a_moment_in_french_words() -> None:
    with translation.override("fr"):
        assert (
            web.in_words(datetime(2026, 3, 2, 13, 5, tzinfo=UTC), NOON) == "aujourd’hui à 14\u00a0h\u00a005"
        )
        assert web.in_words(datetime(2026, 3, 3, 8, 0, tzinfo=UTC), NOON) == "demain à 9\u00a0h"


def test_a_moment_that_never_came_is_nothing() -> None:
    assert web.when(None) == ""


def test_the_machine_can_read_the_moment_too() -> None:
    assert web.when(NOON).startswith('<time datetime="2026-03-02T12:00:00+00:00">')


@pytest.mark.parametrize("code", ["7K3MQ9XR2VTB4HWN", "7K3M-Q9XR-2VTB-4HWN", "7K3M Q9XR 2VTB 4HWN"])
def test_a_code_in_fours(code: str) -> None:
    assert web.in_fours(code) == ["7K3M", "Q9XR", "2VTB", "4HWN"]


def test_a_state_is_a_shape_and_a_word_and_its_word_is_text() -> None:
    state = web.pill("good", "<gone>")

    assert "tone-good" in state
    assert "<svg" in state
    assert "&lt;gone&gt;" in state


def test_every_tone_has_a_colour() -> None:
    css = (web.settings.BASE_DIR / "static" / "css" / "base.css").read_text()

    for tone in web.TONES:
        assert f".tone-{tone}" in css


def test_an_unknown_tone_is_a_mistake_and_not_a_grey_dot() -> None:
    with pytest.raises(KeyError):
        web.pill("grey", "Gone")


# --- The unchanging frame -----------------------------------------------------------------------------


def test_the_frame_is_kept_for_each_language_and_forgotten_when_settings_change(settings: Settings) -> None:
    with translation.override("fr"):
        french = web.unchanging("components/top_public.html")
        assert web.unchanging("components/top_public.html") is french
    with translation.override("en"):
        english = web.unchanging("components/top_public.html")
    assert '<a href="?lang=en" lang="en" hreflang="en" aria-current="true">' in english
    assert '<a href="?lang=fr" lang="fr" hreflang="fr" aria-current="true">' in french

    settings.EXIT_URL = "https://weather.example/"
    with translation.override("fr"):
        assert "https://weather.example/" in web.unchanging("components/top_public.html")


def test_nothing_of_a_page_can_enter_the_frame() -> None:
    page = Template('{% load web %}{% unchanging "components/foot_public.html" %}')

    drawn = page.render(Context({"helpline_name": "INJECTED", "user": "INJECTED"}))

    assert "INJECTED" not in drawn


def test_what_does_not_change_is_kept_for_each_of_its_parts() -> None:
    page = Template(
        '{% load web %}{% unchanging "cases/queue_keys.html" can_claim=claim can_assign=assign %}'
    )

    def drawn(language: str, **shown: object) -> str:
        with translation.override(language):
            return page.render(Context(shown))

    for _ in range(2):
        assert "next for me" not in drawn("en", claim=False, assign=True)
        assert "tick the row" not in drawn("en", claim="yes", assign=())
        assert "next for me" in drawn("en", claim="yes", assign=())
        assert "to the next row" not in drawn("fr", claim=True, assign=True)


# --- The staff rail -----------------------------------------------------------------------------------


def rail_of_two(request: object) -> list[dict[str, object]]:
    return [{"label": "Queue", "url": "/staff/", "icon": "queue", "count": 3, "current": True}]


class Somebody:
    def __init__(self, known: bool) -> None:
        self.is_authenticated = known


@pytest.mark.parametrize(
    ("path", "known", "items"),
    [
        (f"{__name__}.rail_of_two", True, 1),
        (f"{__name__}.rail_of_two", False, 0),
        ("", True, 0),
    ],
)
def test_the_rail_is_built_by_whom_the_settings_name_for_those_who_are_in(
    path: str, known: bool, items: int, settings: Settings
) -> None:
    settings.HELPLINE_STAFF_RAIL = path
    request = RequestFactory().get("/staff/")
    request.user = Somebody(known)  # type: ignore[assignment]

    assert len(context.helpline(request)["rail"]()) == items


def test_a_place_of_the_rail_shows_what_it_is_given_and_nothing_of_another() -> None:
    page = Template("{% load web %}{% for item in rail %}{% rail_place item %}{% endfor %}")
    place = {"label": "<Queue>", "url": "/staff/?a=1&b=2", "icon": "queue", "current": False}

    def drawn(**more: object) -> str:
        return page.render(Context({"rail": [place | more]}))

    for _ in range(2):
        assert "<b" not in drawn(count="")
        assert ">7<" in drawn(count="7")
        assert '<b title="Waiting">99+<i' in drawn(count="99+", counted="Waiting")
        assert "aria-current" in drawn(current=True)
        assert "aria-current" not in drawn()
        assert "&lt;Queue&gt;" in drawn()
        assert "a=1&amp;b=2" in drawn()


def test_a_public_page_never_asks_who_is_there() -> None:
    class Tripwire:
        def __getattr__(self, name: str) -> object:
            raise AssertionError(name)

    request = RequestFactory().get("/")
    request.user = Tripwire()  # type: ignore[assignment]
    with translation.override("en"):
        page = Template('{% extends "public/home.html" %}').render(Context(context.helpline(request)))

    assert "It is not your fault" in page
