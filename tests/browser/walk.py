"""Walks the public pages in a real browser, whatever questions they ask."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.walker import ANSWERS, MOST_PAGES

CHROMIUM = Path("/usr/bin/chromium")
PHONE = {"width": 360, "height": 740}
Seen = Callable[[Any], None]

ROWS = """() => {
  const form = document.querySelector("main form[method=post]");
  const rows = {};
  for (const one of form.querySelectorAll("input[type=radio]")) (rows[one.name] ??= []).push(one.value);
  return rows;
}"""
TEXTS = """() => [...document.querySelectorAll(
  "main form[method=post] textarea, main form[method=post] input:not([type]), main form[method=post] input[type=text]"
)].map((one) => one.name)"""


UNFOLD = "for (const one of document.querySelectorAll('details')) one.open = true"


def complaints(page: Any) -> list[str]:
    """What axe finds, and whether the page is wider than its window; [] when it is usable by all."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    said = [
        f"{one['id']} ({one['impact']}): {'; '.join(str(node['target']) for node in one['nodes'][:3])}"
        for one in found
    ]
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > page.viewport_size["width"]:
        said.append(f"{wide} pixels wide")
    return said


@contextmanager
def chromium() -> Iterator[Any]:
    """A Chromium. Without it the test is skipped by name, and fails where CI must have it."""
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must have Chromium at {CHROMIUM}.")
        pytest.skip(f"Chromium is not installed ({CHROMIUM}).")
    from playwright.sync_api import sync_playwright

    # Playwright runs an event loop in this thread, which Django takes for asynchronous code.
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


def fill(page: Any, answers: dict[str, str] = ANSWERS) -> None:
    """Choose one of each rows, and write what `answers` say; "*" stands for every other text."""
    for name, values in page.evaluate(ROWS).items():
        value = answers.get(name) if answers.get(name) in values else values[0]
        page.locator(f'main label:has(input[name="{name}"][value="{value}"])').click()
    for name in page.evaluate(TEXTS):
        text = answers.get(name, answers.get("*", ""))
        box = page.locator(f'main form [name="{name}"]')
        if text and box.is_visible():
            box.fill(text)


def press(page: Any, *names: str) -> None:
    """The first of these buttons that is there; without any, the main one of the form."""
    for name in names:
        button = page.locator(f'main form button[name="{name}"]')
        if button.count():
            button.first.click()
            return
    page.locator("main form[method=post] .actions button.button:not([name])").first.click()


def tell(
    page: Any,
    answers: dict[str, str] = ANSWERS,
    *,
    seen: Seen = lambda page: None,
    buttons: tuple[str, ...] = (),
) -> str:
    """From /report/ to the code, which is answered. `seen` looks at each page; `buttons` are pressed where they are."""
    page.goto("/report/")
    for _page in range(MOST_PAGES):
        seen(page)
        code = page.locator("#code")
        if code.count():
            return str(code.get_attribute("data-code"))
        fill(page, answers)
        press(page, *buttons)
        page.wait_for_load_state()
    raise AssertionError(f"the interview does not end; it stands at {page.url}")
