"""One Chromium for a module, and a phone on which every foreign request and every error fails the test."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from helpline.platforms import directory
from helpline.platforms.models import Platform
from tests.browser import walk
from tests.browser.walk import PHONE


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Without it the tests are skipped by name, and fail where CI must have it."""
    with walk.chromium() as browser:
        yield browser


@pytest.fixture
def phone(chromium: Any, live_server: Any) -> Iterator[Callable[..., Any]]:
    """`phone(scripts=…)`: a page on a phone, in English. It notes foreign requests and errors, and fails on them."""
    Platform.objects.create(slug="chatter", name="Chatter", domains=["chatter.example"])
    directory.forget()
    contexts, troubles = [], []
    ours = urlsplit(live_server.url).netloc

    def open_page(*, scripts: bool = True) -> Any:
        context = chromium.new_context(
            viewport=PHONE,
            java_script_enabled=scripts,
            base_url=live_server.url,
            has_touch=True,
            is_mobile=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda r: urlsplit(r.url).netloc == ours or troubles.append(f"foreign: {r.url}"))
        page.on("pageerror", lambda error: troubles.append(f"script: {error}"))
        page.on("console", lambda line: line.type == "error" and troubles.append(f"console: {line.text}"))
        page.goto("/?lang=en")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []
