"""Incidents: seen by whoever has a case in them, decided case by case, never showing one case to another."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases import actions
from cases.models import Case, Incident, IncidentMember
from cases.states import MemberState
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from reports import actions as reports
from reports.actions import LinkFacts
from tests.cast import NOON

OpenCase = Callable[..., Case]
Desk = Callable[[Staff], Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


def alike(open_case: OpenCase, *by: Staff) -> list[Case]:
    return [open_case(by=one) for one in by]


def test_the_list_shows_incidents_of_my_cases(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff
) -> None:
    alike(open_case, nour, nour, nour)
    incident = Incident.objects.get()

    rows = desk(nour).get("/staff/incidents/").context["rows"]

    assert [(one, one.proposed, one.joined, title) for one, title in rows] == [(incident, 3, 0, "")]
    assert desk(sacha).get("/staff/incidents/").context["rows"] == []
    assert "No incident" in desk(sacha).get("/staff/incidents/").content.decode()


def test_the_page_shows_my_cases_by_name_and_others_without(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff
) -> None:
    mine, theirs = alike(open_case, nour, sacha)
    actions.set_handle(case=mine, text="L.", by=nour, at=NOON)
    actions.set_handle(case=theirs, text="secret name", by=sacha, at=NOON)
    incident = Incident.objects.get()

    page = desk(nour).get(f"/staff/incidents/{incident.ref}/").content.decode()

    assert "L." in page
    assert "The same link" in page
    assert "A case of another team" in page
    assert "secret name" not in page
    assert theirs.ref not in page


def test_an_incident_without_a_case_of_mine_looks_like_not_there(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff
) -> None:
    alike(open_case, nour, nour)
    incident, client = Incident.objects.get(), desk(sacha)
    theirs, nothing = (client.get(f"/staff/incidents/{ref}/") for ref in (incident.ref, "ZZZZZZZZ"))
    assert theirs.status_code == nothing.status_code == 404
    assert theirs.content == nothing.content
    assert client.post(f"/staff/incidents/{incident.ref}/title/", {"title-text": "x"}).status_code == 404


def test_join_not_the_same_and_back_again(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case, _other = alike(open_case, nour, nour)
    member = IncidentMember.objects.get(case=case)
    address = f"/staff/incidents/{member.incident.ref}/members/{member.pk}/"
    client = desk(nour)

    answer = client.post(address, {"joined": "yes"}, follow=True)
    assert answer.redirect_chain == [(f"/staff/cases/{case.ref}/#incident", 302)]
    assert "Undo: not the same" in answer.content.decode()

    answer = client.post(address, {"joined": "no"}, follow=True)
    assert "Undo: it is the same" in answer.content.decode()

    answer = client.post(address, {"joined": "yes", "from": "incident"}, follow=True)
    assert answer.redirect_chain == [(f"/staff/incidents/{member.incident.ref}/", 302)]
    member.refresh_from_db()
    assert member.state == MemberState.JOINED


def test_deciding_on_the_incident_page_opens_no_case(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    first, last = alike(open_case, nour, nour)
    incident = Incident.objects.get()
    client = desk(nour)

    def take_out(case: Case) -> list[tuple[str, int]]:
        member = IncidentMember.objects.get(case=case)
        address = f"/staff/incidents/{incident.ref}/members/{member.pk}/"
        redirects: list[tuple[str, int]] = client.post(
            address, {"joined": "no", "from": "incident"}, follow=True
        ).redirect_chain
        return redirects

    assert take_out(first) == [(f"/staff/incidents/{incident.ref}/", 302)]
    # Without a case of hers left in it, the incident is not hers to see.
    assert take_out(last) == [("/staff/incidents/", 302)]
    assert not AuditRow.objects.filter(verb="case.read").exists()


def test_nobody_decides_for_another_teams_case(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff
) -> None:
    mine, theirs = alike(open_case, nour, sacha)
    member = IncidentMember.objects.get(case=theirs)

    answer = desk(nour).post(
        f"/staff/incidents/{member.incident.ref}/members/{member.pk}/", {"joined": "yes"}
    )

    assert answer.status_code == 404
    member.refresh_from_db()
    assert member.state == MemberState.PROPOSED
    assert mine.ref != theirs.ref


def test_a_supervisor_decides_for_all(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    alike(open_case, nour, sacha)
    client = desk(maud)
    for member in IncidentMember.objects.all():
        client.post(f"/staff/incidents/{member.incident.ref}/members/{member.pk}/", {"joined": "yes"})
    assert set(IncidentMember.objects.values_list("state", flat=True)) == {MemberState.JOINED}


def test_cases_kept_apart_stay_listed_for_undoing(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case, _other = alike(open_case, nour, nour)
    member = IncidentMember.objects.get(case=case)
    actions.decide_membership(member=member, joined=False, by=nour, at=NOON)

    page = desk(nour).get(f"/staff/incidents/{member.incident.ref}/").content.decode()

    assert "1 case kept apart" in page
    assert case.ref in page


def test_an_incident_gets_a_sealed_name(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    alike(open_case, nour, nour)
    incident = Incident.objects.get()
    client = desk(nour)

    page = client.post(f"/staff/incidents/{incident.ref}/title/", {"title-text": "The port"}, follow=True)

    incident.refresh_from_db()
    assert "<h1>The port</h1>" in page.content.decode()
    assert b"port" not in bytes(incident.title or b"")
    assert "The port" in client.get("/staff/incidents/").content.decode()
    too_long = client.post(f"/staff/incidents/{incident.ref}/title/", {"title-text": "x" * 81})
    assert too_long.status_code == 422
    assert "x" * 81 in too_long.content.decode()


def test_a_page_with_an_erased_case_still_stands(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case, other = alike(open_case, nour, nour)
    actions.set_handle(case=case, text="gone name", by=nour, at=NOON)
    reports.erase_report(report=case.report, by="young-person", at=NOON)

    for swept in (False, True):
        if swept:
            actions.follow_erasures(at=NOON)
        page = desk(nour).get(f"/staff/incidents/{Incident.objects.get().ref}/").content.decode()
        assert "gone name" not in page
        assert case.ref in page
        assert other.ref in page


@pytest.mark.parametrize("who", ["anouk", "theo"])
def test_no_incident_for_those_without_casework(who: str, desk: Desk, request: pytest.FixtureRequest) -> None:
    assert desk(request.getfixturevalue(who)).get("/staff/incidents/").status_code == 403


def test_list_and_page_cost_the_same_for_two_cases_and_for_eight(
    open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    client = desk(nour)

    def cost(address: str) -> int:
        client.get(address)
        with CaptureQueriesContext(connection) as asked:
            client.get(address)
        return len(asked)

    alike(open_case, nour, nour)
    page = f"/staff/incidents/{Incident.objects.get().ref}/"
    few = cost("/staff/incidents/"), cost(page)
    alike(open_case, *[nour] * 6)
    for number in range(4):
        for _ in range(2):
            open_case(links=(LinkFacts(url=f"https://chatter.example/p/other{number}"),))
    assert Incident.objects.count() == 5
    assert (cost("/staff/incidents/"), cost(page)) == few
