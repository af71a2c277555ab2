"""Back, quit and reopen show nothing that was typed; nothing foreign is loaded; nothing stays in the browser."""

import statistics
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from helpline.platforms import directory
from helpline.platforms.models import Platform
from tests.browser import walk

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

AWAY = "https://www.wikipedia.org/"
WORD = "zqcanary"
TYPED = walk.ANSWERS | {
    "*": f"{WORD} said",
    "pasted": f"https://chatter.example/p/{WORD}",
    "account": "",
    "school": WORD,
}
MOST_MS = 200
# What a browser can keep, beside cookies, for this origin.
KEPT = """async () => ({
  local: localStorage.length,
  session: sessionStorage.length,
  databases: (await indexedDB.databases()).length,
  caches: (await caches.keys()).length,
  workers: (await navigator.serviceWorker.getRegistrations()).length,
  files: (await Array.fromAsync((await navigator.storage.getDirectory()).keys())).length,
  cookies: document.cookie,
})"""
NOTHING = {"local": 0, "session": 0, "databases": 0, "caches": 0, "workers": 0, "files": 0, "cookies": ""}
# All that can be read on a page: its text, and what its fields hold.
READABLE = """() => document.documentElement.outerHTML
  + [...document.querySelectorAll("input, textarea, select")].map((one) => `${one.value} ${one.checked}`).join(" ")"""


Visit = Callable[..., Any]


@pytest.fixture
def visit(chromium: Any, live_server: Any) -> Iterator[Visit]:
    """`visit(scripts=…)`: a phone on the first page. It fails on any request that leaves for another host."""
    Platform.objects.create(slug="chatter", name="Chatter", domains=["chatter.example"])
    directory.forget()
    ours, contexts, foreign = urlsplit(live_server.url).netloc, [], []

    def open_page(*, scripts: bool = True, path: str = "/?lang=en") -> Any:
        context = chromium.new_context(
            viewport=walk.PHONE, base_url=live_server.url, java_script_enabled=scripts, has_touch=True
        )
        contexts.append(context)
        # The neutral site stands in for itself: nothing leaves this machine.
        context.route(
            lambda url: urlsplit(url).netloc != ours,
            lambda route: route.fulfill(content_type="text/html", body="<title>away</title>elsewhere"),
        )
        context.on(
            "request",
            lambda r: (
                urlsplit(r.url).netloc == ours or r.url.startswith(("data:", AWAY)) or foreign.append(r.url)
            ),
        )
        page = context.new_page()
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert foreign == []


def readable(page: Any) -> str:
    return str(page.evaluate(READABLE)) if page.url.startswith("http") else ""


def our_cookies(page: Any) -> list[str]:
    return [one["name"] for one in page.context.cookies() if "wikipedia" not in one["domain"]]


def quit_by_tap(page: Any) -> None:
    page.locator("a.quit").click()


def quit_by_keys(page: Any) -> None:
    for _press in range(3):
        page.keyboard.press("Shift")


@pytest.mark.parametrize("leave", [quit_by_tap, quit_by_keys])
def test_nothing_is_to_be_seen_after_quitting(visit: Visit, leave: Callable[[Any], None]) -> None:
    page = visit()
    walk.tell(page, TYPED, seen=lambda page: None, buttons=("finish",))
    page.goto("/follow/")
    assert WORD in readable(page)
    page.goto("/follow/#messages")
    box = page.locator('main textarea:visible, main input[type="text"]:visible').first
    box.fill(f"{WORD} half a message")

    leave(page)
    page.wait_for_url(AWAY)

    # Back, and back again, and forth: never a word of it.
    for _step in range(6):
        page.go_back()
        assert WORD not in readable(page)
    assert our_cookies(page) in ([], ["form"])
    page.goto("/report/")
    assert WORD not in readable(page)
    again = page.context.new_page()
    for place in (
        "/",
        "/report/",
        "/report/7/",
        "/report/review/",
        "/report/code/",
        "/follow/",
        "/follow/links/",
    ):
        again.goto(place)
        assert WORD not in readable(again)


def test_the_cookies_are_gone_and_nothing_else_was_ever_kept(visit: Visit) -> None:
    page = visit()
    seen = []

    def nothing_kept(page: Any) -> None:
        assert page.evaluate(KEPT) == NOTHING
        seen.append(page.url)

    walk.tell(page, TYPED, seen=nothing_kept)
    assert len(seen) > 8
    assert "note" in our_cookies(page)

    quit_by_tap(page)
    page.wait_for_url(AWAY)
    page.wait_for_timeout(500)  # the post in passing

    assert our_cookies(page) == []
    page.goto("/robots.txt")
    assert page.evaluate(KEPT) == NOTHING


@pytest.mark.parametrize("leave", [quit_by_tap, quit_by_keys])
def test_the_screen_is_blank_at_once(visit: Visit, leave: Callable[[Any], None]) -> None:
    page = visit()
    took: list[float] = []
    page.expose_function("blankAfter", lambda milliseconds: took.append(milliseconds))
    page.add_init_script(
        """(() => {
          let began = 0;
          const begin = () => { began = performance.now(); };
          window.addEventListener("pointerdown", begin, true);
          window.addEventListener("keyup", (event) => { if (event.key === "Shift") begin(); }, true);
          new MutationObserver((_changes, watch) => {
            if (!document.documentElement.classList.contains("gone")) return;
            watch.disconnect();
            const look = () => {
              const style = getComputedStyle(document.querySelector("main"));
              const hidden = style.visibility === "hidden" || style.display === "none"
                || !document.querySelector("main").checkVisibility({ opacityProperty: true, visibilityProperty: true });
              if (hidden) window.blankAfter(performance.now() - began);
            };
            look();
            requestAnimationFrame(() => requestAnimationFrame(look));
          }).observe(document, { subtree: true, attributes: true, attributeFilter: ["class"] });
        })()"""
    )
    for _one in range(9):
        page.goto("/report/")
        page.locator("main").wait_for()
        leave(page)
        page.wait_for_url(AWAY)
    page.wait_for_timeout(200)

    assert len(took) >= 9
    assert statistics.median(took) <= MOST_MS


def test_without_scripts_quitting_forgets_as_well(visit: Visit) -> None:
    page = visit(scripts=False)
    page.goto("/report/")
    page.locator('label:has(input[value="self"])').click()
    page.locator("main form .actions button").first.click()
    assert "note" in our_cookies(page)

    quit_by_tap(page)
    page.wait_for_url(AWAY)

    assert our_cookies(page) == []
    page.go_back()
    assert page.locator('input[value="self"]:checked').count() == 0
    page.goto("/report/2/")
    assert page.locator('main [name="code"]').count() == 1  # it is asked for: nothing is open here any more


def test_a_page_that_is_left_and_comes_back_has_empty_fields(visit: Visit) -> None:
    page = visit()
    for place, field in (("/follow/", '[name="code"]'), ("/report/", 'input[value="self"]')):
        page.goto(place)
        box = page.locator(f"main {field}")
        if box.get_attribute("type") == "radio":
            box.check(force=True)
        else:
            box.fill(WORD)
        page.goto("/help/")
        page.go_back()
        page.wait_for_load_state()
        page.wait_for_timeout(200)
        assert WORD not in readable(page)
        assert page.locator("main input:checked").count() == 0
        page.reload()
        assert WORD not in readable(page)
        assert page.locator("main input:checked").count() == 0


def test_a_page_out_of_the_browsers_memory_is_fetched_anew(visit: Visit) -> None:
    page = visit(path="/follow/")
    page.locator('main [name="code"]').fill(WORD)
    fetched: list[str] = []
    page.on(
        "request", lambda request: fetched.append(request.url) if request.is_navigation_request() else None
    )

    page.evaluate("() => window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    page.wait_for_load_state()
    page.wait_for_timeout(200)

    assert [urlsplit(one).path for one in fetched] == ["/follow/"]
    assert page.locator('main [name="code"]').input_value() == ""


def test_a_tab_that_is_restored_holds_nothing(visit: Visit) -> None:
    page = visit()
    walk.tell(page, TYPED, buttons=("finish",))
    state = page.context.storage_state()  # what a browser would write down of it
    assert state["origins"] == []
    names = {one["name"]: one for one in state["cookies"]}
    assert {one["expires"] for one in names.values()} == {-1}  # all end with the browser
    assert WORD not in str(state)
