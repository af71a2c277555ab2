"""Claiming: taking due rows so that no other worker has them, and no channel more than it may carry."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from cases.takedowns.connectors import Route, route_of
from cases.takedowns.dispatch.breaker import THRESHOLD
from cases.takedowns.models import Notice
from cases.takedowns.notices import NoticeContent
from helpline.crypto.box import settings_box
from helpline.platforms.models import Channel

BATCH = 200
# Advisory lock: whoever claims counts what is under way, and then adds to it.
CLAIMING = 0x434C41494D


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


# As much of a row as its preparing needs, in the model's own order.
TAKEN = ("id", "channel_id", "regimes", "requested_at", "fence", "tries", "key", "content")

# Every channel with something due gets the same share of the batch, and no more than it may carry: what is leased counts,
# whoever holds it. A channel whose breaker is half open carries one trial.
# Nobody waits for the disk here: the attempt, without which nothing leaves, is written later on the same connection, and
# that waits.
TAKE = f"""
SELECT pg_advisory_xact_lock(%(lock)s), set_config('synchronous_commit', 'off', true);
WITH carried AS (
    SELECT channel_id, count(*) AS many FROM takedowns_notice WHERE lease_until IS NOT NULL GROUP BY channel_id
), channel AS (
    SELECT id, CASE WHEN faults >= %(threshold)s THEN 1 ELSE max_in_flight END - COALESCE(carried.many, 0) AS room
    FROM platforms_channel LEFT JOIN carried ON carried.channel_id = id
    WHERE id = ANY(%(channels)s) AND enabled AND (paused_until IS NULL OR paused_until <= now()) AND NOT EXISTS (
        SELECT FROM platforms_platform AS one LEFT JOIN platforms_platform AS larger ON larger.id = one.merged_into_id
        WHERE one.id = platform_id AND COALESCE(one.paused_at, larger.paused_at) IS NOT NULL
    )
), open AS (
    SELECT id, LEAST(room, ceil(%(limit)s::numeric / count(*) OVER ()))::int AS share FROM channel
    WHERE room > 0 AND ((SELECT count(*) FROM channel) = 1 OR EXISTS (
        SELECT FROM takedowns_notice WHERE channel_id = channel.id AND due_at <= now() AND crashes = 0
    ))
), due AS (
    SELECT mine.id FROM open CROSS JOIN LATERAL (
        SELECT id, due_at FROM takedowns_notice
        WHERE channel_id = open.id AND due_at <= now() AND crashes = 0
        ORDER BY due_at, id LIMIT open.share FOR UPDATE SKIP LOCKED
    ) AS mine
    ORDER BY mine.due_at, mine.id LIMIT %(limit)s
)
UPDATE takedowns_notice AS notice
SET due_at = NULL, lease_until = now() + make_interval(secs => %(lease)s), fence = fence + 1, tries = LEAST(tries + 1, 32000)
FROM due WHERE notice.id = due.id
RETURNING notice.{", ".join(TAKEN)}
"""  # noqa: S608  our own names


def routes(kinds: Collection[str], *, now: datetime) -> dict[int, Route]:
    """The channels of these kinds that may be used now."""
    box = settings_box()
    found = Channel.objects.sending().filter(kind__in=kinds)
    return {channel.pk: route_of(channel, box) for channel in found if not channel.is_paused(now)}


def take(channel_ids: Collection[int], *, limit: int) -> list[Notice]:
    """Take up to `limit` rows that are due on these channels: one statement, and committed before anybody looks at them."""
    if not channel_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            TAKE,
            {
                "lock": CLAIMING,
                "threshold": THRESHOLD,
                "channels": list(channel_ids),
                "limit": limit,
                "lease": settings.LEASE.total_seconds(),
            },
        )
        return taken_rows(cursor)


def taken_rows(cursor: Any) -> list[Notice]:
    """What a statement took, of which it brought `TAKEN`."""
    return [Notice.from_db(connection.alias, TAKEN, row) for row in cursor.fetchall()]
