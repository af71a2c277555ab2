"""One Chromium for a module; a young person's phone and a colleague's desk, on which every foreign request and every error
fails the test.
"""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client

from helpline.accounts.models import Staff
from helpline.platforms import directory
from helpline.platforms.models import Platform
from tests.browser import walk
from tests.browser.walk import PHONE


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Without it the tests are skipped by name, and fail where CI must have it."""
    with walk.chromium() as browser:
        yield browser


@pytest.fixture(autouse=True)
def _no_request_outlives_its_test(request: pytest.FixtureRequest) -> Iterator[None]:
    """A page may have asked something just before it was closed: its answer still reads the tables that are emptied."""
    if "live_server" in request.fixturenames:
        request.getfixturevalue("transactional_db")
    yield
    until = time.monotonic() + 10
    while time.monotonic() < until and any(
        "process_request_thread" in one.name for one in threading.enumerate()
    ):
        time.sleep(0.01)


class Watched:
    """Pages that note what they should not do."""

    def __init__(self, chromium: Any, url: str) -> None:
        self._chromium, self._url = chromium, url
        self._contexts: list[Any] = []
        self.troubles: list[str] = []

    def context(self, **options: Any) -> Any:
        """A browser of its own, without cookies."""
        self._contexts.append(self._chromium.new_context(base_url=self._url, **options))
        return self._contexts[-1]

    def page(self, context: Any) -> Any:
        """A page of it. What the address answers to say what to mend is no trouble."""
        page, ours, note = context.new_page(), urlsplit(self._url).netloc, self.troubles.append
        page.on("request", lambda r: urlsplit(r.url).netloc == ours or note(f"foreign: {r.url}"))
        page.on("pageerror", lambda error: note(f"script: {error}"))
        page.on("console", lambda line: is_trouble(line) and note(f"console: {line.text}"))
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()


def is_trouble(line: Any) -> bool:
    """An error in the console, but for the browser's note of a form that came back."""
    return line.type == "error" and not line.text.endswith(("(Unprocessable Entity)", "(Conflict)"))


@pytest.fixture
def watched(chromium: Any, live_server: Any) -> Iterator[Watched]:
    """Pages whose troubles fail the test."""
    pages = Watched(chromium, live_server.url)
    yield pages
    pages.close()
    assert pages.troubles == []


@pytest.fixture
def phone(watched: Watched) -> Callable[..., Any]:
    """`phone(scripts=…)`: a page on a phone, in English."""
    Platform.objects.create(slug="chatter", name="Chatter", domains=["chatter.example"])
    directory.forget()

    def open_page(*, scripts: bool = True) -> Any:
        page = watched.page(
            watched.context(viewport=PHONE, java_script_enabled=scripts, has_touch=True, is_mobile=True)
        )
        page.goto("/?lang=en")
        return page

    return open_page


@pytest.fixture
def enter(watched: Watched, live_server: Any, log_in: Callable[[Staff], Client]) -> Callable[..., Any]:
    """`enter(staff, at="/staff/…", width=…, scheme=…)`: a page of this colleague, in English."""

    def open_page(
        staff: Staff,
        *,
        at: str = "/staff/",
        width: int = 1280,
        scheme: str = "light",
        motion: str = "reduce",
        scripts: bool = True,
    ) -> Any:
        context = watched.context(
            viewport={"width": width, "height": 900 if width > 800 else 740},
            color_scheme=scheme,
            reduced_motion=motion,
            java_script_enabled=scripts,
        )
        session = log_in(staff).cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies(
            [
                {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url},
                {"name": settings.LANGUAGE_COOKIE_NAME, "value": "en", "url": live_server.url},
            ]
        )
        page = watched.page(context)
        page.goto(at)
        return page

    return open_page
