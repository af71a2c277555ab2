"""The one module of figures: the dashboard, the API and the reports read these and no others. See docs/figures.md.

A period holds the takedowns *requested* in it; what became of them is told as of the last fold (folding.py). Its whole
months, in the helpline's time zone, are read from the tallies, and its broken ends from the facts, both by cells.py.
"""

from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import zip_longest
from typing import Any, Self

from django.db import connection
from django.db.models import Min, Q, QuerySet

from cases.dashboards import bins, cells
from cases.dashboards.bins import BACK_BARS, BARS
from cases.dashboards.calendar import moment, month_of, months_between, next_month
from cases.dashboards.cells import ALL, FIRST_BIN, MEANS
from cases.dashboards.figures import (
    MEASURES,
    Bar,
    Counts,
    Figures,
    LadderRow,
    MonthPoint,
    PlatformCounts,
    ProviderRow,
    RedressRow,
    Returns,
    Slice,
    Volumes,
    Waiting,
)
from cases.dashboards.models import LastFold, TakedownFact, Tally
from cases.models import QueueItem
from cases.queue import capped_counts
from cases.states import QueueState
from cases.takedowns.models import Takedown
from cases.takedowns.states import STAYED, Status
from helpline.health.views import findings
from helpline.platforms.models import Channel, Platform

__all__ = ["STAYED", "behind", "by_provider", "figures", "first_month", "waiting_now"]

OF_TAKEDOWNS = ("", "channel", "regime", "content", "back")
OF_REPORTS = (
    *("report", "report-hour", "report-kind", "report-age", "report-who", "report-channel"),
    *("report-circumstance", "report-school"),
)


# --- a period, and what is read of it ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Span:
    """A period as it is read: whole months, and the moments before and behind them."""

    months: Sequence[date]
    ends: Sequence[tuple[datetime, datetime]]

    @classmethod
    def of(cls, since: datetime, until: datetime) -> Self:
        """Nothing in it when it ends before it begins."""
        first, last = month_of(since), month_of(until)
        if moment(first) < since:
            first = next_month(first)
        if first >= last:
            return cls((), [(since, until)] if since < until else ())
        ends = [(since, moment(first)), (moment(last), until)]
        whole = months_between(first, last)[:-1]
        return cls(whole, [(begin, end) for begin, end in ends if begin < end])


@dataclass(frozen=True, slots=True)
class Cell:
    """What is counted under one value of one dimension."""

    dim: str
    platform: int
    month: date
    value: str
    counts: Sequence[int]


# As PostgreSQL sends an array: spelled out and read number by number it would cost more than everything else here.
_TALLIES = """
    SELECT dim, platform, month, value, array_send(counts) FROM dashboards_tally
    WHERE month = ANY(%(months)s) AND dim = ANY(%(dims)s)
"""
_HEAD, _EACH = 20, 2  # bytes before the first number; words for each: its length and itself


def _read(
    span: Span, kinds: Mapping[cells.Kind, Collection[str]], *, platform: int | None, apart: str | None = None
) -> list[Cell]:
    """The cells of these dimensions: of one platform; or of all together, and of each alone for the dimension `apart`."""
    wanted = ALL if platform is None else platform
    found = []
    if span.months:
        values = {
            "platform": wanted,
            "months": list(span.months),
            "dims": [dim for some in kinds.values() for dim in some],
            "apart": [apart],
        }
        text = f"{_TALLIES} AND platform = %(platform)s"
        if apart is not None:
            text += f" UNION ALL {_TALLIES.replace('dims', 'apart')} AND platform <> %(platform)s"
        for dim, one, month, value, sent in _rows(text, values):
            found.append(Cell(dim, one, month, value, _numbers(sent)))
    for kind, dims in kinds.items():
        found += _read_ends(span, kind, dims, platform=platform, apart=apart)
    return found


def _numbers(sent: memoryview) -> Sequence[int]:
    numbers = array("i", bytes(sent[_HEAD:]))
    numbers.byteswap()
    return numbers[1::_EACH]


def _read_ends(
    span: Span, kind: cells.Kind, dims: Collection[str], *, platform: int | None, apart: str | None
) -> Iterable[Cell]:
    """The same from facts, for what no whole month holds."""
    if not span.ends:
        return
    within = " OR ".join([f"({kind.moment} >= %s AND {kind.moment} < %s)"] * len(span.ends))
    weighed = f"SELECT *, 1 AS weight FROM {kind.table} WHERE ({within})"  # noqa: S608  our own names
    values: list[Any] = [edge for end in span.ends for edge in end]
    if platform is not None:
        weighed += " AND platform = %s"
        values.append(platform)
    wanted = ALL if platform is None else platform
    for month, one, dim, value, places, numbers in _rows(cells.counted(kind, weighed), values):
        if (one == wanted and dim in dims) or (one != ALL and platform is None and dim == apart):
            counts = [0] * max(places)
            for place, number in zip(places, numbers, strict=True):
                counts[place - 1] = number
            yield Cell(dim, one, month, value, counts)


def _rows(statement: str, values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


# --- the figures ------------------------------------------------------------------------------------------


def figures(*, since: datetime, until: datetime, platform: str | None = None) -> Figures:
    """The figures of the takedowns requested from `since` (included) to `until` (excluded), of one platform or all.

    Raises Platform.DoesNotExist for a slug that is not in the directory.
    """
    directory = _Directory()
    wanted = directory.root(platform) if platform else None
    kinds: dict[cells.Kind, Collection[str]] = {
        cells.TAKEDOWNS: OF_TAKEDOWNS,
        cells.STEPS: ("step",),
        cells.REDRESS: ("redress",),
    }
    if wanted is None:
        kinds[cells.REPORTS] = OF_REPORTS
    by_dim: dict[str, list[Cell]] = defaultdict(list)
    for cell in _read(Span.of(since, until), kinds, platform=wanted, apart="" if wanted is None else None):
        by_dim[cell.dim].append(cell)
    main = [cell for cell in by_dim[""] if cell.platform == (wanted or ALL)]
    apart = by_dim[""] if wanted else [cell for cell in by_dim[""] if cell.platform != ALL]
    overall = _sum(main)
    last = LastFold.objects.first()
    return Figures(
        since=since,
        until=until,
        platform=platform,
        as_of=last.as_of if last else None,
        overall=_counts(overall),
        platforms=directory.platforms(apart),
        channels=directory.channels(by_dim["channel"]),
        regimes=_slices(by_dim["regime"]),
        contents=_slices(by_dim["content"]),
        months=_months(main),
        spread=_spread(overall),
        ladder=_ladder(by_dim["step"]),
        redress=_redress(by_dim["redress"]),
        returns=_returns(_counts(overall), by_dim["back"]),
        reports=_volumes(by_dim) if wanted is None else None,
    )


class _Directory:
    """Platforms and channels under their names of today."""

    def __init__(self) -> None:
        self._platforms = {row.pk: row for row in Platform.objects.only("id", "slug", "name", "merged_into")}

    def root(self, slug: str) -> int:
        """The number under which its figures stand: its own, or that of the platform it was merged into."""
        found = next((row for row in self._platforms.values() if row.slug == slug), None)
        if found is None:
            raise Platform.DoesNotExist(f"No platform is called {slug!r}.")
        passed = set()
        while found.merged_into_id and found.pk not in passed:
            passed.add(found.pk)
            found = self._platforms[found.merged_into_id]
        return int(found.pk)

    def named(self, number: int) -> Platform:
        """A platform by its number."""
        return self._platforms[number]

    def platforms(self, found: Iterable[Cell]) -> list[PlatformCounts]:
        """The worst first."""
        by_platform = _by(found, "platform")
        rows = []
        for number, own in by_platform.items():
            counts = _sum(own)
            if any(counts):
                one = self.named(number)
                rows.append(PlatformCounts(one.slug, one.name, _counts(counts), _months(own)))
        return sorted(rows, key=_harm)

    def channels(self, found: Iterable[Cell]) -> list[Slice]:
        """By their slugs."""
        slices = _slices(found)
        known = Channel.objects.only("id", "slug", "kind").in_bulk([int(one.value) for one in slices])
        named = [
            Slice(known[int(one.value)].slug, one.counts, known[int(one.value)].kind)
            for one in slices
            if int(one.value) in known
        ]
        return sorted(named, key=lambda one: one.value)


def _by(found: Iterable[Cell], name: str) -> dict[Any, list[Cell]]:
    grouped: dict[Any, list[Cell]] = defaultdict(list)
    for cell in found:
        grouped[getattr(cell, name)].append(cell)
    return grouped


def _sum(found: Sequence[Cell]) -> Sequence[int]:
    if len(found) == 1:
        return found[0].counts
    return [sum(column) for column in zip_longest(*(cell.counts for cell in found), fillvalue=0)]


def _counts(numbers: Sequence[int]) -> Counts:
    times = numbers[FIRST_BIN - 1 :]
    return Counts(
        **dict(zip(MEASURES, numbers, strict=False)),
        p50_s=bins.percentile(times, 0.5),
        p90_s=bins.percentile(times, 0.9),
    )


def _slices(found: Iterable[Cell]) -> list[Slice]:
    summed = ((value, _sum(own)) for value, own in sorted(_by(found, "value").items()))
    return [Slice(value, _counts(counts)) for value, counts in summed if any(counts)]


def _months(found: Iterable[Cell]) -> list[MonthPoint]:
    # A month that is broken at both its ends is one cell of each.
    summed = ((month, _sum(own)) for month, own in sorted(_by(found, "month").items()))
    return [MonthPoint(month, _counts(counts)) for month, counts in summed if any(counts)]


def _spread(numbers: Sequence[int]) -> list[Bar]:
    """Every bar, the empty ones too: a gap in a picture must mean something."""
    return _bars(BARS, bins.bars(numbers[FIRST_BIN - 1 :]))


def _bars(edges: Sequence[int], counts: Sequence[int]) -> list[Bar]:
    return [
        Bar(start, end, count) for start, end, count in zip((0, *edges), (*edges, None), counts, strict=True)
    ]


def _ladder(found: Iterable[Cell]) -> list[LadderRow]:
    rows = _numbered(found)
    return [LadderRow(month, *_three(value), count) for (month, value), count in rows]


def _redress(found: Iterable[Cell]) -> list[RedressRow]:
    rows = _numbered(found)
    parted = ((month, value.partition("/"), count) for (month, value), count in rows)
    return [RedressRow(month, kind, state, count) for month, (kind, _slash, state), count in parted]


def _three(value: str) -> tuple[str, str, str]:
    """The parts of a value that has three."""
    first, second, third = value.split("/")
    return first, second, third


def _numbered(found: Iterable[Cell]) -> list[tuple[tuple[date, str], int]]:
    """Cells of one number, summed and in order."""
    counts: dict[tuple[date, str], int] = defaultdict(int)
    for cell in found:
        counts[cell.month, cell.value] += sum(cell.counts)
    return sorted((key, count) for key, count in counts.items() if count)


def _returns(counts: Counts, found: Iterable[Cell]) -> Returns:
    by_start: dict[int, int] = defaultdict(int)
    for cell in found:
        by_start[int(cell.value)] += sum(cell.counts[:1])
    return Returns(
        seen_gone=counts.seen_gone,
        reappeared=counts.reappeared,
        spread=_bars(BACK_BARS, [by_start[start] for start in (0, *BACK_BARS)]),
    )


def _volumes(by_dim: Mapping[str, Sequence[Cell]]) -> Volumes:
    def numbers(dim: str) -> dict[str, int]:
        counts: dict[str, int] = defaultdict(int)
        for cell in by_dim.get(dim, ()):
            counts[cell.value] += sum(cell.counts)
        return {value: count for value, count in sorted(counts.items()) if count}

    hours = [[0] * 24 for _day in range(7)]
    for value, count in numbers("report-hour").items():
        day, _dash, hour = value.partition("-")
        hours[int(day)][int(hour)] = count
    return Volumes(
        total=sum(numbers("report").values()),
        hours=hours,
        kinds=numbers("report-kind"),
        age_ranges=numbers("report-age"),
        who=numbers("report-who"),
        channels=numbers("report-channel"),
        circumstances=numbers("report-circumstance"),
        with_school=sum(numbers("report-school").values()),
        months=[(month, count) for (month, _value), count in _numbered(by_dim.get("report", ()))],
    )


def _harm(one: PlatformCounts) -> tuple[float, ...]:
    return (-one.counts.left_up, -(one.counts.p90_s or 0.0), -one.counts.sent)


# --- for the yearly report --------------------------------------------------------------------------------


def by_provider(*, since: datetime, until: datetime) -> list[ProviderRow]:
    """Every takedown of the period in exactly one row: whom it was asked of, what it was about, what was done."""
    directory = _Directory()
    found = _read(Span.of(since, until), {cells.TAKEDOWNS: ()}, platform=None, apart="action")
    by_row: dict[tuple[int, str], list[Cell]] = defaultdict(list)
    for cell in found:
        by_row[cell.platform, cell.value].append(cell)
    rows = []
    for (number, value), own in by_row.items():
        one, counts = directory.named(number), _counts(_sum(own))
        if counts.total:
            rows.append(
                ProviderRow(one.slug, one.name, *_three(value), counts.total, counts.items, counts.notices)
            )
    return sorted(rows, key=lambda row: (row.name, row.slug, row.kind, row.age, row.action))


# --- what is behind a figure ------------------------------------------------------------------------------


def behind(
    *,
    figure: str,
    since: datetime,
    until: datetime,
    platform: str | None = None,
    dim: str = "",
    value: str = "",
) -> QuerySet[TakedownFact, Any]:
    """The numbers of the takedowns that `figure` counts, exactly as many as it says.

    `figure` is one of MEASURES, `left_up` or `unsent`; `dim` and `value` narrow it to a slice: a `channel` by its slug, a
    `regime`, a `content`, an `action` of ProviderRow (`kind/age/action`), or a `bar` by where it begins. For `items` and
    `notices` the takedown that stands for each. Raises ValueError for anything else, Platform.DoesNotExist for a slug
    that is not in the directory.
    """
    found = TakedownFact.objects.filter(
        _counted_by(figure),
        _within(dim, value),
        is_counted=True,
        requested_at__gte=since,
        requested_at__lt=until,
    )
    if platform:
        found = found.filter(platform=_Directory().root(platform))
    return found.values_list("id", flat=True)


def _counted_by(figure: str) -> Q:
    if figure == "left_up":
        return Q(is_sent=True) & ~Q(fate="acted_on")
    if figure == "unsent":
        return Q(is_sent=False)
    if figure not in MEANS:
        raise ValueError(f"No figure is called {figure!r}.")
    return Q(**MEANS[figure])


def _within(dim: str, value: str) -> Q:
    match dim:
        case "":
            return Q()
        case "channel":
            return Q(channel__in=Channel.objects.filter(slug=value).values("id"))
        case "regime":
            return Q(regimes__contains=[value])
        case "content" | "action":
            names = ("kind", "age", "action")[: 2 if dim == "content" else 3]
            return Q(**dict(zip(names, value.split("/"), strict=True)))
        case "bar":
            start = int(value)
            ends = (*BARS, bins.LONGEST + 1)
            end = next(edge for edge in ends if edge > start)
            above = Q() if end > bins.LONGEST else Q(bin__lt=bins.place(end))
            return Q(bin__gte=bins.place(start)) & above
    raise ValueError(f"Nothing is told apart by {dim!r}.")


# --- at this moment ---------------------------------------------------------------------------------------


def first_month() -> date | None:
    """The earliest month in which something is counted, a request or a report; None while nothing is."""
    counted = Tally.objects.filter(platform=ALL, dim__in=("", "report"))
    earliest: date | None = counted.aggregate(earliest=Min("month"))["earliest"]
    return earliest


def waiting_now() -> Waiting:
    """What waits at this moment, in the whole helpline. In as many statements whatever waits."""
    queue = QueueItem.objects.filter(state=QueueState.WAITING)
    counts = capped_counts(
        {
            "reports": queue,
            "in_danger": queue.filter(danger=True),
            "to_file": Takedown.objects.filter(status=Status.TO_FILE),
            "unknown": Takedown.objects.filter(status=Status.UNKNOWN),
        }
    )
    unanswered = QueueItem.objects.filter(
        state__in=[QueueState.WAITING, QueueState.OPEN], deadline_at__isnull=False
    )
    return Waiting(
        **counts,
        oldest_at=queue.order_by("submitted_at").values_list("submitted_at", flat=True).first(),
        due_at=unanswered.order_by("deadline_at").values_list("deadline_at", flat=True).first(),
        late={name: text for name, text in findings().items() if text},
    )
