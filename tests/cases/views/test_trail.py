"""The trail page: for auditors, page by page, filtered, with the state of its chain."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases.models import Case
from cases.views import answers
from helpline.accounts.models import Staff
from helpline.audit import actions as audit
from helpline.audit.models import AuditRow
from tests.cast import NOON

OpenCase = Callable[..., Case]
Desk = Callable[[Staff], Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


@pytest.mark.parametrize(("who", "status"), [("nour", 403), ("maud", 403), ("anouk", 403), ("theo", 200)])
def test_who_reads_it(who: str, status: int, desk: Desk, request: pytest.FixtureRequest) -> None:
    client = desk(request.getfixturevalue(who))
    assert client.get("/staff/audit/").status_code == status
    assert client.post("/staff/audit/check/").status_code in {status, 302}
    assert (client.post("/staff/audit/check/").status_code == 302) is (status == 200)


def test_it_shows_names_and_filters_by_actor_and_object(
    open_case: OpenCase, desk: Desk, nour: Staff, theo: Staff
) -> None:
    case = open_case()
    open_case()
    client = desk(theo)

    page = client.get("/staff/audit/").content.decode()
    assert "case.opened" in page
    assert "Nour" in page

    def rows(query: str) -> list[AuditRow]:
        return [row for row, _name in client.get(f"/staff/audit/?{query}").context["rows"]]

    assert {row.actor for row in rows(f"actor=staff:{nour.pk}")} == {f"staff:{nour.pk}"}
    assert {row.actor for row in rows("actor=NOUR")} == {f"staff:{nour.pk}"}
    assert rows("actor=nobody") == []
    assert [row.verb for row in rows(f"type=case&object={case.pk}")] == ["case.opened"]
    assert [row.verb for row in rows(f"object={case.ref.lower()}")] == ["case.opened"]
    assert {row.verb for row in rows("verb=report.submitted")} == {"report.submitted"}
    assert rows("verb=nothing") == []
    assert rows("verb=%00nothing") == []


def test_every_line_is_on_exactly_one_page(
    open_case: OpenCase, desk: Desk, theo: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        open_case()
    everything = list(AuditRow.objects.order_by("-id").values_list("id", flat=True))
    monkeypatch.setattr(answers, "PAGE", 4)
    client, seen, url = desk(theo), [], "/staff/audit/"
    while url:
        page = client.get(url)
        seen += [row.pk for row, _name in page.context["rows"]]
        url = page.context["next_url"]
    assert seen == everything


def test_it_says_whether_the_chain_holds(open_case: OpenCase, desk: Desk, theo: Staff) -> None:
    open_case()
    client = desk(theo)
    assert "No line is chained yet." in client.get("/staff/audit/").content.decode()

    audit.chain_new_rows()
    page = client.post("/staff/audit/check/", follow=True).content.decode()

    last = AuditRow.objects.exclude(number=None).count()
    assert f"Chained up to line {last}" in page
    assert "The chain holds" in page


def test_a_broken_chain_is_said_loudly(
    open_case: OpenCase, desk: Desk, theo: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "first_broken", lambda: 7)
    page = desk(theo).post("/staff/audit/check/", follow=True).content.decode()
    assert "The chain is broken at line 7." in page
    assert "tone-danger" in page


def test_it_costs_the_same_for_few_lines_and_for_many(
    desk: Desk, theo: Staff, nour: Staff, maud: Staff
) -> None:
    client = desk(theo)

    def cost() -> int:
        client.get("/staff/audit/")
        with CaptureQueriesContext(connection) as asked:
            client.get("/staff/audit/")
        return len(asked)

    audit.record(by=nour, verb="case.read", obj=None, at=NOON)
    few = cost()
    for by in [nour, maud, theo] * 15:
        audit.record(by=by, verb="case.read", obj=None, at=NOON)
    assert cost() == few
