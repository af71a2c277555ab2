"""How a platform and its channels have carried lately: read from the rows of the last thirty days, in a few statements."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Min, Q

from cases.takedowns.models import Notice, Takedown
from cases.takedowns.states import STATUS_OF, Outcome, Result, Source, Status
from helpline.platforms.models import Platform

LATELY = timedelta(days=30)
# By these doors a platform speaks; a look at the link and our own sending are not its word.
ITS_WORD = (Source.CALLBACK, Source.QUERY, Source.MAIL, Source.PERSON)


@dataclass(frozen=True, slots=True)
class Health:
    """How one channel carried."""

    last_success: datetime | None = None
    last_failure: datetime | None = None
    result: Result | None = None  # how the last failure ended
    detail: str = ""  # the wire's own short word for it
    waiting: int = 0  # notices that are due, or will be tried again
    oldest: datetime | None = None
    by_hand: int = 0  # notices that a person has to file
    on_their_way: int = 0

    @property
    def affected(self) -> int:
        """What would stay behind if the channel were switched off now."""
        return self.waiting + self.by_hand


@dataclass(frozen=True, slots=True)
class Figures:
    """What the platform answered to what was sent in the last thirty days, and how soon."""

    sent: int = 0
    heard: int = 0
    median: timedelta | None = None
    p90: timedelta | None = None
    answers: Mapping[Outcome, int] = field(default_factory=dict)
    looks_waiting: int = 0

    @property
    def silent(self) -> int:
        """Sent, and no word."""
        return self.sent - sum(self.answers.values())


LAST_TRIES = """
SELECT notice.channel_id,
    max(attempt.finished_at) FILTER (WHERE attempt.result = %(accepted)s),
    max(attempt.finished_at) FILTER (WHERE attempt.result <> %(accepted)s),
    (array_agg(attempt.result ORDER BY attempt.finished_at DESC, attempt.id DESC)
     FILTER (WHERE attempt.result <> %(accepted)s))[1],
    (array_agg(attempt.detail ORDER BY attempt.finished_at DESC, attempt.id DESC)
     FILTER (WHERE attempt.result <> %(accepted)s))[1]
FROM takedowns_notice AS notice JOIN takedowns_attempt AS attempt ON attempt.notice_id = notice.id
WHERE notice.channel_id = ANY(%(channels)s) AND notice.requested_at >= %(since)s AND attempt.finished_at IS NOT NULL
GROUP BY notice.channel_id
"""

ANSWERS = """
WITH first AS (
    SELECT takedown.platform_says, word.at - takedown.sent_at AS after
    FROM takedowns_notice AS notice
    JOIN takedowns_takedown AS takedown ON takedown.notice_id = notice.id
    LEFT JOIN LATERAL (
        SELECT min(event.at) AS at FROM takedowns_event AS event
        WHERE event.takedown_id = takedown.id AND event.source = ANY(%(doors)s) AND event.what = ANY(%(words)s)
    ) AS word ON TRUE
    WHERE notice.channel_id = ANY(%(channels)s) AND notice.requested_at >= %(since)s AND takedown.sent_at IS NOT NULL
)
SELECT platform_says, count(*), count(after),
    (SELECT percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY GREATEST(after, interval '0'))
     FILTER (WHERE after IS NOT NULL) FROM first)
FROM first GROUP BY platform_says
"""


def healths(channels: Collection[int], *, now: datetime) -> dict[int, Health]:
    """By channel: three statements for any number."""
    tries: dict[int, tuple[datetime | None, datetime | None, str | None, str | None]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            LAST_TRIES, {"accepted": Result.ACCEPTED, "channels": list(channels), "since": now - LATELY}
        )
        for channel, success, failure, result, detail in cursor.fetchall():
            tries[channel] = (success, failure, result, detail)
    filed = dict(
        Takedown.objects.filter(notice__channel__in=channels, notice__requested_at__gte=now - LATELY)
        .order_by()
        .values_list("notice__channel")
        .annotate(last=Max("sent_at"))
    )
    hand = Q(takedowns__status=Status.TO_FILE)
    moving = Q(due_at__isnull=False) | Q(lease_until__isnull=False) | hand
    counts = {
        row["channel"]: row
        for row in Notice.objects.filter(moving, channel__in=channels)
        .order_by()
        .values("channel")
        .annotate(
            waiting=Count("pk", filter=Q(due_at__isnull=False), distinct=True),
            oldest=Min("due_at"),
            by_hand=Count("pk", filter=hand, distinct=True),
            on_their_way=Count("pk", filter=Q(lease_until__isnull=False), distinct=True),
        )
    }
    found = {}
    for channel in channels:
        success, failure, result, detail = tries.get(channel, (None, None, None, None))
        row: Mapping[str, Any] = counts.get(channel, {})
        sent = [moment for moment in (success, filed.get(channel)) if moment is not None]
        found[channel] = Health(
            last_success=max(sent, default=None),
            last_failure=failure,
            result=Result(result) if result else None,
            detail=detail or "",
            waiting=row.get("waiting", 0),
            oldest=row.get("oldest"),
            by_hand=row.get("by_hand", 0),
            on_their_way=row.get("on_their_way", 0),
        )
    return found


def figures(platform: Platform, channels: Collection[int], *, now: datetime) -> Figures:
    """Two statements."""
    answers: Counter[Outcome] = Counter()
    sent = heard = 0
    spans: list[timedelta | None] = [None, None]
    with connection.cursor() as cursor:
        cursor.execute(
            ANSWERS,
            {
                "doors": list(ITS_WORD),
                "words": [str(one) for one in STATUS_OF],
                "channels": list(channels),
                "since": now - LATELY,
            },
        )
        for says, count, with_word, both in cursor.fetchall():
            sent, heard, spans = sent + count, heard + with_word, both or [None, None]
            if says:
                answers[Outcome(says)] += count
    looks = Takedown.objects.filter(platform=platform, next_look_at__lte=now).count()
    return Figures(
        sent=sent,
        heard=heard,
        median=spans[0],
        p90=spans[1],
        answers=dict(answers.most_common()),
        looks_waiting=looks,
    )
