"""From the queue to "takedown requested": counted in clicks, and in the time of somebody who does it every day."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from cases import queue
from cases.models import Case
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from reports.actions import LinkFacts
from reports.models import Report
from tests.browser.test_shortest_report import LOADED

Tell = Callable[..., tuple[Report, str]]
LogIn = Callable[[Staff], Client]
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

MOST_CLICKS, MOST_SECONDS = 6, 30.0
# A counsellor who knows the page: the eye finds its place, reads what decides word for word, and a hand with a mouse.
FIND, A_WORD, A_CLICK = 1.0, 60 / 240, 1.1
WORDS = """(area) => {
  const found = document.querySelector(area);
  const texts = document.createTreeWalker(found, NodeFilter.SHOW_TEXT);
  let count = 0;
  while (texts.nextNode()) {
    const around = texts.currentNode.parentElement;
    if (around.closest(".unseen, .letter, option") || !around.checkVisibility({ visibilityProperty: true })) continue;
    count += texts.currentNode.textContent.split(/\\s+/).filter(Boolean).length;
  }
  return count;
}"""


@pytest.mark.parametrize("links", [3])
def test_from_the_queue_to_takedown_requested(
    links: int, chromium: Any, live_server: Any, tell: Tell, nour: Staff, chatter: Platform, log_in: LogIn
) -> None:
    for hour in range(5):
        told = tuple(LinkFacts(url=f"https://chatter.example/p/{hour}{number}") for number in range(links))
        tell(at=timezone.now() - timedelta(hours=hour), links=told)
    queue.add_new_reports(at=timezone.now())
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, base_url=live_server.url)
    session = log_in(nour).cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies(
        [
            {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url},
            {"name": settings.LANGUAGE_COOKIE_NAME, "value": "en", "url": live_server.url},
        ]
    )
    page = context.new_page()
    clicks, seconds = 0, 0.0

    def read(area: str) -> float:
        """The eye finds its place and reads what decides."""
        return FIND + float(page.evaluate(WORDS, area)) * A_WORD

    def click(what: Any) -> None:
        nonlocal clicks, seconds
        clicks, seconds = clicks + 1, seconds + A_CLICK
        with page.expect_navigation(timeout=60_000):
            what.click()
        seconds += float(page.evaluate(LOADED)) / 1000

    page.goto("/staff/")  # it lies open
    seconds += read("#queue-list tbody tr")
    click(page.locator("#queue-list tbody tr").first.get_by_role("button", name="Take it"))
    seconds += read("section:has(> .panel-head > #links-heading)")
    click(page.locator(".panel-head a.button", has_text="removal"))
    # The letter is made of checked facts and is the same every time: who knows it reads what it is about.
    seconds += read("main form")
    click(page.locator("main form .actions button[type=submit]"))

    case = Case.objects.get()
    assert case.takedowns.count() == links
    assert page.locator(".panel-head a.button", has_text="removal").count() == 0  # nothing is left to ask for
    context.close()
    assert clicks <= MOST_CLICKS
    assert seconds <= MOST_SECONDS, f"{seconds:.1f} s"
    print(f"{clicks} clicks, {seconds:.1f} s")
