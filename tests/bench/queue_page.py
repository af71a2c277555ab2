"""`queue_page`: the counsellor's queue after ten thousand and after a million reports, beside a bare list.

`BENCH_QUEUE_REPORTS=5000000` makes it five million instead of one: 10 GB on the disk, and ten minutes to write them.
"""

import os
from itertools import repeat

from tests.bench import load
from tests.bench.figures import Figure, median
from tests.bench.house import Broken, House, say

# Reports ever received, waiting now, in hand now.
SMALL = (10_000, 2_000, 3_000)
LARGE = (int(os.environ.get("BENCH_QUEUE_REPORTS") or 1_000_000), 4_000, 6_000)
ROUNDS = 20
EACH = 10
PAGE = 50


def bench(house: House) -> list[Figure]:
    """Milliseconds of the first page and of a deep one, one reader at a time, and the queries of each."""
    small, large = house.database("bench_queue_small"), house.database("bench_queue_large")
    seen = {}
    for name, size in ((small, SMALL), (large, LARGE)):
        say(f"queue_page: writing {size[0]:,} reports")
        seen[name] = house.inside("queue_rows", *size, database=name)
    queries: list[int] = []
    for name, found in seen.items():
        pages = ("/staff/", f"/staff/?after={found['after']}")
        queries += house.inside("queries", found["session"], *pages, database=name)
    with (
        house.web("helpline.wsgi", house.environment(small)) as small_port,
        house.web("helpline.wsgi", house.environment(large)) as large_port,
        house.web("tests.bench.bare.wsgi", house.environment(large)) as bare_port,
    ):
        asked = {
            "small": (small_port, _page(seen[small], "/staff/")),
            "large": (large_port, _page(seen[large], "/staff/")),
            "small deep": (small_port, _page(seen[small], f"/staff/?after={seen[small]['after']}")),
            "large deep": (large_port, _page(seen[large], f"/staff/?after={seen[large]['after']}")),
            "bare": (bare_port, _page(seen[large], "/queue")),
        }
        times: dict[str, list[float]] = {name: [] for name in asked}
        say("queue_page: warming up")
        for port, wanted in asked.values():
            load.run(port, repeat(wanted), clients=1, most=2 * EACH)
        say("queue_page: reading")
        for _ in range(ROUNDS):
            for name, (port, wanted) in asked.items():
                done = load.run(port, repeat(wanted), clients=1, most=EACH, answered=_fifty_rows(name))
                times[name] += [second * 1000 for second in done.latencies]
    first, first_small = median(times["large"]), median(times["small"])
    return [
        Figure("queue_page", first, "ms", first_small, at_most=1.15),
        Figure(
            "queue_page.deep", median(times["large deep"]), "ms", median(times["small deep"]), at_most=1.15
        ),
        Figure("queue_page.bare", first, "ms", median(times["bare"]), at_most=1.5),
        Figure("queue_page.queries", max(queries), "queries", 6, at_most=1),
        Figure("queue_page.same_queries", max(queries), "queries", min(queries), at_most=1),
    ]


def _page(seen: dict[str, str], path: str) -> bytes:
    return load.request("GET", path, cookie=seen["session"])


def _fifty_rows(name: str) -> load.Answered:
    def look(number: int, status: int, body: bytes) -> None:
        rows = body.count(b"<tr") - (0 if name == "bare" else 1)
        if status != 200 or not PAGE <= rows <= PAGE + 1:
            raise Broken(f"the page {name!r} answered {status} with {rows} rows")

    return look
