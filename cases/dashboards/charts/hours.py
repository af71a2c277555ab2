"""The hours of a week: a square for each, the larger and the darker the more there were, with its number inside."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt

CELL, LEFT, TOP = 30, 48, 20
DAYS, HOURS = 7, 24
SHADES = 4


@dataclass(frozen=True, slots=True)
class Cell:
    """An hour of a day: the square in the middle of its place, its shade from 0 (nothing) to SHADES."""

    x: int
    y: int
    side: int
    middle: int
    centre: int
    shade: int
    count: int
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """A day."""

    day: int  # Monday is 0
    y: int
    cells: Sequence[Cell]
    total: int


@dataclass(frozen=True, slots=True)
class Hour:
    """A column's head."""

    hour: int
    x: int
    text: str  # every third is written
    counts: Sequence[int]
    total: int


@dataclass(frozen=True, slots=True)
class Week:
    """The picture, and where most came: (day, hour, how many)."""

    width: int
    height: int
    rows: Sequence[Row]
    hours: Sequence[Hour]
    total: int
    busiest: tuple[int, int, int] | None


def week(counts: Sequence[Sequence[int]]) -> Week:
    """`counts[day][hour]`, Monday first."""
    most = max(max(day) for day in counts)
    rows = [
        Row(day, TOP + day * CELL, [_cell(day, hour, count, most) for hour, count in enumerate(of)], sum(of))
        for day, of in enumerate(counts)
    ]
    hours = [
        Hour(
            hour=hour,
            x=LEFT + hour * CELL + CELL // 2,
            text=str(hour) if hour % 3 == 0 else "",
            counts=[day[hour] for day in counts],
            total=sum(day[hour] for day in counts),
        )
        for hour in range(HOURS)
    ]
    busiest = min(
        ((-count, day, hour) for day, of in enumerate(counts) for hour, count in enumerate(of)), default=None
    )
    return Week(
        width=LEFT + HOURS * CELL,
        height=TOP + DAYS * CELL,
        rows=rows,
        hours=hours,
        total=sum(row.total for row in rows),
        busiest=(busiest[1], busiest[2], -busiest[0]) if busiest and busiest[0] else None,
    )


def _cell(day: int, hour: int, count: int, most: int) -> Cell:
    # The area grows with the number: a side of the root.
    largest = CELL - 2
    side = max(8, isqrt(largest * largest * count // most)) if count else 0
    side -= side % 2
    x, y = LEFT + hour * CELL, TOP + day * CELL
    return Cell(
        x=x + (CELL - side) // 2,
        y=y + (CELL - side) // 2,
        side=side,
        middle=x + CELL // 2,
        centre=y + CELL // 2,
        shade=-(-SHADES * count // most) if count else 0,
        count=count,
        text=short(count),
    )


def short(count: int) -> str:
    """A number as it fits into a square; nothing for none."""
    if count < 1000:
        return str(count) if count else ""
    return f"{count // 1000}k" if count < 1_000_000 else f"{count // 1_000_000}M"
