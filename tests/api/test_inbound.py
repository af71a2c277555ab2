"""POST /api/v1/inbound/<channel>/: nothing is believed before the signature is."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from cases.takedowns import actions
from cases.takedowns.models import Event, Takedown
from cases.takedowns.states import Status
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from helpline.web.flood import Gate
from tests.api.conftest import Caller, problem
from tests.cast import NOON
from tests.platforms import signatures

SECRET = "in-secret-chatter"
PATH = "/api/v1/inbound/chatter/"


@pytest.fixture
def sent(open_case: Any, chatter: Platform, nour: Staff) -> Takedown:
    """A link asked of Chatter, sent."""
    case = open_case()
    takedown = actions.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=NOON)[0]
    takedown.move(Status.SENDING, at=NOON)
    actions.mark_sent(takedown, at=NOON)
    takedown.save()
    return takedown


def event(takedown: Takedown, status: str = "removed", **changes: Any) -> dict[str, Any]:
    """A callback about this takedown."""
    item = {
        "item_id": str(takedown.pk),
        "status": status,
        "decision_visibility": "DECISION_VISIBILITY_CONTENT_REMOVED",
        "decision_account": None,
        "reason": "It broke our rules.",
        "redress_until": None,
        "decided_at": (timezone.now() - timedelta(minutes=1)).isoformat(),
    }
    return {
        "schema": "takedown-outcome/1",
        "event_id": str(uuid4()),
        "notice_id": str(takedown.notice_id),
        "reference": "CH-1",
        "sent_at": timezone.now().isoformat(),
        "items": [item | changes.pop("item", {})],
    } | changes


def post(
    call: Caller,
    body: Any,
    *,
    path: str = PATH,
    secret: str = SECRET,
    at: datetime | None = None,
    **more: Any,
) -> Any:
    """Send it, signed by the platform's own code (the reference server's)."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    moment = int((at or timezone.now()).timestamp())
    headers = {"Helpline-Signature": signatures.sign(secret, raw, moment)} | more
    return call("POST", path, raw=raw, **headers)


def test_a_callback_is_taken_and_twice_is_once(call: Caller, sent: Takedown) -> None:
    body = event(sent)
    for _again in range(2):
        response = post(call, body)
        assert (response.status_code, response.content) == (204, b"")
    sent.refresh_from_db()
    assert (sent.status, sent.platform_says, sent.notice.reference) == (Status.REMOVED, "removed", "CH-1")
    assert Event.objects.filter(takedown=sent, source="callback").count() == 1


def test_the_newest_decision_wins_in_whatever_order_they_come(call: Caller, sent: Takedown) -> None:
    early = {"decided_at": (timezone.now() - timedelta(hours=2)).isoformat()}
    assert post(call, event(sent, "removed")).status_code == 204
    assert post(call, event(sent, "under_review", item=early)).status_code == 204
    sent.refresh_from_db()
    assert sent.status == Status.REMOVED
    assert Event.objects.filter(takedown=sent, source="callback").count() == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "out-secret-chatter"},
        {"secret": ""},
        {"at": timezone.now() - timedelta(minutes=6)},
        {"at": timezone.now() + timedelta(hours=1)},
        {"path": "/api/v1/inbound/nobody/"},
        {"Helpline-Signature": ""},
        {"Helpline-Signature": "t=1,v1="},
        {"Helpline-Signature": "v1=abc"},
        {"Helpline-Signature": "t=x,v1=abc"},
        {"Helpline-Signature": f"t={'9' * 400},v1=abc"},
        {"Helpline-Signature": f"t={'9' * 6000},v1=abc"},
        {"Helpline-Signature": "t=-1,v1=é"},
    ],
    ids=lambda wrong: next(iter(wrong.items()))[0] + str(next(iter(wrong.values())))[:12],
)
def test_a_bad_stale_or_foreign_signature_is_not_taken(
    call: Caller, sent: Takedown, wrong: dict[str, Any]
) -> None:
    problem(post(call, event(sent), **wrong), 401, "bad_signature")
    assert not Event.objects.filter(source="callback").exists()


def test_a_signature_belongs_to_its_body(call: Caller, sent: Takedown) -> None:
    taken = json.dumps(event(sent)).encode()
    signature = signatures.sign(SECRET, taken)
    changed = taken.replace(b"removed", b"refused")
    problem(post(call, changed, **{"Helpline-Signature": signature}), 401, "bad_signature")
    assert not Event.objects.filter(source="callback").exists()


def test_one_platform_does_not_speak_for_another(call: Caller, sent: Takedown, anouk: Staff) -> None:
    from helpline.platforms.models import ChannelKind
    from tests.cast import make_platform

    make_platform("rival", ChannelKind.HTTP_API, "http://127.0.0.1:9/api/rival", by=anouk)
    response = post(call, event(sent), path="/api/v1/inbound/rival/", secret="in-secret-rival")
    problem(response, 404, "unknown_notice")
    assert not Event.objects.filter(source="callback").exists()


def test_an_unknown_notice_and_a_foreign_item_are_told_apart(call: Caller, sent: Takedown) -> None:
    problem(post(call, event(sent, notice_id=str(uuid4()))), 404, "unknown_notice")
    problem(post(call, event(sent, item={"item_id": str(uuid4())})), 409, "foreign_item")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 3000,
        b'{"schema": "takedown-outcome/1"}',
        b'{"schema": "takedown-outcome/1", "items": 5}',
        b'{"schema": "takedown-outcome/1", "items": [5]}',
    ],
)
def test_what_is_not_the_schema_is_refused(call: Caller, sent: Takedown, body: bytes) -> None:
    problem(post(call, body), 422, "not_the_schema")


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "takedown-outcome/2"},
        {"event_id": "x"},
        {"notice_id": 5},
        {"items": []},
        {"item": {"status": "vanished"}},
        {"item": {"status": ["removed"]}},
        {"item": {"decided_at": "yesterday"}},
        {"item": {"decided_at": "2026-03-02T12:00:00"}},
        {"item": {"redress_until": "soon"}},
        {"item": {"item_id": None}},
    ],
    ids=str,
)
def test_every_part_of_it_is_read(call: Caller, sent: Takedown, change: dict[str, Any]) -> None:
    problem(post(call, event(sent, **change)), 422, "not_the_schema")
    assert not Event.objects.filter(source="callback").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"item": {"reason": "a\0b"}},
        {"item": {"reason": "\ud800"}},
        {"item": {"reason": {"a": 1}}},
        {"item": {"decision_visibility": "a\0b"}},
        {"item": {"decision_visibility": "\ud800"}},
        {"reference": "a\0b"},
        {"reference": "\ud800"},
        {"item": {"decided_at": "0001-01-01T00:00:00+14:00"}},
        {"item": {"decided_at": "9999-12-31T23:59:59-14:00"}},
        {"item": {"redress_until": "9999-12-31"}},
    ],
    ids=ascii,
)
def test_odd_words_of_a_platform_break_nothing(call: Caller, sent: Takedown, change: dict[str, Any]) -> None:
    assert post(call, event(sent, **change)).status_code in {204, 422}


def test_ten_megabytes_are_refused(call: Caller, sent: Takedown) -> None:
    problem(post(call, b" " * 10_000_000), 413, "too_large")


def test_many_refused_callbacks_are_slowed_and_good_ones_are_not(
    call: Caller, sent: Takedown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cases.takedowns.api.REFUSED_GATE", Gate(2))
    call.client.defaults["REMOTE_ADDR"] = "8.8.8.8"
    assert [post(call, event(sent), secret="x").status_code for _one in range(4)] == [401, 401, 429, 429]
    assert post(call, event(sent)).status_code == 204
