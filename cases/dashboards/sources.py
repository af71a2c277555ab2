"""From rows to facts, in SQL: one statement for each kind of fact, for rows named by their numbers.

A row that is gone leaves its fact; only what depends on the time or on another platform is said anew of it.
"""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Model

from cases.dashboards import bins
from cases.dashboards.models import RedressFact, ReportFact, StepFact, TakedownFact
from cases.dashboards.sql import fetch_rows
from cases.ladder.states import LIVE
from cases.takedowns.states import SAID_REMOVED, STAYED, Outcome, Result, Status
from reports.states import AgeRange
from reports.states import Status as ReportStatus

# Each platform with the one its figures stand under: the last of a chain of mergers.
_ROOTS = """
    chain(platform, at) AS (
        SELECT id, id FROM platforms_platform
        UNION SELECT chain.platform, next.merged_into_id
        FROM chain JOIN platforms_platform AS next ON next.id = chain.at WHERE next.merged_into_id IS NOT NULL
    ), roots AS (
        SELECT chain.platform, chain.at FROM chain JOIN platforms_platform AS last ON last.id = chain.at
        WHERE last.merged_into_id IS NULL
    )
"""


def roots() -> dict[int, int]:
    """Each platform, and the one its figures stand under: itself, or the last of the chain that it was merged into."""
    text = f"""
        WITH RECURSIVE {_ROOTS}
        SELECT one.id, coalesce(roots.at, one.id) FROM platforms_platform AS one
        LEFT JOIN roots ON roots.platform = one.id
    """  # noqa: S608  our own names
    return dict(fetch_rows(text, []))


@dataclass(frozen=True, slots=True)
class Source:
    """How one kind of fact is read. `select` names its columns as the fact does."""

    fact: type[Model]
    table: str  # where its rows stand
    select: str
    orphans: str = ""  # what is done with facts whose row is gone, up to and with its WHERE


# Once a fact is there, who stands first is settled among its siblings (folding.py).
_KEPT = {"id", "is_first_of_item", "is_first_of_notice"}


def upsert(source: Source) -> str:
    """The statement that writes the facts of the rows in `%(ids)s`."""
    columns = [field.column for field in source.fact._meta.concrete_fields if field.column]
    changed = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in _KEPT)
    table = source.fact._meta.db_table
    return f"""
    WITH RECURSIVE {_ROOTS}, found AS ({source.select})
    INSERT INTO {table} ({", ".join(columns)}) SELECT {", ".join(columns)} FROM found
    ON CONFLICT (id) DO UPDATE SET {changed}
    """  # noqa: S608  our own names


# What the young person withdrew, or what was learned of it, in one word; and the judgement of today.
_TAKEDOWNS = """
    SELECT
        id, own_platform, platform, channel, regimes, kind, age, item, notice, requested_at,
        date_trunc('month', said_at)::date AS month,
        is_counted, is_counted AS is_first_of_item, is_counted AS is_first_of_notice, is_sent,
        CASE
            WHEN NOT is_sent THEN 'not_sent'
            WHEN acted_at IS NOT NULL THEN 'acted_on'
            WHEN withdrawn THEN 'withdrawn'
            WHEN says = '' THEN 'no_answer'
            WHEN says = ANY(%(settled)s) THEN says
            ELSE 'under_way'
        END AS fate,
        CASE
            WHEN NOT is_sent THEN 'not_sent'
            WHEN says <> '' THEN says
            WHEN first_gone_at IS NOT NULL THEN 'seen_gone'
            WHEN withdrawn THEN 'withdrawn'
            ELSE 'no_answer'
        END AS action,
        is_sent AND says = ANY(%(said_removed)s) AS said_removed,
        is_sent AND first_gone_at IS NOT NULL AS seen_gone,
        is_sent AND came_back AS reappeared, first_gone_at,
        -- Judged is what a look found gone after all that time, and what came back, when as much time has gone by.
        is_sent AND (stayed OR came_back AND first_gone_at <= %(long_ago)s) AS gone_long_ago,
        is_sent AND stayed AS stayed_gone,
        CASE WHEN is_sent AND came_back AND first_gone_at > %(long_ago)s THEN first_gone_at + %(stayed)s END AS next_at,
        CASE WHEN is_sent AND acted_at IS NOT NULL
            THEN width_bucket(greatest(0, extract(epoch FROM acted_at - sent_at)), %(edges)s::numeric[])
        END AS bin,
        CASE WHEN is_sent AND came_back THEN (%(back_bars)s::integer[])[
            width_bucket(
                greatest(0, extract(epoch FROM coalesce(first_back_at, reappeared_at) - first_gone_at)),
                (%(back_bars)s::numeric[])[2:]
            ) + 1
        ] END AS back
    FROM (
        SELECT
            takedown.id, takedown.platform_id AS own_platform, coalesce(roots.at, takedown.platform_id) AS platform,
            notice.channel_id AS channel, notice.regimes, report.kind,
            CASE report.age_range WHEN %(adult)s THEN 'adult' WHEN %(unknown)s THEN 'unknown' ELSE 'minor' END AS age,
            -- Erasing takes it out of what it shared with others: it stays the item that it was known as.
            coalesce(
                takedown.item_id, CASE WHEN report.status = %(erased)s THEN fact.item END, takedown.id
            ) AS item,
            takedown.notice_id AS notice, takedown.requested_at,
            takedown.requested_at AT TIME ZONE %(zone)s AS said_at,
            takedown.escalates_id IS NULL AS is_counted, takedown.sent_at,
            -- What came back undelivered was sent, and is not counted as sent.
            takedown.sent_at IS NOT NULL AND takedown.transport = %(accepted)s AS is_sent,
            takedown.acted_at, takedown.status = %(withdrawn)s AS withdrawn, takedown.platform_says AS says,
            takedown.reappeared_at, gone.first_gone_at,
            -- What is shared from somebody else's request may have come back before we saw it gone for this one.
            coalesce(takedown.reappeared_at >= gone.first_gone_at, false) AS came_back,
            coalesce(
                takedown.observed = %(seen_gone)s AND takedown.observed_at >= takedown.gone_at + %(stayed)s, false
            ) AS stayed,
            CASE WHEN takedown.reappeared_at IS NOT NULL THEN (
                SELECT min(event.at) FROM takedowns_event AS event
                WHERE event.takedown_id = takedown.id AND event.what = %(seen_there)s AND event.at > gone.first_gone_at
            ) END AS first_back_at
        FROM takedowns_takedown AS takedown
        JOIN takedowns_notice AS notice ON notice.id = takedown.notice_id
        JOIN cases_case AS one ON one.id = takedown.case_id
        JOIN reports_report AS report ON report.id = one.report_id
        LEFT JOIN roots ON roots.platform = takedown.platform_id
        LEFT JOIN dashboards_takedownfact AS fact ON fact.id = takedown.id
        CROSS JOIN LATERAL (
            SELECT min(event.at) AS first_gone_at FROM takedowns_event AS event
            WHERE event.takedown_id = takedown.id AND event.what = %(seen_gone)s
        ) AS gone
        WHERE takedown.id = ANY(%(ids)s)
    ) AS read
"""
_TAKEDOWN_ORPHANS = """
    UPDATE dashboards_takedownfact AS fact SET
        platform = coalesce((SELECT roots.at FROM roots WHERE roots.platform = fact.own_platform), fact.own_platform),
        gone_long_ago = stayed_gone OR reappeared AND first_gone_at <= %(long_ago)s,
        next_at = CASE WHEN reappeared AND first_gone_at > %(long_ago)s THEN first_gone_at + %(stayed)s END
    WHERE
"""
_REPORTS = """
    SELECT
        report.id, report.submitted_at,
        date_trunc('month', report.submitted_at AT TIME ZONE %(zone)s)::date AS month,
        extract(isodow FROM report.submitted_at AT TIME ZONE %(zone)s) - 1
            || '-' || extract(hour FROM report.submitted_at AT TIME ZONE %(zone)s) AS hour,
        report.kind, report.age_range, report.who, report.channel, report.circumstances,
        -- Erasing takes the school's name: whether there was one stays as it was known.
        CASE WHEN report.status = %(erased)s THEN coalesce(fact.with_school, false)
             ELSE coalesce(octet_length(report.school) > 0, false) END AS with_school
    FROM reports_report AS report LEFT JOIN dashboards_reportfact AS fact ON fact.id = report.id
    WHERE report.id = ANY(%(ids)s)
"""
_OF_TAKEDOWN = """
    SELECT
        own.id, takedown.platform_id AS own_platform, coalesce(roots.at, takedown.platform_id) AS platform, {columns},
        own.state_at, date_trunc('month', own.state_at AT TIME ZONE %(zone)s)::date AS month
    FROM {table} AS own JOIN takedowns_takedown AS takedown ON takedown.id = own.takedown_id
    LEFT JOIN roots ON roots.platform = takedown.platform_id
    WHERE own.id = ANY(%(ids)s)
"""
_MOVED = """
    UPDATE {table} AS fact SET platform = coalesce(
        (SELECT roots.at FROM roots WHERE roots.platform = fact.own_platform), fact.own_platform
    )
    WHERE
"""

TAKEDOWNS = Source(TakedownFact, "takedowns_takedown", _TAKEDOWNS, _TAKEDOWN_ORPHANS)
REPORTS = Source(ReportFact, "reports_report", _REPORTS)
STEPS = Source(
    StepFact,
    "ladder_step",
    _OF_TAKEDOWN.format(table="ladder_step", columns="own.rung, own.state, own.outcome"),
    # A step that was proposed and is gone was never climbed.
    f"""
    , went AS (
        DELETE FROM dashboards_stepfact AS fact WHERE fact.state = ANY(%(live)s) AND fact.id = ANY(%(ids)s)
            AND NOT EXISTS (SELECT FROM ladder_step AS own WHERE own.id = fact.id)
    )
    {_MOVED.format(table="dashboards_stepfact")} fact.state <> ALL(%(live)s) AND
    """,  # noqa: S608  our own names
)
REDRESS = Source(
    RedressFact,
    "ladder_redress",
    _OF_TAKEDOWN.format(table="ladder_redress", columns="own.kind, own.state"),
    _MOVED.format(table="dashboards_redressfact"),
)


def left_behind(source: Source) -> str:
    """The statement for those facts of `%(ids)s` whose row is gone; blank where nothing is to be said of them."""
    if not source.orphans:
        return ""
    return f"""
    WITH RECURSIVE {_ROOTS} {source.orphans}
    fact.id = ANY(%(ids)s) AND NOT EXISTS (SELECT FROM {source.table} AS own WHERE own.id = fact.id)
    """


# Facts that do not stand under the last of their platform's chain: a merger, or parting, has yet to reach them.
MISPLACED = f"""
    WITH RECURSIVE {_ROOTS}, facts AS (
        SELECT 'takedown' AS source, id, own_platform, platform FROM dashboards_takedownfact
        UNION ALL SELECT 'step', id, own_platform, platform FROM dashboards_stepfact
        UNION ALL SELECT 'redress', id, own_platform, platform FROM dashboards_redressfact
    )
    SELECT fact.source, fact.id FROM facts AS fact LEFT JOIN roots ON roots.platform = fact.own_platform
    WHERE fact.platform <> coalesce(roots.at, fact.own_platform)
"""  # noqa: S608  our own names

VALUES = {
    "zone": settings.TIME_ZONE,
    "edges": list(bins.EDGES),
    "back_bars": [0, *bins.BACK_BARS],
    "settled": [Outcome.REFUSED.value, Outcome.NOT_FOUND.value, Outcome.MORE_INFORMATION.value],
    "said_removed": [status.value for status in SAID_REMOVED],
    "withdrawn": Status.WITHDRAWN.value,
    "accepted": Result.ACCEPTED.value,
    "seen_gone": Outcome.SEEN_GONE.value,
    "seen_there": Outcome.SEEN_THERE.value,
    "adult": AgeRange.ADULT.value,
    "unknown": AgeRange.UNKNOWN.value,
    "erased": ReportStatus.ERASED.value,
    "live": sorted(LIVE),
    "stayed": STAYED,
}
