"""The team page: who is here, and for a supervisor how much each holds."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases import actions
from cases.models import Case
from cases.states import Outcome
from helpline.accounts.models import Staff
from tests.cast import NOON

OpenCase = Callable[..., Case]
Desk = Callable[[Staff], Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


@pytest.mark.parametrize(("who", "status"), [("nour", 403), ("maud", 200), ("anouk", 200), ("theo", 403)])
def test_who_sees_it(who: str, status: int, desk: Desk, request: pytest.FixtureRequest) -> None:
    assert desk(request.getfixturevalue(who)).get("/staff/team/").status_code == status


def test_a_supervisor_sees_the_load(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    open_case()
    waiting = open_case()
    closed = open_case()
    actions.set_waiting(case=waiting, waiting=True, by=nour, at=NOON)
    actions.close_case(case=closed, outcome=Outcome.ADVICE, by=nour, at=NOON)

    rows = {one.staff.username: one for one in desk(maud).get("/staff/team/").context["colleagues"]}

    assert (rows["nour"].open_cases, rows["nour"].waiting_cases) == (1, 1)
    assert rows["nour"].oldest == waiting.opened_at
    assert (rows["sacha"].open_cases, rows["sacha"].oldest) == (0, None)


def test_an_administrator_sees_people_and_no_load(
    open_case: OpenCase, desk: Desk, anouk: Staff, nour: Staff
) -> None:
    open_case()
    page = desk(anouk).get("/staff/team/").content.decode()
    assert "Nour" in page
    assert "Night" in page
    assert "Oldest open for" not in page


def test_a_closed_account_is_marked(desk: Desk, maud: Staff, sacha: Staff) -> None:
    Staff.objects.filter(pk=sacha.pk).update(is_active=False)
    assert "Closed account" in desk(maud).get("/staff/team/").content.decode()


def test_it_costs_the_same_for_three_colleagues_and_for_twelve(
    desk: Desk, maud: Staff, make_staff: Callable[..., Staff]
) -> None:
    client = desk(maud)

    def cost() -> int:
        client.get("/staff/team/")
        with CaptureQueriesContext(connection) as asked:
            client.get("/staff/team/")
        return len(asked)

    for number in range(2):
        make_staff(f"c{number}", "counsellor")
    few = cost()
    for number in range(2, 11):
        make_staff(f"c{number}", "counsellor")
    assert cost() == few


def test_starting_roles_are_said_in_the_language_of_the_reader_and_others_as_they_were_named(
    desk: Desk, maud: Staff, nour: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cases import words
    from helpline.accounts.permissions import STARTING_ROLES

    assert set(words.ROLES) == {name for name, _permissions in STARTING_ROLES.values()}
    monkeypatch.setitem(words.ROLES, "Counsellor", "Écoutant")
    client = desk(maud)
    assert "Écoutant" in client.get("/staff/team/").content.decode()
    nour.role.name = "Night watch"
    nour.role.save()
    assert "Night watch" in client.get("/staff/team/").content.decode()
