"""Handing over in a real browser: axe finds nothing, by day and by night, wide and on a phone."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from cases.handover import actions, leaving, shifts
from cases.models import Case
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from tests.browser.walk import UNFOLD, complaints

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (360, "dark")], ids=["wide, by day", "a phone, by night"]
)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    width: int,
    scheme: str,
    enter: Callable[..., Any],
    open_case: Callable[..., Case],
    nour: Staff,
    sacha: Staff,
    maud: Staff,
    chatter: Platform,
) -> None:
    now = timezone.now()
    case = open_case(at=now)
    given = actions.offer(case=case, to=sacha, reason="I am ill tomorrow", by=nour, at=now)
    read_only = open_case(at=now)
    shares = {"lasts": actions.MAX_SHARE, "reason": "x", "by": nour, "at": now}
    actions.share(case=read_only, to=sacha, may_work=False, **shares)
    actions.watch(case=read_only, on=True, by=sacha, at=now)
    shifts.start_shift(by=maud, at=now)
    left = shifts.end_shift(by=maud, words="Look at the Friday case first", at=now)
    assert left is not None
    today = timezone.localdate(now)
    leaving.set_away(staff=maud, first_day=today, last_day=today, by=maud, at=now)
    looks = {
        nour: [
            f"/staff/cases/{case.ref}/",
            f"/staff/cases/{read_only.ref}/hand-over/",
            f"/staff/cases/{read_only.ref}/share/",
            f"/staff/transfers/{given.pk}/",
            "/staff/shift/",
            "/staff/shift/end/",
            f"/staff/shift/notes/{left.pk}/",
        ],
        sacha: [
            "/staff/transfers/",
            f"/staff/transfers/{given.pk}/",
            f"/staff/cases/{read_only.ref}/",
            "/staff/watched/",
            "/staff/cases/",
        ],
        maud: ["/staff/team/", f"/staff/team/{nour.pk}/", "/staff/?view=alone"],
    }
    found = []
    for who, places in looks.items():
        page = enter(who, width=width, scheme=scheme)
        for place in places:
            answer = page.goto(place)
            assert answer.status == 200, place
            page.evaluate(UNFOLD)
            found += [f"{place}: {one}" for one in complaints(page)]
    assert found == []
