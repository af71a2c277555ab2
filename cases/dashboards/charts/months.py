"""Counts month by month: how many, and a part of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from cases.dashboards.charts.spread import tall
from cases.dashboards.words import month_alone, share, short_month

HEIGHT = 120
WIDTH = 560  # whatever the number of months, so that the letters keep their size
FEWEST = 6  # a single month is a bar, not a wall
LABEL_WIDTH = 44  # of a month; its year stands below, where it changes
NUMBERED = 14  # up to so many columns each bears its number


@dataclass(frozen=True, slots=True)
class Month:
    """A column: the whole, and from the ground up its part. `note` stands above it, `label` below."""

    x: int
    y: int
    width: int
    height: int
    part_y: int
    part_height: int
    middle: int
    label: str
    year: str
    note: str
    start: date
    whole: int
    part: int


@dataclass(frozen=True, slots=True)
class Months:
    """The picture."""

    width: int
    columns: Sequence[Month]


def months(rows: Sequence[tuple[date, int, int]]) -> Months:
    """`rows`: the first day of a month, how many, and how many of them; in order, empty months too."""
    most = max((whole for _start, whole, _part in rows), default=0) or 1
    step = max(4, WIDTH // max(FEWEST, len(rows)))
    gap = max(1, step // 4)
    width = max(WIDTH, step * len(rows))
    every = -(-LABEL_WIDTH // step)
    columns = []
    year_said = 0
    for number, (start, whole, part) in enumerate(rows):
        height, lower = tall(whole, most, HEIGHT), tall(part, most, HEIGHT)
        # A label starts where its bar does; one that would run out of the picture is left out.
        labelled = number % every == 0 and number * step + LABEL_WIDTH <= width
        year_changed = labelled and start.year != year_said
        year_said = start.year if labelled else year_said
        columns.append(
            Month(
                x=number * step + gap // 2,
                y=HEIGHT - height,
                width=step - gap,
                height=height,
                part_y=HEIGHT - lower,
                part_height=lower,
                middle=number * step + step // 2,
                label=month_alone(start) if labelled else "",
                year=str(start.year) if year_changed else "",
                note=str(whole) if len(rows) <= NUMBERED and whole else "",
                start=start,
                whole=whole,
                part=part,
            )
        )
    return Months(width=width, columns=columns)


SMALL_HEIGHT, SMALL_WIDTH = 44, 240
SMALL_NUMBERED = 12
SMALL_NAMED = 6  # up to so many months each bears its name; of more, the first and the last
WIDEST = 26


@dataclass(frozen=True, slots=True)
class Small:
    """A month of a small picture: the whole column is what was sent, filled from the ground as far as it was acted on."""

    x: int
    width: int
    middle: int
    fill_y: int
    fill_height: int
    is_empty: bool  # nothing was sent
    note: str  # how many are still up
    start: date
    sent: int
    acted_on: int
    share: int | None


@dataclass(frozen=True, slots=True)
class Label:
    """A word under a small picture."""

    x: int
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class SmallMonths:
    """A platform's months beside other platforms'."""

    width: int
    columns: Sequence[Small]
    labels: Sequence[Label]


def small_months(rows: Sequence[tuple[date, int, int]]) -> SmallMonths:
    """`rows`: the first day of a month, how many were sent, and how many of them acted on; in order, empty ones too."""
    step = max(2, SMALL_WIDTH // max(1, len(rows)))
    width = min(WIDEST, max(1, step - max(1, step // 5)))
    columns = []
    for number, (start, sent, acted) in enumerate(rows):
        fill = _part(acted, sent)
        x = number * step + (step - width) // 2
        columns.append(
            Small(
                x=x,
                width=width,
                middle=x + width // 2,
                fill_y=SMALL_HEIGHT - fill,
                fill_height=fill,
                is_empty=not sent,
                note=str(sent - acted) if len(rows) <= SMALL_NUMBERED and sent > acted else "",
                start=start,
                sent=sent,
                acted_on=acted,
                share=share(acted, sent),
            )
        )
    return SmallMonths(width=SMALL_WIDTH, columns=columns, labels=_labels(columns))


def _labels(columns: Sequence[Small]) -> list[Label]:
    if len(columns) == 1:
        return [Label(columns[0].middle, short_month(columns[0].start), "middle")]
    if len(columns) <= SMALL_NAMED:
        return [Label(one.middle, month_alone(one.start), "middle") for one in columns]
    first, last = columns[0], columns[-1]
    return [
        Label(first.x, short_month(first.start), "start"),
        Label(last.x + last.width, short_month(last.start), "end"),
    ]


def _part(part: int, whole: int) -> int:
    """As high as its share: some is never nothing, and nearly all is never all."""
    if not part:
        return 0
    if part == whole:
        return SMALL_HEIGHT
    return min(SMALL_HEIGHT - 3, max(3, SMALL_HEIGHT * part // whole))
