"""On phones “Quit fast” stands on a strip at the lower edge: what is brought into view and focused is above, never under."""

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from helpline.platforms import directory
from helpline.platforms.models import Platform
from tests.browser import walk
from tests.walker import links_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

# A narrow phone, a phone at 200 %, a desk at 200 %.
SCREENS = [(320, 568), (180, 320), (640, 400)]
# The ring around what has the focus counts as well. What is taller than the room there is begins where it can be seen.
COVERED = """() => {
  const RING = 5;
  const found = [];
  const quit = document.querySelector("a.quit");
  const ground = innerHeight - parseFloat(getComputedStyle(document.body, "::after").height); // the strip it stands on
  for (const one of document.querySelectorAll("a[href], button, input, select, textarea, summary, canvas[tabindex]")) {
    if (one === quit || one.disabled || one.type === "hidden") continue;
    if (!one.checkVisibility({ visibilityProperty: true })) continue;
    one.scrollIntoView({ block: "nearest" }); // to write in a tall box, browsers bring only the line into view
    one.focus();
    if (document.activeElement !== one) continue;
    const shown = one.closest("label") ?? (one.matches(".unseen") ? one.labels?.[0] : null) ?? one;
    const [box, over] = [shown.getBoundingClientRect(), quit.getBoundingClientRect()];
    const isTall = box.height > over.top - 40;
    const bottom = isTall ? box.top + 24 : box.bottom + RING;
    const isUnder = box.right + RING > over.left && box.left - RING < over.right
      && bottom > over.top && box.top - RING < over.bottom;
    if (isUnder || !(bottom <= ground) || box.bottom < 0) {
      const where = `${Math.round(box.top)}–${Math.round(box.bottom)}`;
      found.push(`${one.tagName} ${one.name ?? ""} “${shown.innerText.slice(0, 40)}” ${where}`);
    }
  }
  return found;
}"""
UNFOLD = "for (const one of document.querySelectorAll('details')) one.open = true"


@pytest.fixture
def page(chromium: Any, live_server: Any) -> Iterator[Any]:
    """A phone on the first page."""
    Platform.objects.catch_all()
    Platform.objects.create(slug="chatter", name="Chatter", domains=["chatter.example"])
    directory.forget()
    context = chromium.new_context(base_url=live_server.url, has_touch=True, reduced_motion="reduce")
    opened = context.new_page()
    opened.goto("/?lang=en")
    yield opened
    context.close()


@pytest.fixture
def look() -> Iterator[Callable[[Any], None]]:
    """`look(page)`: on every screen, folded and unfolded. What is covered fails the test at its end."""
    found: list[str] = []
    looked: set[str] = set()

    def at(page: Any) -> None:
        for folded in (True, False):
            if not folded:
                page.evaluate(UNFOLD)
            for width, height in SCREENS:
                page.set_viewport_size({"width": width, "height": height})
                place = f"{urlsplit(page.url).path} at {width} × {height}"
                looked.add(place)
                found.extend(f"{place}: {one}" for one in page.evaluate(COVERED))
        page.set_viewport_size(walk.PHONE)

    yield at
    assert not found, "\n".join(found)
    assert len(looked) >= len(SCREENS)


def test_before_anything_is_told(page: Any, look: Callable[[Any], None]) -> None:
    for place in (
        "/",
        "/help/",
        "/privacy/",
        "/source/",
        "/statistics/",
        "/follow/",
        "/report/?start=threat",
        "/report/now/",
        "/no/",
    ):
        page.goto(place)
        look(page)


def test_every_question_and_everything_behind_the_code(page: Any, look: Callable[[Any], None]) -> None:
    walk.tell(page, walk.ANSWERS | {"kind": "threat"}, seen=look)
    page.goto("/follow/")
    look(page)
    ways = {
        one.partition("#")[0] for one in links_of(page.content()) if one.startswith(("/follow/", "/report/"))
    }
    for way in sorted(ways):
        with suppress(_playwright_error()):  # a paper is loaded down, not shown
            page.goto(way)
        if urlsplit(page.url).path == way.partition("?")[0]:
            look(page)


def test_no_tool_of_the_editor(page: Any, look: Callable[[Any], None]) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (720, 1400), (230, 240, 240)).save(picture, "PNG")
    page.goto("/report/")
    walk.fill(page)
    walk.press(page)
    page.goto("/report/pictures/")
    file = {"name": "a.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    page.locator("#redact-file").set_input_files(file)
    page.get_by_role("heading", name="Cover what nobody needs to see").wait_for()
    look(page)
    page.get_by_role("button", name="Cut").click()
    look(page)
    page.get_by_role("button", name="Look at it before sending").click()
    page.get_by_role("heading", name="This is exactly").wait_for()
    look(page)


def test_the_look_is_awake(page: Any) -> None:
    """Given a page without room for it, when what stands at its end is focused, then it is found."""
    page.set_viewport_size({"width": 320, "height": 568})
    page.evaluate(
        """() => { const last = document.createElement("button"); last.textContent = "Last"; last.className = "button wide";
                  document.body.append(last); }"""
    )

    assert len(page.evaluate(COVERED)) == 1


def _playwright_error() -> type[Exception]:
    from playwright.sync_api import Error

    return Error
