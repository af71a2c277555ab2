"""Report, code, follow: on a phone of 360 pixels, with and without scripts."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from reports import actions, receipts
from reports.intake.interview import NUMBERS
from reports.models import Report
from reports.states import News

CHROMIUM = Path("/usr/bin/chromium")
PHONE = {"width": 360, "height": 740}

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def fits(page: Any) -> None:
    """Nothing sticks out to the side, and everything to tap is large enough."""
    width = page.evaluate("document.documentElement.scrollWidth") if page.context else 0
    assert width <= PHONE["width"], f"{page.url} is {width} pixels wide"


def choose(page: Any, value: str) -> None:
    """Tap a row and go on."""
    page.locator(f'label.row:has(input[value="{value}"])').click()
    page.get_by_role("button", name="Continue").click()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_report_code_follow(phone: Callable[..., Any], scripts: bool) -> None:
    page = phone(scripts=scripts)
    page.get_by_role("link", name="Tell us what happens").click()

    for value in ("self", "safe", "13-14", "deepnude"):
        if scripts:
            fits(page)
        choose(page, value)
    page.get_by_label("Links").fill("look: https://chatter.example/p/1?utm_source=share")
    if scripts:
        page.locator(".found li").wait_for()
        assert "Chatter" in page.locator(".found").inner_text()
        fits(page)
    else:
        page.get_by_role("button", name="See what we recognise").click()
        assert "Chatter" in page.locator(".found").inner_text()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Skip the rest").click()
    assert "chatter.example/p/1" in page.locator(".answers").inner_text()
    page.get_by_role("button", name="Send", exact=True).click()

    code = receipts.normalise(page.locator("#code").inner_text())
    assert page.title() == "Notes"
    report = Report.objects.get()
    assert report.box_for_code(code)
    if scripts:
        fits(page)
        assert page.get_by_role("button", name="Copy the code").is_visible()
    page.get_by_label("Your code").fill(receipts.grouped(code).lower())
    page.get_by_role("button", name="Compare and go on").click()
    assert "We have what you told us" in page.locator("h1").inner_text()

    # Later, on another device.
    link, now = report.links.get(), timezone.now()
    data = {"platform": "Chatter", "next_look": (now + timedelta(days=1)).isoformat()}
    for what in (News.SENT, News.SAID_REMOVED, News.GONE):
        actions.post_update(report_id=report.pk, link_id=link.pk, what=what, at=now, data=data)
    box = report.box_for_staff()
    other = phone(scripts=scripts)
    other.get_by_role("link", name="Come back with my code").first.click()
    other.get_by_label("Your code").fill("AAAA BBBB CCCC DDDD")
    other.get_by_role("button", name="Open my page").click()
    assert "This code opens nothing" in other.locator(".error-summary").inner_text()
    other.get_by_label("Your code").fill(code)
    other.get_by_role("button", name="Open my page").click()
    assert other.locator(".state-now").inner_text().strip() == "It is gone"
    assert "We looked and it is gone." in other.locator(".timeline").first.inner_text()
    if scripts:
        fits(other)
    other.get_by_label("Your message to us").fill("Thank you")
    other.get_by_role("button", name="Send the message").click()
    assert "Thank you" in other.locator(".messages").inner_text()
    assert box.open(report.messages.get(), "body") == "Thank you"

    other.get_by_role("link", name="Erase everything").click()
    other.get_by_role("button", name="Erase for good").click()
    assert "It is erased" in other.locator("h1").inner_text()
    page.goto("/follow/")
    assert page.get_by_label("Your code").is_visible()
    assert "chatter.example" not in page.content()


def test_what_was_pasted_before_the_script_came_is_recognised(phone: Callable[..., Any]) -> None:
    page = phone()
    held: list[Any] = []
    page.route("**/report-look*.js", lambda route: held.append(route))
    page.get_by_role("link", name="Tell us what happens").click()
    for value in ("self", "safe", "13-14", "deepnude"):
        choose(page, value)
    page.get_by_label("Links").fill("https://chatter.example/p/1")
    held[0].continue_()
    page.locator(".found li").wait_for()


def test_a_text_that_is_too_long_is_stopped_on_the_page(phone: Callable[..., Any]) -> None:
    page = phone()
    page.goto("/report/")
    page.get_by_text("Me", exact=True).click()
    page.get_by_role("button", name="Continue").click()
    page.goto(f"/report/{NUMBERS['story']}/")
    page.get_by_label("own words").fill("x" * 20_010)

    page.get_by_role("button", name="Continue").click()

    assert page.url.endswith(f"/report/{NUMBERS['story']}/")
    assert "Characters too many: 10." in page.locator("[data-count]").inner_text()
    assert page.get_by_label("own words").input_value() == "x" * 20_010
    page.get_by_label("own words").fill("x" * 20_000)
    page.get_by_role("button", name="Continue").click()
    assert not page.url.endswith(f"/report/{NUMBERS['story']}/")


def test_what_was_typed_is_kept_when_another_language_is_chosen(phone: Callable[..., Any]) -> None:
    page = phone()
    page.goto("/report/")
    page.get_by_text("Me", exact=True).click()
    page.get_by_role("button", name="Continue").click()
    page.goto(f"/report/{NUMBERS['story']}/")
    page.get_by_label("own words").fill("It began on Monday.")

    page.get_by_role("link", name="Français").click()

    page.wait_for_url("**?lang=fr")
    assert page.locator("textarea[name=story]").input_value() == "It began on Monday."


def test_the_keyboard_alone_gets_through_a_question(phone: Callable[..., Any]) -> None:
    page = phone()
    page.goto("/report/")
    page.locator('input[value="self"]').focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    page.wait_for_url("**/report/2/")
    assert "Is your friend safe right now?" in page.locator("h1").inner_text()
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Continue").press("Enter")
    page.locator(".error-summary:focus").wait_for()
