"""A message half written on the follow page is not lost by a tap on something else."""

from collections.abc import Callable
from typing import Any

import pytest

from reports import actions, receipts
from reports.models import Message, Report
from tests.cast import NOON, submission

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_half_written_message_is_asked_about_before_the_page_goes(phone: Callable[..., Any]) -> None:
    page = phone()
    code = receipts.new_code()
    actions.submit_report(submission=submission(), code=code, at=NOON)
    page.goto("/follow/")
    page.get_by_label("Your code").fill(code)
    page.get_by_role("button", name="Open my page").click()
    box = page.locator("#messages textarea")
    box.fill("They wrote again")

    page.locator(".type-size.larger").click()
    page.wait_for_selector("#unsent:not([hidden])")
    assert page.evaluate("document.activeElement.id") == "unsent"
    page.get_by_role("button", name="Go on writing").click()
    assert box.input_value() == "They wrote again"

    page.get_by_role("link", name="Add a link or an account").click()
    page.wait_for_selector("#unsent:not([hidden])")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.locator("#unsent button[type=submit]").click()
    page.wait_for_url("**/follow/?done=1*")
    assert Message.objects.count() == 1

    box.fill("And more")
    page.get_by_role("button", name="Close for now").click()
    page.wait_for_selector("#unsent:not([hidden])")
    page.get_by_role("button", name="Leave without sending it").click()
    page.wait_for_url("**/follow/left/")
    assert Message.objects.count() == 1
    assert Report.objects.count() == 1
