"""Choosing a sign, on a phone: only what belongs to the choice is seen, with and without scripts, and it works by keys."""

from collections.abc import Callable
from typing import Any

import pytest

from reports.contact import contract
from reports.models import Report
from tests.browser.test_report_follow import fits
from tests.cast import NOON

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Tell = Callable[..., tuple[Report, str]]


@pytest.mark.parametrize("scripts", [True, False])
def test_what_belongs_to_the_choice_is_seen(phone: Any, tell: Tell, settings: Any, scripts: bool) -> None:
    settings.NUDGE_FROM = "post@notes.example"
    settings.SMS_GATEWAY_URL = "https://gateway.example/send"
    report, code = tell(at=NOON)
    page = phone(scripts=scripts)
    page.goto("/follow/")
    page.get_by_role("textbox").fill(code)
    page.get_by_role("main").get_by_role("button").first.click()
    page.goto("/follow/contact/")
    fits(page)
    address, number = page.get_by_label("Your e-mail address"), page.get_by_label("Your mobile phone number")
    assert not address.is_visible()
    assert not number.is_visible()

    page.get_by_text("Send me a text message").click()
    assert number.is_visible()
    assert not address.is_visible()
    page.get_by_text("Send me an e-mail").click()
    assert address.is_visible()
    assert not number.is_visible()
    fits(page)
    address.fill("me@example.org")
    page.get_by_label("Not before").select_option("16")
    page.get_by_label("Not after").select_option("20")
    page.get_by_role("button", name="Keep this choice").click()

    page.get_by_text("We only write where nobody else reads.").first.wait_for()
    assert page.get_by_label("Your e-mail address").input_value() == "me@example.org"
    fits(page)
    page.get_by_label("Yes, it is safe to write there").check()
    page.get_by_role("button", name="Keep this choice").click()

    page.get_by_text("By e-mail: me@example.org").wait_for()
    assert agreed(report, code) == contract.Contract("email", "me@example.org", 16, 20, is_safe=True)
    page.get_by_role("button", name="Stop all signs").click()
    page.get_by_text("Nothing is sent. You come back with your code.").wait_for()
    assert agreed(report, code) == contract.NOTHING


def agreed(report: Report, code: str) -> contract.Contract:
    """What is sealed now."""
    report.refresh_from_db()
    return contract.read(report.box_for_code(code).open_json(report, "contact"))
