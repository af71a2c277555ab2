"""Times as bins: any percentile within its bound, every bar exact."""

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cases.dashboards import bins

TIMES = st.lists(st.floats(0, bins.LONGEST - 1), min_size=1, max_size=60)


def exactly(times: list[float], share: float) -> float:
    """As percentile_cont."""
    ordered, rank = sorted(times), share * (len(times) - 1)
    low, high = math.floor(rank), math.ceil(rank)
    return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)


def counted(times: list[float]) -> list[int]:
    counts = [0] * (len(bins.EDGES) + 1)
    for seconds in times:
        counts[bins.place(seconds)] += 1
    return counts


@given(TIMES, st.floats(0, 1))
def test_a_percentile_is_within_its_bound(times: list[float], share: float) -> None:
    exact, found = exactly(times, share), bins.percentile(counted(times), share)
    assert found is not None
    assert abs(found - exact) <= 1 + 0.025 * exact


@given(TIMES)
def test_bars_are_exact(times: list[float]) -> None:
    edges = (0, *bins.BARS, math.inf)
    found = bins.bars(counted(times))
    assert found == [sum(start <= seconds < end for seconds in times) for start, end in pairwise(edges)]


def test_the_edges_hold_those_of_every_bar_and_no_bin_is_too_wide() -> None:
    assert set(bins.BARS) < set(bins.EDGES)
    assert list(bins.EDGES) == sorted(set(bins.EDGES))
    assert bins.EDGES[: bins.FINE] == tuple(range(1, bins.FINE + 1))
    wide = zip(bins.EDGES[bins.FINE - 1 :], bins.EDGES[bins.FINE :], strict=False)
    assert all(end <= start * bins.WIDTH for start, end in wide)


def test_the_ends() -> None:
    assert bins.percentile([], 0.5) is None
    assert bins.percentile([0, 0], 0.5) is None
    assert bins.percentile([1], 0.9) == 0.0
    assert bins.percentile(counted([bins.LONGEST * 3.0]), 0.5) == bins.LONGEST
