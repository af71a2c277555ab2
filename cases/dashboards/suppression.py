"""Small counts in what is published: which numbers are left out so that nobody can work them out again.

A table is a mapping from coordinates to a count, `("instagram", "deepnude", "removed") -> 12`, with all its totals: a
*key* is such coordinates with `ALL` where one sums over a dimension. A key with a count of 1 to `threshold - 1` is
small and hidden; then further keys are hidden with it, each time by a **move**: some cells rise by t and as many fall
by t, so that only hidden keys change. Every t that leaves all cells of the move at 1 or more gives another table with
exactly the same published numbers. So a hidden key can have as many values as its move has steps, and a key is only
hidden with a move of at least `threshold - 1` values (as many as there are small counts, and never fewer than two).
`Published.moves` keeps one move for every hidden key: the proof, which `check` goes through again.

Known and held by the proof: every published number, all totals, that counts are whole and not negative, and that a
cell which is hidden is not zero (zeros are shown). Tables published beside this one are covered where they share
nothing with it but totals named in `fixed` (the grand total always is). Not covered: somebody who knows some of the
cases already, as a platform knows its own. The moves are the corners of boxes, as in the hypercube method of
statistical offices.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, combinations, product
from typing import Final

ALL: Final = None
Key = tuple[str | None, ...]
Dims = frozenset[int]
# How much dearer a total is to hide than one that is a dimension narrower.
BROAD: Final = 3


class Unproven(Exception):
    """A number would be hidden for which there is no proof. Nothing must be published."""


@dataclass(frozen=True, slots=True)
class Move:
    """Cells that rise together and cells that fall together."""

    up: tuple[Key, ...]
    down: tuple[Key, ...]

    def reach(self, cells: Mapping[Key, int]) -> tuple[int, int]:
        """How far t may go below and above 0 while every cell of the move stays at 1 or more."""
        return min(cells.get(one, 0) for one in self.up) - 1, min(cells.get(one, 0) for one in self.down) - 1

    def changes(self, families: Collection[Dims]) -> dict[Key, int]:
        """The keys of these families that change with t, and by which sign."""
        changed: dict[Key, int] = {}
        for sign, corners in ((1, self.up), (-1, self.down)):
            for corner in corners:
                for family in families:
                    key = _onto(corner, family)
                    changed[key] = changed.get(key, 0) + sign
        return {key: by for key, by in changed.items() if by}


@dataclass(frozen=True, slots=True)
class Published:
    """A table with its totals, some of them hidden. `dropped` are dimensions of which only the totals are published.

    `shown` holds no hidden count, so that what is made of it can't tell one; what is in neither is zero.
    """

    dims: int
    shown: Mapping[Key, int]
    hidden: frozenset[Key]
    dropped: Dims = frozenset()
    everything: bool = False
    moves: Mapping[Key, Move] = field(default_factory=dict)

    def get(self, *key: str | None) -> int | None:
        """The count of a key, ALL for a total; None where it is hidden."""
        if self.everything or key in self.hidden or any(key[dim] is not ALL for dim in self.dropped):
            return None
        return self.shown.get(key, 0)

    @property
    def total(self) -> int | None:
        """The grand total; None where it is hidden."""
        return self.get(*[ALL] * self.dims)

    @property
    def hides(self) -> bool:
        """Is anything hidden?"""
        return bool(self.everything or self.hidden or self.dropped)


def suppress(
    cells: Mapping[Key, int],
    *,
    threshold: int,
    families: Collection[Collection[int]] | None = None,
    fixed: Collection[Collection[int]] = (),
) -> Published:
    """The table as it may be published; the same cells give the same answer.

    `families` are the sets of dimensions whose totals are published, all of them unless told: `[(0, 1), (0,), (1,)]`;
    the grand total is always one. `fixed` are families that stand in another table too and must not be hidden because
    of this one. Raises ValueError where a fixed total is itself small: join its categories first.
    """
    dims = _dims(cells)
    every = frozenset(range(dims))
    wanted = _families(families, every)
    counts = _totals(cells, wanted)
    nothing: Key = (ALL,) * dims
    if 0 < counts.get(nothing, 0) < threshold:
        return Published(dims, {}, frozenset(), everything=True)
    kept_totals: frozenset[Dims] = frozenset(frozenset(one) for one in fixed) | {frozenset()}
    if any(0 < counts.get(key, 0) < threshold for key in counts if _family(key) in kept_totals):
        raise ValueError("A total that another table shows is small: join its categories first.")
    for size in range(dims, -1, -1):
        tried = [
            found
            for kept in combinations(range(dims), size)
            if all(one <= frozenset(kept) for one in kept_totals)
            and (found := _within(cells, dims, frozenset(kept), wanted, kept_totals, threshold))
        ]
        if tried:
            best = min(tried, key=lambda one: (-sum(one.shown.values()), sorted(one.dropped)))
            check(best, cells, families=wanted, threshold=threshold)
            return best
    # Only reached where `fixed` totals leave no way.
    raise Unproven("The small counts of this table can't be hidden beside the fixed totals.")


def check(
    found: Published,
    cells: Mapping[Key, int],
    *,
    families: Collection[Collection[int]] | None = None,
    threshold: int,
) -> None:
    """Go through the proof again. Raises Unproven where a small number shows or a hidden one could be worked out."""
    if found.everything:
        return
    kept = frozenset(range(found.dims)) - found.dropped
    wanted = {one for one in _families(families, frozenset(range(found.dims))) if one <= kept}
    joined = _joined(cells, kept)
    for key, count in _totals(joined, wanted).items():
        if 0 < count < threshold and key not in found.hidden:
            raise Unproven(f"{key} is small and shows.")
    for key in found.hidden:
        move = found.moves[key]
        changes = move.changes(wanted)
        if sum(move.reach(joined)) + 1 < _needed(threshold) or min(move.reach(joined)) < 0:
            raise Unproven(f"{key} has too few possible values.")
        if key not in changes or not changes.keys() <= found.hidden:
            raise Unproven(f"{key} is held by a number that shows.")


def _needed(threshold: int) -> int:
    return max(threshold - 1, 2)


def _dims(cells: Mapping[Key, int]) -> int:
    lengths = {len(key) for key in cells}
    if len(lengths) > 1 or any(count < 0 for count in cells.values()) or any(ALL in key for key in cells):
        raise ValueError(
            "Cells need coordinates of one length, none of them ALL, and counts that are not negative."
        )
    return lengths.pop() if lengths else 0


def _families(families: Collection[Collection[int]] | None, every: Dims) -> frozenset[Dims]:
    if families is not None:
        return frozenset(frozenset(one) for one in families) | {frozenset()}
    dims = sorted(every)
    return frozenset(
        frozenset(one) for one in chain.from_iterable(combinations(dims, n) for n in range(len(dims) + 1))
    )


def _family(key: Key) -> Dims:
    return frozenset(dim for dim, part in enumerate(key) if part is not ALL)


def _onto(key: Key, family: Dims) -> Key:
    return tuple(part if dim in family else ALL for dim, part in enumerate(key))


def _joined(cells: Mapping[Key, int], kept: Dims) -> dict[Key, int]:
    """The cells, summed over the dimensions that are not kept."""
    joined: dict[Key, int] = {}
    for cell, count in cells.items():
        key = _onto(cell, kept)
        joined[key] = joined.get(key, 0) + count
    return joined


def _totals(cells: Mapping[Key, int], families: Collection[Dims]) -> dict[Key, int]:
    totals: dict[Key, int] = {}
    for family in families:
        for cell, count in cells.items():
            key = _onto(cell, family)
            totals[key] = totals.get(key, 0) + count
    return totals


def _within(
    cells: Mapping[Key, int],
    dims: int,
    kept: Dims,
    families: Collection[Dims],
    fixed: Collection[Dims],
    threshold: int,
) -> Published | None:
    """The table with only the dimensions `kept`, and what must be hidden in it; None where no proof was found."""
    alive = {cell: count for cell, count in sorted(_joined(cells, kept).items(), key=str) if count}
    wanted = sorted((one for one in families if one <= kept), key=lambda one: (len(one), sorted(one)))
    totals = _totals(alive, wanted)
    search = _Search(alive, totals, wanted, fixed, needed=_needed(threshold), width=len(kept))
    small = sorted(
        (key for key, count in totals.items() if 0 < count < threshold),
        key=lambda key: (len(_family(key)), -totals[key], _order(key)),
    )
    moves: dict[Key, Move] = {}
    for key in small:
        if key in moves:
            continue
        found = search.cheapest(key, free=moves)
        if found is None:
            return None
        for one in found.changes(wanted):
            moves.setdefault(one, found)
    shown = {key: count for key, count in totals.items() if key not in moves}
    return Published(dims, shown, frozenset(moves), frozenset(range(dims)) - kept, moves=moves)


def _order(key: Key) -> tuple[str, ...]:
    return tuple("" if part is ALL else "." + part for part in key)


@dataclass(frozen=True, slots=True)
class _Shape:
    """How a box lies between two cells that differ in some dimensions, for one way to group these. A corner is which
    dimensions it takes from the second cell; `families` are the places of the families that change with it."""

    up: tuple[frozenset[int], ...]
    down: tuple[frozenset[int], ...]
    families: tuple[int, ...]


class _Search:
    """Looks for the cheapest move. Most of its time goes by in `_cost`, so it is told at once what never changes."""

    def __init__(
        self,
        alive: Mapping[Key, int],
        totals: Mapping[Key, int],
        families: Sequence[Dims],
        fixed: Collection[Dims],
        *,
        needed: int,
        width: int,
    ) -> None:
        self.alive, self.families, self.needed = alive, families, needed
        self.fixed = {place for place, family in enumerate(families) if family in fixed}
        self.under = {cell: [_onto(cell, family) for family in families] for cell in alive}
        # Broad totals say most and are the last to go; of two as broad, the smaller goes.
        self.price = {
            key: (count + 1) * BROAD ** (width - len(_family(key))) for key, count in totals.items()
        }
        self.shapes: dict[tuple[int, ...], list[_Shape]] = {}

    def cheapest(self, key: Key, *, free: Collection[Key]) -> Move | None:
        """The move of `key` that hides the least beside what is hidden already; the same for the same table."""
        place = self.families.index(_family(key))
        best: tuple[int, list[tuple[str, ...]]] | None = None
        chosen: Move | None = None
        for first in (cell for cell, under in self.under.items() if under[place] == key):
            for second in self.alive:
                apart = tuple(dim for dim, part in enumerate(first) if part != second[dim])
                for shape in self._shapes(apart):
                    if place not in shape.families or (move := self._move(first, second, shape)) is None:
                        continue
                    cost = self._cost(move, shape, free, most=best[0] if best else None)
                    if cost is None:
                        continue
                    whole = cost, sorted(_order(one) for one in move.up + move.down)
                    if best is None or whole < best:
                        best, chosen = whole, move
        return chosen

    def _shapes(self, apart: tuple[int, ...]) -> list[_Shape]:
        if apart not in self.shapes:
            self.shapes[apart] = list(self._made(apart)) if apart else []
        return self.shapes[apart]

    def _made(self, apart: tuple[int, ...]) -> Iterator[_Shape]:
        for groups in _partitions(apart):
            changing = tuple(
                place
                for place, family in enumerate(self.families)
                if not any(family.isdisjoint(group) for group in groups)
            )
            if not self.fixed.isdisjoint(changing):
                continue
            up: list[frozenset[int]] = []
            down: list[frozenset[int]] = []
            for picks in product((False, True), repeat=len(groups)):
                taken = frozenset(
                    dim for pick, group in zip(picks, groups, strict=True) if pick for dim in group
                )
                (down if sum(picks) % 2 else up).append(taken)
            yield _Shape(tuple(up), tuple(down), changing)

    def _move(self, first: Key, second: Key, shape: _Shape) -> Move | None:
        """The box between two cells; None where a corner is zero or it has too few steps."""
        up, least_up = self._corners(first, second, shape.up)
        down, least_down = self._corners(first, second, shape.down) if up else ((), 0)
        if not down or least_up + least_down - 1 < self.needed:
            return None
        return Move(up, down)

    def _corners(
        self, first: Key, second: Key, corners: tuple[frozenset[int], ...]
    ) -> tuple[tuple[Key, ...], int]:
        found, least = [], 0
        for taken in corners:
            corner = tuple(second[dim] if dim in taken else part for dim, part in enumerate(first))
            count = self.alive.get(corner, 0)
            if not count:
                return (), 0
            least = min(least, count) if least else count
            found.append(corner)
        return tuple(found), least

    def _cost(self, move: Move, shape: _Shape, free: Collection[Key], *, most: int | None) -> int | None:
        """What it hides anew; None once that is more than `most`."""
        cost = 0
        for corner in move.up + move.down:
            under = self.under[corner]
            for place in shape.families:
                if under[place] not in free:
                    cost += self.price[under[place]]
                    if most is not None and cost > most:
                        return None
        return cost


def _partitions(dims: Sequence[int]) -> Iterator[list[list[int]]]:
    """Every way to put the dimensions into groups."""
    if not dims:
        yield []
        return
    head, rest = dims[0], dims[1:]
    for groups in _partitions(rest):
        yield [[head], *groups]
        for place, group in enumerate(groups):
            yield [*groups[:place], [head, *group], *groups[place + 1 :]]
