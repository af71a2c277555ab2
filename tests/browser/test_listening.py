"""A call by keyboard: kept while one types, questions that follow the answers, danger at once, and what axe says of it."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from cases.listening import actions
from cases.listening.models import CallDraft
from cases.models import Case
from helpline.accounts.models import Staff
from reports import actions as report_actions
from reports import receipts
from reports.models import Report
from tests.browser.walk import complaints
from tests.cast import NOON, submission

Open = Callable[..., Any]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("chatter"),
]
KEPT = "() => document.querySelector('#call-kept').textContent.includes('Kept')"


@pytest.fixture
def open_call(enter: Callable[..., Any]) -> Open:
    """`open_call(staff)`: a new call of this colleague."""
    return partial(enter, at="/staff/calls/new/")


def look(page: Any, name: str) -> None:
    """Leave a picture where one is wanted."""
    if folder := os.environ.get("LISTENING_SHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def told(page: Any) -> None:
    """Wait until what was typed is kept."""
    page.wait_for_function("() => document.querySelector('#call-told').dataset.asked")


def test_by_keyboard_from_the_queue_to_the_code(open_call: Open, nour: Staff) -> None:
    page = open_call(nour)
    page.goto("/staff/")
    page.keyboard.press("c")
    page.wait_for_url("**/staff/calls/new/")
    assert page.evaluate("document.activeElement.name") == "who"

    page.keyboard.press("Space")  # about themselves
    for presses in ("Space", "Space"):  # safe now, age
        page.keyboard.press("Tab")
        page.keyboard.press(presses)
    page.focus("#f-kind_0")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "f-story"
    page.keyboard.type("Somebody sent it round.")
    page.keyboard.press("Tab")
    page.keyboard.type("https://chatter.example/p/1")
    page.wait_for_selector("#call-found .found")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/code/")

    assert Case.objects.get().assignee == nour
    code = "".join(page.locator(".spelled ol b").all_inner_texts())
    page.fill("#f-again-code", code)
    page.keyboard.press("Enter")
    page.wait_for_url("**/staff/cases/**")
    assert CallDraft.objects.get().code == "said"


def test_kept_while_typing_and_the_questions_follow(open_call: Open, nour: Staff) -> None:
    page = open_call(nour)
    assert page.locator("[data-part=deadline]").is_hidden()
    page.check("#f-kind_2")
    page.wait_for_selector("[data-part=deadline]")
    page.fill("#f-story", "They wrote last night")
    page.wait_for_function(KEPT)
    told(page)
    page.check("#f-who_1")
    page.wait_for_function(
        "() => document.querySelector('[data-part=safety] legend').textContent.includes('friend')"
    )

    assert page.inner_text("[data-part=safety] label:nth-of-type(2)") == "My friend is in danger"
    assert page.is_checked("#f-kind_2")
    assert page.input_value("#f-story") == "They wrote last night"
    page.check("#f-kind_0")
    page.wait_for_selector("[data-part=deadline]", state="hidden")
    page.wait_for_timeout(1500)
    stored = actions.opened(CallDraft.objects.get())
    assert stored.answers["story"] == {"story": "They wrote last night"}
    assert stored.answers["kind"] == {"kind": "deepnude"}

    # Another tab writes; this one is told, and both versions come.
    other = page.context.new_page()
    other.goto(page.locator("#call").get_attribute("action"))
    other.fill("#f-story", "From the other tab")
    other.click("button[accesskey=s]")
    other.wait_for_load_state()
    page.fill("#f-school", "Harbour")
    page.wait_for_selector("text=See both versions")
    page.click("text=See both versions")
    page.wait_for_selector(".call-both")
    assert "From the other tab" in page.inner_text(".call-both")
    assert page.input_value("#f-school") == "Harbour"
    look(page, "both")
    assert complaints(page) == []


def test_danger_is_on_the_screen_before_anything_is_sent(open_call: Open, nour: Staff) -> None:
    page = open_call(nour, scripts=False)
    assert page.locator(".call-danger").is_hidden()
    page.check("#f-safety_2")
    assert page.locator(".call-danger").is_visible()
    assert "3114" in page.inner_text(".call-numbers li.for-dark-thoughts")
    page.click("text=Raise it now")
    page.wait_for_load_state()
    assert Report.objects.get().circumstances == ["self-harm"]
    assert "It stands before all others" in page.inner_text(".call-danger")


def test_logged_out_meanwhile_nothing_typed_is_lost(open_call: Open, nour: Staff) -> None:
    page = open_call(nour)
    page.fill("#f-story", "Still here")
    page.wait_for_function(KEPT)
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    page.fill("#f-story", "Still here, and more")
    page.wait_for_selector("#call-out")
    assert page.input_value("#f-story") == "Still here, and more"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing(open_call: Open, nour: Staff, width: int, scheme: str) -> None:
    page = open_call(nour, width=width, scheme=scheme)
    violations = {}

    def check(name: str) -> None:
        look(page, f"{name}-{width}-{scheme}")
        if found := complaints(page):
            violations[name] = found

    check("new")
    for choice in ("#f-who_0", "#f-safety_2", "#f-kind_2", "#f-circumstances_0"):
        page.check(choice)
    page.fill("#f-story", "They wrote to me last night. They say they send it to my class unless I pay.")
    page.fill("#f-pasted", "https://chatter.example/p/1 https://other.example/x")
    page.wait_for_selector("#call-found .found")
    page.locator("[data-part=deadline] summary").click()
    check("call")
    page.click("#call-send")
    page.wait_for_selector(".error-summary")
    check("wrong")
    page.click("button[accesskey=s]")
    page.wait_for_load_state()
    page.goto("/staff/calls/")
    check("list")
    page.click("td a")
    page.check("#f-age_range_1")
    page.check("#f-deadline_0")
    page.click("#call-send")
    page.wait_for_url("**/code/")
    page.fill("#f-again-code", "AAAA AAAA AAAA AAAA")
    page.click("text=Compare and finish")
    page.wait_for_selector(".spelled .wrong")
    check("code")
    page.locator("details summary").click()
    page.click("text=Keep no code")
    page.wait_for_selector("#none-heading")
    check("none")
    assert not violations, "\n".join(f"{name}: {report}" for name, report in violations.items())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_their_first_visit_with_it(chromium: Any, live_server: Any, scheme: str) -> None:
    code = receipts.new_code()
    report_actions.submit_report(submission=submission(), code=code, at=NOON, said_aloud=True)
    context = chromium.new_context(
        viewport={"width": 360, "height": 740}, base_url=live_server.url, color_scheme=scheme
    )
    page = context.new_page()
    page.goto("/follow/?lang=en")
    page.fill("#f-code", code)
    page.click("text=Open my page")
    page.wait_for_url("**/follow/code/")
    look(page, f"said-360-{scheme}")
    assert complaints(page) == []
    page.click("text=Show me my new code")
    page.wait_for_selector("#code")
    look(page, f"own-360-{scheme}")
    assert complaints(page) == []
    fresh = page.get_attribute("#code", "data-code")
    page.fill("#f-again-code", fresh)
    page.click("text=Compare and go on")
    page.wait_for_url("**/follow/")
    assert "chatter.example/p/1" in page.inner_text("main")
    context.close()
    assert report_actions.open_by_code(code) is None
