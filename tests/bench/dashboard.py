"""`dashboard`: a year's figures and its yearly report with a million and with ten million takedowns behind them, beside
DuckDB's exact scan; and what keeping them costs whoever writes.

`BENCH_DASHBOARD_TAKEDOWNS=1000000` reads a million instead of ten, beside a tenth of it.
"""

import os
import tempfile
from pathlib import Path

from tests.bench.figures import Figure, median
from tests.bench.house import Broken, House, say

LARGE = int(os.environ.get("BENCH_DASHBOARD_TAKEDOWNS") or 10_000_000)
SMALL = LARGE // 10
BOUND = 0.025  # of a median or a p90, beside one second
WRITES = 400  # of one round
ROUNDS = 8
FRESH = 60.0


def bench(house: House) -> list[Figure]:
    """Milliseconds of a year at two sizes, and of its report; writes a second with figures kept and without; seconds until a
    change shows."""
    seen = {}
    for count in (SMALL, LARGE):
        database = house.database(f"bench_dashboard_{count}")
        say(f"dashboard: {count:,} takedowns")
        with tempfile.TemporaryDirectory(dir=house.var) as folder:
            seen[count] = found = house.inside("history", count, Path(folder), database=database)
        say(f"dashboard: written in {found['fill_s']:.0f} s, summed up in {found['sum_s']:.0f} s")
        if found["total"] != count or found["farthest"] > BOUND:
            raise Broken(
                f"{found['total']} of {count} in the year; a percentile off by {found['farthest']:.3f}"
            )
        if found["annual_items"] != count:
            raise Broken(f"{found['annual_items']} of {count} items in the yearly report")
    small, large = seen[SMALL], seen[LARGE]
    size = f"{LARGE // 1_000_000}m" if LARGE >= 1_000_000 else f"{LARGE // 1000}k"
    return [
        Figure(f"dashboard.{size}", large["sql"], "ms", large["duckdb"], at_most=0.2),
        Figure(f"dashboard.{size}_call", large["call"], "ms", large["duckdb"]),
        # Of all that is counted, and with what is hidden of it.
        Figure("dashboard.annual", large["annual"], "ms", large["duckdb"]),
        Figure("dashboard.annual_report", large["annual_report"], "ms", large["duckdb"]),
        Figure("dashboard.growth", large["sql"], "ms", small["sql"], at_most=1.5),
        *_upkeep(house),
    ]


def _upkeep(house: House) -> list[Figure]:
    database = house.database("bench_dashboard_upkeep")
    house.inside("intake_rows", database=database, DJANGO_SETTINGS_MODULE="tests.bench.bare.settings")
    say("dashboard: writing outcomes, with the figures kept and without")
    found = house.inside("upkeep", WRITES, ROUNDS, database=database)
    if found["differences"]:
        raise Broken(f"{found['differences']} sums are not what the facts add up to")
    return [
        Figure("dashboard.upkeep", median(found["kept"]), "outcomes/s", median(found["bare"]), at_least=0.85),
        Figure("dashboard.fresh", found["fresh_s"], "s", FRESH, at_most=1),
    ]
