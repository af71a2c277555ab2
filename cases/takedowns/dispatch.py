"""Sending: claim what is due, write the attempt, send many at once, write what came of it.

A claim takes rows by `SKIP LOCKED`, with a lease from the database's clock and a fence number that only grows. The
attempt is written in the claim's own transaction, before anything leaves. A worker that dies leaves an attempt without a
result: when its lease runs out that send is *unknown* and is settled by asking the platform, never by sending blindly. A
worker that stalls past its lease comes back with an old fence, and nothing it says is written.
"""

import asyncio
import hashlib
import logging
import random
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections, connection, connections, transaction
from django.utils import timezone

from cases.takedowns import actions, notices
from cases.takedowns.connectors import Lines, Route, Sent, connector, route_of
from cases.takedowns.connectors.base import storable
from cases.takedowns.models import Attempt, Event, Notice, Takedown
from cases.takedowns.notices import NoticeContent
from cases.takedowns.states import Outcome, Result, Source, Status
from helpline.audit import actions as audit
from helpline.crypto import wrapping
from helpline.crypto.box import settings_box
from helpline.platforms.models import Channel, ChannelKind
from reports import actions as reports
from reports.states import LinkStatus, News

log = logging.getLogger(__name__)

BATCH = 200
FLUSH_EVERY = 0.05  # seconds between two writings of results
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
RETURNING notice.id
"""


def routes(kinds: Collection[str], *, now: datetime) -> dict[int, Route]:
    """The channels of these kinds that may be used now."""
    box = settings_box()
    found = Channel.objects.in_use().filter(kind__in=kinds)
    return {channel.pk: route_of(channel, box) for channel in found if not channel.is_paused(now)}


@transaction.atomic
def claim(open_routes: dict[int, Route], *, limit: int, now: datetime) -> list[Claim]:
    """Take up to `limit` due notices and write their attempts. What may not leave any more is put aside, not returned."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [list(open_routes), limit, settings.LEASE.total_seconds()])
        ids = [row[0] for row in cursor.fetchall()]
    if not ids:
        return []
    taken = {notice.pk: notice for notice in Notice.objects.filter(pk__in=ids)}
    wanted = _start_sending(ids, now=now)
    ready: list[tuple[Notice, NoticeContent, bytes]] = []
    for pk in ids:
        notice = taken[pk]
        if pk not in wanted:
            _put_aside(notice, "withdrawn", now=now)
            continue
        try:
            content = notices.content_of(notice)
        except wrapping.WrongKey:
            _put_aside(notice, "erased", now=now)
            continue
        findings = notices.check(content)
        if findings:
            _put_aside(notice, f"weak: {findings[0].code}", now=now)
            continue
        route = open_routes[notice.channel_id]
        ready.append((notice, content, connector(route.kind).compose(content, route, at=now)))
    attempts = Attempt.objects.bulk_create(
        Attempt(
            notice=notice,
            number=notice.attempts.count() + 1 if notice.tries > 1 or notice.fence > 1 else 1,
            fence=notice.fence,
            started_at=now,
            digest=hashlib.sha256(body).digest(),
        )
        for notice, _content, body in ready
    )
    return [
        Claim(
            notice_id=notice.pk,
            fence=notice.fence,
            tries=notice.tries,
            attempt_id=attempt.pk,
            started_at=now,
            route=open_routes[notice.channel_id],
            content=content,
            body=body,
        )
        for (notice, content, body), attempt in zip(ready, attempts, strict=True)
    ]


def _start_sending(ids: Sequence[UUID], *, now: datetime) -> set[UUID]:
    """queued -> sending for what the young person still wants. Returns the notices that have something to send."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE takedowns_takedown AS takedown SET status = %s, status_at = %s FROM reports_link AS link "
            "WHERE takedown.notice_id = ANY(%s::uuid[]) AND takedown.status = %s "
            "AND link.id = takedown.link_id AND link.status <> %s RETURNING takedown.notice_id",
            [Status.SENDING, now, list(ids), Status.QUEUED, LinkStatus.WITHDRAWN],
        )
        return {row[0] for row in cursor.fetchall()}


def _put_aside(notice: Notice, why: str, *, now: datetime) -> None:
    """It may not leave: say why, and let go of it."""
    notice.lease_until, notice.failure = None, why
    notice.save(update_fields=["lease_until", "failure"])
    for takedown in Takedown.objects.select_for_update().filter(notice=notice, status=Status.SENDING):
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


@transaction.atomic
def finish(done: Sequence[Done], *, now: datetime, jitter: Callable[[], float] = random.random) -> int:
    """Write what came of these sends, where this worker's fence still holds. Returns how many were written."""
    settled = _let_go(done)
    kept = [(claim, sent) for claim, sent in done if claim.notice_id in settled]
    _finish_attempts(kept, now=now)
    accepted = [pair for pair in kept if pair[1].result == Result.ACCEPTED]
    _finish_accepted(accepted, now=now)
    for claim, sent in kept:
        if sent.result != Result.ACCEPTED:
            _finish_other(claim, sent, now=now, jitter=jitter)
    return len(kept)


def _let_go(done: Sequence[Done]) -> set[UUID]:
    """Release the leases that are still ours; the ids of those notices."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE takedowns_notice AS notice SET lease_until = NULL, reference = mine.reference, failure = '' "
            "FROM unnest(%s::uuid[], %s::int[], %s::text[]) AS mine(id, fence, reference) "
            "WHERE notice.id = mine.id AND notice.fence = mine.fence AND notice.lease_until IS NOT NULL "
            "RETURNING notice.id",
            [
                [claim.notice_id for claim, _sent in done],
                [claim.fence for claim, _sent in done],
                [sent.reference for _claim, sent in done],
            ],
        )
        return {row[0] for row in cursor.fetchall()}


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


def _finish_accepted(done: Sequence[Done], *, now: datetime) -> None:
    """sending -> sent, in a handful of statements for any number."""
    if not done:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE takedowns_takedown AS takedown SET status = %s, status_at = %s, sent_at = mine.started_at, "
            "transport = %s, transport_at = %s, next_look_at = mine.started_at + make_interval(secs => %s) "
            "FROM unnest(%s::uuid[], %s::timestamptz[]) AS mine(id, started_at) "
            "WHERE takedown.notice_id = mine.id AND takedown.status = %s RETURNING takedown.id",
            [
                Status.SENT,
                now,
                Result.ACCEPTED,
                now,
                settings.RECHECK_AFTER[0].total_seconds(),
                [claim.notice_id for claim, _sent in done],
                [claim.started_at for claim, _sent in done],
                Status.SENDING,
            ],
        )
        ids = [row[0] for row in cursor.fetchall()]
    rows = list(
        Takedown.objects.filter(pk__in=ids)
        .select_related("platform")
        .only("id", "link_id", "case_id", "sent_at", "platform_says", "platform__name", "case__report_id")
        .select_related("platform", "case")
    )
    Event.objects.bulk_create(
        Event(takedown=row, at=row.sent_at or now, recorded_at=now, source=Source.WORKER, what=Status.SENT)
        for row in rows
    )
    reports.post_updates(
        [
            reports.NewsItem(
                report_id=row.case.report_id,
                link_id=row.link_id,
                what=News.SENT,
                at=now,
                data={"platform": row.platform.name},
            )
            for row in rows
        ]
    )
    audit.record_many(audit.row(by=None, verb="takedown.sent", obj=row, at=now) for row in rows)
    for row in rows:
        if row.platform_says:  # the platform's callback was quicker than our own writing
            late = Takedown.objects.select_for_update().select_related("case", "platform").get(pk=row.pk)
            before = Status(late.status)
            actions.apply_platform_word(late)
            late.save()
            if late.status != before:
                actions.tell(late, Outcome(late.platform_says), before=before, at=now)


def _finish_other(claim: Claim, sent: Sent, *, now: datetime, jitter: Callable[[], float]) -> None:
    """Refused, not now, or unknown: rare, so one by one."""
    notice = Notice.objects.get(pk=claim.notice_id)
    can_ask = connector(claim.route.kind).can_ask
    status = {
        Result.REFUSED: Status.FAILED,
        Result.UNKNOWN: Status.UNKNOWN,
        Result.NOT_SENT: Status.QUEUED,
    }.get(sent.result, Status.QUEUED if claim.tries < MAX_TRIES else Status.FAILED)
    notice.failure = sent.detail[:200]
    if status == Status.QUEUED:
        notice.due_at = now + (sent.retry_after or pause(claim.tries, jitter()))
    if status == Status.UNKNOWN and can_ask:
        notice.ask_at = now + FIRST_QUESTION
    notice.save(update_fields=["failure", "due_at", "ask_at"])
    _move_sending(notice, status, result=sent.result, now=now, why=sent.detail)


def _move_sending(notice: Notice, status: Status, *, result: Result, now: datetime, why: str) -> None:
    rows = list(
        Takedown.objects.select_for_update(of=("self",))
        .select_related("platform", "case")
        .filter(notice=notice, status=Status.SENDING)
    )
    for row in rows:
        row.move(status, at=now)
        row.transport, row.transport_at = result, now
        row.save()
        Event.objects.create(
            takedown=row,
            at=now,
            recorded_at=now,
            source=Source.WORKER,
            what=result,
            detail={"why": why[:100]},
        )
        audit.record(by=None, verb=f"takedown.{status}", obj=row, detail={"result": result}, at=now)
        if row.platform_says and status == Status.UNKNOWN:
            before = Status(row.status)
            actions.apply_platform_word(row)
            row.save()
            actions.tell(row, Outcome(row.platform_says), before=before, at=now)


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
    for notice in Notice.objects.filter(pk__in=ids).select_related("channel"):
        Attempt.objects.filter(notice=notice, fence=notice.fence, result="").update(
            result=Result.UNKNOWN, finished_at=now, detail="the worker fell silent"
        )
        notice.lease_until = None
        notice.fence += 1  # whatever the old holder still says is not written
        notice.failure = "the worker fell silent"
        if connector(notice.channel.kind).can_ask:
            notice.ask_at = now
        notice.save(update_fields=["lease_until", "fence", "failure", "ask_at"])
        _move_sending(notice, Status.UNKNOWN, result=Result.UNKNOWN, now=now, why="the worker fell silent")
    return len(ids)


# --- running ------------------------------------------------------------------------------------------


class Desk:
    """All database work of a run goes through one thread with one connection, so that the loop never waits for it."""

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
    desk = Desk()
    try:
        async with Lines(in_flight=settings.SENDS_IN_FLIGHT) as lines:
            lanes = [_lane(kind, LANES[kind], desk, lines, max_seconds) for kind in kinds]
            return sum(await asyncio.gather(*lanes))
    finally:
        await desk.close()


async def _lane(kind: str, in_flight: int, desk: Desk, lines: Lines, max_seconds: float) -> int:
    """Keep up to `in_flight` sends of one kind on their way; write results as they come in."""
    loop = asyncio.get_running_loop()
    until = loop.time() + max_seconds
    sending: set[asyncio.Task[Done]] = set()
    ended: list[Done] = []
    count = 0
    open_routes: dict[int, Route] = await desk(lambda: routes([kind], now=timezone.now()))
    exhausted = not open_routes
    while True:
        free = in_flight - len(sending)
        if not exhausted and loop.time() < until and free >= min(BATCH, in_flight) // 2:
            limit = min(free, BATCH)
            claims: list[Claim] = await desk(partial(_claim_now, open_routes, limit))
            exhausted = not claims
            sending |= {asyncio.create_task(_send(one, lines)) for one in claims}
            if claims and len(sending) + min(BATCH, in_flight) // 2 <= in_flight:
                continue
        if sending:
            done, sending = await asyncio.wait(sending, timeout=FLUSH_EVERY)
            ended += [task.result() for task in done]
        if ended and (len(ended) >= BATCH // 2 or not sending or exhausted or len(sending) < in_flight):
            batch, ended = ended, []
            count += await desk(partial(_finish_now, batch))
            exhausted = exhausted and loop.time() >= until
        if not sending and not ended and (exhausted or loop.time() >= until):
            return count


def _claim_now(open_routes: dict[int, Route], limit: int) -> list[Claim]:
    return claim(open_routes, limit=limit, now=timezone.now())


def _finish_now(done: Sequence[Done]) -> int:
    return finish(done, now=timezone.now())


async def _send(one: Claim, lines: Lines) -> Done:
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
            Notice.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("channel")
            .filter(ask_at__lte=now)
            .order_by("ask_at")[:limit]
        )
        for notice in due:
            notice.asks += 1
            # The next question, should this one bring nothing or this worker die; none after MAX_QUESTIONS: a person decides.
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
    row = next((row for row in notice.takedowns.all() if str(row.pk) == item.get("item_id")), None)
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
