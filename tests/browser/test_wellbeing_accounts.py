"""What only a browser shows of the ledger and of the accounts: unfolding is told once, and the pages are usable by all."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

from cases.models import Case
from cases.wellbeing import actions
from cases.wellbeing.models import Exposure
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from reports.models import Report
from reports.states import AgeRange, Circumstance
from tests.cast import NOON, PASSWORD

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def enter(chromium: Any, live_server: Any) -> Iterator[Callable[..., Any]]:
    """`enter(staff, viewport)`: a page of this colleague, in English. Foreign requests and errors fail the test."""
    contexts, troubles = [], []
    ours = urlsplit(live_server.url).netloc

    def log_in(staff: Staff, viewport: dict[str, int] = WIDE) -> Any:
        context = chromium.new_context(viewport=viewport, base_url=live_server.url)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda r: urlsplit(r.url).netloc == ours or troubles.append(f"foreign: {r.url}"))
        page.on("pageerror", lambda error: troubles.append(f"script: {error}"))
        page.on("console", lambda line: line.type == "error" and troubles.append(f"console: {line.text}"))
        page.goto("/staff/login/?lang=en")
        page.fill("input[name=login]", staff.username)
        page.fill("input[name=password]", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_url("**/staff/**")
        return page

    yield log_in
    for context in contexts:
        context.close()
    assert troubles == []


def test_unfolding_a_story_is_told_once(
    enter: Callable[..., Any], tell: Callable[..., tuple[Report, str]], nour: Staff
) -> None:
    report, _code = tell(story="word " * 120)
    page = enter(nour)
    page.goto(f"/staff/reports/{report.pk}/")
    assert not Exposure.objects.exists()  # folded, and light
    told = []
    page.on("request", lambda request: "unfolded" in request.url and told.append(request.url))
    with page.expect_response("**/staff/wellbeing/unfolded/**") as answer:
        page.click("text=In their own words")
    assert answer.value.status == 204
    page.click("text=In their own words")
    page.click("text=In their own words")
    page.goto("/staff/wellbeing/mine/")
    assert len(told) == 1
    row = Exposure.objects.get()
    assert (row.seen, row.weight) == ("story", 2)
    assert "A story, unfolded" in page.text_content("main")


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["desk", "phone"])
def test_the_pages_are_usable_by_all(
    viewport: dict[str, int],
    enter: Callable[..., Any],
    open_case: Callable[..., Case],
    nour: Staff,
    maud: Staff,
    anouk: Staff,
    pixboard: Platform,
) -> None:
    case = open_case(age_range=AgeRange.UNDER_13, circumstances=(Circumstance.ADULT,))
    actions.note_reading(report=case.report, by=nour, seen="case", at=NOON)
    actions.ask_to_talk(staff=nour, at=NOON)
    addresses = {
        anouk: (
            *("accounts/", "accounts/new/", f"accounts/{nour.pk}/", "accounts/roles/", "accounts/teams/"),
            *("accounts/roles/counsellor/", "accounts/mine/", "platforms/new/", "platforms/pixboard/change/"),
        ),
        maud: ("wellbeing/", f"cases/{case.ref}/export/"),
        nour: ("wellbeing/mine/", f"cases/{case.ref}/"),
    }
    for staff, places in addresses.items():
        page = enter(staff, viewport)
        for place in places:
            page.goto(f"/staff/{place}")
            page.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")
            found = Axe().run(page).response["violations"]
            assert [(place, one["id"], one["nodes"][0]["html"]) for one in found] == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), place
