"""The takedowns' calls."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from cases.models import Case
from cases.takedowns import actions
from cases.takedowns.models import Event, Notice, Takedown
from cases.takedowns.states import Outcome, Source, Status
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.platforms.models import Channel, Platform
from reports import actions as reports
from reports.actions import LinkFacts
from reports.models import Link
from tests.api.conftest import Caller, problem
from tests.cast import NOON

OpenCase = Callable[..., Case]


def link_of(case: Case, position: int = 1) -> str:
    return str(case.report.links.get(position=position).pk)


@pytest.fixture
def case(open_case: OpenCase, chatter: Platform) -> Case:
    """A case of Nour's with one link on Chatter."""
    return open_case()


@pytest.fixture
def takedown(case: Case, nour: Staff) -> Takedown:
    """Its link asked of Chatter, queued."""
    return actions.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=NOON)[0]


@pytest.fixture
def sent(takedown: Takedown) -> Takedown:
    """The same, sent."""
    takedown.move(Status.SENDING, at=NOON)
    actions.mark_sent(takedown, at=NOON)
    takedown.save()
    return takedown


# --- asking ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["link", "links"])
def test_a_link_is_asked_for_once(call: Caller, nour: Staff, case: Case, name: str) -> None:
    # given
    path = f"/api/v1/cases/{case.ref}/takedowns/"
    link = link_of(case)
    body = {name: [link] if name == "links" else link, "channel": "chatter", "regimes": ["eu_dsa_16"]}
    # when
    made = call("POST", path, body, by=nour)
    again = call("POST", path, body, by=nour)
    # then
    assert made.status_code == 201
    (row,) = made.json()["takedowns"]
    assert (row["link"], row["status"], row["case"], row["channel"]["slug"]) == (
        link,
        "queued",
        case.ref,
        "chatter",
    )
    assert row["regimes"] == ["eu-dsa-16"]
    assert (
        row["sent"]["at"],
        row["transport"]["result"],
        row["platform"]["says"],
        row["observed"]["seen"],
    ) == (None, "", "", "")
    assert problem(again, 409, "already_requested")["takedown"] == row["id"]
    assert Takedown.objects.count() == 1


def test_a_platform_without_a_channel_is_named(call: Caller, nour: Staff, case: Case) -> None:
    Channel.objects.update(enabled=False)
    response = call("POST", f"/api/v1/cases/{case.ref}/takedowns/", {"link": link_of(case)}, by=nour)
    assert problem(response, 409, "no_channel")["platform"] == "chatter"
    assert not Notice.objects.exists()


def test_a_weak_notice_is_stopped_with_how_to_mend_it(
    call: Caller, nour: Staff, case: Case, settings: Any
) -> None:
    settings.NOTIFIER = {**settings.NOTIFIER, "email": ""}
    response = call("POST", f"/api/v1/cases/{case.ref}/takedowns/", {"link": link_of(case)}, by=nour)
    (finding,) = problem(response, 422, "weak_notice")["findings"]
    assert finding["code"] == "no_notifier"
    assert finding["message"] and finding["mend"]
    assert not Takedown.objects.exists()


def test_a_notice_goes_to_no_other_platform(
    call: Caller, nour: Staff, case: Case, pixboard: Platform
) -> None:
    body = {"link": link_of(case), "channel": "pixboard"}
    response = call("POST", f"/api/v1/cases/{case.ref}/takedowns/", body, by=nour)
    assert list(problem(response, 400, "invalid")["errors"]) == ["channel"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"channel": "nobody"}, "channel"),
        ({"channel": 5}, "channel"),
        ({"channel": {"slug": "chatter"}}, "channel"),
        ({"regimes": ["mars"]}, "regimes[0]"),
        ({"regimes": "eu-dsa-16"}, "regimes"),
        ({"regimes": [[]]}, "regimes[0]"),
    ],
)
def test_what_can_not_be_asked_is_named(
    call: Caller, nour: Staff, case: Case, change: dict[str, Any], field: str
) -> None:
    body = {"link": link_of(case)} | change
    response = call("POST", f"/api/v1/cases/{case.ref}/takedowns/", body, by=nour)
    assert list(problem(response, 400, "invalid")["errors"]) == [field]


def test_a_link_of_another_case_is_none_of_this_one(
    call: Caller, nour: Staff, case: Case, open_case: OpenCase
) -> None:
    other = open_case()
    response = call("POST", f"/api/v1/cases/{case.ref}/takedowns/", {"link": link_of(other)}, by=nour)
    assert list(problem(response, 400, "invalid")["errors"]) == ["links"]
    assert not Takedown.objects.exists()


def test_what_the_young_person_withdrew_is_not_asked_for(call: Caller, nour: Staff, case: Case) -> None:
    reports.withdraw(report=case.report, links=list(case.report.links.all()), at=NOON)
    response = call("POST", f"/api/v1/cases/{case.ref}/takedowns/", {"link": link_of(case)}, by=nour)
    problem(response, 409, "withdrawn")
    assert not Takedown.objects.exists()


def test_all_or_none(call: Caller, nour: Staff, open_case: OpenCase, chatter: Platform) -> None:
    """Given one link that can be asked for and one that cannot, then nothing is asked for."""
    case = open_case(
        links=(LinkFacts(url="https://chatter.example/p/1"), LinkFacts(url="https://nowhere.test/x"))
    )
    links = [link_of(case, 1), link_of(case, 2)]
    problem(
        call("POST", f"/api/v1/cases/{case.ref}/takedowns/", {"links": links}, by=nour), 409, "no_channel"
    )
    assert not Takedown.objects.exists()


# --- reading ---------------------------------------------------------------------------------------------------------


def test_the_four_truths_stand_apart(call: Caller, nour: Staff, sent: Takedown) -> None:
    # given
    later = NOON + timedelta(minutes=3)
    actions.record_outcome(
        takedown=sent,
        outcome=Outcome.REMOVED,
        source=Source.CALLBACK,
        at=later,
        recorded_at=later,
        words="It broke our rules.",
    )
    # when
    body = call("GET", f"/api/v1/takedowns/{sent.pk}/", by=nour).json()
    # then
    assert body["status"] == "removed"
    assert datetime.fromisoformat(body["sent"]["at"]) == NOON
    assert body["transport"]["result"] == "accepted"
    assert (body["platform"]["slug"], body["platform"]["says"]) == ("chatter", "removed")
    assert body["observed"] | {"next_look_at": None} == {
        "seen": "",
        "at": None,
        "gone_since": None,
        "reappeared_at": None,
        "next_look_at": None,
    }
    assert body["location"]["url"] == "https://chatter.example/p/1"
    assert [(one["what"], one["words"]) for one in body["timeline"]] == [
        ("queued", ""),
        ("removed", "It broke our rules."),
    ]
    assert AuditRow.objects.filter(verb="case.read", object_id=str(sent.case_id)).exists()


def test_the_list_is_filtered_and_shows_no_address(
    call: Caller, nour: Staff, sacha: Staff, sent: Takedown, open_case: OpenCase
) -> None:
    other = open_case(links=(LinkFacts(url="https://chatter.example/p/other"),))
    queued = actions.request_takedown(
        case=other, links=list(other.report.links.all()), by=nour, at=NOON + timedelta(hours=1)
    )[0]

    def ids(query: str = "", by: Staff = nour) -> list[str]:
        response = call("GET", f"/api/v1/takedowns/{query}", by=by)
        assert b"chatter.example" not in response.content
        return [row["id"] for row in response.json()["results"]]

    assert ids() == [str(queued.pk), str(sent.pk)]
    assert ids("?status=sent") == [str(sent.pk)]
    assert ids(f"?case={sent.case.ref.lower()}") == [str(sent.pk)]
    assert ids("?platform=chatter&status=queued") == [str(queued.pk)]
    assert ids("?platform=nobody") == []
    assert ids(by=sacha) == []
    problem(call("GET", "/api/v1/takedowns/?status=x", by=nour), 400, "invalid")
    problem(call("GET", "/api/v1/takedowns/?case=%00", by=nour), 400, "invalid")


def test_a_foreign_takedown_is_not_there_whatever_is_tried(
    call: Caller, sacha: Staff, takedown: Takedown
) -> None:
    calls: list[tuple[str, str, Any]] = [
        ("GET", "", None),
        ("POST", "outcome/", {"outcome": "removed"}),
        ("POST", "filed/", {"reference": "x"}),
        ("POST", "cancel/", None),
        ("POST", "retry/", None),
        ("POST", "resolve-unknown/", {"was_sent": True}),
    ]
    for method, rest, body in calls:
        foreign = call(method, f"/api/v1/takedowns/{takedown.pk}/{rest}", body, by=sacha)
        invented = call(method, f"/api/v1/takedowns/{uuid4()}/{rest}", body, by=sacha)
        problem(foreign, 404, "not_found")
        assert foreign.content == invented.content
    takedown.refresh_from_db()
    assert (takedown.status, Event.objects.count()) == (Status.QUEUED, 1)


# --- deciding --------------------------------------------------------------------------------------------------------


def test_an_outcome_is_recorded_by_hand(call: Caller, nour: Staff, sent: Takedown) -> None:
    path = f"/api/v1/takedowns/{sent.pk}/"
    body = {
        "outcome": "refused",
        "reason": "Told on the phone.",
        "at": "2026-03-03T10:00:00Z",
        "redress_until": "2026-09-03",
    }
    seen = call("POST", f"{path}outcome/", body, by=nour).json()
    assert (seen["status"], seen["platform"]["says"], seen["platform"]["redress_until"]) == (
        "refused",
        "refused",
        "2026-09-03",
    )
    line = seen["timeline"][-1]
    assert (line["source"], line["by"]["username"], line["words"]) == ("person", "nour", "Told on the phone.")
    assert datetime.fromisoformat(line["at"]) == datetime(2026, 3, 3, 10, tzinfo=UTC)


def test_nothing_is_recorded_before_it_left(call: Caller, nour: Staff, takedown: Takedown) -> None:
    response = call("POST", f"/api/v1/takedowns/{takedown.pk}/outcome/", {"outcome": "removed"}, by=nour)
    problem(response, 409, "forbidden_move")
    assert Event.objects.filter(takedown=takedown).count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "outcome"),
        ({"outcome": "vanished"}, "outcome"),
        ({"outcome": "removed", "at": "2999-01-01T00:00:00Z"}, "at"),
        ({"outcome": "removed", "at": "0001-01-01T00:00:00Z"}, "at"),
        ({"outcome": "removed", "at": "9999-12-31T23:59:59-12:00"}, "at"),
        ({"outcome": "removed", "at": "soon"}, "at"),
        ({"outcome": "removed", "reason": "x" * 4001}, "reason"),
        ({"outcome": "removed", "redress_until": "never"}, "redress_until"),
    ],
)
def test_an_outcome_that_can_not_be_is_named(
    call: Caller, nour: Staff, sent: Takedown, body: Any, field: str
) -> None:
    response = call("POST", f"/api/v1/takedowns/{sent.pk}/outcome/", body, by=nour)
    assert list(problem(response, 400, "invalid")["errors"]) == [field]


def test_a_form_filed_by_hand_counts_as_sent(
    call: Caller, nour: Staff, open_case: OpenCase, snaproom: Platform
) -> None:
    case = open_case(links=(LinkFacts(url="https://snaproom.example/p/1"),))
    (row,) = call("POST", f"/api/v1/cases/{case.ref}/takedowns/", {"link": link_of(case)}, by=nour).json()[
        "takedowns"
    ]
    assert row["status"] == "to_file"
    path = f"/api/v1/takedowns/{row['id']}/filed/"
    filed = call("POST", path, {"reference": "SR-77"}, by=nour).json()
    assert (filed["status"], filed["platform"]["reference"]) == ("sent", "SR-77")
    problem(call("POST", path, {"reference": "SR-78"}, by=nour), 409, "forbidden_move")


def test_it_is_cancelled_before_it_leaves(call: Caller, nour: Staff, takedown: Takedown) -> None:
    path = f"/api/v1/takedowns/{takedown.pk}/cancel/"
    assert call("POST", path, by=nour).json()["status"] == "cancelled"
    problem(call("POST", path, by=nour), 409, "forbidden_move")
    assert not Notice.objects.exclude(due_at=None).exists()


def test_what_failed_is_sent_again(call: Caller, nour: Staff, takedown: Takedown) -> None:
    path = f"/api/v1/takedowns/{takedown.pk}/retry/"
    problem(call("POST", path, by=nour), 409, "forbidden_move")
    takedown.move(Status.FAILED, at=NOON)
    takedown.save()
    assert call("POST", path, by=nour).json()["status"] == "queued"


@pytest.mark.parametrize(("was_sent", "status"), [(True, "sent"), (False, "queued")])
def test_an_unknown_one_is_settled(
    call: Caller, nour: Staff, takedown: Takedown, was_sent: bool, status: str
) -> None:
    path = f"/api/v1/takedowns/{takedown.pk}/resolve-unknown/"
    problem(call("POST", path, {"was_sent": was_sent}, by=nour), 409, "forbidden_move")
    for step in (Status.SENDING, Status.UNKNOWN):
        takedown.move(step, at=NOON)
    takedown.save()
    problem(call("POST", path, {}, by=nour), 400, "invalid")
    assert call("POST", path, {"was_sent": was_sent}, by=nour).json()["status"] == status


# --- drafts, and what needs a person ----------------------------------------------------------------------


@pytest.mark.usefixtures("chatter")
def test_a_weak_notice_may_be_kept_as_a_draft_and_checked_again(
    call: Caller, open_case: OpenCase, nour: Staff
) -> None:
    case = open_case(links=(LinkFacts(account="mean", platform="chatter"),))
    Link.objects.update(kind="post")
    path = f"/api/v1/cases/{case.ref}/takedowns/"
    assert call("POST", path, {"link": link_of(case)}, by=nour).status_code == 422
    response = call("POST", path, {"link": link_of(case), "draft": True}, by=nour)
    assert response.status_code == 201
    [made] = response.json()["takedowns"]
    assert made["status"] == "draft"
    checked = call("POST", f"/api/v1/takedowns/{made['id']}/check/", {}, by=nour).json()
    assert (checked["left"], [one["code"] for one in checked["findings"]]) == (False, ["no_url"])
    for wants, count in (("person", 1), ("draft", 1), ("unknown", 0)):
        assert len(call("GET", f"/api/v1/takedowns/?needs={wants}", by=nour).json()["results"]) == count
    assert call("GET", "/api/v1/takedowns/?needs=nothing", by=nour).status_code == 400
    assert (
        call("POST", f"/api/v1/takedowns/{made['id']}/cancel/", {}, by=nour).json()["status"] == "cancelled"
    )
    assert call("POST", f"/api/v1/takedowns/{made['id']}/check/", {}, by=nour).status_code == 409
