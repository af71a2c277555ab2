"""What makes a case urgent, on its page and above every other one."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases import queue
from cases.models import Case, QueueItem
from helpline.accounts.models import Staff
from reports import actions as reports
from reports.models import Report
from reports.states import Circumstance
from tests.cast import NOON

Desk = Callable[[Staff], Client]
OpenCase = Callable[..., Case]
DANGER = (Circumstance.IN_DANGER,)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


def tell_danger(case: Case) -> None:
    now = timezone.now()
    reports.add_circumstances(report=case.report, circumstances=DANGER, at=now)
    queue.refresh_retold(at=now)


def words(client: Client, address: str) -> str:
    return " ".join(client.get(address).content.decode().split())


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]* value="([^"]*)"', page)
    return found[1] if found else ""


def test_a_case_that_calls_stands_above_every_page_until_it_is_looked_at(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff
) -> None:
    case, client = open_case(), desk(nour)
    assert "Nobody has looked since" not in words(client, "/staff/cases/")
    tell_danger(case)

    for address in ("/staff/", "/staff/cases/", "/staff/tasks/", "/staff/?view=mine"):
        page = words(client, address)
        assert "They told us that they are in danger. Nobody has looked since:" in page, address
        assert f'<a href="/staff/cases/{case.ref}/" class="ref">{case.ref}</a>' in page, address
        assert 'data-known="1"' in page, address
    assert case.ref not in words(desk(sacha), "/staff/")
    told = client.get("/staff/queue/danger/").json()
    assert told == {"danger": [], "cases": [str(case.report_id)]}
    assert f'data-cases="{case.report_id} "' in words(client, "/staff/queue/news/")
    assert desk(sacha).get("/staff/queue/danger/").json() == {"danger": []}

    page = words(client, f"/staff/cases/{case.ref}/")
    assert "Nobody has looked since" not in page
    assert "They told us that they are in danger" in page
    assert client.get("/staff/queue/danger/").json() == {"danger": []}


def test_many_that_call_cost_as_much_as_one(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    client = desk(nour)

    def cost() -> int:
        client.get("/staff/cases/")
        with CaptureQueriesContext(connection) as asked:
            client.get("/staff/cases/")
        return len(asked)

    none = cost()
    tell_danger(open_case())
    one = cost()
    for _case in range(7):
        tell_danger(open_case())
    assert cost() == one == none + 1


def test_the_danger_is_over_and_taken_back(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case, client = open_case(circumstances=DANGER), desk(nour)
    here = f"/staff/cases/{case.ref}/"
    told = hidden(words(client, here), "danger-told")

    silent = client.post(f"{here}danger/over/", {"danger-told": told})
    assert silent.status_code == 422
    assert "Say why: a colleague must be able to follow it." in silent.content.decode()

    done = client.post(
        f"{here}danger/over/", {"danger-told": told, "danger-text": "Her sister came."}, follow=True
    )
    page = " ".join(done.content.decode().split())
    assert "Noted that the danger is over." in page
    assert f'action="{here}danger/again/"' in page
    assert "The danger is over: Her sister came." in page
    assert not QueueItem.objects.get().danger

    again = client.post(f"{here}danger/again/", follow=True)
    assert "Taken back: they may still be in danger." in again.content.decode()
    assert QueueItem.objects.get().danger
    twice = client.post(f"{here}danger/again/", follow=True)
    assert "Nothing was done: look once more." in twice.content.decode()


@pytest.mark.parametrize("told", ["", "x", "2026-03-02T12:00:00+00:00"])
def test_danger_that_was_told_again_meanwhile_stands(
    told: str, open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    case, client = open_case(circumstances=DANGER), desk(nour)
    tell_danger(case)
    client.post(f"/staff/cases/{case.ref}/danger/over/", {"danger-told": told, "danger-text": "x"})
    assert QueueItem.objects.get().danger


def test_a_deadline_is_set_corrected_and_removed(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case, client = open_case(), desk(nour)
    here = f"/staff/cases/{case.ref}/"
    tomorrow = timezone.localtime() + timedelta(days=1)
    typed = tomorrow.strftime("%Y-%m-%dT%H:%M")

    def post(**data: str) -> str:
        sent = {f"deadline-{name}": value for name, value in data.items() if name != "do"}
        answer = client.post(f"{here}deadline/", sent | {"do": data.get("do", "")}, follow=True)
        return " ".join(answer.content.decode().split())

    assert "Say the day and the hour." in post(was="")
    assert "Look at the year again." in post(was="", until="2206-03-02T12:00")
    page = post(was="", until=typed)
    assert "The deadline is kept." in page
    report = Report.objects.get()
    assert report.deadline_at == tomorrow.replace(second=0, microsecond=0)
    was = hidden(page, "deadline-was")
    assert was == report.deadline_at.isoformat()

    assert "Nothing was done: look once more." in post(was="", do="remove")
    assert "The deadline is removed." in post(was=was, do="remove")
    assert Report.objects.get().deadline_at is None


def test_what_was_left_unread_is_said_to_who_holds_it(
    open_case: OpenCase, desk: Desk, nour: Staff, maud: Staff
) -> None:
    open_case()
    said = "In 1 of your cases, a message has waited too long"
    recently = timezone.now() - timedelta(hours=3)
    QueueItem.objects.update(unread=True, unread_since=recently)
    assert said not in words(desk(nour), "/staff/cases/")
    QueueItem.objects.update(unread_since=recently - timedelta(hours=2))
    assert said in words(desk(nour), "/staff/cases/")
    assert said not in words(desk(maud), "/staff/cases/")


def test_danger_and_deadline_of_somebody_else_are_not_there(
    open_case: OpenCase, desk: Desk, sacha: Staff
) -> None:
    case = open_case(circumstances=DANGER, deadline_at=NOON)
    for part in ("danger/over/", "danger/again/", "deadline/"):
        assert desk(sacha).post(f"/staff/cases/{case.ref}/{part}").status_code == 404
