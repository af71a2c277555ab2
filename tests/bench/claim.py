"""`claim`: due rows claimed and let go by two processes, beside the same by bare SQL."""

import time
from concurrent.futures import ThreadPoolExecutor

from tests.bench.figures import Figure, median
from tests.bench.house import Broken, House, say

ROWS = 10_000
WHOLE_ROWS = 2_000  # what is sent whole takes longer
ROUNDS = 3
PROCESSES = 2
NOWHERE = "http://127.0.0.1:9"


def bench(house: House) -> list[Figure]:
    """Rows a second through the claim and its release; and, for information, through everything but the wire."""
    database = house.database("bench_claim")
    say(f"claim: preparing {ROWS:,} rows")
    house.inside("notices", ROWS, NOWHERE, database=database)
    rates: dict[str, list[float]] = {"raw": [], "ours": []}
    for number in range(ROUNDS + 1):
        # In turns, so that a noisy moment is nobody's advantage; the first round warms up.
        for how, found in rates.items():
            rate = _round(house, database, how)
            if number:
                found.append(rate)
        say(
            f"claim: round {number} of {ROUNDS}: "
            + ", ".join(f"{how} {found[-1]:,.0f}/s" for how, found in rates.items() if found)
        )
    whole = house.database("bench_claim_whole")
    house.inside("notices", WHOLE_ROWS, NOWHERE, database=whole)
    everything = _round(house, whole, "whole", rows=WHOLE_ROWS, again=False)
    ours, raw = median(rates["ours"]), median(rates["raw"])
    return [
        Figure("claim", ours, "rows/s", raw, at_least=0.5),
        Figure("claim.whole", everything, "rows/s", raw),
    ]


def _round(house: House, database: str, how: str, *, rows: int = ROWS, again: bool = True) -> float:
    """Rows a second, from the first process's start to the last one's end."""
    if again:
        house.inside("due_again", database=database)
    start_at = time.time() + 6  # both processes are up by then
    with ThreadPoolExecutor(PROCESSES) as pool:
        runs = [
            pool.submit(house.inside, "claims", how, start_at, database=database) for _ in range(PROCESSES)
        ]
        done = [run.result() for run in runs]
    count = sum(one["count"] for one in done)
    if count != rows:
        raise Broken(f"{rows} rows were due, and {count} were claimed by {how}")
    return count / (max(one["ended"] for one in done) - min(one["began"] for one in done))
