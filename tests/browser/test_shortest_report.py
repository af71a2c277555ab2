"""The shortest honest report, from the first page to the code; and the whole interview by keyboard, and without script."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from helpline.platforms import directory
from helpline.platforms.models import Platform
from reports import receipts
from reports.models import Report
from tests.browser import walk

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

MOST_SCREENS, MOST_SECONDS = 8, 90.0
# Somebody of twelve, at night: every word is read, none is looked over; a tap; a letter on glass. The link is typed, not
# pasted.
A_WORD, A_TAP, A_LETTER = 60 / 200, 1.5, 0.35
LINK = "https://chatter.example/p/1"
# Every word that can be seen, but for what is the same on each page (how far, why, the buttons) and what the first page
# holds for those who want to read more.
WORDS = """() => {
  const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  const apart = ".unseen, .progress, .actions, .change, summary, option, .three-facts, .reading";
  let count = 0;
  while (texts.nextNode()) {
    const around = texts.currentNode.parentElement;
    if (around.closest(apart) || !around.checkVisibility({ visibilityProperty: true })) continue;
    count += texts.currentNode.textContent.split(/\\s+/).filter(Boolean).length;
  }
  return count;
}"""


LOADED = "() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"


@pytest.fixture
def visit(chromium: Any, live_server: Any) -> Iterator[Callable[..., Any]]:
    """`visit(scripts=…)`: a phone on the first page."""
    Platform.objects.create(slug="chatter", name="Chatter", domains=["chatter.example"])
    directory.forget()
    contexts = []

    def open_page(*, scripts: bool = True) -> Any:
        context = chromium.new_context(
            viewport=walk.PHONE, base_url=live_server.url, java_script_enabled=scripts, has_touch=True
        )
        contexts.append(context)
        page = context.new_page()
        page.goto("/?lang=en")
        return page

    yield open_page
    for context in contexts:
        context.close()


def stored(code: str) -> Report:
    report = Report.objects.get()
    box = report.box_for_code(receipts.normalise(code))
    assert box.open(report.links.get(), "url") == LINK
    return report


def test_the_shortest_honest_report(visit: Callable[..., Any]) -> None:
    page = visit()
    simulated, screens = 0.0, 1

    def read() -> float:
        return float(page.evaluate(WORDS)) * A_WORD

    simulated += read() + A_TAP
    page.get_by_role("link", name="Tell us what happens").click()
    while page.locator("#code").count() == 0:
        screens += 1
        simulated += read() + float(page.evaluate(LOADED)) / 1000
        for name, values in page.evaluate(walk.ROWS).items():
            wanted = walk.ANSWERS.get(name)
            value = wanted if wanted in values else values[0]
            page.locator(f'main label:has(input[name="{name}"][value="{value}"])').tap()
            simulated += A_TAP
        if page.locator('main textarea[name="pasted"]').count():
            page.locator('main textarea[name="pasted"]').press_sequentially(LINK)
            simulated += A_TAP + len(LINK) * A_LETTER
        walk.press(page, "finish")
        simulated += A_TAP
        page.wait_for_load_state()
        assert screens <= MOST_SCREENS
    screens += 1  # the code itself

    stored(str(page.locator("#code").get_attribute("data-code")))
    assert screens <= MOST_SCREENS
    assert simulated <= MOST_SECONDS, f"{simulated:.1f} s"


def test_the_whole_interview_by_keyboard_alone(visit: Callable[..., Any]) -> None:
    page = visit()
    typed: set[str] = set()

    def focused() -> dict[str, str]:
        found: dict[str, str] = page.evaluate(
            """() => { const one = document.activeElement; return {
              tag: one.tagName, type: one.type ?? "", name: one.name ?? "", text: one.innerText ?? "",
              inMain: one.closest("main") ? "yes" : "", ring: getComputedStyle(one).outlineStyle,
              around: one.closest("label") ? getComputedStyle(one.closest("label")).outlineStyle : "" } }"""
        )
        return found

    def tab_to(wanted: Callable[[dict[str, str]], bool]) -> dict[str, str]:
        for _step in range(60):
            page.keyboard.press("Tab")
            here = focused()
            if here["inMain"] and here["type"] in {"radio", "checkbox", "submit"}:
                assert (
                    "none" not in {here["ring"], here["around"] or here["ring"]}
                    or here["ring"] != here["around"]
                )
            if wanted(here):
                return here
        raise AssertionError(f"the keyboard does not get there on {page.url}")

    tab_to(lambda here: "Tell us what happens" in here["text"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/report/")
    for _page in range(30):
        if page.locator("#code").count():
            break
        before = page.url
        groups = page.evaluate(walk.ROWS)
        for name in groups:
            if page.locator(f'main input[name="{name}"]:checked').count() == 0:
                tab_to(lambda here, name=name: here["name"] == name)  # type: ignore[misc]
                page.keyboard.press("Space")
        if page.locator('main textarea[name="pasted"]').count():
            tab_to(lambda here: here["name"] == "pasted")
            page.keyboard.type(LINK)
            typed.add("pasted")
        tab_to(lambda here: here["type"] == "submit" and not here["name"])
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url, before=before: url != before)
    assert typed == {"pasted"}

    stored(str(page.locator("#code").get_attribute("data-code")))


def test_the_whole_interview_without_script(visit: Callable[..., Any]) -> None:
    page = visit(scripts=False)
    page.get_by_role("link", name="Tell us what happens").click()
    places = []
    for _page in range(30):
        if page.locator("#code").count():
            break
        places.append(urlsplit(page.url).path)
        for name in {one.get_attribute("name") for one in page.locator("main form input[type=radio]").all()}:
            rows = page.locator(f'main form label:has(input[name="{name}"])')
            wanted = page.locator(
                f'main form label:has(input[name="{name}"][value="{walk.ANSWERS.get(str(name))}"])'
            )
            (wanted if wanted.count() else rows).first.click()
        if page.locator('main textarea[name="pasted"]').count():
            page.locator('main textarea[name="pasted"]').fill(LINK)
        walk.press(page)
        page.wait_for_load_state()
    assert len(places) == len(set(places)) > 8

    stored(str(page.locator("#code").get_attribute("data-code")))
