"""`history COUNT FOLDER`: COUNT facts of a year by COPY, the tallies made of them, and how long they take to be read.

Answers milliseconds: of the statements behind a year's page, of the whole call, of counting the yearly report (provider x
content x action), of that with its hiding of small numbers, and of DuckDB, which scans the same columns for the exact
median and p90 by platform and month.
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
from django.conf import settings
from django.db import connection, transaction

from cases.annual import content
from cases.dashboards import folding, metrics, sources
from cases.dashboards.models import TakedownFact
from helpline.platforms.models import Channel, Platform
from tests.bench.figures import median

PLATFORMS, ROUNDS = 40, 15
PARIS = ZoneInfo("Europe/Paris")
SINCE, UNTIL = datetime(2025, 1, 1, tzinfo=PARIS), datetime(2026, 1, 1, tzinfo=PARIS)

# All of one year, so that the year that is read holds all of them. Times to action over seven decades, as they are:
# minutes where a portal suspends at once, weeks where nobody looks. No dice: a fixed arithmetic of the number.
HISTORY = """
SELECT
    md5('t' || i)::uuid AS id, platform AS own_platform, platform, platform AS channel,
    CASE WHEN i %% 9 = 0 THEN '{{us-take-it-down}}' ELSE '{{eu-dsa-16}}' END::varchar[] AS regimes,
    (ARRAY['deepnude', 'real-image', 'threat', 'sent', 'unsure'])[(1 + i / 7 %% 5)::integer] AS kind,
    (ARRAY['minor', 'minor', 'minor', 'adult', 'unknown'])[(1 + i / 11 %% 5)::integer] AS age,
    md5('t' || i)::uuid AS item, md5('n' || i / 2)::uuid AS notice,
    asked AS requested_at, date_trunc('month', asked AT TIME ZONE 'Europe/Paris')::date AS month,
    true AS is_counted, true AS is_first_of_item, i %% 2 = 0 AS is_first_of_notice, fate <> 'not_sent' AS is_sent,
    fate, CASE fate WHEN 'acted_on' THEN 'removed' ELSE fate END AS action, fate = 'acted_on' AS said_removed,
    fate = 'acted_on' AS seen_gone, fate = 'acted_on' AND i %% 31 = 0 AS reappeared,
    CASE WHEN fate = 'acted_on' THEN asked + interval '1 day' END AS first_gone_at,
    fate = 'acted_on' AS gone_long_ago, fate = 'acted_on' AND i %% 31 <> 0 AS stayed_gone, NULL::timestamptz AS next_at,
    CASE WHEN fate = 'acted_on' THEN width_bucket(seconds, %(edges)s::numeric[]) END AS bin,
    CASE WHEN fate = 'acted_on' AND i %% 31 = 0 THEN 86400 END AS back
    {more}
FROM (
    SELECT i, 1 + (i * 7919) %% %(platforms)s AS platform,
        timestamptz '2025-01-01 00:00+01' + i * (interval '364 days 23 hours' / %(count)s) AS asked,
        CASE WHEN i / 40 %% 20 < 17 THEN 'acted_on' ELSE
            (ARRAY['refused', 'no_answer', 'not_sent'])[(i / 40 %% 20 - 16)::integer] END AS fate,
        (10 ^ (0.5 + 6.0 * ((i * 104729) %% 100003) / 100003 * (0.7 + (i * 7919) %% %(platforms)s / 130.0)))::numeric(12, 3)
            AS seconds
    FROM generate_series(0::bigint, %(count)s - 1) AS i
) AS made
"""


def fill(count: int, folder: Path) -> Path:
    """Write the history to a file, and from there into the facts. Answers the file that DuckDB reads."""
    for number in range(1, PLATFORMS + 1):
        platform = Platform.objects.update_or_create(
            pk=number, defaults={"slug": f"bench-{number}", "name": f"Bench {number}"}
        )[0]
        Channel.objects.update_or_create(
            pk=number, defaults={"platform": platform, "slug": f"bench-{number}", "kind": "email"}
        )
    names = [field.column for field in TakedownFact._meta.concrete_fields]
    values = {"edges": sources.VALUES["edges"], "count": count, "platforms": PLATFORMS}
    facts, times = folder / "facts.tsv", folder / "times.csv"
    with connection.cursor() as cursor:
        cursor.execute("SET work_mem = '256MB'; SET maintenance_work_mem = '512MB'")
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'dashboards_takedownfact' "
            "AND indexname NOT LIKE '%%pkey'"
        )
        indexes = cursor.fetchall()
        for name, _made in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        one = cursor.mogrify(
            f"SELECT {', '.join(names)} FROM ({HISTORY.format(more='')}) AS facts", values
        ).decode()
        with facts.open("wb") as file:
            cursor.copy_expert(f"COPY ({one}) TO STDOUT", file)
        with facts.open("rb") as file:
            cursor.copy_expert(f"COPY dashboards_takedownfact ({', '.join(names)}) FROM STDIN", file)
        facts.unlink()
        exact = cursor.mogrify(
            HISTORY.format(more=", CASE WHEN fate = 'acted_on' THEN seconds END AS seconds"), values
        )
        with times.open("wb") as file:
            cursor.copy_expert(
                f"COPY (SELECT platform, month, seconds FROM ({exact.decode()}) AS t) TO STDOUT CSV", file
            )
        for _name, made in indexes:
            cursor.execute(made)
        cursor.execute("ANALYZE dashboards_takedownfact")
    return times


def timed(one: Callable[[], Any], rounds: int) -> list[float]:
    """Milliseconds of each round; the first, which warms up, is left out."""
    spent = []
    for _round in range(rounds + 1):
        began = time.perf_counter()
        one()
        spent.append((time.perf_counter() - began) * 1000)
    return spent[1:]


def statements() -> float:
    """Milliseconds that the statements of a year's page take, the rows on this side included."""
    spent = 0.0

    def measure(execute: Any, *arguments: Any) -> Any:
        nonlocal spent
        began = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            spent += (time.perf_counter() - began) * 1000

    with connection.execute_wrapper(measure):
        metrics.figures(since=SINCE, until=UNTIL)
    return spent


def counted() -> int:
    """The items of the yearly report, as its counting has them."""
    return sum(row.items for row in metrics.by_provider(since=SINCE, until=UNTIL))


def reported() -> None:
    """The report's figures, as content.count makes them."""
    rows = metrics.by_provider(since=SINCE, until=UNTIL)
    found = metrics.figures(since=SINCE, until=UNTIL)
    content.figures_of(rows, found, threshold=settings.SMALL_CELLS)


def main(count: int, folder: Path) -> None:
    began = time.perf_counter()
    times = fill(count, folder)
    filled = time.perf_counter()
    with transaction.atomic():
        folding.sum_up()
    summed = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE dashboards_tally")
        cursor.execute("VACUUM dashboards_takedownfact")
    whole = timed(lambda: metrics.figures(since=SINCE, until=UNTIL), ROUNDS)
    sql = [statements() for _round in range(ROUNDS + 1)][1:]
    found = metrics.figures(since=SINCE, until=UNTIL)
    annual, report = timed(counted, ROUNDS), timed(reported, 3)
    scan = duckdb.connect()
    scan.execute(
        "CREATE TABLE times AS SELECT * FROM read_csv(?, names=['platform', 'month', 'seconds'])",
        [str(times)],
    )
    exact: list[Any] = []

    def scanned() -> None:
        exact[:] = scan.execute(
            "SELECT platform, month, quantile_cont(seconds, [0.5, 0.9]) FROM times GROUP BY ALL"
        ).fetchall()

    limit = timed(scanned, 5)
    slugs = {one.slug: one for one in found.platforms}
    farthest = 0.0
    for platform, month, quantiles in exact:
        if quantiles is None:
            continue
        counts = next(one.counts for one in slugs[f"bench-{platform}"].months if one.month == month)
        for ours, theirs in zip((counts.p50_s, counts.p90_s), quantiles, strict=True):
            farthest = max(farthest, (abs((ours or 0.0) - float(theirs)) - 1) / float(theirs))
    print(
        json.dumps(
            {
                "call": median(whole),
                "sql": median(sql),
                "duckdb": median(limit),
                "annual": median(annual),
                "annual_report": median(report),
                "annual_items": counted(),
                "total": found.overall.total,
                "farthest": farthest,
                "fill_s": filled - began,
                "sum_s": summed - filled,
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
