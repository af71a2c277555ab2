"""The pictures of the dashboard as numbers for an SVG: whole units of its viewBox, so that no language writes a comma."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from cases.dashboards.metrics import Bar, Week
from cases.dashboards.words import moment, short_span

HEIGHT = 160  # of the tallest bar
STEP, GAP = 76, 10  # a bar with its gap, and the gap
WEEK_STEP, WEEK_GAP = 26, 6


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
        Mark(_place(seconds, bars), label, "end" if _place(seconds, bars) > width * 0.7 else "start")
        for seconds, label in ((p50_s, _("median")), (p90_s, _("p90")))
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
    label_x: int
    anchor: str
    week: Week


@dataclass(frozen=True, slots=True)
class Weeks:
    """Volumes by week."""

    width: int
    columns: Sequence[WeekColumn]


def weeks(rows: Sequence[Week]) -> Weeks:
    """Requests by week, with the part that was acted on."""
    most = max((row.requested for row in rows), default=0) or 1
    every = max(1, len(rows) // 5)
    columns = []
    for place, row in enumerate(rows):
        # The last label would run out of the picture: it ends where its bar does.
        is_last = place > len(rows) - 3 and len(rows) > 3
        height, acted = _tall(row.requested, most), _tall(row.acted_on, most)
        columns.append(
            WeekColumn(
                x=place * WEEK_STEP + WEEK_GAP // 2,
                y=HEIGHT - height,
                width=WEEK_STEP - WEEK_GAP,
                height=height,
                acted_y=HEIGHT - acted,
                acted_height=acted,
                label=moment(row.start) if place % every == 0 else "",
                label_x=place * WEEK_STEP + (WEEK_STEP if is_last else 0),
                anchor="end" if is_last else "start",
                week=row,
            )
        )
    return Weeks(width=max(1, len(rows)) * WEEK_STEP, columns=columns)
