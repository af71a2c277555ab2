"""In a real browser: leaving fast, coming back to nothing, forms that pass, nothing loaded from elsewhere."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
AWAY = "https://weather.example/"

pytestmark = [pytest.mark.browser, pytest.mark.slow]
if not CHROMIUM.exists() and os.environ.get("CI") != "true":
    pytestmark.append(pytest.mark.skip(reason=f"no Chromium at {CHROMIUM}"))


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(autouse=True)
def _away(settings: Any) -> None:
    settings.EXIT_URL = AWAY


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture
def address(settings: Any) -> Iterator[str]:
    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(get_wsgi_application())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class Visit:
    """A window of 360 px, where only `address` is real and AWAY is a stub; notes what else it asks for."""

    def __init__(self, browser: Browser, address: str, **options: Any) -> None:
        self.address = address
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.context: BrowserContext = browser.new_context(viewport={"width": 360, "height": 740}, **options)
        self.context.route("**/*", self._answer)
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _answer(self, route: Route) -> None:
        url = route.request.url
        if not url.startswith(self.address):
            self.asked.append(url)
        if url == AWAY:
            route.fulfill(content_type="text/html", body="<title>Weather</title>Sunny")
        elif url.startswith(self.address):
            route.continue_()
        else:
            route.abort()

    def go(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page

    def cookies(self) -> set[str]:
        return {str(cookie.get("name")) for cookie in self.context.cookies()}


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    visit = Visit(browser, address)
    yield visit
    visit.context.close()


def test_shift_three_times_leaves_and_back_shows_nothing_typed(visit: Visit) -> None:
    page = visit.go("/form/")
    page.fill("textarea", "words nobody may see")
    assert visit.cookies() == {"form"}

    for _ in range(3):
        page.keyboard.press("Shift")
    page.wait_for_url(AWAY)
    page.wait_for_timeout(200)

    assert page.title() == "Weather"
    assert visit.cookies() == set()
    page.go_back()
    assert "words nobody may see" not in page.content()
    assert page.url != visit.address + "/form/" or page.input_value("textarea") == ""


def test_writing_capitals_does_not_leave(visit: Visit) -> None:
    page = visit.go("/form/")
    page.focus("textarea")

    for letter in "ABCD":
        page.keyboard.press(f"Shift+{letter}")

    assert page.input_value("textarea") == "ABCD"
    assert page.url.startswith(visit.address)


def test_the_screen_is_blank_within_a_fifth_of_a_second(visit: Visit) -> None:
    page = visit.go("/")
    # The other site never answers, so what is measured is our own page.
    page.route(AWAY, lambda route: None)

    blank_after = page.evaluate(
        """() => new Promise(done => {
            const start = performance.now();
            new MutationObserver(() => requestAnimationFrame(() => done(performance.now() - start)))
                .observe(document.documentElement, {attributes: true});
            document.querySelector("a.quit").click();
        })"""
    )

    assert blank_after <= 200


def test_the_link_leaves_without_any_script(browser: Browser, address: str) -> None:
    visit = Visit(browser, address, java_script_enabled=False)
    page = visit.go("/form/")

    page.click("a.quit")
    page.wait_for_url(AWAY)

    assert visit.cookies() == set()
    visit.context.close()


def test_a_page_out_of_memory_is_fetched_anew_and_empty(visit: Visit) -> None:
    page = visit.go("/form/")
    page.fill("textarea", "words nobody may see")

    page.goto(visit.address + "/help/")
    page.go_back()
    page.wait_for_load_state()

    assert page.input_value("textarea") == ""


def test_our_forms_pass_although_browsers_hide_their_origin(visit: Visit) -> None:
    page = visit.go("/form/")
    page.fill("textarea", "it happened")
    with page.expect_request(lambda request: request.method == "POST") as sent:
        page.click("main button")
    page.wait_for_load_state()

    assert sent.value.headers["origin"] == "null"  # what no-referrer does to form posts
    assert "taken: it happened" in page.content()


def test_a_form_whose_cookie_is_gone_is_sent_again_with_one_tap(visit: Visit) -> None:
    page = visit.go("/form/")
    page.fill("textarea", "it happened")
    visit.context.clear_cookies()

    page.click("main button")
    page.click("main button")  # "Send again"
    page.wait_for_load_state()

    assert "taken: it happened" in page.content()


def test_without_a_network_nothing_is_sent_and_nothing_lost(visit: Visit) -> None:
    page = visit.go("/form/")
    page.fill("textarea", "it happened")
    visit.context.set_offline(True)

    page.click("main button")

    assert page.is_visible("#offline")
    assert page.input_value("textarea") == "it happened"


@pytest.mark.parametrize("path", ["/", "/help/", "/privacy/", "/nothing-here", "/form/"])
def test_nothing_foreign_loads_and_the_browser_complains_of_nothing(visit: Visit, path: str) -> None:
    page = visit.go(path)
    page.wait_for_load_state("networkidle")

    assert visit.asked == []
    assert [said for said in visit.complaints if "404" not in said] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_no_page_is_wider_than_a_small_phone_even_with_large_letters(visit: Visit) -> None:
    for path in ("/", "/help/", "/privacy/", "/form/"):
        page = visit.go(path)
        page.set_viewport_size({"width": 320, "height": 640})
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path


def test_targets_are_large_enough_for_a_thumb(visit: Visit) -> None:
    for path in ("/", "/help/", "/form/"):
        page = visit.go(path)
        small = page.evaluate(
            """() => [...document.querySelectorAll("a[href], button, input, textarea, summary")]
                .map(one => one.closest("label.row") ?? one)
                .filter(one => one.checkVisibility() && !one.closest(".skip")
                    && getComputedStyle(one).display !== "inline" && one.getBoundingClientRect().height < 48)
                .map(one => one.outerHTML.slice(0, 80))"""
        )
        assert small == [], path
