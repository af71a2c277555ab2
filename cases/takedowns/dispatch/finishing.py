"""Finishing: writing what came of sends, where this worker's fence still holds."""

import json
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from cases.takedowns import actions, states
from cases.takedowns.connectors import Sent, connector
from cases.takedowns.dispatch import breaker
from cases.takedowns.dispatch.claiming import Claim
from cases.takedowns.models import Takedown
from cases.takedowns.reasons import MAX_STARTS, MAX_TRIES, Why, coded
from cases.takedowns.states import ForbiddenMove, Outcome, Result, Source, Status
from helpline.audit import actions as audit
from reports import actions as reports
from reports.states import News

log = logging.getLogger(__name__)

FIRST_QUESTION = timedelta(seconds=2 if settings.DEMO else 20)

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
        Result.NOT_SENT: Status.QUEUED if claim.tries < MAX_STARTS else Status.FAILED,
    }.get(sent.result, Status.QUEUED if claim.tries < MAX_TRIES else Status.FAILED)
    can_ask = status == Status.UNKNOWN and connector(claim.route.kind).can_ask
    later = (
        now + (sent.retry_after or breaker.pause(claim.tries, jitter())) if status == Status.QUEUED else None
    )
    why = sent.detail[:150]
    if status == Status.FAILED:
        over = {Result.REFUSED: Why.REFUSED, Result.NOT_SENT: Why.NEVER_LEFT}
        why = coded(over.get(sent.result, Why.GIVEN_UP), why)
    return Ending(
        claim.notice_id,
        status,
        sent.result,
        why=why,
        due_at=later,
        ask_at=now + FIRST_QUESTION if can_ask else None,
    )


def finish(done: Sequence[Done], *, now: datetime, jitter: Callable[[], float] = random.random) -> int:
    """Write what came of these sends, where this worker's fence still holds. Returns how many were written.

    The same few statements for any number, whatever came of them.
    """
    count = _finish(done, now=now, jitter=jitter)
    # What a channel did is true whoever holds the row by now. It is advice: what was sent stands without it.
    try:
        breaker.note(
            breaker.tallies((claim.route.channel_id, sent) for claim, sent in done), now=now, jitter=jitter
        )
    except Exception:
        log.exception("How the channels carried could not be written.")
    return count


@transaction.atomic
def _finish(done: Sequence[Done], *, now: datetime, jitter: Callable[[], float]) -> int:
    endings = [(*pair, _ending(*pair, now=now, jitter=jitter)) for pair in done]
    settled = let_go(endings)
    kept = [one for one in endings if (one[0].notice_id, one[0].fence) in settled]
    _finish_attempts([(claim, sent) for claim, sent, _ending in kept], now=now)
    move_sending([ending for _claim, _sent, ending in kept], now=now)
    return len(kept)


def let_go(endings: Sequence[tuple[Claim, Sent, Ending]]) -> set[tuple[UUID, int]]:
    """Release the leases that are still ours: the notices' ids, each with its fence."""
    with connection.cursor() as cursor:
        cursor.execute(
            # In the one order, so that nobody who locks several waits for us while we wait for them.
            "WITH held AS (SELECT id FROM takedowns_notice WHERE id = ANY(%s::uuid[]) ORDER BY id FOR NO KEY UPDATE) "
            "UPDATE takedowns_notice AS notice SET lease_until = NULL, "
            "reference = COALESCE(NULLIF(mine.reference, ''), notice.reference), "  # a callback may have told it before
            "failure = mine.failure, due_at = mine.due_at, ask_at = mine.ask_at "
            "FROM held JOIN unnest(%s::uuid[], %s::int[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[]) "
            "AS mine(id, fence, reference, failure, due_at, ask_at) ON mine.id = held.id "
            "WHERE notice.id = held.id AND notice.fence = mine.fence AND notice.lease_until IS NOT NULL "
            "RETURNING notice.id, notice.fence",
            [
                [claim.notice_id for claim, _sent, _ending in endings],
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

    pk: str
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
SELECT id::text, notice_id, link_id, platform_says, report_id, name FROM moved
"""


def move_sending(endings: Sequence[Ending], *, now: datetime) -> None:
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
    alike: dict[tuple[Status, Result], list[str]] = {}
    for row, ending in rows:
        alike.setdefault((ending.status, ending.result), []).append(row.pk)
    for (status, result), pks in alike.items():
        audit.record_alike(
            Takedown,
            pks,
            by=None,
            verb=f"takedown.{status}",
            detail=None if result == Result.ACCEPTED else {"result": result.value},
            at=now,
        )
    for row, ending in rows:
        if row.platform_says and ending.status in {Status.SENT, Status.UNKNOWN}:
            _platform_was_quicker(row.pk, now=now)


def _platform_was_quicker(pk: str, *, now: datetime) -> None:
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
