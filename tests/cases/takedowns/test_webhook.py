"""A platform calls back: signed or not, late, twice, out of order, for somebody else's notice."""

import io
import json
import random
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases.takedowns import actions, learning
from cases.takedowns.connectors.base import Answer
from cases.takedowns.connectors.http_api.signing import BadSignature, sign
from cases.takedowns.dispatch import settling
from cases.takedowns.inbound.webhook import ForeignItem, NotTheSchema, UnknownNotice, receive
from cases.takedowns.models import Event, Notice, Takedown
from cases.takedowns.states import Outcome, Source, Status
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.crypto.box import settings_box
from helpline.platforms.models import ChannelKind, Platform
from reports.actions import LinkFacts
from reports.states import News
from tests.at_once import at_once
from tests.cases.test_locks import after_a_moment, slowed
from tests.cast import make_platform

pytestmark = pytest.mark.django_db
SECRET = "in-secret-chatter"
MANY = 1000
SEED = 22


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


def test_the_same_word_told_once_more_by_a_query_undoes_nothing(sent: Takedown, noon: datetime) -> None:
    """Given what came back after it was removed, when the platform is asked, then its old word changes nothing."""
    decided, seen = noon + timedelta(minutes=3), noon + timedelta(hours=1)
    post(event(sent, at=decided), now=decided)
    for outcome, at in ((Outcome.SEEN_GONE, seen), (Outcome.SEEN_THERE, seen + timedelta(hours=1))):
        actions.record_outcome(takedown=sent, outcome=outcome, source=Source.RECHECK, at=at, recorded_at=at)
    for item in ({"decided_at": decided.isoformat()}, {}):
        old = Answer(arrived=True, items=({"item_id": str(sent.pk), "status": "removed"} | item,))
        for _ in range(2):
            settling._learn_from(sent.notice, old)
    sent.refresh_from_db()
    assert (sent.status, sent.platform_at) == (Status.REAPPEARED, decided)
    # Its own date makes it one line of the timeline; without one it is nothing new.
    assert sent.events.filter(source=Source.QUERY).count() == 1


def test_a_refusal_told_by_a_query_brings_its_day_for_complaints_and_never_takes_it_away(
    sent: Takedown, noon: datetime
) -> None:
    item = {"item_id": str(sent.pk), "status": "refused", "decided_at": noon.isoformat()}
    settling._learn_from(sent.notice, Answer(arrived=True, items=(item | {"redress_until": "2026-12-01"},)))
    sent.refresh_from_db()
    assert sent.redress_until == date(2026, 12, 1)
    again = item | {"decided_at": (noon + timedelta(minutes=1)).isoformat()}
    for until in ({}, {"redress_until": "soon"}, {"redress_until": 7}):
        settling._learn_from(sent.notice, Answer(arrived=True, items=(again | until,)))
    sent.refresh_from_db()
    assert (sent.platform_at, sent.redress_until) == (noon + timedelta(minutes=1), date(2026, 12, 1))


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


def posted(takedowns: list[Takedown], *, at: datetime, status: str = "removed", **changes: Any) -> int:
    """How many statements a callback about all of these costs on a connection that has seen one before."""
    items = [event(one, at=at, status=status)["items"][0] for one in takedowns]
    said = event(takedowns[0], at=at) | {"items": items} | changes
    with CaptureQueriesContext(connection) as statements:
        post(said, now=at)
    return len(statements)


@pytest.mark.django_db(transaction=True)
def test_a_callback_costs_a_few_statements_whatever_it_is_about(
    open_case: Callable[..., Any], chatter: Platform, nour: Staff, noon: datetime
) -> None:
    """Channel, BEGIN, the locks, all that is written, COMMIT: for one item, twenty, two people."""
    walls = [LinkFacts(url=f"https://chatter.example/p/{number}") for number in range(20)]
    chatter.channels.update(max_items=20)
    case, other = open_case(links=walls), open_case(links=walls[:2])
    rows = actions.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=noon)
    shared = actions.request_takedown(case=other, links=list(other.report.links.all()), by=nour, at=noon)
    assert len({row.notice_id for row in [*rows, *shared]}) == 1
    Takedown.objects.update(status=Status.SENT, sent_at=noon)
    Notice.objects.update(due_at=None)
    posted(rows[:1], at=noon, status="received")

    one = posted(rows[2:3], at=noon + timedelta(minutes=1))
    many = posted(rows, at=noon + timedelta(minutes=2), status="disabled")
    nothing_new = posted(rows, at=noon + timedelta(minutes=3), status="disabled", event_id=str(UUID(int=7)))
    replayed = posted(rows, at=noon + timedelta(minutes=3), status="disabled", event_id=str(UUID(int=7)))

    assert (one, many, nothing_new) == (5, 5, 5)
    assert replayed == 4
    assert set(Takedown.objects.values_list("status", flat=True)) == {"disabled"}
    assert Event.objects.filter(takedown__in=shared, what="disabled").count() == 4


def test_one_item_named_twice_is_heard_once(sent: Takedown, noon: datetime) -> None:
    """Of two words for it in one event, the first: a replay of the event has one key for it."""
    said = event(sent, at=noon, status="under_review")
    said["items"] += event(sent, at=noon + timedelta(minutes=1))["items"]
    post(said, now=noon + timedelta(minutes=2))
    sent.refresh_from_db()
    assert sent.status == Status.UNDER_REVIEW
    assert list(sent.events.filter(source=Source.CALLBACK).values_list("what", flat=True)) == ["under_review"]


def test_the_platform_s_name_for_it_is_kept_once(sent: Takedown, noon: datetime) -> None:
    for reference in ("", "CH-1", "CH-2"):
        post(event(sent, at=noon, reference=reference), now=noon)
    sent.notice.refresh_from_db()
    assert sent.notice.reference == "CH-1"


def test_a_changed_secret_counts_at_once(sent: Takedown, noon: datetime) -> None:
    post(event(sent, at=noon, status="received"), now=noon)
    channel = sent.notice.channel
    channel.inbound_secret_sealed = settings_box().seal(channel, "inbound_secret_sealed", "another")
    channel.save()
    with pytest.raises(BadSignature):
        post(event(sent, at=noon), now=noon)
    post(event(sent, at=noon), now=noon, secret="another")
    sent.refresh_from_db()
    assert sent.status == Status.REMOVED


def test_its_words_are_sealed_and_its_moment_is_kept_to_the_microsecond(
    sent: Takedown, noon: datetime
) -> None:
    at = noon + timedelta(microseconds=123456)
    post(event(sent, at=at, item={"reason": "Rule 4: “é”, \\x00."}), now=noon + timedelta(seconds=1))
    told = sent.events.get(source=Source.CALLBACK)
    sent.refresh_from_db()
    assert (told.at, sent.platform_at, sent.acted_at) == (at, at, at)
    assert sent.case.box().open(told, "words") == "Rule 4: “é”, \\x00."
    assert b"Rule" not in bytes(told.words)


@pytest.mark.django_db(transaction=True)
def test_the_same_event_twice_at_once_counts_once(
    sent: Takedown, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second waits for the first, and then looks: it sees what was told meanwhile."""
    said = event(sent, at=noon)
    slowed(monkeypatch, actions, "_learn")
    answers = at_once(lambda: post(said, now=noon), after_a_moment(lambda: post(said, now=noon)))
    assert answers == [None, None]
    assert sent.events.filter(source=Source.CALLBACK).count() == 1
    assert AuditRow.objects.filter(verb="takedown.removed").count() == 1
    assert sent.case.report.updates.filter(what=News.SAID_REMOVED).count() == 1


# --- the database goes away in the middle -----------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("where", "moment"), [(learning, "lock"), (learning.Written, "write")])
def test_a_callback_during_a_lost_database_comes_again(
    sent: Takedown, monkeypatch: pytest.MonkeyPatch, where: Any, moment: str
) -> None:
    """Its connection is ended by the server: 503 and when to come back; the same event then counts once."""
    real = getattr(where, moment)

    def ended(*args: Any, **given: Any) -> Any:
        own = connection.connection.get_backend_pid()
        other = connection.copy()
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [own])
        other.close()
        return real(*args, **given)

    now = timezone.now()
    body = json.dumps(event(sent, at=now)).encode()
    client = Client(headers={"Helpline-Signature": sign(body, secret=SECRET, at=now)})
    monkeypatch.setattr(where, moment, ended)
    lost = client.post("/api/v1/inbound/chatter/", body, content_type="application/json")
    monkeypatch.undo()
    connection.close()  # as the end of a request does

    assert (lost.status_code, lost["Retry-After"], lost["Content-Type"]) == (
        503,
        "10",
        "application/problem+json",
    )
    assert lost.json()["code"] == "unavailable"
    assert not Event.objects.filter(source=Source.CALLBACK).exists()
    for _ in range(2):
        assert (
            client.post("/api/v1/inbound/chatter/", body, content_type="application/json").status_code == 204
        )
    assert Event.objects.filter(source=Source.CALLBACK).count() == 1


# --- by the thousand ------------------------------------------------------------------------------------

Call = tuple[str, bytes, str, datetime]  # the channel, the body, the signature, when it comes
Forge = Callable[[bytes, datetime, random.Random], Call]


def damaged(body: bytes, now: datetime, dice: random.Random) -> Call:
    """One character of what the right key signed, or of the signature itself, is another one."""
    signature = sign(body, secret=SECRET, at=now)
    place = dice.randrange(len(body))
    if dice.random() < 0.5:
        return (
            "chatter",
            body[:place] + bytes([body[place] ^ 1 << dice.randrange(7)]) + body[place + 1 :],
            signature,
            now,
        )
    place = dice.randrange(2, len(signature))
    other = dice.choice([one for one in "0123456789abcdef,=tv" if one != signature[place]])
    return "chatter", body, signature[:place] + other + signature[place + 1 :], now


def old(body: bytes, now: datetime, dice: random.Random) -> Call:
    """Signed well, more than five minutes ago."""
    at = now - timedelta(seconds=dice.uniform(302, 10**7))
    return "chatter", body, sign(body, secret=SECRET, at=at), now


def future(body: bytes, now: datetime, dice: random.Random) -> Call:
    """Signed well, more than five minutes from now."""
    at = now + timedelta(seconds=dice.uniform(302, 10**7))
    return "chatter", body, sign(body, secret=SECRET, at=at), now


def other_key(body: bytes, now: datetime, dice: random.Random) -> Call:
    """Another channel's key, the key of the other direction, a cut or a longer one, or any."""
    keys = (
        "in-secret-rival",
        "out-secret-chatter",
        "token-chatter",
        SECRET[:-1],
        SECRET + "0",
        SECRET.upper(),
        " ",
    )
    key = dice.choice([*keys, secrets.token_hex(16)])
    return "chatter", body, sign(body, secret=key, at=now), now


def rival(body: bytes, now: datetime, dice: random.Random) -> Call:
    """A platform that signs with its own key, on its own channel, for another's notice."""
    return "rival", body, sign(body, secret="in-secret-rival", at=now), now


@pytest.mark.parametrize("forge", [damaged, old, future, other_key, rival])
def test_of_a_thousand_none_is_taken(sent: Takedown, noon: datetime, anouk: Staff, forge: Forge) -> None:
    make_platform("rival", ChannelKind.HTTP_API, "http://127.0.0.1:9/api/rival", by=anouk)
    dice = random.Random(SEED)
    before = everything()
    refused: Counter[str] = Counter()
    for number in range(MANY):
        body = json.dumps(event(sent, at=noon, event_id=str(uuid4()), n=number)).encode()
        slug, body, signature, now = forge(body, noon + timedelta(minutes=dice.uniform(0, 1000)), dice)
        try:
            receive(channel_slug=slug, body=body, signature=signature, now=now)
        except (BadSignature, UnknownNotice) as error:
            refused[type(error).__name__] += 1
    assert refused == {"UnknownNotice" if forge is rival else "BadSignature": MANY}
    assert everything() == before


def test_a_thousand_replays_have_no_effect(sent: Takedown, noon: datetime) -> None:
    """The very bytes, or the same event signed anew, within its five minutes or later."""
    dice = random.Random(SEED)
    bodies = [
        json.dumps(event(sent, at=noon + timedelta(seconds=n), status=status)).encode()
        for n, status in enumerate(("received", "under_review", "removed"))
    ]
    for body in bodies:
        receive(channel_slug="chatter", body=body, signature=sign(body, secret=SECRET, at=noon), now=noon)
    before = everything()
    stale = 0
    for _ in range(MANY):
        body = dice.choice(bodies)
        now = noon + timedelta(seconds=dice.uniform(0, 400))
        at = noon if dice.random() < 0.5 else now
        try:
            receive(channel_slug="chatter", body=body, signature=sign(body, secret=SECRET, at=at), now=now)
        except BadSignature:
            stale += 1
    assert 0 < stale < MANY
    assert everything() == before


def everything() -> Any:
    """All that a callback could change."""
    return (
        list(Takedown.objects.order_by("pk").values()),
        list(Notice.objects.order_by("pk").values()),
        Event.objects.count(),
        AuditRow.objects.count(),
    )


def rubbish(dice: random.Random) -> Iterator[bytes]:
    """What a platform, its proxy or somebody with its key may send instead."""
    yield from (
        b"",
        b"\0",
        b"\xff\xfe{",
        b"{" * 5000,
        b"[" * 200_000,
        b'"' + b"a" * 300_000 + b'"',
        b"1e999999",
        b"NaN",
    )
    yield b"<!doctype html><title>Just a moment</title><h1>Just a moment</h1><p>Checking your browser.</p>"
    yield b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
    pieces: list[Any] = [
        None,
        True,
        -1,
        1e308,
        "",
        "\0",
        "\ud800",
        "x" * 3000,
        [],
        {},
        [[]],
        {"a": {}},
        "removed",
        10**400,
    ]
    for _ in range(MANY):
        item = {
            key: dice.choice(pieces) for key in ("item_id", "status", "decided_at", "reason", "redress_until")
        }
        whole = {
            "schema": dice.choice(["takedown-outcome/1", *pieces]),
            "event_id": dice.choice([str(uuid4()), *pieces]),
            "notice_id": dice.choice([str(uuid4()), *pieces]),
            "reference": dice.choice(pieces),
            "items": dice.choice([[item], [item] * 3, *pieces]),
        }
        yield json.dumps(whole).encode()


def test_what_is_no_outcome_is_refused_by_name_whatever_it_is(sent: Takedown, noon: datetime) -> None:
    before = everything()
    for body in rubbish(random.Random(SEED)):
        with pytest.raises((NotTheSchema, UnknownNotice)):
            post(body, now=noon)
    assert everything() == before


class Endless(io.RawIOBase):
    """A body of fifty megabytes that knows how much of it was read."""

    taken = 0

    def read(self, size: int = -1) -> bytes:
        size = 1024 if size < 0 else min(size, 64 * 1024)
        self.taken += size
        return b"a" * size


def test_fifty_megabytes_are_refused_before_they_are_read(sent: Takedown) -> None:
    body, answered = Endless(), []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/api/v1/inbound/chatter/",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "HTTP_HOST": "127.0.0.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(50 * 1024 * 1024),
        "HTTP_HELPLINE_SIGNATURE": "t=1,v1=00",
        "wsgi.url_scheme": "http",
        "wsgi.input": body,
    }
    answer = WSGIHandler()(environ, lambda status, headers: answered.append(status))  # type: ignore[arg-type,func-returns-value]
    said = b"".join(answer)
    assert (answered[0][:3], body.taken) == ("413", 0), said
