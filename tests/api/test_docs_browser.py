"""The API's page in a real browser: it builds itself under the site's own policy and loads nothing foreign."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connections
from django.test import Client

from helpline.accounts.models import Staff

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
if not CHROMIUM.exists() and os.environ.get("CI") != "true":
    pytestmark.append(pytest.mark.skip(reason=f"no Chromium at {CHROMIUM}"))


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty window."""
    from playwright.sync_api import sync_playwright

    # Playwright runs an event loop in this thread, which Django takes for asynchronous code.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    # The server's threads must leave no connection behind that keeps the test database from being dropped.
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser.new_page()
        browser.close()


def test_the_page_shows_every_call(
    page: Any, live_server: Any, nour: Staff, log_in: Callable[[Staff], Client]
) -> None:
    # given
    troubles: list[str] = []
    ours = urlsplit(live_server.url)
    page.on(
        "request", lambda asked: urlsplit(asked.url).netloc in {ours.netloc, ""} or troubles.append(asked.url)
    )
    page.on("console", lambda line: line.type == "error" and troubles.append(line.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    cookies = log_in(nour).cookies.values()
    page.context.add_cookies(
        [{"name": one.key, "value": one.value, "url": live_server.url} for one in cookies]
    )
    # when
    page.goto(f"{live_server.url}/api/docs/")
    page.wait_for_selector(".opblock")
    page.get_by_text("Take a report in hand").click()
    page.wait_for_selector(".opblock-body")
    # then
    assert page.locator(".opblock").count() >= 27
    assert troubles == []
