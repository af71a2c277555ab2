"""axe finds nothing on any public page, in any state: with errors, unfolded, by day and by night, in both languages."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from helpline.platforms import directory
from helpline.platforms.models import Platform
from helpline.web.flood import Gate
from reports import actions, crowd, receipts
from reports.models import Report
from reports.states import News
from tests.browser import walk
from tests.browser.walk import UNFOLD, complaints
from tests.reports.statistics.published import put_up
from tests.walker import links_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

ADDRESS = "8.8.8.8"


class Judge:
    """Asks axe about each page once in each state, and keeps what it says."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.looked: set[tuple[str, str]] = set()

    def look(self, page: Any, state: str = "") -> None:
        """As it is, and unfolded."""
        place = urlsplit(page.url).path
        heading = page.locator("h1").first.inner_text() if page.locator("h1").count() else ""
        state = state or f"“{heading}”"
        if (place, state) in self.looked:
            return
        self.looked.add((place, state))
        page.evaluate(UNFOLD)
        self.found += [f"{place} {state}: {one}" for one in complaints(page)]


@pytest.fixture(params=[("en", "light"), ("fr", "dark")], ids=["English, by day", "French, by night"])
def page(request: Any, chromium: Any, live_server: Any, settings: Any) -> Iterator[Any]:
    """A phone behind a proxy that says where it comes from."""
    language, scheme = request.param
    settings.TRUSTED_PROXIES = 1
    Platform.objects.catch_all()
    Platform.objects.create(slug="chatter", name="Chatter", domains=["chatter.example"])
    directory.forget()
    context = chromium.new_context(
        viewport=walk.PHONE,
        base_url=live_server.url,
        color_scheme=scheme,
        reduced_motion="reduce",
        extra_http_headers={"X-Forwarded-For": ADDRESS},
    )
    opened = context.new_page()
    opened.goto(f"/?lang={language}")
    yield opened
    context.close()


def test_every_page_before_anything_is_told(page: Any, settings: Any) -> None:
    settings.PUBLIC_STATISTICS = True
    put_up(2024)
    put_up(2025)
    judge = Judge()
    for place in (
        "/",
        "/help/",
        "/privacy/",
        "/statistics/",
        "/follow/",
        "/report/",
        "/report/?start=threat",
        "/report/now/",
        "/nothing/",
    ):
        page.goto(place)
        judge.look(page, place)
    for place in sorted({one for one in links_of(page.content()) if one.startswith("/") and "#" not in one}):
        if not place.startswith(("/exit", "/static")):
            page.goto(place)
            judge.look(page)
    page.goto("/follow/")
    page.locator('[name="code"]').fill("AAAA BBBB CCCC DDDD")
    walk.press(page)
    judge.look(page, "a wrong code")

    assert judge.found == []
    assert len(judge.looked) > 8


def test_every_question_with_and_without_errors(page: Any) -> None:
    judge = Judge()

    def with_errors_first(page: Any) -> None:
        judge.look(page)
        if "/report/code" in page.url or "/review" in page.url:
            return
        place = page.url
        if page.locator("main form[method=post] input:checked").count() == 0:
            walk.press(page)
        if page.locator(".error-summary").count():
            judge.look(page, "with errors")
        page.goto(place)

    walk.tell(page, walk.ANSWERS | {"kind": "threat", "*": "some words"}, seen=with_errors_first)
    page.locator('main form [name="code"]').fill("AAAA")
    walk.press(page)
    judge.look(page, "with errors")

    assert judge.found == []
    assert len(judge.looked) > 12


def test_everything_behind_the_code(page: Any) -> None:
    judge = Judge()
    code = walk.tell(page, buttons=("finish",))
    report = Report.objects.get()
    link, now = report.links.get(), timezone.now()
    data = {"platform": "Chatter", "next_look": (now + timedelta(days=1)).isoformat()}
    for what in (News.SENT, News.SAID_REMOVED, News.GONE):
        actions.post_update(report_id=report.pk, link_id=link.pk, what=what, at=now, data=data)
    box = report.box_for_code(receipts.normalise(code))
    actions.send_message(report=report, box=box, text="It is still there", by=None, at=now)

    page.locator('main form [name="code"]').fill(code)
    walk.press(page)
    judge.look(page)
    ways = {
        one.partition("#")[0] for one in links_of(page.content()) if one.startswith(("/follow/", "/report/"))
    }
    for way in sorted(ways):
        with suppress(_playwright_error()):  # a paper is loaded down, not shown
            page.goto(way)
        if urlsplit(page.url).path != way.partition("?")[0]:
            continue
        judge.look(page)
        forms = page.locator(
            "main form[method=post] .actions button.button[type=submit]:not([name]):not(.danger):visible"
        )
        if way not in {"/follow/erase/", "/follow/leave/"} and "stop" not in way and forms.count():
            forms.first.click()
            judge.look(page, "sent empty")
    page.goto("/report/")
    judge.look(page, "sent before")
    page.goto("/follow/erase/")
    walk.press(page)
    judge.look(page, "erased")

    assert judge.found == []
    assert len(judge.looked) > 6


def test_every_page_on_trouble(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = Judge()

    def look(state: str, sign: str) -> None:
        page.locator(sign).first.wait_for(state="attached")  # it is that page
        judge.look(page, state)

    def first_answer() -> None:
        page.goto("/report/")
        walk.fill(page)

    first_answer()
    page.context.clear_cookies(name="form")
    walk.press(page)
    look("the form is too old", 'main form[action="/report/1/"] input[name="who"][type="hidden"]')

    first_answer()
    with monkeypatch.context() as crowded:
        crowded.setattr(crowd, "WRITING", Gate(0))
        crowded.setattr(crowd, "is_near", lambda request: False)
        walk.press(page)
        page.context.set_offline(True)  # so that it does not go on by itself while it is looked at
        look("a crowd", 'main form input[name="wait"]')
        page.context.set_offline(False)

    first_answer()
    walk.press(page)
    walk.fill(page)
    walk.press(page, "save")
    look("kept for later", "#code")
    page.goto("/report/")
    walk.fill(page)
    page.context.clear_cookies(name="note")
    walk.press(page)
    look("the code is asked for", 'main form [name="code"]')

    first_answer()
    page.evaluate(
        "() => { const box = document.createElement('textarea'); box.name = 'story'; box.value = 'x'.repeat(600000);"
        " const form = document.querySelector('main form'); form.append(box); form.submit(); }"
    )
    page.wait_for_load_state()
    page.wait_for_timeout(300)
    look("too long", 'main a[href="/report/1/"]')

    assert judge.found == []
    assert len(judge.looked) == 5


def test_axe_is_awake(page: Any) -> None:
    page.goto("/help/")
    page.evaluate("() => { document.querySelector('main').append(document.createElement('img')) }")
    judge = Judge()

    judge.look(page)

    assert any("image-alt" in one for one in judge.found)


def _playwright_error() -> type[Exception]:
    from playwright.sync_api import Error

    return Error
