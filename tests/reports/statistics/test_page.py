"""The public page of figures: off until an operator wants it, plain, light, closed, one statement whatever stands there."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from reports.statistics import actions
from tests.helpline.web.test_look import NEXT_PAGE_BYTES
from tests.reports.statistics.published import put_up
from tests.safety.headers import wrong_headers

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on(settings: Any) -> None:
    settings.PUBLIC_STATISTICS = True
    settings.SECURE = True
    settings.SECURE_HSTS_SECONDS = 63_072_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True


def see(**said: Any) -> Any:
    browser = Client()
    browser.cookies["lang"] = "en"
    return browser.get("/statistics/", said, secure=True)


def test_as_a_new_helpline_has_it_it_is_not_there(settings: Any) -> None:
    put_up()
    settings.PUBLIC_STATISTICS = False
    assert see().status_code == 404


def test_nothing_published_says_so() -> None:
    answer = see()
    assert answer.status_code == 200
    assert "There are none to show yet." in answer.content.decode()


def test_the_newest_year_with_its_words_and_its_day() -> None:
    put_up(2024, sent=77)
    put_up(2025)
    page = see().content.decode()
    assert "What came of our requests in 2025" in page
    assert "take 240 things down" in page
    assert "92 %" in page  # 223 of 240, rounded down
    assert "223 of 240" in page
    assert "We counted on 10 January 2026." in page
    assert page.count("So few that it could point at somebody.") == 1
    assert 'href="/statistics/?year=2024"' in page
    assert "take 77 things down" in see(year=2024).content.decode()


def test_a_number_of_nothing_has_no_share() -> None:
    put_up(numbers={"stayed_gone": {"count": 0, "of": 0}})
    page = see().content.decode()
    assert "0 of 0" in page
    assert "%</b>" not in page


def test_taken_down_it_is_gone_and_taken_down_twice_nothing_happens() -> None:
    row = put_up()
    assert actions.take_down(year=row, by=None, at=row.published_at)
    assert "2025" not in see().content.decode()
    assert see(year=2025).status_code == 404
    assert not actions.take_down(year=row, by=None, at=row.published_at)
    row.refresh_from_db()
    assert row.earlier  # what comes next is still compared with it


@pytest.mark.parametrize("year", ["2023", "", "x", "²", "9" * 400])
def test_a_year_that_nobody_published_is_not_there(year: str) -> None:
    put_up()
    assert see(year=year).status_code == 404


def test_one_statement_whatever_stands_there() -> None:
    for years in (1, 5):
        for year in range(years):
            put_up(2020 + year)
        with CaptureQueriesContext(connection) as statements:
            assert see().status_code == 200
        assert len([one for one in statements if "statistics_" in one["sql"]]) == 1


def test_it_is_light_closed_and_never_kept() -> None:
    for year in range(2015, 2026):
        put_up(year)
    answer = see()
    assert len(answer.content) <= NEXT_PAGE_BYTES
    assert wrong_headers(answer) == []
    assert not answer.cookies.keys() - {"lang"}
    assert b"<title>Notes</title>" in answer.content  # it says in no tab what it is about


def test_it_is_linked_where_there_is_one(settings: Any) -> None:
    home = Client().get("/", secure=True).content.decode()
    assert 'href="/statistics/"' in home
    settings.PUBLIC_STATISTICS = False
    assert 'href="/statistics/"' not in Client().get("/", secure=True).content.decode()


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_it_is_only_read(method: str) -> None:
    assert getattr(Client(), method)("/statistics/", secure=True).status_code == 405
