"""Every list of the desk asks the database as often for many rows as for few. A page that is new is tried as well."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases import queue
from cases.handover import actions as handover
from cases.listening import actions as calls
from cases.models import Case, SavedView
from cases.referrals.actions import Facts, prepare
from cases.referrals.states import RecipientKind
from cases.takedowns.actions import request_takedown
from cases.todo.actions import add_task
from cases.wellbeing.models import Talk
from helpline.accounts import actions as accounts
from helpline.accounts.models import Role, Staff, Team
from helpline.approvals import actions as approvals
from helpline.platforms.models import ChannelKind, Platform
from reports.actions import LinkFacts
from reports.intake.interview import Interview
from reports.models import Report
from reports.states import Channel
from tests.cast import NOON, make_platform
from tests.test_access_matrix import TABLE

Tell = Callable[..., tuple[Report, str]]
OpenCase = Callable[..., Case]
pytestmark = [pytest.mark.django_db, pytest.mark.slow]

# Pages about one thing that have no name in their address.
NO_LISTS = {
    *("staff/calls/new/", "staff/checklists/new/", "staff/templates/new/", "staff/platforms/new/"),
    *("staff/accounts/new/", "staff/login/", "staff/logout/"),
}
# Tabs and filters that ask otherwise.
ASKED: dict[str, tuple[str, ...]] = {
    "staff/": ("", "?view=mine", "?view=open", "?view=alone", "?kind=deepnude"),
    "staff/cases/": ("", "?whose=team"),
    "staff/takedowns/": ("", "?tab=all", "?tab=progress"),
    "staff/referrals/": ("", "?tab=all", "?tab=draft"),
    "staff/tasks/": ("", "?tab=done"),
    "staff/approvals/": ("", "?view=asked", "?view=decided"),
    "staff/incidents/": ("", "?tab=closed"),
    "staff/accounts/": ("", "?tab=closed"),
}
PEOPLE = {"counsellor": "nour", "supervisor": "maud", "administrator": "anouk", "auditor": "theo"}


def lists(role: str) -> list[str]:
    """The addresses without a name in them that this role may read."""
    found = [
        route
        for route in TABLE
        if route.startswith("staff/")
        and not route.startswith("staff/account/")
        and "<" not in route
        and route not in NO_LISTS
        and TABLE[route].expected(role, "GET") == 200
    ]
    return [f"/{route}{asked}" for route in found for asked in ASKED.get(route, ("",))]


@pytest.fixture
def grow(
    tell: Tell, open_case: OpenCase, nour: Staff, maud: Staff, anouk: Staff, chatter: Platform
) -> Callable[[int], None]:
    """`grow(count)`: so many more of everything that a list may show."""

    def more(number: int) -> None:
        same = (LinkFacts(url="https://chatter.example/p/1"),)
        waits, _code = tell(deadline_at=NOON + timedelta(days=3))
        case, given = open_case(links=same), open_case(links=same)
        request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=NOON)
        prepare(case=case, kind=RecipientKind.SCHOOL, facts=Facts(), by=nour, at=NOON)
        approvals.ask(what="erase-report", obj=case.report, by=nour, reason="They said so.", at=NOON)
        add_task(case=case, text="x", due_at=NOON, for_whom=None, by=nour, at=NOON)
        handover.offer(case=given, to=maud, reason="x", by=nour, at=timezone.now())
        handover.watch(case=case, on=True, by=nour, at=NOON)
        said = Interview({"who": {"who": "self"}})
        writing = calls.Writing(said, Channel.PHONE, "fr", page="1", begins=True)
        calls.save(call_id=uuid4(), writing=writing, by=nour, at=timezone.now())
        SavedView.objects.create(staff=nour, name=f"tab {number}", query="kind=sent")
        colleague = accounts.create_staff(
            username=f"colleague{number}",
            display_name=f"Colleague {number}",
            role=nour.role,
            password=None,
            by=None,
            at=NOON,
        )
        accounts.create_token(staff=nour, name=f"{number}", scopes=[], by=nour, at=NOON)
        Team.objects.create(slug=f"team-{number}", name=f"Team {number}")
        Role.objects.create(slug=f"role-{number}", name=f"Role {number}")
        make_platform(f"site-{number}", ChannelKind.WEB_FORM, "http://127.0.0.1:9/forms", by=anouk)
        Talk.objects.create(staff=colleague, day=NOON.date(), why="heavy", answer="yes")
        queue.add_new_reports(at=NOON)
        assert waits.pk

    made = iter(range(1000))

    def grown(count: int) -> None:
        for _ in range(count):
            more(next(made))

    return grown


@pytest.mark.parametrize("role", PEOPLE)
def test_a_list_costs_the_same_for_few_and_for_many(
    role: str, grow: Callable[[int], None], log_in: Callable[[Staff], Client], request: pytest.FixtureRequest
) -> None:
    client = log_in(request.getfixturevalue(PEOPLE[role]))

    def costs() -> dict[str, int]:
        found = {}
        for address in lists(role):
            client.get(address)  # whatever is read once and kept
            with CaptureQueriesContext(connection) as asked:
                assert client.get(address).status_code == 200, address
            found[address] = len(asked)
        return found

    grow(2)
    few = costs()
    grow(5)
    many = costs()

    assert few
    assert {address: (few[address], many[address]) for address in few if few[address] != many[address]} == {}


@pytest.mark.parametrize("role", ["counsellor", "supervisor"])
def test_what_is_found_costs_the_same_for_one_and_for_many(
    role: str, grow: Callable[[int], None], log_in: Callable[[Staff], Client], request: pytest.FixtureRequest
) -> None:
    client = log_in(request.getfixturevalue(PEOPLE[role]))

    def cost() -> int:
        client.get("/staff/")  # the session's half hour is moved on, at most once a minute
        with CaptureQueriesContext(connection) as asked:
            page = client.post("/staff/search/", {"q": "https://chatter.example/p/1"})
        assert b"data-rows" in page.content
        return len(asked)

    grow(1)
    few = cost()
    grow(4)
    assert cost() == few
