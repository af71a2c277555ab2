"""Somebody with all the published numbers, patience and arithmetic tries to work out what is hidden."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.dashboards.suppression import ALL, Key, Published, Unproven, check, suppress


def _table(draw: st.DrawFn, shape: tuple[int, ...], most: int) -> dict[Key, int]:
    count = st.one_of(st.just(0), st.integers(0, 3), st.integers(0, most))
    return {
        tuple(f"{dim}{place}" for dim, place in zip("abc", cell, strict=False)): draw(count)
        for cell in product(*(range(size) for size in shape))
    }


@st.composite
def small_tables(draw: st.DrawFn) -> dict[Key, int]:
    shape = draw(st.sampled_from([(2,), (4,), (2, 2), (2, 3), (3, 3), (2, 2, 2), (1, 3), (1, 2, 2)]))
    return _table(draw, shape, 7)


@st.composite
def large_tables(draw: st.DrawFn) -> dict[Key, int]:
    return _table(draw, draw(st.sampled_from([(6, 5), (8, 4), (3, 3, 4), (4, 2, 5)])), 60)


def _keys(cells: Mapping[Key, int]) -> dict[Key, list[Key]]:
    """Every key of a table with the cells it sums: what each published number tells."""
    dims = len(next(iter(cells)))
    under: dict[Key, list[Key]] = {}
    for size in range(dims + 1):
        for family in combinations(range(dims), size):
            for cell in cells:
                key = tuple(part if dim in family else ALL for dim, part in enumerate(cell))
                under.setdefault(key, []).append(cell)
    return under


def _bounds(found: Published, cells: Mapping[Key, int]) -> dict[Key, tuple[int, int]]:
    """What is known of each cell at once: shown ones exactly, hidden ones from 1 (zeros show, unless a whole
    dimension is left out), to the smallest total above it that shows."""
    most = found.total or 0
    lowest = 0 if found.dropped else 1
    bounds = {}
    for cell in cells:
        shown = found.get(*cell)
        bounds[cell] = (lowest, most) if shown is None else (shown, shown)
    return bounds


def _solutions(found: Published, cells: Mapping[Key, int]) -> Iterator[dict[Key, int]]:
    """Every table of whole numbers that agrees with all that is published."""
    told = [(count, inside) for key, inside in _keys(cells).items() if (count := found.get(*key)) is not None]
    bounds = _bounds(found, cells)
    order = sorted(cells, key=str)
    place = {cell: number for number, cell in enumerate(order)}
    by_cell = {cell: [one for one in told if cell in one[1]] for cell in order}
    tried: dict[Key, int] = {}

    def fill(number: int) -> Iterator[dict[Key, int]]:
        if number == len(order):
            yield dict(tried)
            return
        cell = order[number]
        low, high = bounds[cell]
        for count, inside in by_cell[cell]:
            known = sum(tried[one] for one in inside if place[one] < number)
            rest = [one for one in inside if place[one] > number]
            high = min(high, count - known - sum(bounds[one][0] for one in rest))
            low = max(low, count - known - sum(bounds[one][1] for one in rest))
        for value in range(low, high + 1):
            tried[cell] = value
            yield from fill(number + 1)
        tried.pop(cell, None)

    return fill(0)


def _attacked(found: Published, cells: Mapping[Key, int]) -> dict[Key, set[int]]:
    """Each hidden key that would be small, with the values that nobody can rule out (the search stops when it has
    enough for all)."""
    under = _keys(cells)
    hidden = {key: set() for key in under if found.get(*key) is None}  # type: dict[Key, set[int]]
    for number, solution in enumerate(_solutions(found, cells)):
        for key, values in hidden.items():
            values.add(sum(solution[cell] for cell in under[key]))
        if number > 40_000:
            break
    return hidden


@settings(max_examples=250, deadline=None)
@given(cells=small_tables(), threshold=st.integers(2, 4))
def test_going_through_every_table_there_could_be_leaves_each_hidden_number_open(
    cells: dict[Key, int], threshold: int
) -> None:
    found = suppress(cells, threshold=threshold)

    under = _keys(cells)
    truth = {key: sum(cells[cell] for cell in inside) for key, inside in under.items()}
    for key, count in truth.items():
        assert found.get(*key) in (count, None)  # nothing is falsified
        if 0 < count < threshold:
            assert found.get(*key) is None
    if found.everything:
        assert 0 < sum(cells.values()) < threshold
        return
    for key, values in _attacked(found, cells).items():
        if found.dropped and not 0 < truth[key] < threshold:
            continue  # a whole dimension is left out: its zeros and large counts may follow from the totals
        assert len(values) >= max(threshold - 1, 2), (key, values)
        assert truth[key] in values


def _narrowed(found: Published, cells: Mapping[Key, int]) -> dict[Key, tuple[int, int]]:
    """Between which values each key must lie, told again and again from key to key until nothing moves."""
    under = _keys(cells)
    bounds = _bounds(found, cells)
    told = [(count, inside) for key, inside in under.items() if (count := found.get(*key)) is not None]
    moved = True
    while moved:
        moved = False
        for count, inside in told:
            low, high = sum(bounds[one][0] for one in inside), sum(bounds[one][1] for one in inside)
            for cell in inside:
                was = bounds[cell]
                now = max(was[0], count - (high - was[1])), min(was[1], count - (low - was[0]))
                if now != was:
                    bounds[cell] = now
                    moved, low, high = True, low + now[0] - was[0], high + now[1] - was[1]
    return {
        key: (sum(bounds[one][0] for one in inside), sum(bounds[one][1] for one in inside))
        for key, inside in under.items()
    }


def _determined(found: Published, cells: Mapping[Key, int]) -> set[Key]:
    """The hidden keys that follow from the shown ones by adding and subtracting: Gauss, over fractions."""
    under = _keys(cells)
    place = {cell: number for number, cell in enumerate(cells)}

    def row_of(key: Key) -> list[Fraction]:
        row = [Fraction(0)] * len(place)
        for cell in under[key]:
            row[place[cell]] = Fraction(1)
        return row

    basis: dict[int, list[Fraction]] = {}

    def reduced(row: list[Fraction]) -> list[Fraction]:
        for pivot, other in basis.items():
            if row[pivot]:
                by = row[pivot]
                row = [one - by * two for one, two in zip(row, other, strict=True)]
        return row

    for key in under:
        if found.get(*key) is not None:
            row = reduced(row_of(key))
            pivot = next((number for number, part in enumerate(row) if part), None)
            if pivot is not None:
                basis[pivot] = [part / row[pivot] for part in row]
    return {key for key in under if found.get(*key) is None and not any(reduced(row_of(key)))}


@settings(max_examples=40, deadline=None)
@given(cells=large_tables())
def test_neither_elimination_nor_narrowing_recovers_a_number_of_a_larger_table(cells: dict[Key, int]) -> None:
    found = suppress(cells, threshold=5)

    assert suppress(dict(reversed(cells.items())), threshold=5) == found
    if found.everything or found.dropped:
        return
    assert not _determined(found, cells)
    for key, (low, high) in _narrowed(found, cells).items():
        if found.get(*key) is None:
            assert high - low >= 3, key


def test_one_small_count_never_hides_alone() -> None:
    found = suppress({("a",): 2, ("b",): 9, ("c",): 40, ("d",): 0}, threshold=5)

    assert [found.get(one) for one in "abcd"] == [None, None, 40, 0]
    assert found.total == 51


def test_five_times_one_would_be_told_by_their_total() -> None:
    """Five kinds shown as hidden, and five in all, is one of each: so not even which of them occur is told."""
    found = suppress({(one,): 1 for one in "abcde"} | {("f",): 0}, threshold=5)

    assert found.total == 5
    assert found.dropped == {0}
    assert found.get("f") is None


def test_a_small_grand_total_hides_everything() -> None:
    found = suppress({("a", "x"): 3, ("b", "x"): 0}, threshold=5)

    assert found.total is None
    assert found.get("b", "x") is None
    assert found.hides


def test_nothing_small_hides_nothing_and_an_empty_table_is_empty() -> None:
    assert not suppress({("a",): 5, ("b",): 0}, threshold=5).hides
    assert not suppress({}, threshold=5).hides
    assert suppress({("a",): 0}, threshold=5).total == 0


def test_a_total_that_stands_in_another_table_is_not_hidden_here() -> None:
    cells: dict[Key, int] = {("p", "x"): 2, ("p", "y"): 30, ("q", "x"): 20, ("q", "y"): 7, ("r", "x"): 0}

    found = suppress(cells, threshold=5, fixed=[(0,)])

    assert [found.get(one, ALL) for one in "pqr"] == [32, 27, 0]
    assert found.get("p", "x") is None
    with pytest.raises(ValueError, match="small"):
        suppress({("p", "x"): 2, ("q", "y"): 30}, threshold=5, fixed=[(0,)])


def test_totals_that_are_not_published_need_no_hiding() -> None:
    cells: dict[Key, int] = {("p", "x"): 2, ("p", "y"): 30, ("q", "x"): 20, ("q", "y"): 17}

    rows_only = suppress(cells, threshold=5, families=[(0, 1), (0,)])

    assert sorted(rows_only.hidden) == [("p", "x"), ("p", "y")]
    assert suppress(cells, threshold=5).hidden > rows_only.hidden


@pytest.mark.parametrize("cells", [{("a",): -1}, {("a",): 1, ("a", "b"): 1}, {(None,): 4}])
def test_what_is_no_table_is_refused(cells: dict[Key, int]) -> None:
    with pytest.raises(ValueError, match="coordinates"):
        suppress(cells, threshold=5)


def test_the_auditor_refuses_a_table_without_proof() -> None:
    cells: dict[Key, int] = {("a",): 2, ("b",): 9, ("c",): 40}
    found = suppress(cells, threshold=5)
    check(found, cells, threshold=5)

    with pytest.raises(Unproven, match="shows"):
        check(replace(found, hidden=found.hidden - {("a",)}), cells, threshold=5)
    with pytest.raises(Unproven, match="held"):
        check(replace(found, hidden=frozenset({("a",)})), cells, threshold=5)
    with pytest.raises(Unproven, match="too few"):
        check(found, cells, threshold=20)
