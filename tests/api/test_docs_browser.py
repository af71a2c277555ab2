"""The API's page in a real browser: it builds itself under the site's own policy and loads nothing foreign."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from helpline.accounts.models import Staff

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
if not CHROMIUM.exists() and os.environ.get("CI") != "true":
    pytestmark.append(pytest.mark.skip(reason=f"no Chromium at {CHROMIUM}"))


@pytest.fixture
def page(live_server: Any, nour: Staff, log_in: Callable[[Staff], Client]) -> Iterator[Any]:
    """An empty window in which Nour is logged in."""
    from playwright.sync_api import sync_playwright

    # Before Playwright runs its event loop in this thread, in which Django would open a connection of its own.
    cookies: list[Any] = [
        {"name": one.key, "value": one.value, "url": live_server.url} for one in log_in(nour).cookies.values()
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-background-networking"]
        )
        context = browser.new_context()
        context.add_cookies(cookies)
        yield context.new_page()
        browser.close()


def test_the_page_shows_every_call(page: Any, live_server: Any) -> None:
    # given
    troubles: list[str] = []
    ours = {urlsplit(live_server.url).netloc, ""}
    page.on(
        "request",
        lambda asked: troubles.extend([] if urlsplit(asked.url).netloc in ours else [asked.url]),
    )
    page.on("console", lambda line: troubles.extend([line.text] if line.type == "error" else []))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    # when
    page.goto(f"{live_server.url}/api/docs/")
    page.wait_for_selector(".opblock")
    page.get_by_text("Take a report in hand").click()
    page.wait_for_selector(".opblock-body")
    # then
    assert page.locator(".opblock").count() >= 27
    assert troubles == []
