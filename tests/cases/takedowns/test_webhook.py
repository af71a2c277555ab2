"""A platform calls back: signed or not, late, twice, out of order, for somebody else's notice."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from cases.takedowns import actions
from cases.takedowns.connectors.http_api.signing import BadSignature, sign
from cases.takedowns.inbound.webhook import ForeignItem, NotTheSchema, UnknownNotice, receive
from cases.takedowns.models import Event, Takedown
from cases.takedowns.states import Status
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform

pytestmark = pytest.mark.django_db
SECRET = "in-secret-chatter"


@pytest.fixture
def sent(open_case: Callable[..., Any], chatter: Platform, nour: Staff, noon: datetime) -> Takedown:
    """A request that left Chatter-wards at noon."""
    case = open_case()
    [takedown] = actions.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=noon)
    takedown.status = Status.SENDING
    actions.mark_sent(takedown, at=noon, started_at=noon)
    takedown.save()
    return takedown


def event(takedown: Takedown, *, at: datetime, status: str = "removed", **changes: Any) -> dict[str, Any]:
    """A takedown-outcome/1 about this takedown."""
    item = {"item_id": str(takedown.pk), "status": status, "decided_at": at.isoformat(), "reason": "Rule 4."}
    whole = {
        "schema": "takedown-outcome/1",
        "event_id": str(uuid4()),
        "notice_id": str(takedown.notice_id),
        "reference": "CH-1",
        "sent_at": at.isoformat(),
        "items": [item | changes.pop("item", {})],
    }
    return whole | changes


def post(
    said: Any,
    *,
    now: datetime,
    secret: str = SECRET,
    signed_at: datetime | None = None,
    slug: str = "chatter",
) -> None:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    receive(channel_slug=slug, body=body, signature=sign(body, secret=secret, at=signed_at or now), now=now)


def test_a_signed_word_is_believed(sent: Takedown, noon: datetime) -> None:
    later = noon + timedelta(minutes=3)
    post(event(sent, at=later), now=later)
    sent.refresh_from_db()
    assert (sent.status, sent.platform_at, sent.notice.reference) == (Status.REMOVED, later, "CH-1")


def test_a_replay_has_no_effect(sent: Takedown, noon: datetime) -> None:
    said = event(sent, at=noon)
    post(said, now=noon)
    before = Event.objects.count()
    post(said, now=noon)
    assert Event.objects.count() == before


def test_out_of_order_the_newest_decision_wins(sent: Takedown, noon: datetime) -> None:
    minute = timedelta(minutes=1)
    post(event(sent, at=noon + 4 * minute), now=noon + 5 * minute)
    post(event(sent, at=noon + minute, status="under_review"), now=noon + 6 * minute)
    sent.refresh_from_db()
    assert sent.status == Status.REMOVED
    assert Event.objects.filter(takedown=sent, what="under_review").exists()


@pytest.mark.parametrize("harm", ["secret", "old", "future", "body", "missing", "garbage", "channel"])
def test_nothing_unsigned_is_believed(sent: Takedown, noon: datetime, harm: str) -> None:
    body = json.dumps(event(sent, at=noon)).encode()
    good = sign(body, secret=SECRET, at=noon)
    header, slug, now = good, "chatter", noon
    if harm == "secret":
        header = sign(body, secret="other", at=noon)
    elif harm == "old":
        now = noon + timedelta(minutes=6)
    elif harm == "future":
        now = noon - timedelta(minutes=6)
    elif harm == "body":
        body += b" "
    elif harm == "missing":
        header = ""
    elif harm == "garbage":
        header = "t=é,v1="
    elif harm == "channel":
        slug = "nobody"
    with pytest.raises(BadSignature):
        receive(channel_slug=slug, body=body, signature=header, now=now)
    sent.refresh_from_db()
    assert sent.status == Status.SENT


def test_a_channel_without_a_secret_takes_nothing(sent: Takedown, noon: datetime) -> None:
    sent.notice.channel.inbound_secret_sealed = None
    sent.notice.channel.save()
    with pytest.raises(BadSignature):
        post(event(sent, at=noon), now=noon, secret="")


def test_an_unknown_notice_and_a_foreign_item_are_told_apart(sent: Takedown, noon: datetime) -> None:
    with pytest.raises(UnknownNotice):
        post(event(sent, at=noon, notice_id=str(uuid4())), now=noon)
    with pytest.raises(ForeignItem):
        post(event(sent, at=noon, item={"item_id": str(uuid4())}), now=noon)


@pytest.mark.parametrize(
    "said",
    [
        b"not json",
        b"[]",
        b"null",
        b'{"schema": "takedown-outcome/2"}',
        b'{"schema": "takedown-outcome/1", "items": []}',
        b'{"schema": "takedown-outcome/1", "items": [1]}',
        b'{"schema": "takedown-outcome/1", "items": [{"status": "removed"}]}',
        b'{"schema": "takedown-outcome/1", "items": {"a": 1}}',
    ],
)
def test_what_is_not_the_schema_is_said_so(sent: Takedown, noon: datetime, said: bytes) -> None:
    with pytest.raises(NotTheSchema):
        post(said, now=noon)


@pytest.mark.parametrize(
    "item",
    [
        {"status": "gone"},
        {"status": "seen_gone"},
        {"status": "acknowledged"},
        {"decided_at": "yesterday"},
        {"decided_at": "2026-03-02T12:00:00"},
        {"item_id": "x"},
        {"redress_until": "soon"},
    ],
)
def test_a_word_outside_the_schema_is_refused(sent: Takedown, noon: datetime, item: dict[str, Any]) -> None:
    with pytest.raises(NotTheSchema):
        post(event(sent, at=noon, item=item), now=noon)


def test_a_fast_clock_does_not_win_over_later_words(sent: Takedown, noon: datetime) -> None:
    post(event(sent, at=noon + timedelta(days=400), status="under_review"), now=noon)
    post(event(sent, at=noon + timedelta(minutes=1)), now=noon + timedelta(minutes=1))
    sent.refresh_from_db()
    assert sent.status == Status.REMOVED
