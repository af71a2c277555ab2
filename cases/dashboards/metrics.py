"""The one module of figures: the dashboard, the API and the reports read these and no others. See docs/figures.md.

A period holds the takedowns *requested* in it; what became of them is told as of the last fold (folding.py). Its whole
months, in the helpline's time zone, are read from the tallies, and its broken ends from the facts, both by cells.py.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import zip_longest
from typing import Any, Self

from django.db.models import Min, QuerySet

from cases.dashboards import bins, cells, sources
from cases.dashboards.bins import BACK_BARS, BARS
from cases.dashboards.calendar import moment, month_of, months_between, shifted
from cases.dashboards.cells import ALL, FIRST_BIN, SOME_MEANS
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
    Some,
    Times,
    Volumes,
    Waiting,
)
from cases.dashboards.listed import FIGURES
from cases.dashboards.models import LastFold, Tally
from cases.dashboards.sql import fetch_rows
from cases.models import QueueItem
from cases.queue import capped_counts
from cases.states import QueueState
from cases.takedowns.models import Takedown
from cases.takedowns.states import STAYED, Status
from helpline.health.views import findings
from helpline.platforms.models import Channel, Platform

__all__ = ["STAYED", "behind", "by_provider", "figures", "first_month", "times", "waiting_now"]

OF_TAKEDOWNS = ("", "channel", "regime", "content", "action", "back")
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
            first = shifted(first, 1)
        if first >= last:
            return cls((), [(since, until)] if since < until else ())
        ends = [(since, moment(first)), (moment(last), until)]
        whole = months_between(first, shifted(last, -1))
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
# Of all that was done, what is not all of it: the rest is the yearly report's, and many rows.
_WANTED = "platform = %(platform)s AND (dim <> 'action' OR split_part(value, '/', 3) = ANY(%(some)s))"
_SOME = {means["action"]: name for name, means in SOME_MEANS.items()}
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
            "some": list(_SOME),
        }
        text = f"{_TALLIES} AND {_WANTED}"
        if apart is not None:
            text += f" UNION ALL {_TALLIES.replace('dims', 'apart')} AND platform <> %(platform)s"
        for dim, one, month, value, sent in fetch_rows(text, values):
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
    text = f"SELECT dim, platform, month, value, array_send(counts) FROM ({cells.counted(kind, weighed)}) AS cells"  # noqa: S608
    for dim, one, month, value, sent in fetch_rows(text, values):
        if (one == wanted and dim in dims) or (one != ALL and platform is None and dim == apart):
            yield Cell(dim, one, month, value, _numbers(sent))


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
        some=_some(by_dim["action"]),
    )


def times(
    *, since: datetime, until: datetime, platform: str | None = None, dim: str = "", value: str = ""
) -> Times:
    """The whole distribution of the takedowns that share `value`: a channel's slug, a Regime, a content; or of all of them.

    Raises Platform.DoesNotExist for a slug that is not in the directory; a value that did not occur has nothing.
    """
    wanted = _Directory().root(platform) if platform else None
    key = (
        str(Channel.objects.filter(slug=value).values_list("pk", flat=True).first())
        if dim == "channel"
        else value
    )
    found = _read(Span.of(since, until), {cells.TAKEDOWNS: (dim,)}, platform=wanted)
    numbers = _sum([cell for cell in found if cell.value == key])
    return Times(_counts(numbers), _spread(numbers))


class _Directory:
    """Platforms and channels under their names of today."""

    def __init__(self) -> None:
        self._platforms = {row.pk: row for row in Platform.objects.only("id", "slug", "name")}

    def root(self, slug: str) -> int:
        """The number under which its figures stand: its own, or that of the platform it was merged into."""
        found = next((row for row in self._platforms.values() if row.slug == slug), None)
        if found is None:
            raise Platform.DoesNotExist(f"No platform is called {slug!r}.")
        return sources.roots()[found.pk]

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


def _some(found: Iterable[Cell]) -> Some:
    counts: Counter[str] = Counter()
    for cell in found:
        if name := _SOME.get(_three(cell.value)[2]):
            counts[name] += sum(cell.counts[:1])
    return Some(**counts)


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
    bar: str = "",
) -> QuerySet[Any, Any]:
    """The numbers of the takedowns, steps, complaints or reports that `figure` counts, exactly as many as it says.

    `figure`, `dim` and `value` as listed.py has them; of these, with `bar`, those that took so long. For `items` and
    `notices` the takedown that stands for each. Raises ValueError for what is not listed there, Platform.DoesNotExist for
    a slug that is not in the directory.
    """
    source = FIGURES.get(figure)
    if source is None or (platform and not source.has_platform):
        raise ValueError(f"No list is behind {figure!r} of {platform or 'all'}.")
    asked: dict[str, Any] = {f"{source.moment}__gte": since, f"{source.moment}__lt": until}
    if platform:
        asked["platform"] = _Directory().root(platform)
    where = source.where(figure, dim, value)
    if bar:
        where &= source.where(figure, "bar", bar)
    found = source.fact._default_manager.filter(where, **asked)
    return found.values_list("id", flat=True)


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
