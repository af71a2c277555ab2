"""Larger letters hold on the smallest phone, and where a page is enlarged to twice its size."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = Path("/usr/bin/chromium")
PAGES = ("/", "/help/", "/privacy/", "/report/", "/report/?start=threat", "/follow/", "/none/")

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must have Chromium at {CHROMIUM}.")
        pytest.skip(f"Chromium is not installed ({CHROMIUM}).")
    from playwright.sync_api import sync_playwright

    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("width", [320, 640, 768], ids=["a small phone", "twice the size", "a tablet"])
def test_nothing_sticks_out(chromium: Any, live_server: Any, width: int, language: str) -> None:
    context = chromium.new_context(
        viewport={"width": width, "height": 740}, base_url=live_server.url, java_script_enabled=True
    )
    page = context.new_page()
    page.goto(f"/?lang={language}")
    before = page.evaluate("parseFloat(getComputedStyle(document.querySelector('main p')).fontSize)")

    page.locator(".type-size.larger").click()

    after = page.evaluate("parseFloat(getComputedStyle(document.querySelector('main p')).fontSize)")
    assert after == pytest.approx(before * 1.25)
    for path in PAGES:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.locator(".type-size.smaller").bounding_box()["height"] >= 48
        assert not page.locator(".type-size.larger").is_visible()
    context.close()
