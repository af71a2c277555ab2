"""What the page of figures shows of them: figures in, rows with words out. Pure, and nothing here counts anew."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import words as desk
from cases.dashboards.cells import REDRESS_MEANS, STEP_MEANS, Means
from cases.dashboards.charts.months import SmallMonths, small_months
from cases.dashboards.charts.steps import Range, span_of
from cases.dashboards.definitions import define
from cases.dashboards.figures import Counts, Figures, LadderRow, MonthPoint, RedressRow, Slice
from cases.dashboards.words import content, month, share, span
from cases.ladder.states import Rung
from helpline.platforms.models import ChannelKind, Regime

Words = desk.Words

CARDS = 12  # platforms drawn; the others stand in the table
IGNORERS = 8
# The tabs of the breakdown of time to action, by the name of their dimension.
BREAKDOWNS: Mapping[str, Words] = {
    "platform": gettext_lazy("Platform"),
    "channel": gettext_lazy("Channel"),
    "regime": gettext_lazy("Law"),
    "content": gettext_lazy("Content"),
    "month": gettext_lazy("Month"),
}


# --- the four honest numbers ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number:
    """A share with what it is a share of, and what it was before."""

    name: str  # its definition, and the list behind it
    label: Words
    share: int | None
    part: int
    of: str  # the figure that it is a share of
    all: int
    whole: str
    before: str


def numbers(now: Counts, before: Counts) -> list[Number]:
    """Acted on, said removed, seen gone, stayed gone."""
    found = [_number(name, now, before, of="sent") for name in ("acted_on", "said_removed", "seen_gone")]
    return [*found, _number("stayed_gone", now, before, of="gone_long_ago")]


def _number(name: str, now: Counts, before: Counts, *, of: str) -> Number:
    part, whole = getattr(now, name), getattr(now, of)
    then = share(getattr(before, name), getattr(before, of))
    said = {"count": whole}
    return Number(
        name=name,
        label=define(name).label,
        share=share(part, whole),
        part=part,
        of=of,
        all=whole,
        whole=_("of %(count)s sent") % said
        if of == "sent"
        else _("of %(count)s judged after 30 days") % said,
        before=_("%(share)s %% before") % {"share": then} if then is not None else "",
    )


# --- tables with a picture in each row --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """Takedowns that share something: how many, how many of them acted on, how fast."""

    value: str
    label: str
    counts: Counts
    detail: str = ""
    platform: str = ""
    dim: str = ""  # as the list behind it names it: with it `value` is looked for

    @property
    def share(self) -> int | None:
        """Acted on, of what was sent."""
        return share(self.counts.acted_on, self.counts.sent)

    @property
    def said_removed(self) -> int | None:
        """Of what was sent."""
        return share(self.counts.said_removed, self.counts.sent)

    @property
    def seen_gone(self) -> int | None:
        """Of what was sent."""
        return share(self.counts.seen_gone, self.counts.sent)

    @property
    def stayed_gone(self) -> int | None:
        """Of what can be judged."""
        return share(self.counts.stayed_gone, self.counts.gone_long_ago)

    @property
    def median(self) -> str:
        return span(self.counts.p50_s)

    @property
    def p90(self) -> str:
        return span(self.counts.p90_s)

    def range(self, edges: Sequence[int]) -> Range | None:
        """Its median and p90 on the axis of time."""
        return span_of(self.counts.p50_s, self.counts.p90_s, edges=edges)


def breakdown(figures: Figures, by: str, *, channels: Mapping[str, str]) -> list[Line]:
    """One of BREAKDOWNS. `channels`: the name of each channel's platform, by the channel's slug."""
    if by == "channel":
        return [
            Line(
                one.value,
                channels.get(one.value, one.value),
                one.counts,
                detail=_kind_of_channel(one),
                dim=by,
            )
            for one in figures.channels
        ]
    if by == "regime":
        return [
            Line(one.value, _word(Regime.choices, one.value), one.counts, dim=by) for one in figures.regimes
        ]
    if by == "content":
        return [Line(one.value, content(one.value), one.counts, dim=by) for one in figures.contents]
    if by == "month":
        return [Line(f"{one.month:%Y-%m}", month(one.month), one.counts) for one in figures.months]
    return [Line("", one.name, one.counts, platform=one.slug) for one in figures.platforms]


def _kind_of_channel(one: Slice) -> str:
    kind = _word(ChannelKind.choices, one.kind) if one.kind else ""
    return f"{kind} · {one.value}" if kind else ""


def _word(choices: Iterable[tuple[str, Words]], value: str) -> str:
    return str(dict(choices).get(value, value))


# --- platforms --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Card:
    """A platform with its months."""

    line: Line
    months: SmallMonths

    @property
    def counts(self) -> Counts:
        return self.line.counts


def cards(figures: Figures, months: Sequence[date]) -> list[Card]:
    """Worst first; every month of the period stands in each, so that they can be compared."""
    return [
        Card(Line("", one.name, one.counts, platform=one.slug), small_months(every_month(one.months, months)))
        for one in figures.platforms
        if one.counts.total
    ]


def every_month(
    points: Sequence[MonthPoint], months: Sequence[date], *, of: str = "sent"
) -> list[tuple[date, int, int]]:
    """A row for each of `months`: of how many, and how many of them were acted on; nothing where there is no point."""
    found = {point.month: point.counts for point in points}
    return [(day, getattr(found.get(day, Counts()), of), found.get(day, Counts()).acted_on) for day in months]


def ignorers(figures: Figures) -> list[Line]:
    """Platforms that left requests without a word, the most first."""
    silent = [one for one in figures.platforms if one.counts.no_answer]
    silent.sort(key=lambda one: (-one.counts.no_answer, -one.counts.no_answer / one.counts.sent))
    return [Line("", one.name, one.counts, platform=one.slug) for one in silent]


# --- what became of them ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Share:
    """A line of a list of shares. `name` is a figure with a definition and a list behind it, or empty; `value`: what it
    is called where its list is told apart."""

    label: str
    count: int
    share: int | None
    name: str = ""
    tone: str = ""
    value: str = ""


FATES: Sequence[tuple[str, str, Words]] = (
    ("acted_on", "good", gettext_lazy("Acted on")),
    ("under_way", "go", gettext_lazy("Receipt confirmed or being looked at")),
    ("more_information", "wait", gettext_lazy("More information asked")),
    ("no_answer", "unknown", gettext_lazy("No answer at all")),
    ("refused", "stop", gettext_lazy("Refused")),
    ("not_found", "stop", gettext_lazy("Nothing found at the address")),
    ("withdrawn", "none", gettext_lazy("Withdrawn by the young person")),
)


def fates(counts: Counts) -> list[Share]:
    """What became of everything that was sent: each request in exactly one line."""
    return [
        Share(str(label), getattr(counts, name), share(getattr(counts, name), counts.sent), name, tone)
        for name, tone, label in FATES
    ]


def _counted(rows: Sequence[LadderRow] | Sequence[RedressRow], means: Mapping[str, Means]) -> dict[str, int]:
    """How many each figure of `means` counts."""
    return {
        name: sum(
            row.count
            for row in rows
            if all(getattr(row, column) in words for column, words in wanted.items())
        )
        for name, wanted in means.items()
    }


@dataclass(frozen=True, slots=True)
class Step:
    """A rung of the ladder, with how its steps ended."""

    rung: str
    label: str
    done: int
    led_on: int  # they acted, or took it up
    declined: int
    silent: int
    waiting: int  # proposed or taken on, not done
    left_out: int

    @property
    def open(self) -> int:
        """Done, and nothing was noted of it yet."""
        return self.done - self.led_on - self.declined - self.silent


def ladder(rows: Sequence[LadderRow]) -> list[Step]:
    """Rungs that were ever stood on, from the lowest."""
    by_rung = {rung: [row for row in rows if row.rung == rung] for rung in Rung}
    return [_step(rung, own) for rung, own in by_rung.items() if own]


def _step(rung: Rung, rows: Sequence[LadderRow]) -> Step:
    found = _counted(rows, STEP_MEANS)
    done, waiting = found["steps"], found["steps_open"]
    return Step(
        rung=rung.value,
        label=str(rung.label),
        done=done,
        led_on=found["steps_acted"],
        declined=found["steps_declined"],
        silent=found["steps_silent"],
        waiting=waiting,
        left_out=sum(row.count for row in rows) - done - waiting,
    )


@dataclass(frozen=True, slots=True)
class Redress:
    """Refusals that were contested."""

    filed: int
    overturned: int  # wholly or in part
    upheld: int
    pending: int

    @property
    def share(self) -> int | None:
        """Overturned, of what was filed."""
        return share(self.overturned, self.filed)


def redress(rows: Sequence[RedressRow]) -> Redress:
    """Over both ways to contest."""
    found = _counted(rows, REDRESS_MEANS)
    return Redress(
        filed=found["redress"],
        overturned=found["redress_overturned"],
        upheld=found["redress_upheld"],
        pending=found["redress_pending"],
    )


# --- reports ----------------------------------------------------------------------------------------------


def shares(
    counts: Mapping[str, int],
    names: Mapping[str, Words],
    *,
    total: int,
    by_count: bool = True,
) -> list[Share]:
    """A line for each that occurs; those `names` does not know under their own name. The most first, or as `names` stand."""
    order = list(names)
    keys = sorted(
        (key for key, count in counts.items() if count),
        key=lambda key: (
            -counts[key] if by_count else 0,
            order.index(key) if key in names else len(order),
            key,
        ),
    )
    return [
        Share(str(names.get(key, key)), counts[key], share(counts[key], total), value=key) for key in keys
    ]
