"""The desk's calls: queue, reports, cases."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases import actions as casework
from cases import queue
from cases.models import Case
from cases.states import CaseStatus
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.audit.models import AuditRow
from helpline.platforms.models import Platform
from reports import actions as reports
from reports.actions import LinkFacts
from reports.models import Message, Report
from reports.states import Circumstance, Kind
from tests.api.conftest import Caller, problem
from tests.cast import NOON

Tell = Callable[..., tuple[Report, str]]
OpenCase = Callable[..., Case]


# --- who may come in ----------------------------------------------------------------------------------


def test_without_a_token_nobody_comes_in(call: Caller) -> None:
    for path in ("/api/v1/cases/", "/api/v1/takedowns/", "/api/v1/reports/", "/api/v1/statistics/"):
        response = call("GET", path)
        problem(response, 401, "not_authenticated")
        assert response["WWW-Authenticate"] == "Bearer"


def test_a_token_that_is_wrong_revoked_expired_or_of_a_disabled_person_opens_nothing(
    call: Caller, nour: Staff
) -> None:
    token = call.token(nour)
    row = nour.tokens.get()
    assert call("GET", "/api/v1/cases/", token=token).status_code == 200
    problem(call("GET", "/api/v1/cases/", token=token + "x"), 401, "bad_token")
    problem(call("GET", "/api/v1/cases/", token="a b"), 401, "bad_token")
    problem(call("GET", "/api/v1/cases/", token="é"), 401, "bad_token")
    row.expires_at = NOON - timedelta(days=400)
    row.save()
    problem(call("GET", "/api/v1/cases/", token=token), 401, "bad_token")
    row.expires_at, row.revoked_at = None, NOON
    row.save()
    problem(call("GET", "/api/v1/cases/", token=token), 401, "bad_token")
    row.revoked_at = None
    row.save()
    nour.is_active = False
    nour.save()
    problem(call("GET", "/api/v1/cases/", token=token), 401, "bad_token")


def test_a_token_narrows_what_its_holder_may(
    call: Caller, maud: Staff, sacha: Staff, open_case: OpenCase
) -> None:
    """Given a supervisor's token for own cases only, then a case of another team is not there."""
    case = open_case(by=sacha)
    narrow = call.token(maud, scopes=[Permission.CASES_OWN])
    assert call("GET", f"/api/v1/cases/{case.ref}/", by=maud).status_code == 200
    problem(call("GET", f"/api/v1/cases/{case.ref}/", token=narrow), 404, "not_found")
    assert call("GET", "/api/v1/cases/", token=narrow).json()["results"] == []
    assert maud.role.permissions == Staff.objects.get(pk=maud.pk).role.permissions


# --- the queue ----------------------------------------------------------------------------------------


def test_the_most_urgent_comes_first_with_its_reasons(call: Caller, nour: Staff, tell: Tell) -> None:
    # given
    calm, _code = tell(kind=Kind.UNSURE)
    urgent, _code = tell(circumstances=(Circumstance.SELF_HARM,), at=NOON + timedelta(hours=1))
    queue.add_new_reports(at=NOON)
    # when
    rows = call("GET", "/api/v1/reports/", by=nour).json()["results"]
    # then
    assert [row["id"] for row in rows] == [str(urgent.pk), str(calm.pk)]
    assert rows[0]["status"] == "submitted"
    assert rows[0]["danger"] is True
    assert rows[0]["priority"] == sum(reason["points"] for reason in rows[0]["reasons"]) > rows[1]["priority"]
    assert rows[0]["reasons"][0]["code"] == "self-harm"
    assert rows[0]["reasons"][0]["text"]


def test_the_list_opens_nothing(call: Caller, nour: Staff, tell: Tell) -> None:
    tell(story="only between us", school="Rivermouth")
    queue.add_new_reports(at=NOON)
    response = call("GET", "/api/v1/reports/", by=nour)
    assert len(response.json()["results"]) == 1
    assert b"only between us" not in response.content
    assert b"chatter.example" not in response.content
    assert not AuditRow.objects.filter(verb="report.read").exists()


@pytest.mark.parametrize("query", ["view=all", "kind=x", "age_range=1", "language=xx", "danger=maybe"])
def test_a_filter_that_is_none_is_refused(call: Caller, nour: Staff, query: str) -> None:
    body = problem(call("GET", f"/api/v1/reports/?{query}", by=nour), 400, "invalid")
    assert list(body["errors"]) == [query.partition("=")[0]]


def test_filters_narrow_the_queue(call: Caller, nour: Staff, tell: Tell, open_case: OpenCase) -> None:
    tell(kind=Kind.THREAT)
    tell(kind=Kind.DEEPNUDE)
    case = open_case()
    queue.add_new_reports(at=NOON)

    def found(query: str) -> list[Any]:
        rows: list[Any] = call("GET", f"/api/v1/reports/?{query}", by=nour).json()["results"]
        return rows

    assert len(found("")) == 2
    assert [row["kind"] for row in found("kind=threat")] == ["threat"]
    assert [(row["status"], row["case"]) for row in found("view=mine")] == [("in-case", case.ref)]


def test_a_case_of_others_is_not_in_the_queue(
    call: Caller, sacha: Staff, nour: Staff, open_case: OpenCase
) -> None:
    case = open_case(by=nour)

    def refs(by: Staff) -> list[Any]:
        return [row["case"] for row in call("GET", "/api/v1/reports/?view=open", by=by).json()["results"]]

    assert (refs(nour), refs(sacha)) == ([case.ref], [])


# --- one report ---------------------------------------------------------------------------------------


def test_a_report_is_opened_and_that_is_recorded(call: Caller, nour: Staff, tell: Tell) -> None:
    report, _code = tell(story="what happened", school="Rivermouth")
    body = call("GET", f"/api/v1/reports/{report.pk}/", by=nour).json()
    assert (body["story"], body["school"], body["case"]) == ("what happened", "Rivermouth", None)
    assert body["links"][0]["url"] == "https://chatter.example/p/1"
    assert body["safe_contact"] == {"via": "none"}
    assert body["priority"] >= 0
    line = AuditRow.objects.get(verb="report.read")
    assert (line.actor, line.object_id) == (f"staff:{nour.pk}", str(report.pk))


def test_a_report_of_a_foreign_case_is_not_there(
    call: Caller, nour: Staff, sacha: Staff, open_case: OpenCase
) -> None:
    case = open_case(by=nour)
    assert call("GET", f"/api/v1/reports/{case.report_id}/", by=nour).json()["case"] == case.ref
    foreign = call("GET", f"/api/v1/reports/{case.report_id}/", by=sacha)
    invented = call("GET", f"/api/v1/reports/{uuid4()}/", by=sacha)
    problem(foreign, 404, "not_found")
    assert foreign.content == invented.content


def test_an_erased_report_has_no_words_left(call: Caller, nour: Staff, tell: Tell) -> None:
    report, _code = tell()
    reports.erase_report(report=report, by="young-person", at=NOON)
    body = call("GET", f"/api/v1/reports/{report.pk}/", by=nour).json()
    assert (body["status"], body["story"], body["links"][0]["url"]) == ("erased", "", "")
    problem(call("POST", "/api/v1/cases/", {"report": str(report.pk)}, by=nour), 409, "erased")


# --- cases --------------------------------------------------------------------------------------------


def test_a_report_becomes_a_case_once(call: Caller, nour: Staff, maud: Staff, tell: Tell) -> None:
    # given
    report, _code = tell(story="what happened")
    # when
    opened = call("POST", "/api/v1/cases/", {"report": str(report.pk)}, by=nour)
    again = call("POST", "/api/v1/cases/", {"report": str(report.pk)}, by=maud)
    # then
    assert opened.status_code == 201
    body = opened.json()
    assert (body["status"], body["report"], body["told"]["story"]) == (
        "open",
        str(report.pk),
        "what happened",
    )
    assert body["assignee"]["username"] == "nour"
    assert body["links"][0]["url"] == "https://chatter.example/p/1"
    assert {"id", "url", "platform", "status"} <= set(body["links"][0])
    assert problem(again, 409, "already_open")["case"] == body["ref"]
    assert Case.objects.count() == 1


@pytest.mark.parametrize("is_erased", [False, True])
def test_a_report_that_is_another_teams_case_looks_like_an_invented_one(
    is_erased: bool, call: Caller, nour: Staff, sacha: Staff, tell: Tell
) -> None:
    report, _code = tell()
    opened = call("POST", "/api/v1/cases/", {"report": str(report.pk)}, by=nour)
    if is_erased:
        reports.erase_report(report=report, by="young-person", at=NOON)

    foreign = call("POST", "/api/v1/cases/", {"report": str(report.pk)}, by=sacha)
    invented = call("POST", "/api/v1/cases/", {"report": str(uuid4())}, by=sacha)

    assert opened.status_code == 201
    assert (foreign.status_code, foreign.content) == (404, invented.content)


def test_an_answer_that_is_a_case_is_a_reading(call: Caller, nour: Staff, tell: Tell) -> None:
    report, _code = tell()
    ref = call("POST", "/api/v1/cases/", {"report": str(report.pk)}, by=nour).json()["ref"]
    read = AuditRow.objects.filter(verb="case.read", actor=f"staff:{nour.pk}")
    assert read.count() == 1

    call("POST", f"/api/v1/cases/{ref}/close/", {"outcome": "advice"}, by=nour)
    call("POST", f"/api/v1/cases/{ref}/reopen/", {}, by=nour)

    assert read.count() == 3


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 400), ({"report": "x"}, 400), ({"report": str(uuid4())}, 404), ([], 400), ("x", 400)],
)
def test_only_a_report_becomes_a_case(call: Caller, nour: Staff, body: Any, status: int) -> None:
    assert call("POST", "/api/v1/cases/", body, by=nour).status_code == status


def test_own_and_team_cases_are_listed_the_last_changed_first(
    call: Caller, nour: Staff, maud: Staff, sacha: Staff, open_case: OpenCase
) -> None:
    mine = open_case(at=NOON)
    teams = open_case(by=maud, at=NOON + timedelta(hours=1))
    others = open_case(by=sacha, at=NOON + timedelta(hours=2))

    def refs(by: Staff, query: str = "") -> list[str]:
        response = call("GET", f"/api/v1/cases/{query}", by=by)
        assert b"chatter.example" not in response.content
        return [row["ref"] for row in response.json()["results"]]

    assert refs(nour) == [teams.ref, mine.ref]
    assert refs(nour, "?mine=1") == [mine.ref]
    assert refs(sacha) == [others.ref]
    assert refs(maud) == [others.ref, teams.ref, mine.ref]
    assert refs(maud, "?status=closed") == []
    problem(call("GET", "/api/v1/cases/?status=x", by=maud), 400, "invalid")


def test_a_foreign_case_is_not_there_whatever_is_tried(
    call: Caller, nour: Staff, sacha: Staff, open_case: OpenCase
) -> None:
    case = open_case(by=nour)
    calls: list[tuple[str, str, Any]] = [
        ("GET", "", None),
        ("POST", "assign/", {"to": "sacha"}),
        ("POST", "notes/", {"text": "x"}),
        ("POST", "messages/", {"text": "x"}),
        ("POST", "close/", {"outcome": "advice"}),
        ("POST", "reopen/", None),
        ("POST", "takedowns/", {"links": [str(uuid4())]}),
    ]
    for method, rest, body in calls:
        foreign = call(method, f"/api/v1/cases/{case.ref}/{rest}", body, by=sacha)
        invented = call(method, f"/api/v1/cases/0000000X/{rest}", body, by=sacha)
        problem(foreign, 404, "not_found")
        assert foreign.content == invented.content
    case.refresh_from_db()
    assert (case.status, case.assignee, case.notes.count()) == (CaseStatus.OPEN, nour, 0)
    assert not Message.objects.exists()


def test_reading_a_case_is_recorded(call: Caller, nour: Staff, open_case: OpenCase) -> None:
    case = open_case()
    assert call("GET", f"/api/v1/cases/{case.ref.lower()}/", by=nour).status_code == 200
    assert AuditRow.objects.get(verb="case.read").object_id == str(case.pk)


def test_a_case_goes_its_way(
    call: Caller, nour: Staff, sacha: Staff, maud: Staff, open_case: OpenCase
) -> None:
    # given
    case = open_case()
    path = f"/api/v1/cases/{case.ref}/"
    # when
    note = call("POST", f"{path}notes/", {"text": "Called the school."}, by=nour)
    message = call("POST", f"{path}messages/", {"text": "We are on it."}, by=nour)
    closed = call("POST", f"{path}close/", {"outcome": "not_removed"}, by=nour)
    closed_again = call("POST", f"{path}close/", {"outcome": "advice"}, by=nour)
    reopened = call("POST", f"{path}reopen/", by=nour)
    reopened_again = call("POST", f"{path}reopen/", by=nour)
    assigned = call("POST", f"{path}assign/", {"to": "sacha"}, by=maud)
    # then
    assert (note.status_code, note.json()["text"], note.json()["by"]["username"]) == (
        201,
        "Called the school.",
        "nour",
    )
    assert (message.status_code, message.json()["from"]) == (201, "helpline")
    assert (closed.json()["status"], closed.json()["outcome"]) == ("closed", "not-removed")
    problem(closed_again, 409, "forbidden_move")
    assert (reopened.json()["status"], reopened.json()["outcome"]) == ("open", "")
    problem(reopened_again, 409, "forbidden_move")
    assert assigned.json()["assignee"]["username"] == "sacha"
    seen = call("GET", path, by=sacha).json()
    assert [one["text"] for one in seen["notes"]] == ["Called the school."]
    assert [one["text"] for one in seen["messages"]] == ["We are on it."]
    happened = [one["what"] for one in seen["timeline"]]
    assert happened == ["opened", "noted", "messaged", "closed", "reopened", "assigned"]


@pytest.mark.parametrize(
    ("rest", "body", "field"),
    [
        ("assign/", {}, "to"),
        ("assign/", {"to": "nobody"}, "to"),
        ("assign/", {"to": "anouk"}, "to"),
        ("assign/", {"to": "a\0b"}, "to"),
        ("notes/", {}, "text"),
        ("notes/", {"text": ""}, "text"),
        ("notes/", {"text": "x" * 20_001}, "text"),
        ("notes/", {"text": "\ud800"}, "text"),
        ("messages/", {"text": {}}, "text"),
        ("close/", {}, "outcome"),
        ("close/", {"outcome": "vanished"}, "outcome"),
        ("close/", {"outcome": ["gone"]}, "outcome"),
        ("takedowns/", {}, "links"),
        ("takedowns/", {"links": ["x"]}, "links[0]"),
        ("takedowns/", {"link": str(uuid4())}, "links"),
    ],
)
def test_bad_input_is_named(
    call: Caller, nour: Staff, anouk: Staff, open_case: OpenCase, rest: str, body: Any, field: str
) -> None:
    case = open_case()
    found = problem(call("POST", f"/api/v1/cases/{case.ref}/{rest}", body, by=nour), 400, "invalid")
    assert list(found["errors"]) == [field]


def test_an_erased_case_can_be_seen_and_not_worked_on(call: Caller, nour: Staff, open_case: OpenCase) -> None:
    case = open_case(story="what happened")
    reports.erase_report(report=case.report, by="young-person", at=NOON)
    for forgotten in (False, True):
        if forgotten:
            casework.follow_erasures(at=NOON)
        body = call("GET", f"/api/v1/cases/{case.ref}/", by=nour).json()
        assert (body["told"]["status"], body["told"]["story"], body["links"][0]["url"]) == ("erased", "", "")
        problem(call("POST", f"/api/v1/cases/{case.ref}/notes/", {"text": "x"}, by=nour), 409, "erased")
        problem(call("POST", f"/api/v1/cases/{case.ref}/messages/", {"text": "x"}, by=nour), 409, "erased")


# --- what it costs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/api/v1/reports/?view=open", "/api/v1/cases/", "/api/v1/incidents/", "/api/v1/takedowns/"]
)
def test_a_list_costs_the_same_at_any_length(
    call: Caller, nour: Staff, maud: Staff, open_case: OpenCase, chatter: Platform, path: str
) -> None:
    def add(count: int, start: int) -> None:
        from cases.takedowns.actions import request_takedown

        for number in range(start, start + count):
            links = tuple(LinkFacts(url=f"https://chatter.example/p/{number}/{part}") for part in (1, 2))
            case = open_case(links=(*links, LinkFacts(url="https://chatter.example/p/same")), by=nour)
            request_takedown(case=case, links=list(case.report.links.all()[:2]), by=nour, at=NOON)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert call("GET", path, by=nour).status_code == 200
        return len(seen)

    add(2, 0)
    call("GET", path, by=nour)
    few = queries()
    add(8, 2)
    assert queries() == few <= 4
