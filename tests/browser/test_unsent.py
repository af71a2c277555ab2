"""A colleague's words stay on the page when nobody would take them: logged out, somebody else's login, out of reach."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from cases.models import Case, Note
from helpline.accounts.models import Staff

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("chatter"),
]
WORDS = "She is with her aunt tonight."


def test_logged_out_meanwhile_then_logged_in_beside_it_is_sent(
    enter: Callable[..., Any],
    open_case: Callable[..., Case],
    nour: Staff,
    maud: Staff,
    live_server: Any,
    log_in: Callable[[Staff], Client],
) -> None:
    case = open_case()
    page = enter(nour, at=f"/staff/cases/{case.ref}/")
    box, keep = page.locator("#notes textarea"), page.get_by_role("button", name="Keep the note")
    box.fill(WORDS)

    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    keep.click()
    page.wait_for_selector("#notes .unsent")
    assert "You are logged out" in page.inner_text("#notes .unsent")
    assert box.input_value() == WORDS

    def come_in(staff: Staff) -> None:
        """As by the login in another tab: another session, and another secret for forms."""
        session = log_in(staff).cookies[settings.SESSION_COOKIE_NAME].value
        page.context.clear_cookies()
        page.context.add_cookies(
            [
                {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url},
                {"name": settings.LANGUAGE_COOKIE_NAME, "value": "en", "url": live_server.url},
            ]
        )

    come_in(maud)
    keep.click()
    page.wait_for_selector("#notes .unsent[data-when=other]")
    assert not Note.objects.exists()

    come_in(nour)
    keep.click()
    page.wait_for_selector("text=The note is kept.")
    assert Note.objects.get().by == nour
