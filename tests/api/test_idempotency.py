"""Writes that may be sent again."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from cases.models import Case
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from helpline.web import idempotency
from helpline.web.models import ApiWrite
from helpline.web.problems import Problem
from helpline.web.tasks import purge_api_writes
from reports.models import Message, Report
from tests.api.conftest import REPORT, Caller, problem
from tests.cast import NOON

OpenCase = Callable[..., Case]


def test_the_same_request_twice_is_done_once_and_answered_alike(call: Caller) -> None:
    # when
    key = str(uuid4())
    first = call("POST", "/api/v1/reports/", REPORT, key=key)
    second = call("POST", "/api/v1/reports/", REPORT, key=key)
    # then
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    assert Report.objects.count() == 1


def test_without_a_key_nothing_is_kept(call: Caller) -> None:
    for _again in range(2):
        assert call("POST", "/api/v1/reports/", REPORT).status_code == 201
    assert (Report.objects.count(), ApiWrite.objects.count()) == (2, 0)


def test_a_key_is_for_one_request(call: Caller) -> None:
    key = str(uuid4())
    call("POST", "/api/v1/reports/", REPORT, key=key)
    other = call("POST", "/api/v1/reports/", REPORT | {"story": "another"}, key=key)
    problem(other, 422, "idempotency_key_reused")
    assert Report.objects.count() == 1


def test_a_refused_request_may_be_corrected_under_its_key(call: Caller) -> None:
    key = str(uuid4())
    problem(call("POST", "/api/v1/reports/", REPORT | {"who": "x"}, key=key), 400, "invalid")
    assert call("POST", "/api/v1/reports/", REPORT, key=key).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\tb"])
def test_a_key_is_a_short_visible_text(call: Caller, key: str) -> None:
    body = problem(call("POST", "/api/v1/reports/", REPORT, key=key), 400, "invalid")
    assert list(body["errors"]) == ["Idempotency-Key"]


def test_what_is_kept_can_not_be_read(call: Caller) -> None:
    """Given the whole table, then neither the code nor the key is in it, and another key opens nothing."""
    key = str(uuid4())
    code = call("POST", "/api/v1/reports/", REPORT, key=key).json()["receipt_code"]
    row = ApiWrite.objects.get()
    kept = b"|".join(
        bytes(value) if isinstance(value, memoryview) else str(value).encode() for value in vars(row).values()
    )
    for secret in (code, code.replace("-", ""), key):
        assert secret.encode() not in kept
    with pytest.raises(Exception, match="does not open"):
        idempotency._box("anyone", str(uuid4())).open(row, "response")


def test_one_persons_key_is_not_anothers(
    call: Caller, nour: Staff, sacha: Staff, open_case: OpenCase
) -> None:
    key = str(uuid4())
    for staff in (nour, sacha):
        case = open_case(by=staff)
        response = call("POST", f"/api/v1/cases/{case.ref}/notes/", {"text": "x"}, by=staff, key=key)
        assert response.status_code == 201
        assert "Idempotency-Replayed" not in response
    assert ApiWrite.objects.count() == 2


def test_every_write_of_the_desk_may_be_repeated(
    call: Caller, nour: Staff, open_case: OpenCase, chatter: Platform
) -> None:
    case = open_case()
    link = str(case.report.links.get().pk)
    for rest, body in (
        ("notes/", {"text": "x"}),
        ("takedowns/", {"link": link}),
        ("close/", {"outcome": "advice"}),
        ("reopen/", None),
    ):
        key = str(uuid4())
        first = call("POST", f"/api/v1/cases/{case.ref}/{rest}", body, by=nour, key=key)
        second = call("POST", f"/api/v1/cases/{case.ref}/{rest}", body, by=nour, key=key)
        assert first.status_code in {200, 201}
        assert (second.status_code, second["Idempotency-Replayed"]) == (first.status_code, "true")
        # Which thing it was about, and none of its words: those are read anew, by who may still read them.
        said, kept = first.json(), second.json()
        assert kept and set(kept) <= {"id", "ref", "status", "takedowns"}
        assert all(said[name] == kept[name] for name in kept if name != "takedowns")


def test_after_an_erasure_a_replay_brings_no_word_back(
    call: Caller, nour: Staff, submit: Callable[..., str]
) -> None:
    code = submit(story="canary-in-the-story")
    report = str(Report.objects.get().pk)
    call("POST", "/api/v1/cases/", {"report": report}, by=nour, key="take")
    call("POST", "/api/v1/follow/messages/", {"text": "canary-in-a-message"}, code=code, key="say")
    assert call("DELETE", "/api/v1/follow/", code=code).status_code == 204
    for answer in (
        call("POST", "/api/v1/cases/", {"report": report}, by=nour, key="take"),
        call("POST", "/api/v1/follow/messages/", {"text": "canary-in-a-message"}, code=code, key="say"),
    ):
        assert b"canary" not in answer.content


def test_an_erasure_that_was_lost_on_its_way_back_may_be_repeated(
    call: Caller, submit: Callable[..., str]
) -> None:
    code, key = submit(), str(uuid4())
    assert call("DELETE", "/api/v1/follow/", code=code, key=key).status_code == 204
    again = call("DELETE", "/api/v1/follow/", code=code, key=key)
    assert (again.status_code, again["Idempotency-Replayed"]) == (204, "true")
    problem(call("DELETE", "/api/v1/follow/", code=code), 404, "unknown_code")


def test_a_code_is_not_kept_with_the_key(call: Caller, submit: Callable[..., str]) -> None:
    code = submit()
    call("POST", "/api/v1/follow/messages/", {"text": "x"}, code=code, key="k")
    actor = ApiWrite.objects.get().actor
    assert actor.startswith("code:")
    assert code not in actor


def test_a_day_later_it_is_forgotten(call: Caller) -> None:
    call("POST", "/api/v1/reports/", REPORT, key="k")
    ApiWrite.objects.update(created_at=timezone.now() - timedelta(hours=25))
    again = call("POST", "/api/v1/reports/", REPORT, key="k")
    assert "Idempotency-Replayed" not in again
    assert Report.objects.count() == 2
    ApiWrite.objects.update(created_at=timezone.now() - timedelta(hours=25))
    ApiWrite.objects.create(actor="x", key=b"1", request=b"2", status=204, created_at=timezone.now())
    purge_api_writes()
    assert ApiWrite.objects.count() == 1


def test_what_failed_on_our_side_leaves_nothing_behind(
    call: Caller, submit: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a fault after the write, then neither the write nor its answer is kept, and it can be tried again."""
    code = submit()
    call.client.raise_request_exception = False
    with monkeypatch.context() as broken:
        broken.setattr("reports.api.MessageSerializer", None)
        failed = call("POST", "/api/v1/follow/messages/", {"text": "x"}, code=code, key="k")
    problem(failed, 500, "server_error")
    assert (Message.objects.count(), ApiWrite.objects.count()) == (0, 0)
    assert call("POST", "/api/v1/follow/messages/", {"text": "x"}, code=code, key="k").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_while_it_is_being_worked_on_the_same_request_waits_outside(call: Caller) -> None:
    """Given a request that has not ended, when it is sent again, then 409; afterwards it is replayed."""
    inside, go_on = threading.Event(), threading.Event()
    seen: list[int] = []

    def slow() -> Any:
        from rest_framework.response import Response

        inside.set()
        go_on.wait(10)
        return Response({"id": 1}, status=201)

    def first() -> None:
        try:
            response = idempotency._once(actor="a", key="k", asked=b"r" * 32, at=NOON, call=slow)
            seen.append(response.status_code)
        finally:
            connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(10)
    try:
        with pytest.raises(Problem) as refused:
            idempotency._once(actor="a", key="k", asked=b"r" * 32, at=NOON, call=slow)
    finally:
        go_on.set()
        thread.join(10)
    assert (refused.value.status_code, refused.value.code) == (409, "in_progress")
    replayed = idempotency._once(
        actor="a", key="k", asked=b"r" * 32, at=NOON, call=lambda: pytest.fail("done twice")
    )
    assert (seen, replayed.status_code, replayed.data) == ([201], 201, {"id": 1})
