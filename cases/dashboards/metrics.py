"""The one module of figures: the dashboard, the API and the reports read these and no others. See docs/figures.md.

A period holds the takedowns *requested* in it; what became of them is told as it stands now, except that "stayed gone"
asks for thirty days before the period's end. A link that comes back later is therefore missing from a past period's
"stayed gone" from then on: it did not stay.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from cases.models import QueueItem
from cases.states import QueueState
from cases.takedowns.models import Takedown
from cases.takedowns.states import SAID_REMOVED, Outcome, Status
from helpline.platforms.models import Platform

STAYED = timedelta(days=30)
# Where the bars of the distribution begin and end, in seconds; the last is open.
EDGES = (60, 300, 900, 3600, 6 * 3600, 24 * 3600, 3 * 86400, 7 * 86400)


@dataclass(frozen=True, slots=True)
class Counts:
    """Takedowns by what became of them. The last seven make up `sent`: each sent one is in exactly one of them."""

    total: int = 0
    sent: int = 0
    said_removed: int = 0
    seen_gone: int = 0
    gone_long_ago: int = 0  # first seen gone at least STAYED before the end of the period
    stayed_gone: int = 0
    reappeared: int = 0
    acted_on: int = 0
    refused: int = 0
    not_found: int = 0
    more_information: int = 0
    under_way: int = 0
    no_answer: int = 0
    withdrawn: int = 0
    p50_s: float | None = None
    p90_s: float | None = None

    @property
    def left_up(self) -> int:
        """Sent, and not acted on: what still harms. Platforms are ordered by it."""
        return self.sent - self.acted_on


@dataclass(frozen=True, slots=True)
class PlatformCounts:
    """The same, of one platform."""

    slug: str
    name: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class Bar:
    """How many were acted on within [`from_s`, `to_s`) seconds of being sent; `to_s` None: or later."""

    from_s: int
    to_s: int | None
    count: int


@dataclass(frozen=True, slots=True)
class Week:
    """The week that begins on Monday `start`, by the moment of the request."""

    start: date
    requested: int
    acted_on: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything about a period. `platforms` come worst first: most left up, then slowest."""

    since: datetime
    until: datetime
    platform: str | None
    overall: Counts
    platforms: Sequence[PlatformCounts]
    spread: Sequence[Bar]
    weeks: Sequence[Week]

    def as_dict(self) -> dict[str, Any]:
        """The shape of `GET /api/v1/statistics/`."""
        return {
            "period": {
                "since": self.since.isoformat(),
                "until": self.until.isoformat(),
                "platform": self.platform,
            },
            "takedowns": _counted(self.overall),
            "time_to_action_s": {"p50": self.overall.p50_s, "p90": self.overall.p90_s},
            "platforms": [
                {
                    "slug": one.slug,
                    "name": one.name,
                    "takedowns": _counted(one.counts),
                    "time_to_action_s": {"p50": one.counts.p50_s, "p90": one.counts.p90_s},
                }
                for one in self.platforms
            ],
        }


def _counted(counts: Counts) -> dict[str, int]:
    return {name: value for name, value in asdict(counts).items() if name not in {"p50_s", "p90_s"}}


_ASKED = """
WITH gone AS (
    SELECT event.takedown_id, min(event.at) AS first_at
    FROM takedowns_event AS event JOIN takedowns_takedown AS takedown ON takedown.id = event.takedown_id
    WHERE event.what = %(seen_gone)s AND takedown.requested_at >= %(since)s AND takedown.requested_at < %(until)s
    GROUP BY event.takedown_id
), asked AS (
    SELECT
        takedown.platform_id,
        takedown.requested_at,
        takedown.sent_at IS NOT NULL AS sent,
        takedown.sent_at IS NOT NULL AND takedown.acted_at IS NOT NULL AS acted,
        takedown.status,
        takedown.platform_says AS says,
        takedown.gone_at,
        takedown.reappeared_at IS NOT NULL AS reappeared,
        gone.first_at AS first_gone_at,
        CASE WHEN takedown.sent_at IS NOT NULL AND takedown.acted_at IS NOT NULL
             THEN greatest(0, extract(epoch FROM takedown.acted_at - takedown.sent_at)) END AS seconds
    FROM takedowns_takedown AS takedown LEFT JOIN gone ON gone.takedown_id = takedown.id
    WHERE takedown.requested_at >= %(since)s AND takedown.requested_at < %(until)s
      -- A reminder, and what was asked above the platform, are about the same takedown and count with the first request.
      AND takedown.escalates_id IS NULL
      AND (%(platform)s IS NULL OR takedown.platform_id = %(platform)s)
)
"""

_OPEN = "sent AND NOT acted AND status <> %(withdrawn)s"
_COUNTS = (
    _ASKED
    + f"""
SELECT
    platform_id,
    count(*) AS total,
    count(*) FILTER (WHERE sent) AS sent,
    count(*) FILTER (WHERE sent AND says = ANY(%(said_removed)s)) AS said_removed,
    count(*) FILTER (WHERE sent AND first_gone_at IS NOT NULL) AS seen_gone,
    count(*) FILTER (WHERE sent AND first_gone_at <= %(long_ago)s) AS gone_long_ago,
    count(*) FILTER (WHERE sent AND first_gone_at <= %(long_ago)s AND gone_at <= %(long_ago)s) AS stayed_gone,
    count(*) FILTER (WHERE sent AND reappeared) AS reappeared,
    count(*) FILTER (WHERE acted) AS acted_on,
    count(*) FILTER (WHERE {_OPEN} AND says = %(refused)s) AS refused,
    count(*) FILTER (WHERE {_OPEN} AND says = %(not_found)s) AS not_found,
    count(*) FILTER (WHERE {_OPEN} AND says = %(more)s) AS more_information,
    count(*) FILTER (WHERE {_OPEN} AND says <> '' AND NOT says = ANY(%(settled)s)) AS under_way,
    count(*) FILTER (WHERE {_OPEN} AND says = '') AS no_answer,
    count(*) FILTER (WHERE sent AND NOT acted AND status = %(withdrawn)s) AS withdrawn,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS p50_s,
    percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds) AS p90_s
FROM asked GROUP BY GROUPING SETS ((), (platform_id))
"""  # noqa: S608  our own constants; every value is a parameter
)
_SPREAD = (
    _ASKED  # noqa: S608  as above
    + "SELECT width_bucket(seconds, %(edges)s::numeric[]), count(*) FROM asked WHERE acted GROUP BY 1"
)
_WEEKS = (
    _ASKED
    + """
SELECT date_trunc('week', requested_at AT TIME ZONE %(zone)s)::date, count(*), count(*) FILTER (WHERE acted)
FROM asked GROUP BY 1 ORDER BY 1
"""
)


def figures(*, since: datetime, until: datetime, platform: str | None = None) -> Figures:
    """The figures of the takedowns requested from `since` (included) to `until` (excluded), of one platform or all.

    Raises Platform.DoesNotExist for a slug that is not in the directory.
    """
    platforms = {row.pk: row for row in Platform.objects.only("id", "slug", "name")}
    wanted = Platform.objects.get(slug=platform).pk if platform else None
    values = {
        "since": since,
        "until": until,
        "platform": wanted,
        "long_ago": until - STAYED,
        "seen_gone": Outcome.SEEN_GONE.value,
        "said_removed": [status.value for status in SAID_REMOVED],
        "refused": Outcome.REFUSED.value,
        "not_found": Outcome.NOT_FOUND.value,
        "more": Outcome.MORE_INFORMATION.value,
        "settled": [Outcome.REFUSED.value, Outcome.NOT_FOUND.value, Outcome.MORE_INFORMATION.value],
        "withdrawn": Status.WITHDRAWN.value,
        "edges": list(EDGES),
        "zone": settings.TIME_ZONE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, values)
        names = [column.name for column in cursor.description or ()][1:]
        rows = {row[0]: Counts(**dict(zip(names, row[1:], strict=True))) for row in cursor.fetchall()}
        cursor.execute(_SPREAD, values)
        filled = dict(cursor.fetchall())
        cursor.execute(_WEEKS, values)
        weeks = [Week(*row) for row in cursor.fetchall()]
    overall = rows.pop(None, Counts())
    by_platform = [
        PlatformCounts(platforms[pk].slug, platforms[pk].name, counts) for pk, counts in rows.items()
    ]
    return Figures(
        since=since,
        until=until,
        platform=platform,
        overall=overall,
        platforms=sorted(by_platform, key=_harm),
        spread=_bars(filled),
        weeks=weeks,
    )


def _harm(one: PlatformCounts) -> tuple[float, ...]:
    return (-one.counts.left_up, -(one.counts.p90_s or 0.0), -one.counts.sent)


def _bars(filled: dict[int, int]) -> list[Bar]:
    """Every bar, the empty ones too: a gap in a picture must mean something."""
    starts, ends = (0, *EDGES), (*EDGES, None)
    return [
        Bar(start, end, filled.get(place, 0))
        for place, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits at this moment."""

    reports: int
    in_danger: int
    oldest_at: datetime | None
    to_file: int
    unknown: int


def waiting_now() -> Waiting:
    """What waits at this moment, in the whole helpline."""
    queue = QueueItem.objects.filter(state=QueueState.WAITING)
    return Waiting(
        reports=queue.count(),
        in_danger=queue.filter(danger=True).count(),
        oldest_at=queue.order_by("submitted_at").values_list("submitted_at", flat=True).first(),
        to_file=Takedown.objects.filter(status=Status.TO_FILE).count(),
        unknown=Takedown.objects.filter(status=Status.UNKNOWN).count(),
    )
