"""A program over its limit is told the way in."""

from collections.abc import Callable
from typing import Any

import pytest

from helpline.web.flood import Gate
from reports.models import Message, Report
from tests.api.conftest import REPORT, Caller
from tests.riddles import solve

Call = Callable[..., Any]


@pytest.fixture
def crowded(call: Caller, monkeypatch: pytest.MonkeyPatch) -> Caller:
    """An address that has used up what it may."""
    monkeypatch.setattr("reports.api.INTAKE_GATE", Gate(1))
    call.client.defaults["REMOTE_ADDR"] = "8.8.8.8"
    assert call("POST", "/api/v1/reports/", REPORT).status_code == 201
    return call


def work_for(refused: Any) -> dict[str, str]:
    assert refused.status_code == 429
    told = refused.json()["proof_of_work"]
    assert told.keys() == {"challenge", "bits", "algorithm", "header", "seconds"}
    return {told["header"]: solve(told["challenge"], told["bits"])}


def test_the_answer_lets_one_report_in(crowded: Caller) -> None:
    headers = work_for(crowded("POST", "/api/v1/reports/", REPORT))

    assert crowded("POST", "/api/v1/reports/", REPORT, **headers).status_code == 201
    assert crowded("POST", "/api/v1/reports/", REPORT, **headers).status_code == 429
    assert Report.objects.count() == 2


def test_what_is_wrong_with_a_report_is_still_said(crowded: Caller) -> None:
    headers = work_for(crowded("POST", "/api/v1/reports/", REPORT))

    answer = crowded("POST", "/api/v1/reports/", REPORT | {"kind": "nonsense"}, **headers)

    assert answer.status_code == 400
    assert "kind" in answer.json()["errors"]


def test_a_message_is_let_in_as_well(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.api.WRITING", Gate(0))
    call.client.defaults["REMOTE_ADDR"] = "8.8.8.8"
    code = call("POST", "/api/v1/reports/", REPORT).json()["receipt_code"]

    def write(**headers: str) -> Any:
        return call("POST", "/api/v1/follow/messages/", {"text": "Hello"}, code=code, **headers)

    assert write(**work_for(write())).status_code == 201
    assert Message.objects.count() == 1
