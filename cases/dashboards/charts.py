"""The pictures of the dashboard as numbers for an SVG: whole units of its viewBox, so that no language writes a comma."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from cases.dashboards.metrics import Bar, Week
from cases.dashboards.words import moment, short_span

HEIGHT = 160  # of the tallest bar
STEP, GAP = 76, 10  # a bar with its gap, and the gap
ROW, TOP = 16, -58  # a line of labels above the bars, and where the first stands
WEEKS_WIDTH = 560  # whatever the number of weeks, so that the letters keep their size
FEWEST_WEEKS = 13  # a single week is a bar, not a wall
LABEL_WIDTH = 64  # of a day with its month


@dataclass(frozen=True, slots=True)
class Column:
    """A bar: its box, its label below, what it counts."""

    x: int
    y: int
    width: int
    height: int
    middle: int
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A line across the picture."""

    x: int
    y: int  # of its label: no two stand in one line
    label: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Spread:
    """Time to action as a distribution with its median and p90."""

    width: int
    columns: Sequence[Column]
    marks: Sequence[Mark]


def spread(bars: Sequence[Bar], *, p50_s: float | None, p90_s: float | None) -> Spread:
    """The distribution. The time axis is by steps, not to scale: minutes and weeks must both be readable."""
    most = max((bar.count for bar in bars), default=0) or 1
    columns = [_column(place, bar, most) for place, bar in enumerate(bars)]
    width = len(bars) * STEP
    marks = [
        Mark(
            x=_place(seconds, bars),
            y=TOP + ROW * row,
            label=label,
            anchor="end" if _place(seconds, bars) > width * 0.7 else "start",
        )
        for row, (seconds, label) in enumerate(((p50_s, _("median")), (p90_s, _("p90"))))
        if seconds is not None
    ]
    return Spread(width=width, columns=columns, marks=marks)


def _column(place: int, bar: Bar, most: int) -> Column:
    height = _tall(bar.count, most)
    return Column(
        x=place * STEP + GAP // 2,
        y=HEIGHT - height,
        width=STEP - GAP,
        height=height,
        middle=place * STEP + STEP // 2,
        label=_label(bar),
        count=bar.count,
    )


def _tall(count: int, most: int) -> int:
    """A bar that counts something is never invisible."""
    return max(3, round(HEIGHT * count / most)) if count else 0


def _label(bar: Bar) -> str:
    if bar.to_s is None:
        return _("over %(time)s") % {"time": short_span(bar.from_s)}
    if bar.from_s == 0:
        return _("under %(time)s") % {"time": short_span(bar.to_s)}
    return _("to %(time)s") % {"time": short_span(bar.to_s)}


def _place(seconds: float, bars: Sequence[Bar]) -> int:
    """Where a duration stands on the stepped axis."""
    for place, bar in enumerate(bars):
        if bar.to_s is None:
            return place * STEP + STEP // 2
        if seconds < bar.to_s:
            return round(STEP * (place + (seconds - bar.from_s) / (bar.to_s - bar.from_s)))
    return 0


@dataclass(frozen=True, slots=True)
class WeekColumn:
    """A week: what was requested, and in it what was acted on."""

    x: int
    y: int
    width: int
    height: int
    acted_y: int
    acted_height: int
    label: str
    week: Week


@dataclass(frozen=True, slots=True)
class Weeks:
    """Volumes by week."""

    width: int
    columns: Sequence[WeekColumn]


def weeks(rows: Sequence[Week]) -> Weeks:
    """Requests by week, with the part that was acted on."""
    most = max((row.requested for row in rows), default=0) or 1
    step = max(4, WEEKS_WIDTH // max(FEWEST_WEEKS, len(rows)))
    gap = step // 4
    width = max(WEEKS_WIDTH, step * len(rows))
    every = -(-LABEL_WIDTH // step)
    columns = []
    for place, row in enumerate(rows):
        height, acted = _tall(row.requested, most), _tall(row.acted_on, most)
        # A label starts where its bar does; one that would run out of the picture is left out.
        is_labelled = place % every == 0 and place * step + LABEL_WIDTH <= width
        columns.append(
            WeekColumn(
                x=place * step + gap // 2,
                y=HEIGHT - height,
                width=step - gap,
                height=height,
                acted_y=HEIGHT - acted,
                acted_height=acted,
                label=moment(row.start) if is_labelled else "",
                week=row,
            )
        )
    return Weeks(width=width, columns=columns)
