"""Larger letters hold on the smallest phone, and where a page is enlarged to twice its size."""

from pathlib import Path
from typing import Any

import pytest

CHROMIUM = Path("/usr/bin/chromium")
PAGES = ("/", "/help/", "/privacy/", "/report/", "/report/?start=threat", "/follow/", "/none/")

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("width", [320, 640, 768], ids=["a small phone", "twice the size", "a tablet"])
def test_nothing_sticks_out(chromium: Any, live_server: Any, width: int, language: str) -> None:
    context = chromium.new_context(
        viewport={"width": width, "height": 740}, base_url=live_server.url, java_script_enabled=True
    )
    page = context.new_page()
    page.goto(f"/?lang={language}")
    before = page.evaluate("parseFloat(getComputedStyle(document.querySelector('main p')).fontSize)")

    with page.expect_navigation():
        page.locator(".type-size.larger").click()

    after = page.evaluate("parseFloat(getComputedStyle(document.querySelector('main p')).fontSize)")
    assert after == pytest.approx(before * 1.25)
    for path in PAGES:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.locator(".type-size.smaller").bounding_box()["height"] >= 48
        assert not page.locator(".type-size.larger").is_visible()
    context.close()
