"""Every error of the API is a problem with a stable code."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory
from rest_framework import exceptions

from helpline.accounts.models import Staff
from helpline.web import flood, problems
from helpline.web.flood import Gate
from helpline.web.problems import Problem, flatten
from tests.api.conftest import REPORT, Caller, problem


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v1/", "/api/v2/reports/", "/api/v1/nothing/", "/api/v1/cases/a/b/c/"]
)
def test_an_address_that_is_none(call: Caller, path: str) -> None:
    for method in ("GET", "POST"):
        problem(call(method, path), 404, "not_found")


def test_a_method_that_is_none(call: Caller, nour: Staff) -> None:
    response = call("PUT", "/api/v1/follow/")
    problem(response, 405, "method_not_allowed")
    assert response["Allow"] == "GET, DELETE, HEAD, OPTIONS"
    problem(call("DELETE", "/api/v1/cases/", by=nour), 405, "method_not_allowed")
    problem(call("OPTIONS", "/api/v1/follow/"), 405, "method_not_allowed")


def test_an_answer_nobody_can_give(call: Caller, nour: Staff) -> None:
    problem(call("GET", "/api/v1/cases/", by=nour, Accept="image/png"), 406, "not_acceptable")


def test_a_fault_of_ours_tells_nothing_of_itself(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**kwargs: Any) -> None:
        raise RuntimeError("a child's words")

    monkeypatch.setattr("reports.actions.submit_report", broken)
    call.client.raise_request_exception = False
    response = call("POST", "/api/v1/reports/", REPORT)
    problem(response, 500, "server_error")
    assert b"words" not in response.content


def test_a_host_that_is_not_ours(db: None) -> None:
    response = Client(headers={"Host": "evil.test"}).get("/api/v1/follow/")
    problem(response, 400, "bad_request")


def test_pages_keep_their_own_errors(db: None) -> None:
    assert Client().get("/nothing/")["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (exceptions.ParseError(), 400, "malformed_json"),
        (exceptions.NotAuthenticated(), 401, "not_authenticated"),
        (exceptions.AuthenticationFailed(), 401, "bad_token"),
        (exceptions.Throttled(wait=3.2), 429, "throttled"),
        (exceptions.APIException(), 500, "bad_request"),
        (PermissionDenied(), 403, "permission_denied"),
        (Problem(418, "teapot", "…"), 418, "teapot"),
    ],
)
def test_every_exception_has_its_code(error: Exception, status: int, code: str) -> None:
    response = problems.handle(error, {})
    assert response is not None
    assert response.data is not None
    assert (response.status_code, response.data["code"]) == (status, code)


def test_how_long_to_wait_is_said() -> None:
    response = problems.handle(exceptions.Throttled(wait=3.2), {})
    assert response is not None
    assert response.headers["Retry-After"] == "4"


def test_what_is_not_known_is_left_to_django() -> None:
    assert problems.handle(RuntimeError(), {}) is None


def test_nested_errors_get_flat_names() -> None:
    nested = {
        "a": ["x"],
        "b": {"c": ["y"]},
        "d": [{}, {"e": ["z"]}],
        "f": {0: ["v"]},
        "non_field_errors": ["w"],
    }
    assert flatten(nested) == {"a": ["x"], "b.c": ["y"], "d[1].e": ["z"], "f[0]": ["v"], "body": ["w"]}


# --- a flood ---------------------------------------------------------------------------------------------------------


def test_one_address_is_slowed_down_and_others_are_not() -> None:
    gate = Gate(3)
    assert [gate.count("192.0.2.1", now=0) for _one in range(9)] == [
        0
    ] * 9  # no public address: perhaps our proxy
    assert [bool(gate.count("8.8.8.8", now=1)) for _one in range(5)] == [False, False, False, True, True]
    assert gate.count("8.8.4.4", now=1) == 0
    assert 0 < gate.count("8.8.8.8", now=30) <= 60
    assert gate.count("8.8.8.8", now=61) == 0


def test_a_network_of_ipv6_is_one_address() -> None:
    gate = Gate(1)
    assert gate.count("2a00:1450:4007:80c::1", now=0) == 0
    assert gate.count("2a00:1450:4007:80c::2", now=0) > 0
    assert gate.count("2a00:1450:4007:80d::2", now=0) == 0


def test_no_address_is_kept() -> None:
    gate = Gate(1)
    gate.count("8.8.8.8", now=0)
    assert b"\x08\x08\x08\x08" not in b"".join(gate._counts)
    assert "8.8.8.8" not in repr(vars(gate))


def test_a_flood_from_everywhere_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flood, "MOST_ADDRESSES", 3)
    gate = Gate(1)
    assert [gate.count(f"8.8.8.{number}", now=0) for number in range(9)] == [0] * 9
    assert len(gate._counts) == 3


@pytest.mark.parametrize("address", ["", "unknown", "10.0.0.1", "127.0.0.1", "::1", "fe80::1", "203.0.113.9"])
def test_what_can_not_be_counted_comes_in(address: str) -> None:
    gate = Gate(1)
    assert [gate.count(address, now=0) for _one in range(3)] == [0, 0, 0]


def test_the_address_is_told_by_our_own_proxies_only(settings: Any) -> None:
    request = RequestFactory().get(
        "/", REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": "6.6.6.6, 8.8.8.8"}
    )
    settings.TRUSTED_PROXIES = 0
    assert flood.address_of(request) == "10.0.0.1"
    settings.TRUSTED_PROXIES = 1
    assert flood.address_of(request) == "8.8.8.8"
    settings.TRUSTED_PROXIES = 3
    assert flood.address_of(request) == "10.0.0.1"


def test_a_flood_of_reports_is_asked_to_wait(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.api.INTAKE_GATE", Gate(2))
    call.client.defaults["REMOTE_ADDR"] = "8.8.8.8"
    codes = [call("POST", "/api/v1/reports/", REPORT).status_code for _one in range(3)]
    assert codes == [201, 201, 429]
    assert int(call("POST", "/api/v1/reports/", REPORT)["Retry-After"]) > 0
    call.client.defaults["REMOTE_ADDR"] = "8.8.4.4"
    assert call("POST", "/api/v1/reports/", REPORT).status_code == 201
