"""The incidents' calls: listed, opened, added to, joined, taken out; never showing a case to who may not see it."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.incidents import desk
from cases.models import Case, Incident, IncidentMember
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from reports import actions as reports
from reports.actions import LinkFacts
from tests.api.conftest import Caller, problem
from tests.cast import NOON

OpenCase = Callable[..., Case]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


@pytest.fixture
def proposed(open_case: OpenCase, sacha: Staff) -> tuple[Case, Case]:
    """Two cases with the same link, of two teams: an incident is proposed."""
    same = (LinkFacts(url="https://chatter.example/p/77"),)
    return open_case(links=same), open_case(links=same, by=sacha)


def states(incident: dict[str, Any]) -> dict[str | None, str]:
    return {one["case"]: one["state"] for one in incident["members"]}


def test_a_proposed_incident_is_listed_and_decided(
    call: Caller, nour: Staff, proposed: tuple[Case, Case]
) -> None:
    # given
    mine, _theirs = proposed
    (row,) = call("GET", "/api/v1/incidents/?proposed=1", by=nour).json()["results"]
    assert states(row) == {mine.ref: "proposed", None: "proposed"}
    assert row["members"][0]["reasons"] == ["url"]
    # when
    path = f"/api/v1/incidents/{row['ref']}/"
    joined = call("POST", f"{path}add/", {"case": mine.ref}, by=nour).json()
    # then
    assert states(joined) == {mine.ref: "joined", None: "proposed"}
    assert call("GET", "/api/v1/incidents/?proposed=1", by=nour).json()["results"] == []
    assert len(call("GET", "/api/v1/incidents/", by=nour).json()["results"]) == 1


def test_after_the_last_own_case_was_taken_out_nothing_is_to_be_seen(
    call: Caller, nour: Staff, proposed: tuple[Case, Case]
) -> None:
    # given
    mine, _theirs = proposed
    ref = Incident.objects.get().ref
    path = f"/api/v1/incidents/{ref}/"
    # when
    detached = call("POST", f"{path}detach/", {"case": mine.ref}, by=nour)
    # then only what they did themselves is answered
    assert (detached.status_code, states(detached.json())) == (200, {mine.ref: "detached"})
    problem(call("GET", path, by=nour), 404, "not_found")
    problem(call("POST", f"{path}join/", {}, by=nour), 404, "not_found")
    assert call("GET", "/api/v1/incidents/", by=nour).json()["results"] == []
    # and they can change their mind
    again = call("POST", f"{path}add/", {"case": mine.ref}, by=nour)
    assert states(again.json()) == {mine.ref: "joined", None: "proposed"}


def test_nobody_comes_in_by_naming_a_case_that_was_never_in_it(
    call: Caller, nour: Staff, open_case: OpenCase, sacha: Staff
) -> None:
    same = (LinkFacts(url="https://chatter.example/p/78"),)
    theirs, _more = open_case(links=same, by=sacha), open_case(links=same, by=sacha)
    mine, ref = open_case(links=()), Incident.objects.get().ref
    for body in ({"case": mine.ref}, {"case": theirs.ref}, {"case": "0000000X"}, {}):
        for verb in ("add", "detach"):
            problem(call("POST", f"/api/v1/incidents/{ref}/{verb}/", body, by=nour), 404, "not_found")
    assert set(IncidentMember.objects.values_list("state", flat=True)) == {"proposed"}


def test_nobody_decides_for_a_foreign_case(call: Caller, nour: Staff, proposed: tuple[Case, Case]) -> None:
    _mine, theirs = proposed
    (row,) = call("GET", "/api/v1/incidents/", by=nour).json()["results"]
    for ref in (theirs.ref, "0000000X"):
        for verb, body in (("add", {"case": ref}), ("detach", {"case": ref}), ("join", {"cases": [ref]})):
            problem(call("POST", f"/api/v1/incidents/{row['ref']}/{verb}/", body, by=nour), 404, "not_found")
        problem(call("POST", "/api/v1/incidents/", {"cases": [ref]}, by=nour), 404, "not_found")
    assert set(IncidentMember.objects.values_list("state", flat=True)) == {"proposed"}


def test_join_takes_all_of_mine_that_are_proposed(
    call: Caller, nour: Staff, open_case: OpenCase, sacha: Staff
) -> None:
    same = (LinkFacts(url="https://chatter.example/p/79"),)
    first, second = open_case(links=same), open_case(links=same)
    open_case(links=same, by=sacha)
    ref = Incident.objects.get().ref
    answer = call("POST", f"/api/v1/incidents/{ref}/join/", {}, by=nour).json()
    assert states(answer) == {first.ref: "joined", second.ref: "joined", None: "proposed"}


def test_cases_are_grouped_by_hand_and_once(call: Caller, nour: Staff, open_case: OpenCase) -> None:
    one, two = open_case(links=()), open_case(links=())
    key = str(uuid4())
    body = {"cases": [one.ref, two.ref.lower()], "title": "The wall"}
    answers = [call("POST", "/api/v1/incidents/", body, by=nour, key=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    incident = Incident.objects.get()
    assert states(answers[0].json()) == {one.ref: "joined", two.ref: "joined"}
    assert desk.opened_title(incident) == "The wall"
    assert b"wall" not in answers[0].content


@pytest.mark.parametrize("body", [{}, {"cases": []}, {"cases": "K3F9"}, {"cases": [1, None]}])
def test_a_group_of_nothing_is_refused(call: Caller, nour: Staff, body: Any) -> None:
    problem(call("POST", "/api/v1/incidents/", body, by=nour), 400, "invalid")


def test_an_erased_case_is_not_grouped(call: Caller, nour: Staff, open_case: OpenCase) -> None:
    case = open_case()
    reports.erase_report(report=case.report, by="young-person", at=NOON)
    problem(call("POST", "/api/v1/incidents/", {"cases": [case.ref]}, by=nour), 409, "erased")


def test_an_incident_without_my_cases_is_not_there(
    call: Caller, proposed: tuple[Case, Case], make_staff: Callable[..., Staff]
) -> None:
    stranger = make_staff("lou", "counsellor")
    incident = Incident.objects.get()
    assert call("GET", "/api/v1/incidents/", by=stranger).json() == {"results": [], "next": None}
    problem(call("GET", f"/api/v1/incidents/{incident.ref}/", by=stranger), 404, "not_found")


def test_reading_one_is_recorded(call: Caller, nour: Staff, proposed: tuple[Case, Case]) -> None:
    incident = Incident.objects.get()
    call("GET", f"/api/v1/incidents/{incident.ref}/", by=nour)
    assert AuditRow.objects.get(verb="incident.read").object_id == str(incident.pk)


def test_one_costs_the_same_with_three_cases_and_with_sixty(
    call: Caller, nour: Staff, open_case: OpenCase
) -> None:
    same = (LinkFacts(url="https://chatter.example/p/80"),)

    def cost() -> int:
        address = f"/api/v1/incidents/{Incident.objects.get().ref}/"
        call("GET", address, by=nour)
        with CaptureQueriesContext(connection) as asked:
            assert call("GET", address, by=nour).status_code == 200
        return len(asked)

    for _ in range(3):
        open_case(links=same)
    few = cost()
    for _ in range(57):
        open_case(links=same)
    assert cost() == few
