"""The rail leads where the role may go, says where one is, and counts in one statement."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases import queue, rail
from helpline.accounts.models import Membership, Role, Staff, Team
from tests.cast import NOON

pytestmark = pytest.mark.django_db

PLACES = {
    "nour": [
        "queue",
        "calls",
        "cases",
        "tasks",
        "transfers",
        "incidents",
        "takedowns",
        "referrals",
        "platforms",
        "wellbeing",
    ],
    "maud": [
        "queue",
        "calls",
        "cases",
        "tasks",
        "transfers",
        "incidents",
        "takedowns",
        "referrals",
        "platforms",
        "approvals",
        "figures",
        "team",
        "wellbeing",
    ],
    "anouk": ["platforms", "approvals", "team", "accounts"],
    "theo": ["figures", "trail"],
}


def places(
    staff: object, path: str = "/staff/", *, rf: RequestFactory | None = None
) -> list[dict[str, object]]:
    request = (rf or RequestFactory()).get(path)
    request.user = staff  # type: ignore[assignment]
    return rail.items(request)


@pytest.mark.parametrize("who", PLACES)
def test_each_role_has_its_places(who: str, request: pytest.FixtureRequest) -> None:
    assert [place["icon"] for place in places(request.getfixturevalue(who))] == PLACES[who]


def test_nobody_logged_in_has_none() -> None:
    assert places(AnonymousUser()) == []


@pytest.mark.parametrize(
    ("path", "here"),
    [
        ("/staff/", "queue"),
        ("/staff/reports/x/", "queue"),
        ("/staff/cases/ABCD/", "cases"),
        ("/staff/cases/ABCD/takedowns/", "cases"),
        ("/staff/takedowns/x/", "takedowns"),
        ("/staff/dashboard/", "figures"),
        ("/staff/annual-report/", "figures"),
        ("/staff/letters/x/", "platforms"),
        ("/staff/next/", "queue"),
    ],
)
def test_one_place_is_where_one_is(path: str, here: str, maud: Staff) -> None:
    assert [place["icon"] for place in places(maud, path) if place["current"]] == [here]


def test_all_counts_in_one_statement_asked_once(maud: Staff, rf: RequestFactory) -> None:
    request = rf.get("/staff/")
    request.user = maud
    with CaptureQueriesContext(connection) as asked:
        rail.items(request)
        rail.counts(request)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("number", "said"), [(None, ""), (0, ""), (1, "1"), (99, "99"), (100, "99+"), (500, "99+")]
)
def test_a_count_is_written_short(number: int | None, said: str) -> None:
    assert rail.capped(number) == said


def test_a_disabled_account_has_no_place(nour: Staff, make_staff: Callable[..., Staff]) -> None:
    nour.is_active = False
    assert places(nour) == []
    assert places(make_staff("partner", "partner")) == []


@pytest.mark.parametrize("who", ["nour", "maud", "anouk", "theo"])
def test_what_is_counted_depends_on_the_person_and_the_day_alone(
    who: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question is kept from one request to the next, so nothing of the hour may stand in it."""
    staff = request.getfixturevalue(who)

    def asked(at: datetime) -> str:
        monkeypatch.setattr(timezone, "now", lambda: at)
        return queue.CappedCounts(rail._counted(staff)).text

    assert asked(NOON) == asked(NOON + timedelta(hours=3))


def test_new_rights_and_new_teams_are_counted_at_once(nour: Staff, roles: dict[str, Role]) -> None:
    before = rail._Asker.of(nour)
    assert rail._Asker.of(Staff.objects.select_related("role").get(pk=nour.pk)) == before
    Membership.objects.create(staff=nour, team=Team.objects.create(slug="other", name="Other"))
    moved = rail._Asker.of(Staff.objects.select_related("role").get(pk=nour.pk))
    nour.role = roles["supervisor"]
    assert len({before, moved, rail._Asker.of(nour)}) == 3
