"""What only a browser shows of the ledger and of the accounts: unfolding is told once, and the pages are usable by all."""

from collections.abc import Callable
from typing import Any

import pytest

from cases.models import Case
from cases.wellbeing import actions
from cases.wellbeing.models import Exposure
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from reports.models import Report
from reports.states import AgeRange, Circumstance
from tests.browser.walk import UNFOLD, complaints
from tests.cast import NOON

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


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


@pytest.mark.parametrize("width", [360], ids=["phone"])
def test_the_pages_are_usable_by_all(
    width: int,
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
        page = enter(staff, width=width)
        for place in places:
            page.goto(f"/staff/{place}")
            page.evaluate(UNFOLD)
            assert complaints(page) == [], place
