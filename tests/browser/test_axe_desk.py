"""axe finds nothing on any page of the desk. The pages are those of the access matrix: a new one is looked at, too."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client

from helpline.accounts.models import Staff
from tests.browser.walk import UNFOLD, complaints
from tests.test_access_matrix import ROLES, TABLE, Row, World, world

__all__ = ["world"]  # a fixture
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

WIDE, PHONE = (1280, "light"), (360, "dark")
# What is read by a script, a picture, a paper.
NO_PAGES = {
    "staff/here/",
    *("staff/queue/news/", "staff/queue/danger/", "staff/evidence/<uuid:evidence_id>/picture/"),
    "staff/incidents/<slug:ref>/code/card/",
    # A part of a page, and what is saved.
    *("staff/reconciliation/<uuid:upload_id>/progress/", "staff/reconciliation/<uuid:upload_id>/table/"),
}
# The same address, asked with nothing filled in: what the page says of the errors.
SEND_NOTHING = """(address) => {
  const form = document.createElement("form");
  form.method = "post";
  form.action = address;
  form.append(document.querySelector("input[name=csrfmiddlewaretoken]").cloneNode());
  document.body.append(form);
  form.submit();
}"""


def is_page(route: str) -> bool:
    return (
        route.startswith("staff/")
        and not route.startswith(("staff/^", "staff/account/"))
        and route not in NO_PAGES
    )


def who_gets(row: Row, method: str, status: int) -> str | None:
    """Somebody inside who is answered so."""
    inside = [role for role in ("supervisor", "counsellor", "administrator", "auditor") if role in ROLES]
    return next((role for role in inside if row.expected(role, method) == status), None)


class Judge:
    """A browser of each role; it asks axe about a page in each of its states, and keeps what axe says."""

    def __init__(self, chromium: Any, url: str, cookies: dict[str, str], size: tuple[int, str]) -> None:
        self.found: list[str] = []
        width, scheme = size
        self.pages: dict[str, Any] = {}
        self.contexts = []
        for role, session in cookies.items():
            context = chromium.new_context(
                viewport={"width": width, "height": 800},
                base_url=url,
                color_scheme=scheme,
                reduced_motion="reduce",
            )
            context.add_cookies(
                [
                    {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": url},
                    {"name": settings.LANGUAGE_COOKIE_NAME, "value": "en", "url": url},
                ]
            )
            self.contexts.append(context)
            self.pages[role] = context.new_page()

    def look(self, page: Any, what: str) -> None:
        """As it is, unfolded, and with each of its dialogs open."""
        page.evaluate(UNFOLD)
        self._ask(page, what)
        for number in range(page.locator("dialog").count()):
            page.evaluate(f"document.querySelectorAll('dialog')[{number}].showModal()")
            self._ask(page, f"{what}, dialog {number + 1}")
            page.evaluate(f"document.querySelectorAll('dialog')[{number}].close()")

    def _ask(self, page: Any, what: str) -> None:
        self.found += [f"{what}: {one}" for one in complaints(page)]


@pytest.fixture
def judge(chromium: Any, live_server: Any) -> Iterator[Callable[..., Judge]]:
    """`judge(cookies, size)`: a judge whose browsers are closed afterwards."""
    judges = []

    def make(cookies: dict[str, str], size: tuple[int, str]) -> Judge:
        judges.append(Judge(chromium, live_server.url, cookies, size))
        return judges[-1]

    yield make
    for one in judges:
        for context in one.contexts:
            context.close()


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide, by day", "a phone, by night"])
def test_every_page_with_something_on_it(
    judge: Callable[..., Judge], world: World, size: tuple[int, str]
) -> None:
    inside = {role: found[settings.SESSION_COOKIE_NAME] for role, found in world.cookies.items() if found}
    browsers = judge(inside, size)
    for route, row in TABLE.items():
        if not is_page(route):
            continue
        address = world.address(route)
        if role := who_gets(row, "GET", 200):
            page = browsers.pages[role]
            page.goto(address)
            browsers.look(page, address)
        if role := who_gets(row, "POST", 422):
            page = browsers.pages[role]
            if page.locator("input[name=csrfmiddlewaretoken]").count() == 0:
                page.goto("/staff/")
            with page.expect_navigation():
                page.evaluate(SEND_NOTHING, address)
            browsers.look(page, f"{address} with errors")
    assert browsers.found == []


@pytest.mark.parametrize("size", [PHONE], ids=["a phone, by night"])
def test_every_list_with_nothing_on_it(
    judge: Callable[..., Judge],
    size: tuple[int, str],
    nour: Staff,
    maud: Staff,
    anouk: Staff,
    theo: Staff,
    log_in: Callable[[Staff], Client],
) -> None:
    people = {"counsellor": nour, "supervisor": maud, "administrator": anouk, "auditor": theo}
    cookies = {role: log_in(one).cookies[settings.SESSION_COOKIE_NAME].value for role, one in people.items()}
    browsers = judge(cookies, size)
    seen = set()
    for route, row in TABLE.items():
        role = who_gets(row, "GET", 200)
        if not is_page(route) or "<" in route or role is None:
            continue
        page = browsers.pages[role]
        page.goto(f"/{route}")
        seen.add(urlsplit(page.url).path)
        browsers.look(page, f"/{route}")
    assert len(seen) > 10
    assert browsers.found == []
