"""Times as bins: so fine that a median read from them is within 2.5 %, and so cut that every bar is a sum of whole ones.

Below FINE a bin is one second wide and stands for the second it begins with; above, a bin is at most 5 % wide and stands
for its geometric middle. What took longer than LONGEST stands for LONGEST. Stored tallies are made with these edges: who
changes them rebuilds the figures.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import ceil, floor, sqrt

# Where the bars of the distribution begin and end, in seconds; the last is open.
BARS = (60, 300, 900, 3600, 6 * 3600, 24 * 3600, 3 * 86400, 7 * 86400)
# The same for how long something had been gone when it came back.
BACK_BARS = (86400, 3 * 86400, 7 * 86400, 30 * 86400, 90 * 86400)
FINE, LONGEST, WIDTH = 40, 730 * 86400, 1.05


def _edges() -> Iterable[int]:
    """The upper end of each bin but the last."""
    yield from range(1, FINE + 1)
    edge = FINE
    while edge < LONGEST:
        edge = min(floor(edge * WIDTH), *(bar for bar in (*BARS, LONGEST) if bar > edge))
        yield edge


EDGES = tuple(_edges())
_BAR_OF = [bisect_right(BARS, start) for start in (0, *EDGES)]


def place(seconds: float) -> int:
    """The bin of a time, from 0 on. As PostgreSQL's width_bucket does it."""
    return bisect_right(EDGES, seconds)


def stands_for(place: int) -> float:
    """The seconds that a bin is read as."""
    if place < FINE:
        return float(place)
    if place == len(EDGES):
        return float(LONGEST)
    return round(sqrt(EDGES[place - 1] * EDGES[place]), 1)


_STANDS_FOR = tuple(stands_for(number) for number in range(len(EDGES) + 1))


def percentile(counts: Sequence[int], share: float) -> float | None:
    """Of the times in the bins: between the two neighbours in proportion, as percentile_cont. None of nothing."""
    passed = list(accumulate(counts))
    if not passed or not passed[-1]:
        return None
    rank = share * (passed[-1] - 1)
    below, above = (_STANDS_FOR[bisect_right(passed, neighbour)] for neighbour in (floor(rank), ceil(rank)))
    return round(below + (above - below) * (rank - floor(rank)), 1)


def bars(counts: Sequence[int]) -> list[int]:
    """How many in each bar, the empty ones too."""
    filled = [0] * (len(BARS) + 1)
    for number, count in enumerate(counts):
        filled[_BAR_OF[number]] += count
    return filled
