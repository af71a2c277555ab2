"""The queue while it lies open: news that move nothing, danger that cannot be missed, keys, and what axe says of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from cases import actions, claims, queue
from cases.models import QueueItem
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from reports.models import Report
from reports.states import Circumstance
from tests.browser.walk import UNFOLD, complaints

Tell = Callable[..., tuple[Report, str]]
LogIn = Callable[[Staff], Client]
# A clock asks every twelve seconds; a tab that is looked at again asks at once.
LOOK = "document.dispatchEvent(new Event('visibilitychange'))"
SEEN = "() => document.querySelector('#news')"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("chatter"),
]


@pytest.fixture
def open_queue(enter: Callable[..., Any]) -> Callable[..., Any]:
    """`open_queue(staff)`: the queue of this colleague, after its first look for news."""

    def open_page(staff: Staff, **options: Any) -> Any:
        page = enter(staff, **options)
        page.wait_for_function(SEEN)
        return page

    return open_page


def look(page: Any) -> None:
    """Ask for news now, and wait for them."""
    page.evaluate("document.querySelector('#news').remove()")
    page.evaluate(LOOK)
    page.wait_for_function(SEEN)


def waiting(tell: Tell, count: int, **facts: Any) -> list[Report]:
    """So many reports more, in the queue."""
    found = [tell(at=timezone.now(), **facts)[0] for _ in range(count)]
    queue.add_new_reports(at=timezone.now())
    return found


def row(report: Report) -> str:
    return f'tr[data-id="{report.pk}"]'


def places(page: Any, report: Report) -> str:
    """Where the row, its cells and its links are on the screen."""
    found: str = page.evaluate(
        f"""() => {{
            const row = document.querySelector('{row(report)}');
            const places = [row, ...row.querySelectorAll('td, a')].map((one) => one.getBoundingClientRect());
            return places.map((one) => [one.top, one.left].map(Math.round)).join(' ');
        }}"""
    )
    return found


def test_news_move_nothing_until_they_are_asked_for(
    open_queue: Callable[..., Any], tell: Tell, nour: Staff, sacha: Staff
) -> None:
    first, second, third, last = waiting(tell, 4)
    page = open_queue(nour)
    page.hover(row(third))
    page.focus(f"#row-{third.pk}")
    before = places(page, third)

    more = waiting(tell, 3, circumstances=(Circumstance.BLACKMAIL,))  # they rank before the others
    claims.claim(report=second, by=sacha)
    actions.open_case(report=first, by=sacha, at=timezone.now())
    look(page)

    assert places(page, third) == before
    assert page.locator(row(more[0])).count() == 0
    assert "New: 3" in page.inner_text("[data-bar]")
    assert "No longer here: 1" in page.inner_text("[data-bar]")
    assert "Sacha is reading it" in page.inner_text(row(second))
    assert "gone" in page.get_attribute(row(first), "class")
    assert page.locator(f"{row(first)} button").is_disabled()
    assert page.inner_text("[data-count=waiting]") == "6"

    page.keyboard.press("r")
    page.wait_for_selector(row(more[0]))

    assert page.locator(row(first)).count() == 0
    assert page.evaluate("document.activeElement.id") == f"row-{third.pk}"
    assert not page.locator("[data-show]").is_visible()
    assert "Sacha is reading it" in page.inner_text(row(second))
    assert page.locator(row(last)).count() == 1


def test_new_danger_cannot_be_missed(open_queue: Callable[..., Any], tell: Tell, nour: Staff) -> None:
    waiting(tell, 2, circumstances=(Circumstance.IN_DANGER,))
    page = open_queue(nour)
    assert page.title().startswith("(2) Queue")
    look(page)
    assert page.inner_text("[data-alert]") == ""  # what the page began with is on its strip

    (report,) = waiting(tell, 1, circumstances=(Circumstance.SELF_HARM,))
    look(page)

    assert page.locator("[data-alert][role=alert]").is_visible()
    assert "A new report speaks of danger" in page.inner_text("[data-alert]")
    assert page.title().startswith("Danger · ")
    page.click("text=I have seen it")
    assert not page.locator("[data-alert]").inner_text()
    assert page.title().startswith("(3) Queue")
    look(page)
    assert page.inner_text("[data-alert]") == ""

    (report,) = waiting(tell, 1, circumstances=(Circumstance.SELF_HARM,))
    look(page)
    page.click("text=Read it now")
    page.wait_for_url(f"**/staff/reports/{report.pk}/")


@pytest.mark.parametrize(
    "place", ["/staff/cases/", "/staff/takedowns/", "/staff/shift/", "/staff/wellbeing/mine/"]
)
def test_new_danger_is_said_on_every_other_page_too(
    place: str, open_queue: Callable[..., Any], tell: Tell, nour: Staff
) -> None:
    waiting(tell, 1, circumstances=(Circumstance.IN_DANGER,))
    page = open_queue(nour)
    with page.expect_response("**/staff/queue/danger/"):
        page.goto(place)
    assert page.locator(".danger-strip").is_visible()
    assert page.inner_text("[data-alert]") == ""  # what the page began with is on its strip
    before = page.locator("h1").bounding_box()

    (report,) = waiting(tell, 1, circumstances=(Circumstance.SELF_HARM,))
    with page.expect_response("**/staff/queue/danger/"):
        page.evaluate(LOOK)

    page.wait_for_selector("[data-alert] p")
    assert page.get_attribute("[data-alert]", "aria-live") == "assertive"
    assert page.locator("h1").bounding_box() == before  # nothing moved
    assert page.title().startswith("Danger · ")
    page.evaluate("document.body.style.minHeight = '300vh'; window.scrollTo(0, 800)")
    for part in ("[data-alert]", ".danger-strip"):
        assert (
            page.locator(part).evaluate("(one) => one.getBoundingClientRect().top") >= 0
        )  # both stay in sight
    with page.expect_response("**/staff/queue/danger/"):
        page.evaluate(LOOK)
    page.click("text=I have seen it")
    assert page.inner_text("[data-alert]") == ""

    (report,) = waiting(tell, 1, circumstances=(Circumstance.SELF_HARM,))
    with page.expect_response("**/staff/queue/danger/"):
        page.evaluate(LOOK)
    page.click("text=Read it now")
    page.wait_for_url(f"**/staff/reports/{report.pk}/")


def test_a_deadline_is_counted_down_in_its_place(
    open_queue: Callable[..., Any], tell: Tell, nour: Staff
) -> None:
    end = timezone.now() + timedelta(hours=30)
    (report,) = waiting(tell, 1, deadline_at=end)
    page = open_queue(nour)
    before = places(page, report)
    assert "in 29 h" in page.inner_text(row(report))
    score = page.inner_text(f"{row(report)} .score")

    # As if it were a day later, and the sweep had come by.
    day = timedelta(hours=26)
    QueueItem.objects.update(deadline_at=end - day, scored_at=timezone.now() - day)
    Report.objects.update(deadline_at=end - day)
    assert queue.refresh_deadlines(at=timezone.now()) == 1
    look(page)

    assert "in 3 h" in page.inner_text(row(report))
    assert int(page.inner_text(f"{row(report)} .score")) > int(score)
    assert places(page, report) == before


def test_the_title_flashes_for_who_did_not_ask_for_calm(
    open_queue: Callable[..., Any], tell: Tell, nour: Staff
) -> None:
    calm, lively = open_queue(nour), open_queue(nour, motion="no-preference")
    waiting(tell, 1, circumstances=(Circumstance.SELF_HARM,))
    for page in (calm, lively):
        look(page)
        page.evaluate(
            "window.titles = new Set(); setInterval(() => window.titles.add(document.title), 50); undefined"
        )

    lively.wait_for_function("() => window.titles.size === 2")

    assert calm.evaluate("[...window.titles].map((title) => title.split(' ')[0])") == ["Danger"]


def test_keys(open_queue: Callable[..., Any], tell: Tell, maud: Staff, nour: Staff) -> None:
    reports = waiting(tell, 5)
    order = [item.report_id for item in queue.items(staff=maud, filters=queue.Filters())]
    page = open_queue(maud)

    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.locator("input[name=report]:checked").count() == 1
    page.locator("input[name=report]").nth(3).click(modifiers=["Shift"])
    page.locator("input[name=report]").nth(1).focus()
    assert page.locator("input[name=report]:checked").count() == 4
    look(page)
    assert page.locator("input[name=report]:checked").count() == 4

    page.keyboard.press("?")
    assert page.locator("dialog#keys").is_visible()
    page.keyboard.press("n")  # while the help is open, keys are its own
    page.keyboard.press("Escape")
    assert not page.locator("dialog#keys").is_visible()
    assert urlsplit(page.url).path == "/staff/"

    page.keyboard.press("n")
    page.wait_for_url(f"**/staff/reports/{order[0]}/")
    assert QueueItem.objects.get(claimed_by=maud).report_id == order[0]
    assert len(reports) == 5


def test_a_session_that_ended_is_said(open_queue: Callable[..., Any], tell: Tell, nour: Staff) -> None:
    waiting(tell, 1)
    page = open_queue(nour)
    page.context.clear_cookies()

    page.evaluate(LOOK)

    page.wait_for_selector("text=You are logged out")
    assert page.locator("tr[data-id]").count() == 1


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_axe_finds_nothing(
    width: int, scheme: str, open_queue: Callable[..., Any], tell: Tell, maud: Staff, chatter: Platform
) -> None:
    waiting(tell, 3)
    waiting(tell, 1, circumstances=(Circumstance.IN_DANGER,))
    page = open_queue(maud, width=width, scheme=scheme)
    waiting(tell, 1, circumstances=(Circumstance.IN_DANGER,))
    look(page)
    page.evaluate(UNFOLD)
    assert page.locator("[data-alert]").is_visible()
    assert complaints(page) == []
    page.click("text=I have seen it")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    assert page.locator("dialog#keys").is_visible()
    assert complaints(page) == []
