"""The form a person pastes into, and the other pages for people."""

import re
from urllib.parse import urlencode

import pytest

from tests.platforms import receipts
from tests.platforms.simulator import RunningSimulator
from tests.platforms_simulator.helplines import Answer, eventually, file_notice, notice, send


def fill_in(simulator: RunningSimulator, slug: str, text: str) -> Answer:
    """Send the form."""
    return send(
        simulator,
        "POST",
        f"/forms/{slug}",
        body=urlencode({"text": text, "email": ""}).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )


def test_pasting_text_gives_a_number_and_removes_the_content(simulator: RunningSimulator, slug: str) -> None:
    simulator.control(slug, channel="web_form", decide_after=0.1)
    assert "<textarea" in send(simulator, "GET", f"/forms/{slug}").body.decode()
    url = f"https://{slug}.example/p/1"
    filed = fill_in(simulator, slug, f"Please look at {url}, it must go.")
    assert filed.status == 303
    thanks = send(simulator, "GET", filed.headers["location"])
    assert thanks.status == 200
    number = filed.headers["location"].rpartition("/")[2]
    assert number in thanks.body.decode()
    eventually(lambda: simulator.page_status(url) == 404)
    (receipt,) = receipts.forms(simulator.receipts, slug)
    assert (receipt["reference"], receipt["items"][0][1]) == (number, url)


@pytest.mark.parametrize("slug", ["snaproom", "instagram", "never-heard-of"])
def test_every_platform_has_a_form(simulator: RunningSimulator, slug: str) -> None:
    assert send(simulator, "GET", f"/forms/{slug}").status == 200


def test_an_empty_form_says_what_to_mend(simulator: RunningSimulator, slug: str) -> None:
    answer = fill_in(simulator, slug, "   ")
    assert answer.status == 422
    assert 'role="alert"' in answer.body.decode()
    assert not receipts.forms(simulator.receipts, slug)


def test_too_long_a_text_is_kept_and_mended(simulator: RunningSimulator, slug: str) -> None:
    answer = fill_in(simulator, slug, "<b>" + "x" * 60_000)
    assert answer.status == 422
    assert "&lt;b&gt;xxx" in answer.body.decode()


def test_an_unknown_number_is_not_found(simulator: RunningSimulator, slug: str) -> None:
    assert send(simulator, "GET", f"/forms/{slug}/NO-SUCH").status == 404


def test_the_pages_for_people_answer_and_load_nothing_foreign(simulator: RunningSimulator, slug: str) -> None:
    simulator.control(slug, name="<b>Bold</b>")
    file_notice(simulator, slug, notice(slug))
    for path in ("/", "/notices", "/mail", "/forms", "/forms/snaproom", "/site/chatter.example/p/1"):
        page = send(simulator, "GET", path)
        words = page.body.decode()
        assert page.status == 200
        assert "<b>Bold</b>" not in words
        assert "style=" not in words
        assert "<script" not in words
        assert re.findall(r'(?:src|<link[^>]*href)="([^"]+)"', words) == ["/_style.css"]
    style = send(simulator, "GET", "/_style.css")
    assert style.headers["content-type"].startswith("text/css")
    assert b"url(" not in style.body


def test_what_is_not_there(simulator: RunningSimulator) -> None:
    assert send(simulator, "GET", "/healthz").json == {"status": "ok"}
    assert send(simulator, "GET", "/nothing").status == 404
    assert send(simulator, "GET", "/mail/x").status == 404
    assert send(simulator, "DELETE", "/").status == 405
