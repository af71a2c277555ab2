"""Figures as files: what a period adds up to, and one line for each takedown of it.

The lines are coarse: months, platforms, laws, states, durations by their bar. No words, no link, no account, no case and
no number by which somebody could find one; they come in no order that tells which came first.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.dashboards import metrics
from cases.dashboards.bins import BARS, EDGES
from cases.dashboards.definitions import AT_THIS_MOMENT, DEFINITIONS, Definition
from cases.dashboards.figures import MEASURES, Counts, Figures
from cases.dashboards.models import TakedownFact
from cases.dashboards.periods import Period
from cases.dashboards.words import content
from helpline.platforms.models import Channel, Platform, Regime
from helpline.web.sheets import Cell

FIGURES_LAYOUT = "figures/1"
TIMES = ("p50", "p90")
# Finer than the figures of the page, and named so that nobody takes one for the other.
BY_STATE = {
    "steps_by_state": gettext_lazy("Steps of the ladder, by their state"),
    "redress_by_state": gettext_lazy("Ways to contest, by their state"),
}


# --- what a period adds up to -----------------------------------------------------------------------------


def as_json(figures: Figures, period: Period) -> dict[str, Any]:
    """Everything the page shows, with the definitions of what is in it. Durations are seconds."""
    found = asdict(figures)
    return {
        "layout": FIGURES_LAYOUT,
        "as_of": _iso(figures.as_of),
        "first_month": f"{period.first:%Y-%m}",
        "last_month": f"{period.last:%Y-%m}",
        "since": _iso(figures.since),
        "until": _iso(figures.until),
        **{name: _plain(value) for name, value in found.items() if name not in {"as_of", "since", "until"}},
        "definitions": {
            name: _defined(one) for name, one in DEFINITIONS.items() if name not in AT_THIS_MOMENT
        },
    }


def _defined(one: Definition) -> dict[str, str]:
    return {name: str(words) for name, words in asdict(one).items() if words}


def _plain(value: Any) -> Any:
    """What JSON can say of it."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return _iso(value) if isinstance(value, date) else value


def _iso(value: date | None) -> str | None:
    return value.isoformat() if value else None


def lines(figures: Figures, period: Period) -> Iterator[Sequence[Cell]]:
    """The same as a table: one figure a line, so that a spreadsheet can sort and pivot it. The first line names the columns.

    Durations are whole seconds, rounded.
    """
    first, last = f"{period.first:%Y-%m}", f"{period.last:%Y-%m}"
    as_of = timezone.localtime(figures.as_of) if figures.as_of else None
    yield (
        *(_("First month"), _("Last month"), _("Counted on"), _("Part"), _("Which"), _("Name")),
        *(_("Figure"), _("In words"), _("Number")),
    )
    for part, which, name, figure, number in _figures(figures):
        definition = DEFINITIONS.get(figure)
        words = str(definition.label if definition else BY_STATE[figure])
        yield first, last, as_of, part, which, name, figure, words, number


def _figures(figures: Figures) -> Iterator[tuple[str, str, str, str, int | None]]:
    parts: list[tuple[str, str, str, Counts]] = [("all", figures.platform or "", "", figures.overall)]
    parts += [("platform", one.slug, one.name, one.counts) for one in figures.platforms]
    parts += [("channel", one.value, one.kind, one.counts) for one in figures.channels]
    parts += [
        ("regime", one.value, str(dict(Regime.choices).get(one.value, "")), one.counts)
        for one in figures.regimes
    ]
    parts += [("content", one.value, content(one.value), one.counts) for one in figures.contents]
    parts += [("month", f"{one.month:%Y-%m}", "", one.counts) for one in figures.months]
    for part, which, name, counts in parts:
        for measure in MEASURES:
            yield part, which, name, measure, getattr(counts, measure)
        for time in TIMES:
            seconds = getattr(counts, f"{time}_s")
            yield part, which, name, time, None if seconds is None else round(seconds)
    for name, number in asdict(figures.some).items():
        yield "all", figures.platform or "", "", name, number
    for bar in figures.spread:
        yield "bar", _bar(bar.from_s, bar.to_s), "", "spread", bar.count
    for step in figures.ladder:
        which = "/".join(
            part for part in (f"{step.month:%Y-%m}", step.rung, step.state, step.outcome) if part
        )
        yield "ladder", which, "", "steps_by_state", step.count
    for row in figures.redress:
        yield "redress", f"{row.month:%Y-%m}/{row.kind}/{row.state}", "", "redress_by_state", row.count
    if (reports := figures.reports) is None:
        return
    yield "reports", "", "", "reports", reports.total
    counted: Iterable[tuple[str, str, Mapping[str, int]]] = (
        ("kind", "kinds", reports.kinds),
        ("age", "ages", reports.age_ranges),
        ("circumstance", "circumstances", reports.circumstances),
        ("hour", "hours", _hours(reports.hours)),
    )
    for part, figure, numbers in counted:
        for which, count in numbers.items():
            yield part, which, "", figure, count
    yield "reports", "", "", "school_named", reports.with_school


def _hours(hours: Sequence[Sequence[int]]) -> dict[str, int]:
    """`1-22` is Monday at ten in the evening, as ISO counts the days."""
    return {
        f"{day}-{hour:02}": count
        for day, row in enumerate(hours, 1)
        for hour, count in enumerate(row)
        if count
    }


def _bar(from_s: int, to_s: int | None) -> str:
    return f"{from_s}-{to_s if to_s is not None else ''}"


# --- one line for each takedown ---------------------------------------------------------------------------


def rows_of(since: datetime, until: datetime, *, platform: str | None) -> Any:
    """The facts of the period, one for each takedown the figures count."""
    ids = metrics.behind(figure="total", since=since, until=until, platform=platform)
    return TakedownFact.objects.filter(pk__in=ids)


def row_lines(facts: Any) -> Iterator[Sequence[Cell]]:
    """A table, the first line of which names the columns. Read piece by piece: memory does not grow with it."""
    platforms = dict(Platform.objects.values_list("pk", "slug"))
    channels = {pk: (slug, kind) for pk, slug, kind in Channel.objects.values_list("pk", "slug", "kind")}
    yield (
        *(_("Month"), _("Platform"), _("Channel"), _("How it travels"), _("Law"), _("Content"), _("Age")),
        *(_("Sent"), _("What became of it"), _("Said removed"), _("Seen gone"), _("Came back")),
        *(_("Judged after 30 days"), _("Stayed gone"), _("Seconds to action")),
    )
    # By number, which is random: neither the day nor who came before whom can be read from the order.
    for fact in facts.order_by("month", "pk").iterator(chunk_size=2000):
        channel, kind = channels.get(fact.channel, ("", ""))
        yield (
            f"{fact.month:%Y-%m}",
            platforms.get(fact.platform, ""),
            channel,
            kind,
            " ".join(sorted(fact.regimes)),
            fact.kind,
            fact.age,
            int(fact.is_sent),
            fact.fate,
            int(fact.said_removed),
            int(fact.seen_gone),
            int(fact.reappeared),
            int(fact.gone_long_ago),
            int(fact.stayed_gone),
            _time(fact.bin),
        )


def _time(place: int | None) -> str:
    """The bar it stands in: exact seconds would tell one takedown from all others."""
    if place is None:
        return ""
    bar = bisect_right(BARS, (0, *EDGES)[place])
    return _bar((0, *BARS)[bar], (*BARS, None)[bar])
