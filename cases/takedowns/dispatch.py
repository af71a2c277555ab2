"""Sending: claim what is due, write the attempt, send many at once, write what came of it.

A claim takes rows by `SKIP LOCKED`, with a lease from the database's clock and a fence number that only grows. The
attempt is written in the claim's own transaction, before anything leaves. A worker that dies leaves an attempt without a
result: when its lease runs out that send is *unknown* and is settled by asking the platform, never by sending blindly. A
worker that stalls past its lease comes back with an old fence, and nothing it says is written.
"""

import asyncio
import hashlib
import json
import logging
import random
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections, connection, connections, transaction
from django.utils import timezone

from cases.takedowns import actions, notices, states
from cases.takedowns.connectors import Lines, Route, Sent, connector, route_of
from cases.takedowns.connectors.base import storable
from cases.takedowns.models import Attempt, Event, Notice, Takedown
from cases.takedowns.notices import NoticeContent
from cases.takedowns.states import ForbiddenMove, Outcome, Result, Source, Status
from helpline.audit import actions as audit
from helpline.crypto import blind, wrapping
from helpline.crypto.box import settings_box
from helpline.platforms.models import Channel, ChannelKind
from reports import actions as reports
from reports.states import LinkStatus, News

log = logging.getLogger(__name__)

BATCH = 200
FLUSH_EVERY = 0.05  # seconds between two writings of results, when they come slowly
TICK = 0.005  # seconds between two looks at whether there is something to do
# A send takes half a minute at worst; whatever waited longer than this for a line would outlive its lease.
LONGEST_IN_STOCK = settings.LEASE / 4
MAX_TRIES = 8
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)
FIRST_QUESTION = timedelta(seconds=2 if settings.DEMO else 20)
MAX_QUESTIONS = 10

# Each kind of channel has a lane of its own, so that slow mail holds up no API: how many sends at once.
LANES: dict[str, int] = {
    ChannelKind.HTTP_API: settings.SENDS_IN_FLIGHT,
    ChannelKind.EMAIL: Lines.MAIL_THREADS * 2,
}


@dataclass(frozen=True, slots=True)
class Claim:
    """One notice in this worker's hands, its attempt written, ready to leave."""

    notice_id: UUID
    fence: int
    tries: int
    attempt_id: int
    started_at: datetime
    route: Route
    content: NoticeContent = field(repr=False)
    body: bytes = field(repr=False)


# --- claiming -----------------------------------------------------------------------------------------

CLAIM = """
WITH due AS (
    SELECT id FROM takedowns_notice
    WHERE due_at <= now() AND channel_id = ANY(%s)
    ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED
)
UPDATE takedowns_notice AS notice
SET due_at = NULL, lease_until = now() + make_interval(secs => %s), fence = fence + 1, tries = tries + 1
FROM due WHERE notice.id = due.id
RETURNING notice.*
"""


def routes(kinds: Collection[str], *, now: datetime) -> dict[int, Route]:
    """The channels of these kinds that may be used now."""
    box = settings_box()
    found = Channel.objects.in_use().filter(kind__in=kinds)
    return {channel.pk: route_of(channel, box) for channel in found if not channel.is_paused(now)}


@transaction.atomic
def claim(open_routes: dict[int, Route], *, limit: int, now: datetime) -> list[Claim]:
    """Take up to `limit` due notices and write their attempts. What may not leave any more is put aside, not returned."""
    taken = list(Notice.objects.raw(CLAIM, [list(open_routes), limit, settings.LEASE.total_seconds()]))
    if not taken:
        return []
    wanted = _start_sending([notice.pk for notice in taken], now=now)
    ready: list[tuple[Notice, NoticeContent, bytes]] = []
    for notice in taken:
        if not wanted[notice.pk]:
            _put_aside(notice, "withdrawn", now=now)
            continue
        try:
            content = notices.content_of(notice, items=wanted[notice.pk])
        except wrapping.WrongKey:
            _put_aside(notice, "erased", now=now)
            continue
        findings = notices.check(content)
        if findings:
            _put_aside(notice, f"weak: {findings[0].code}", now=now)
            continue
        route = open_routes[notice.channel_id]
        ready.append((notice, content, connector(route.kind).compose(content, route, at=now)))
    attempts = _begin_attempts([(notice, body) for notice, _content, body in ready], now=now)
    return [
        Claim(
            notice_id=notice.pk,
            fence=notice.fence,
            tries=notice.tries,
            attempt_id=attempts[notice.pk],
            started_at=now,
            route=open_routes[notice.channel_id],
            content=content,
            body=body,
        )
        for notice, content, body in ready
    ]


def _start_sending(ids: Sequence[UUID], *, now: datetime) -> dict[UUID, set[UUID]]:
    """queued -> sending for what is still wanted, by one person at least. Returns for each notice the items that leave."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE takedowns_takedown AS takedown SET status = %s, status_at = %s FROM reports_link AS link "
            "WHERE takedown.notice_id = ANY(%s::uuid[]) AND takedown.status = %s "
            "AND link.id = takedown.link_id AND link.status <> %s "
            "RETURNING takedown.notice_id, COALESCE(takedown.item_id, takedown.id)",
            [Status.SENDING, now, list(ids), Status.QUEUED, LinkStatus.WITHDRAWN],
        )
        leaving: dict[UUID, set[UUID]] = {pk: set() for pk in ids}
        for notice_id, item_id in cursor.fetchall():
            leaving[notice_id].add(item_id)
    return leaving


BEGIN_ATTEMPTS = """
INSERT INTO takedowns_attempt (notice_id, number, fence, started_at, result, detail, digest)
SELECT mine.id, 1 + (SELECT count(*) FROM takedowns_attempt WHERE notice_id = mine.id), mine.fence, %s, '', '', mine.digest
FROM unnest(%s::uuid[], %s::int[], %s::bytea[]) AS mine(id, fence, digest)
RETURNING notice_id, id
"""


def _begin_attempts(leaving: Sequence[tuple[Notice, bytes]], *, now: datetime) -> dict[UUID, int]:
    """Write an attempt without a result for each of these bodies; its number by notice."""
    with connection.cursor() as cursor:
        cursor.execute(
            BEGIN_ATTEMPTS,
            [
                now,
                [notice.pk for notice, _body in leaving],
                [notice.fence for notice, _body in leaving],
                [proof_of(body) for _notice, body in leaving],
            ],
        )
        return dict(cursor.fetchall())


def proof_of(body: bytes) -> bytes:
    """Proves what left to whoever holds the bytes; keyed, so that it tells nothing to who only holds the table."""
    return blind.index("attempt", hashlib.sha256(body).hexdigest()) or b""


def _put_aside(notice: Notice, why: str, *, now: datetime) -> None:
    """It may not leave: say why, and let go of it."""
    notice.lease_until, notice.failure = None, why
    notice.save(update_fields=["lease_until", "failure"])
    for takedown in Takedown.objects.select_for_update(no_key=True).filter(
        notice=notice, status=Status.SENDING
    ):
        takedown.move(Status.FAILED, at=now)
        takedown.transport, takedown.transport_at = Result.NOT_SENT, now
        takedown.save()
        Event.objects.create(
            takedown=takedown,
            at=now,
            recorded_at=now,
            source=Source.WORKER,
            what=Status.FAILED,
            detail={"why": why},
        )


# --- finishing ----------------------------------------------------------------------------------------

Done = tuple[Claim, Sent]


@dataclass(frozen=True, slots=True)
class Ending:
    """What a try means: where the notice's items go, why, and when the notice is due again or asked about."""

    notice_id: UUID
    status: Status
    result: Result
    why: str = ""
    sent_at: datetime | None = None
    due_at: datetime | None = None
    ask_at: datetime | None = None


def _ending(claim: Claim, sent: Sent, *, now: datetime, jitter: Callable[[], float]) -> Ending:
    if sent.result == Result.ACCEPTED:
        return Ending(claim.notice_id, Status.SENT, sent.result, sent_at=claim.started_at)
    status = {
        Result.REFUSED: Status.FAILED,
        Result.UNKNOWN: Status.UNKNOWN,
        Result.NOT_SENT: Status.QUEUED,
    }.get(sent.result, Status.QUEUED if claim.tries < MAX_TRIES else Status.FAILED)
    can_ask = status == Status.UNKNOWN and connector(claim.route.kind).can_ask
    later = now + (sent.retry_after or pause(claim.tries, jitter())) if status == Status.QUEUED else None
    return Ending(
        claim.notice_id,
        status,
        sent.result,
        why=sent.detail[:200],
        due_at=later,
        ask_at=now + FIRST_QUESTION if can_ask else None,
    )


@transaction.atomic
def finish(done: Sequence[Done], *, now: datetime, jitter: Callable[[], float] = random.random) -> int:
    """Write what came of these sends, where this worker's fence still holds. Returns how many were written.

    The same few statements for any number, whatever came of them.
    """
    endings = [(*pair, _ending(*pair, now=now, jitter=jitter)) for pair in done]
    settled = _let_go(endings)
    kept = [one for one in endings if (one[0].notice_id, one[0].fence) in settled]
    _finish_attempts([(claim, sent) for claim, sent, _ending in kept], now=now)
    _move_sending([ending for _claim, _sent, ending in kept], now=now)
    return len(kept)


def _let_go(endings: Sequence[tuple[Claim, Sent, Ending]]) -> set[tuple[UUID, int]]:
    """Release the leases that are still ours: the notices' ids, each with its fence."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE takedowns_notice AS notice SET lease_until = NULL, "
            "reference = COALESCE(NULLIF(mine.reference, ''), notice.reference), "  # a callback may have told it before
            "failure = mine.failure, due_at = mine.due_at, ask_at = mine.ask_at "
            "FROM unnest(%s::uuid[], %s::int[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[]) "
            "AS mine(id, fence, reference, failure, due_at, ask_at) "
            "WHERE notice.id = mine.id AND notice.fence = mine.fence AND notice.lease_until IS NOT NULL "
            "RETURNING notice.id, notice.fence",
            [
                [claim.notice_id for claim, _sent, _ending in endings],
                [claim.fence for claim, _sent, _ending in endings],
                [sent.reference for _claim, sent, _ending in endings],
                [ending.why for _claim, _sent, ending in endings],
                [ending.due_at for _claim, _sent, ending in endings],
                [ending.ask_at for _claim, _sent, ending in endings],
            ],
        )
        return set(cursor.fetchall())


def _finish_attempts(done: Sequence[Done], *, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE takedowns_attempt AS attempt SET finished_at = %s, result = mine.result, "
            "http_status = NULLIF(mine.http_status, 0), detail = mine.detail "
            "FROM unnest(%s::bigint[], %s::text[], %s::int[], %s::text[]) AS mine(id, result, http_status, detail) "
            "WHERE attempt.id = mine.id",
            [
                now,
                [claim.attempt_id for claim, _sent in done],
                [sent.result.value for _claim, sent in done],
                [sent.http_status or 0 for _claim, sent in done],
                [sent.detail[:200] for _claim, sent in done],
            ],
        )


class Moved(NamedTuple):
    """A takedown that left SENDING, with what its news and its timeline need."""

    pk: UUID
    notice_id: UUID
    link_id: UUID
    platform_says: str
    report_id: UUID
    platform: str


MOVE = """
WITH moved AS (
    UPDATE takedowns_takedown AS takedown
    SET status = mine.status, status_at = %(now)s, transport = mine.result, transport_at = %(now)s,
        sent_at = COALESCE(mine.sent_at, takedown.sent_at),
        next_look_at = COALESCE(mine.sent_at + make_interval(secs => %(look_after)s), takedown.next_look_at)
    FROM unnest(%(notices)s::uuid[], %(statuses)s::text[], %(results)s::text[], %(sent_at)s::timestamptz[],
                %(whats)s::text[], %(details)s::jsonb[]) AS mine(id, status, result, sent_at, what, detail),
        cases_case AS opened, platforms_platform AS platform
    WHERE takedown.notice_id = mine.id AND takedown.status = %(sending)s
        AND opened.id = takedown.case_id AND platform.id = takedown.platform_id
    RETURNING takedown.id, takedown.notice_id, takedown.link_id, takedown.platform_says, opened.report_id,
        platform.name, mine.sent_at, mine.what, mine.detail
), written AS (
    INSERT INTO takedowns_event (id, takedown_id, at, recorded_at, source, what, detail)
    SELECT gen_random_uuid(), id, COALESCE(sent_at, %(now)s), %(now)s, %(source)s, what, detail FROM moved
)
SELECT id, notice_id, link_id, platform_says, report_id, name FROM moved
"""


def _move_sending(endings: Sequence[Ending], *, now: datetime) -> None:
    """sending -> wherever these endings lead, with the timeline, the trail and the young person's news."""
    if wrong := {ending.status for ending in endings} - states.TRANSITIONS[Status.SENDING]:
        raise ForbiddenMove(f"What is being sent can't become {', '.join(sorted(wrong))}.")
    if not endings:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            MOVE,
            {
                "now": now,
                "look_after": settings.RECHECK_AFTER[0].total_seconds(),
                "sending": Status.SENDING,
                "source": Source.WORKER,
                "notices": [ending.notice_id for ending in endings],
                "statuses": [ending.status.value for ending in endings],
                "results": [ending.result.value for ending in endings],
                "sent_at": [ending.sent_at for ending in endings],
                "whats": [
                    ending.status.value if ending.sent_at else ending.result.value for ending in endings
                ],
                "details": [
                    "{}" if ending.sent_at else json.dumps({"why": ending.why[:100]}) for ending in endings
                ],
            },
        )
        by_notice = {ending.notice_id: ending for ending in endings}
        rows = [(row, by_notice[row.notice_id]) for row in map(Moved._make, cursor.fetchall())]
    reports.post_updates(
        [
            reports.NewsItem(
                report_id=row.report_id,
                link_id=row.link_id,
                what=News.SENT,
                at=ending.sent_at,  # before anything the platform said of it
                data={"platform": row.platform},
            )
            for row, ending in rows
            if ending.sent_at
        ]
    )
    audit.record_many(
        audit.row(
            by=None,
            verb=f"takedown.{ending.status}",
            obj=Takedown(pk=row.pk),
            detail=None if ending.sent_at else {"result": ending.result},
            at=now,
        )
        for row, ending in rows
    )
    for row, ending in rows:
        if row.platform_says and ending.status in {Status.SENT, Status.UNKNOWN}:
            _platform_was_quicker(row.pk, now=now)


def _platform_was_quicker(pk: UUID, *, now: datetime) -> None:
    """Its callback came before our own writing: now its word can be followed."""
    late = (
        Takedown.objects.select_for_update(no_key=True, of=("self",))
        .select_related("case", "platform")
        .get(pk=pk)
    )
    before = Status(late.status)
    actions.apply_platform_word(late)
    late.save()
    if late.status != before:
        actions.tell(late, Outcome(late.platform_says), before=before, at=now)


def pause(tries: int, jitter: float) -> timedelta:
    """Full jitter: anything from nothing to FIRST_PAUSE doubled with every try, up to LONGEST_PAUSE."""
    ceiling: timedelta = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (tries - 1))
    return ceiling * jitter


# --- what a dead worker left --------------------------------------------------------------------------


@transaction.atomic
def reap(*, now: datetime, limit: int = BATCH) -> int:
    """Leases that ran out: the attempt never got a result, so nobody knows. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM takedowns_notice WHERE lease_until < now() ORDER BY lease_until LIMIT %s "
            "FOR UPDATE SKIP LOCKED",
            [limit],
        )
        ids = [row[0] for row in cursor.fetchall()]
    why = "the worker fell silent"
    for notice in Notice.objects.filter(pk__in=ids).select_related("channel"):
        Attempt.objects.filter(notice=notice, fence=notice.fence, result="").update(
            result=Result.UNKNOWN, finished_at=now, detail=why
        )
        notice.lease_until = None
        notice.fence += 1  # whatever the old holder still says is not written
        notice.failure = why
        if connector(notice.channel.kind).can_ask:
            notice.ask_at = now
        notice.save(update_fields=["lease_until", "fence", "failure", "ask_at"])
    _move_sending([Ending(pk, Status.UNKNOWN, Result.UNKNOWN, why) for pk in ids], now=now)
    return len(ids)


# --- running ------------------------------------------------------------------------------------------


class Desk:
    """A thread with a database connection of its own, so that the loop never waits for the database."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="desk")

    async def __call__(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def close(self) -> None:
        await self(connections.close_all)
        self._thread.shutdown()


def run(*, kinds: Collection[str] = tuple(LANES), max_seconds: float = 240.0) -> int:
    """Send everything that is due, and stop when nothing is or the time is over. Returns how many sends ended."""
    close_old_connections()
    return asyncio.run(_run(kinds, max_seconds))


async def _run(kinds: Collection[str], max_seconds: float) -> int:
    # While one claims, the other writes what came back.
    claims, results = Desk(), Desk()
    try:
        async with Lines(in_flight=settings.SENDS_IN_FLIGHT) as lines:
            lanes = [_Lane(kind, LANES[kind], lines, max_seconds) for kind in kinds]
            return sum(await asyncio.gather(*(lane.run(claims, results) for lane in lanes)))
    finally:
        await claims.close()
        await results.close()


class _Lane:
    """Keeps up to `in_flight` sends of one kind on their way, with a few more claimed so that no line waits for one."""

    def __init__(self, kind: str, in_flight: int, lines: Lines, max_seconds: float) -> None:
        self._kind, self._in_flight, self._lines = kind, in_flight, lines
        self._ahead = max(1, min(BATCH, in_flight) // 2)
        self._loop = asyncio.get_running_loop()
        self._until = self._loop.time() + max_seconds
        self._stock: deque[Claim] = deque()
        self._sending: set[asyncio.Task[Done]] = set()
        self._ended: list[Done] = []
        self._claiming = True

    async def run(self, claims: Desk, results: Desk) -> int:
        """Until nothing is due or the time is over. Returns how many sends were written down."""
        _, count = await asyncio.gather(self._claim(claims), self._write(results))
        return count

    async def _claim(self, desk: Desk) -> None:
        try:
            open_routes: dict[int, Route] = await desk(partial(_routes_now, self._kind))
            while open_routes and self._loop.time() < self._until:
                room = self._room()
                if room < self._ahead:
                    await asyncio.sleep(TICK)
                    continue
                claimed: list[Claim] = await desk(partial(_claim_now, open_routes, min(room, BATCH)))
                self._stock.extend(claimed)
                self._fill()
                if not claimed and not self._sending:
                    return
                if not claimed:
                    await asyncio.sleep(FLUSH_EVERY)  # what was turned away may come due again meanwhile
        finally:
            self._claiming = False

    def _room(self) -> int:
        """How many more to claim: fewer when results pile up, or they would be written after their leases."""
        piled = max(0, len(self._ended) - BATCH)
        return self._in_flight + self._ahead - len(self._sending) - len(self._stock) - piled

    def _fill(self) -> None:
        """Put the stock on lines that are free."""
        while self._stock and len(self._sending) < self._in_flight:
            task = self._loop.create_task(_send(self._stock.popleft(), self._lines))
            self._sending.add(task)
            task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[Done]) -> None:
        self._sending.discard(task)
        if not task.cancelled():
            self._ended.append(task.result())
            self._fill()

    async def _write(self, desk: Desk) -> int:
        count, last = 0, self._loop.time()
        while self._claiming or self._sending or self._ended:
            waited = self._loop.time() - last
            if len(self._ended) >= self._ahead or (self._ended and waited >= FLUSH_EVERY):
                done, self._ended = self._ended, []
                count += await desk(partial(_finish_now, done))
                last = self._loop.time()
            else:
                await asyncio.sleep(TICK)
        return count


def _routes_now(kind: str) -> dict[int, Route]:
    return routes([kind], now=timezone.now())


def _claim_now(open_routes: dict[int, Route], limit: int) -> list[Claim]:
    return claim(open_routes, limit=limit, now=timezone.now())


def _finish_now(done: Sequence[Done]) -> int:
    return finish(done, now=timezone.now())


async def _send(one: Claim, lines: Lines) -> Done:
    if timezone.now() - one.started_at > LONGEST_IN_STOCK:
        return one, Sent(Result.NOT_SENT, detail="no line was free in time")
    try:
        sent = await connector(one.route.kind).send(
            one.body, one.content, one.route, lines, at=timezone.now()
        )
    except Exception as error:  # a fault of ours must not lose the row: nobody knows whether it left
        log.exception("A connector failed.")
        sent = Sent(Result.UNKNOWN, detail=f"our fault: {type(error).__name__}")
    return one, sent


# --- asking about the unknown -------------------------------------------------------------------------


def settle(*, now: datetime, limit: int = 50) -> int:
    """Ask the platforms about sends nobody knows the end of. Returns how many were settled."""
    with transaction.atomic():
        due = list(
            Notice.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
            .select_related("channel")
            .filter(ask_at__lte=now)
            .order_by("ask_at")[:limit]
        )
        for notice in due:
            notice.asks += 1
            # The next question, should this one bring nothing or this worker die; none after MAX_QUESTIONS: then
            # a person decides.
            notice.ask_at = now + FIRST_QUESTION * 2**notice.asks if notice.asks < MAX_QUESTIONS else None
            notice.save(update_fields=["asks", "ask_at"])
    if not due:
        return 0
    box = settings_box()
    answers = asyncio.run(_ask_all([(notice, route_of(notice.channel, box)) for notice in due], now))
    settled = 0
    for notice, answer in zip(due, answers, strict=True):
        if answer.arrived is None:
            continue
        row = Takedown.objects.select_related("case").filter(notice=notice, status=Status.UNKNOWN).first()
        if row is not None:
            # A callback or a person may settle it while we ask.
            with suppress(ForbiddenMove):
                actions.resolve_unknown(takedown=row, was_sent=answer.arrived, by=None, at=timezone.now())
                settled += 1
        if answer.reference:
            Notice.objects.filter(pk=notice.pk).update(reference=answer.reference)
        for item in answer.items:
            _learn(notice, item, at=timezone.now())
    return settled


async def _ask_all(asked: Sequence[tuple[Notice, Route]], now: datetime) -> list[Any]:
    async with Lines(in_flight=len(asked)) as lines:
        return list(
            await asyncio.gather(
                *(connector(route.kind).ask(str(notice.pk), route, lines, at=now) for notice, route in asked)
            )
        )


def _learn(notice: Notice, item: dict[str, Any], *, at: datetime) -> None:
    """What a status query says of one item, if it is one of ours and says a word we know."""
    row = actions.by_item(notice.takedowns.all()).get(str(item.get("item_id")))
    outcome = actions.platform_word(item.get("status"))
    if row is None or outcome is None:
        return
    decided = actions.moment(item.get("decided_at")) or at
    actions.record_outcome(
        takedown=row,
        outcome=outcome,
        source=Source.QUERY,
        at=min(decided, at),
        recorded_at=at,
        event_key=f"query:{row.pk}:{outcome}:{decided.isoformat()}",
        words=storable(item.get("reason"), 4000),
    )
