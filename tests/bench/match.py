"""`match`: fingerprints within 31 bits, all of them, beside PostgreSQL reading every row and counting bits.

On random bits, and on fingerprints of drawn shapes with noise, whose bits are alike. The scan has a table of its own that
holds nothing but numbers and bits; the product's rows stand beside their reports' fingerprints, as in use.

`BENCH_MATCH_PRINTS=10000000` looks among that many random ones as well: 20 GB on the disk, a quarter of an hour to write.
"""

import os

from tests.bench.figures import Figure
from tests.bench.house import Broken, House, say

# Rows, and how much of the scan's time may be used.
SIZES = ((100_000, 1.0), (1_000_000, 0.2))
MORE = int(os.environ.get("BENCH_MATCH_PRINTS") or 0)


def bench(house: House) -> list[Figure]:
    """Milliseconds in the middle of some searches, one at a time."""
    figures = []
    for kind in ("random", "shapes"):
        more = ((MORE, 1.0),) if MORE and kind == "random" else ()
        for count, at_most in (*SIZES, *more):
            database = house.database(f"bench_match_{kind}_{count}")
            say(f"match: writing {count:,} fingerprints of {kind}")
            seen = house.inside("prints", kind, count, database=database)
            if seen["missed"] or not seen["found"]:
                raise Broken(f"{seen['missed']} of {seen['found']} near fingerprints were not found")
            name = f"match.{kind}_{count // 1000}k"
            figures.append(Figure(name, seen["product"], "ms", seen["scan"], at_most=at_most))
    return figures
