"""Time to action as a distribution, with its median and p90."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from cases.dashboards.charts.steps import Edge, place, ticks
from cases.dashboards.words import share, short_span, span

HEIGHT = 134  # of the tallest bar
STEP, GAP = 76, 6  # a bar with its gap, and the gap
ROW, TOP = 17, -54  # a line of labels above the bars, and where the first stands


@dataclass(frozen=True, slots=True)
class Column:
    """A bar: its box, what it counts, and the same in words for the table."""

    x: int
    y: int
    width: int
    height: int
    middle: int
    label: str
    from_s: int
    count: int
    share: int | None
    so_far: int | None  # share of all that were acted on by the end of this step


@dataclass(frozen=True, slots=True)
class Mark:
    """A line across the picture."""

    x: int
    y: int  # of its label: no two stand in one line
    label: str
    anchor: str
    kind: str


@dataclass(frozen=True, slots=True)
class Spread:
    """The picture. `edges` stand under the bars, between them."""

    width: int
    columns: Sequence[Column]
    edges: Sequence[Edge]
    marks: Sequence[Mark]


def spread(
    counts: Sequence[int], *, edges: Sequence[int], p50_s: float | None, p90_s: float | None
) -> Spread:
    """`counts` of the steps that `edges` (seconds, ascending) part: one more than there are edges."""
    most, all_of_them = max(counts, default=0) or 1, sum(counts)
    width = len(counts) * STEP
    columns = []
    for number, count in enumerate(counts):
        height = tall(count, most, HEIGHT)
        columns.append(
            Column(
                x=number * STEP + GAP // 2,
                y=HEIGHT - height,
                width=STEP - GAP,
                height=height,
                middle=number * STEP + STEP // 2,
                label=_label(number, edges),
                from_s=(0, *edges)[number],
                count=count,
                share=share(count, all_of_them),
                so_far=share(sum(counts[: number + 1]), all_of_them),
            )
        )
    found = (("median", _("median"), p50_s), ("p90", _("9 in 10"), p90_s))
    marks = []
    for row, (kind, word, seconds) in enumerate(found):
        if seconds is None:
            continue
        x = place(seconds, edges=edges, step=STEP)
        anchor = "end" if x > width * 0.7 else "start"
        marks.append(
            Mark(
                x,
                TOP + ROW * row,
                _("%(figure)s: %(time)s") % {"figure": word, "time": span(seconds)},
                anchor,
                kind,
            )
        )
    return Spread(width=width, columns=columns, edges=ticks(edges, step=STEP), marks=marks)


def tall(count: int, most: int, height: int) -> int:
    """A bar that counts something is never invisible."""
    return max(3, round(height * count / most)) if count else 0


def _label(number: int, edges: Sequence[int]) -> str:
    if number == len(edges):
        return _("over %(time)s") % {"time": short_span(edges[-1])}
    if number == 0:
        return _("under %(time)s") % {"time": short_span(edges[0])}
    return _("%(start)s to %(end)s") % {
        "start": short_span(edges[number - 1]),
        "end": short_span(edges[number]),
    }
