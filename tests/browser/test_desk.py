"""The desk in a real browser: by keyboard, on a phone, and with an impatient finger."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from cases import actions, queue
from cases.models import Case, Note
from cases.takedowns.states import Status
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from reports.actions import LinkFacts
from reports.models import Report
from tests.cases.takedowns.standing import standing

Tell = Callable[..., tuple[Report, str]]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_queue_by_keyboard(enter: Callable[..., Any], tell: Tell, nour: Staff, chatter: Platform) -> None:
    now = timezone.now()
    first, second = (tell(at=now)[0] for _ in range(2))
    queue.add_new_reports(at=now)
    order = [item.report_id for item in queue.items(staff=nour, filters=queue.Filters())]
    assert set(order) == {first.pk, second.pk}
    page = enter(nour)

    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("o")
    page.wait_for_url(f"**/staff/reports/{order[0]}/")

    page.goto("/staff/")
    page.keyboard.press("/")
    page.keyboard.type("joa")  # in a field these are letters
    assert page.input_value("#search") == "joa"

    page.goto("/staff/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.wait_for_url("**/staff/cases/**")
    assert Case.objects.get().report_id == order[1]


def test_an_impatient_finger_keeps_one_note(
    enter: Callable[..., Any], tell: Tell, nour: Staff, chatter: Platform
) -> None:
    case = actions.open_case(report=tell()[0], by=nour, at=timezone.now())
    page = enter(nour)
    page.goto(f"/staff/cases/{case.ref}/")
    page.fill("#id_note-text", "Called back.")
    page.dblclick("text=Keep the note")
    page.wait_for_selector("text=The note is kept.")
    assert Note.objects.count() == 1


def test_every_page_fits_a_phone(
    enter: Callable[..., Any], tell: Tell, nour: Staff, maud: Staff, chatter: Platform, snaproom: Platform
) -> None:
    now = timezone.now()
    links = (
        LinkFacts(url="https://chatter.example/p/1"),
        LinkFacts(url="https://snaproom.example/p/" + "x" * 300),
    )
    waiting, _code = tell(at=now, links=links)
    case = actions.open_case(report=tell(at=now, links=links)[0], by=nour, at=now)
    to_file = standing(Status.TO_FILE, case=case, by=nour, at=now, link=case.report.links.get(position=2))
    queue.add_new_reports(at=now)

    page = enter(maud, width=360)
    for address in (
        "/staff/",
        f"/staff/reports/{waiting.pk}/",
        "/staff/cases/?whose=team",
        f"/staff/cases/{case.ref}/",
        f"/staff/cases/{case.ref}/takedowns/",
        "/staff/takedowns/",
        f"/staff/takedowns/{to_file.pk}/",
        "/staff/incidents/",
        "/staff/platforms/",
        "/staff/team/",
        "/staff/dashboard/",
    ):
        page.goto(address)
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, f"{address} is {width} pixels wide"


def test_the_story_stays_folded_until_somebody_opens_it(
    enter: Callable[..., Any], tell: Tell, nour: Staff, chatter: Platform
) -> None:
    report, _code = tell(story="Words that weigh.")
    page = enter(nour)
    page.goto(f"/staff/reports/{report.pk}/")
    assert not page.is_visible("text=Words that weigh.")
    page.click("text=In their own words")
    assert page.is_visible("text=Words that weigh.")
