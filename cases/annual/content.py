"""What a report says: its figures, its words, and both as one canonical text with a digest.

Figures hold nothing that may not be published: what is hidden is `null` there, and was never written down.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from cases.annual.models import AnnualReport
from cases.annual.vocabulary import ACTIONS, ANYBODY, CONTENTS, action_of, content_of
from cases.dashboards import folding, metrics
from cases.dashboards.figures import Figures, ProviderRow
from cases.dashboards.periods import Period
from cases.dashboards.suppression import ALL, Key, Published, Unproven, suppress
from cases.ladder.states import RedressState
from cases.reconciliation.layout import TRUSTED_FLAGGER

LAYOUT: Final = "trusted-flagger-report/1"
STARTING: Final = Path(__file__).parent / "data/starting.json"
# Provider, content, action: every total but those of provider and content together, which nobody asks for.
FAMILIES: Final = ((0, 1, 2), (0, 2), (1, 2), (0,), (1,), (2,))
ENOUGH: Final = 10  # times of so many, or more, for a median
JUDGED: Final = 20  # and so many to say which share of them stayed gone
CONTESTED: Final = ("refused", "not_found", "disabled", "partly_removed")
FRESH: Final = timedelta(minutes=5)
FILED: Final = (RedressState.FILED, RedressState.UPHELD, RedressState.OVERTURNED, RedressState.PARTLY)


class Behind(Exception):
    """The figures are not up to date, so a report can't be counted from them."""


def count(period: Period, *, at: datetime) -> tuple[dict[str, Any], datetime]:
    """The figures of whole months, and up to when every change is in them. The same rows give the same answer.

    Called in a transaction. Raises Behind where the figures are old at `at`, folding.AtWork while they are made anew,
    and LookupError for an action that has no line: a report must not lose any.
    """
    folding.stand_still()  # so that all of the tables tell of the same moment
    rows = metrics.by_provider(since=period.since, until=period.until)
    found = metrics.figures(since=period.since, until=period.until)
    if found.as_of is None or at - found.as_of > FRESH:
        raise Behind
    day = timezone.localdate(found.as_of, timezone.get_default_timezone())
    figures = figures_of(rows, found, threshold=settings.SMALL_CELLS) | {"counted_on": day.isoformat()}
    return figures, found.as_of


@dataclass(frozen=True, slots=True)
class Told:
    """The table as it may be published: None where a number is hidden, and nothing where it is zero."""

    total: int | None
    providers: Mapping[str, int | None]
    contents: Mapping[str, int | None]
    actions: Mapping[str, int | None]
    provider_actions: Mapping[str, Mapping[str, int | None]]
    content_actions: Mapping[str, Mapping[str, int | None]]
    lines: Sequence[Sequence[str | int | None]]
    hides: bool


def figures_of(rows: Sequence[ProviderRow], found: Figures, *, threshold: int) -> dict[str, Any]:
    """The same, of rows that were counted before."""
    cells: Counter[Key] = Counter()
    for row in rows:
        cells[row.slug, content_of(row.kind, row.age), action_of(row.action)] += row.items
    told = told_of(cells, threshold=threshold)
    names = sorted((row.name, row.slug) for row in {row.slug: row for row in rows}.values())
    return {
        "threshold": threshold,
        "total": told.total,
        "notices": _told(found.overall.notices, threshold) if told.total is not None else None,
        "providers": [_provider(slug, name, told, found) for name, slug in names if slug in told.providers],
        "contents": told.contents,
        "actions": told.actions,
        "provider_actions": told.provider_actions,
        "content_actions": told.content_actions,
        "lines": told.lines,
        "hides": told.hides,
        "stayed_gone_percent": _stayed(found, threshold),
        "redress": _redress(found, told, threshold),
    }


def told_of(cells: Mapping[Key, int], *, threshold: int) -> Told:
    """What may be told of provider x content x action: every line, where that hides little more of what providers did than
    the two tables alone; else the two tables."""
    cells = dict(sorted(((key, number) for key, number in cells.items() if number), key=str))
    plain = _plain(cells, threshold)
    if plain.total is None:
        return plain
    fine = _fine(cells, threshold)
    return fine if fine is not None and _said(fine) * 10 >= _said(plain) * 9 else plain


def _said(told: Told) -> int:
    return sum(number or 0 for counts in told.provider_actions.values() for number in counts.values())


def _fine(cells: Mapping[Key, int], threshold: int) -> Told | None:
    """One table of three dimensions with its totals; None where a whole dimension would be left out."""
    table = suppress(cells, threshold=threshold, families=FAMILIES)
    if table.dropped:
        return None
    return Told(
        total=table.total or 0,
        providers=_axis(table, cells, 0),
        contents=_axis(table, cells, 1),
        actions=_axis(table, cells, 2),
        provider_actions=_grid(table, cells, 0, 2),
        content_actions=_grid(table, cells, 1, 2),
        lines=[[*cell, table.get(*cell)] for cell in cells],
        hides=table.hides,
    )


def _plain(cells: Mapping[Key, int], threshold: int) -> Told:
    """Provider x action, and content x action beside it with the very same totals of actions.

    Those that are hidden in the first table are one column in the second, whose sum the first one gives away in any case;
    so no move of one table changes a number of the other.
    """
    done = suppress(_onto(cells, 0, 2), threshold=threshold)
    if done.everything:
        return Told(None, {}, {}, {}, {}, {}, [], hides=True)
    pairs = _onto(cells, 0, 2)
    actions = _axis(done, pairs, 1)
    apart = [code for code, number in actions.items() if number is None]
    joined: Counter[Key] = Counter()
    for (_slug, content, action), number in cells.items():
        joined[content, "" if action in apart else action] += number
    contents, grid = _beside(joined, apart, threshold)
    return Told(
        total=done.total or 0,
        providers=_axis(done, pairs, 0),
        contents=contents,
        actions=actions,
        provider_actions={} if done.dropped else _grid(done, pairs, 0, 1),
        content_actions=grid,
        lines=[],
        hides=True,
    )


def _beside(
    joined: Mapping[Key, int], apart: Sequence[str], threshold: int
) -> tuple[dict[str, int | None], dict[str, dict[str, int | None]]]:
    """Content x action with the totals of actions fixed; the contents alone where that has no way."""
    try:
        table = suppress(joined, threshold=threshold, fixed=[(1,)])
    except Unproven:
        table = None
    if table is None or table.dropped:
        alone = _onto(joined, 0)
        return _axis(suppress(alone, threshold=threshold), alone, 0), {}
    grid = _grid(table, joined, 0, 1)
    for counts in grid.values():
        counts.pop("", None)
        counts.update(dict.fromkeys(apart))  # not even which of these occur is told
    return _axis(table, joined, 0), grid


def _told(number: int, threshold: int) -> int | None:
    return number if not 0 < number < threshold else None


def _onto(cells: Mapping[Key, int], *dims: int) -> dict[Key, int]:
    """The cells, summed so that these dimensions are left, in this order."""
    found: Counter[Key] = Counter()
    for cell, number in cells.items():
        found[tuple(cell[dim] for dim in dims)] += number
    return dict(sorted(found.items(), key=str))


def _axis(table: Published, cells: Mapping[Key, int], dim: int) -> dict[str, int | None]:
    """The totals of one dimension."""
    return {
        code: table.get(*(code if place == dim else ALL for place in range(table.dims)))
        for code in sorted({str(cell[dim]) for cell in cells})
    }


def _grid(table: Published, cells: Mapping[Key, int], one: int, two: int) -> dict[str, dict[str, int | None]]:
    """The totals of two dimensions."""
    grid: dict[str, dict[str, int | None]] = {}
    for row, column in sorted({(str(cell[one]), str(cell[two])) for cell in cells}):
        key: list[str | None] = [ALL] * table.dims
        key[one], key[two] = row, column
        grid.setdefault(row, {})[column] = table.get(*key)
    return grid


def _provider(slug: str, name: str, told: Told, found: Figures) -> dict[str, Any]:
    """Times only where the table itself says that enough were acted on: so they tell nothing of what it hides."""
    shown = told.provider_actions.get(slug, {})
    acted = sum(shown.get(one.code) or 0 for one in ACTIONS if one.acted)
    counts = next((one.counts for one in found.platforms if one.slug == slug), None)
    timed = counts is not None and acted >= ENOUGH
    return {
        "slug": slug,
        "name": name,
        "total": told.providers[slug],
        "p50_s": _seconds(counts.p50_s) if counts and timed else None,
        "p90_s": _seconds(counts.p90_s) if counts and timed else None,
    }


def _seconds(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds)


def _stayed(found: Figures, threshold: int) -> int | None:
    """A share alone, rounded down, and only of many: it says of nobody that they were counted."""
    judged, stayed = found.overall.gone_long_ago, found.overall.stayed_gone
    if judged < JUDGED or _told(judged - stayed, threshold) is None or _told(stayed, threshold) is None:
        return None
    return stayed * 100 // judged


def _redress(found: Figures, told: Told, threshold: int) -> dict[str, int | None] | None:
    """Complaints filed, by what became of them; None where they would narrow down what the table hides: what is contested
    was decided, so their number may only be told where the table shows at least as many decisions."""
    filed: Counter[Key] = Counter()
    for row in found.redress:
        if row.state in FILED:
            filed[(row.state,)] += row.count
    decided = sum(told.actions.get(code) or 0 for code in CONTESTED)
    if filed.total() > decided:
        return None
    states = suppress(dict(sorted(filed.items(), key=str)), threshold=threshold)
    if states.dropped or states.everything:
        return None
    return {"total": states.total or 0} | {
        state.value: states.get(state.value) for state in FILED if filed[(state.value,)]
    }


# --- words ------------------------------------------------------------------------------------------------


TEXTS: Final = ("independence", "funding", "procedure")
REQUIRED: Final = frozenset({"independence"})  # by the law; the others may be left out


def starting_texts(language: str) -> dict[str, str]:
    """What a first report begins with, to be completed."""
    known = _starting()
    one = known.get(language, known["en"])
    return {name: text.format_map(one["placeholders"]) for name, text in one["texts"].items()}


def unfinished(texts: Mapping[str, str]) -> list[str]:
    """The names of the texts that still hold a placeholder, in whatever language, or lack what is required."""
    placeholders = [
        _plain_words(one) for each in _starting().values() for one in each["placeholders"].values()
    ]
    said = {name: _plain_words(texts.get(name, "")) for name in TEXTS}
    return [
        name
        for name, words in said.items()
        if any(one in words for one in placeholders) or (name in REQUIRED and not words)
    ]


def _starting() -> dict[str, dict[str, dict[str, str]]]:
    found: dict[str, dict[str, dict[str, str]]] = json.loads(STARTING.read_text())
    return found


def _plain_words(text: str) -> str:
    """However its lines are broken, whatever its blanks and capitals."""
    return " ".join(text.casefold().split())


def words() -> dict[str, Any]:
    """Every word of the report that is not typed by the helpline, in the language that is on: frozen with it."""
    return {
        "title": _("Report of a trusted flagger"),
        "law": _("Regulation (EU) 2022/2065, article 22(3)"),
        "flagger": _("Trusted flagger"),
        "period": _("Period"),
        "coordinator": _("Designated by"),
        "version": _("Version"),
        "replaces": _("Replaces the report with the SHA-256"),
        "counted_on": _("Counted on"),
        "source": _("In the Transparency Database"),
        "total": _("Items"),
        "notices": _("Notices they were in"),
        "all": _("Total"),
        "provider": _("Provider"),
        "content": _("Type of content"),
        "action": _("What was done"),
        "count": _("Items"),
        "decision": _("Name in the Transparency Database"),
        "category": _("Category"),
        "keyword": _("Keyword"),
        "by_provider": _("Providers and what they did"),
        "by_content": _("Types of content and what was done"),
        "lines": _("Provider, type of content, what was done"),
        "times": _("Time to action"),
        "median": _("Half of them within"),
        "p90": _("Nine of ten within"),
        "stayed": _("Stayed gone"),
        "redress": _("Contested decisions"),
        "filed_total": _("Filed"),
        "hidden": _("hidden"),
        "none": _("Nothing was asked for in this period."),
        "too_few": _("Too few to show without pointing at somebody."),
        "no_lines": _("This table is left out: too many of its numbers are small."),
        "no_name": _("no name there"),
        "independence": _("How independence was kept"),
        "funding": _("Funding"),
        "procedure": _("How notices are made"),
        "methods": _("How this was counted"),
        "vocabulary": _("The words used"),
        "digest": _("SHA-256 of the data of this report"),
        "seconds": _("s"),
        "minutes": _("min"),
        "hours": _("h"),
        "days": _("d"),
        "redress_states": {
            RedressState.FILED.value: _("Not answered yet"),
            RedressState.UPHELD.value: _("The refusal stands"),
            RedressState.OVERTURNED.value: _("Overturned"),
            RedressState.PARTLY.value: _("Partly overturned"),
        },
        "contents": {
            one.code: {"label": str(one.label), "category": one.category, "keyword": one.keyword}
            for one in CONTENTS
        },
        "actions": {one.code: {"label": str(one.label), "decision": one.decision} for one in ACTIONS},
        # JSON sorts its names; the report lists what has a name in the database first.
        "content_order": [one.code for one in CONTENTS],
        "action_order": [one.code for one in ACTIONS],
        "how": _how(),
    }


def _how() -> list[str]:
    return [
        _(
            "One item is one link asked of one provider, by the day of the request. A reminder, or asking its host, adds "
            "none. What was not sent was never notified and stands on its own line."
        ),
        _(
            "A link that harms several people is one item, and stands where the first request for it stands. So hidden "
            "numbers protect links, and with each link everybody it harms."
        ),
        _(
            "Each item stands on exactly one line: the provider’s latest word; where it said nothing, what we saw; else no "
            "answer. What came back later stays where it was counted."
        ),
        _(
            "The clock of the time to action starts when the notice left and stops at the first sign of action: the "
            "provider’s own time of its decision, or our look. It is told where at least %(enough)s actions are shown. "
            "Times are right to 2.5 %%."
        )
        % {"enough": ENOUGH},
        _(
            "Stayed gone: of what could be judged, the share that our own look found still gone 30 days later, rounded "
            "down. What nobody looked at by then is not judged."
        ),
        _("Somebody whose age is not known counts as a minor."),
        _(
            "A provider bears the name it had on the day of the count. Where two became one in the period, both are counted "
            "with what they became."
        ),
        _(
            "Numbers from 1 to %(most)s are hidden, and others with them, so that they can’t be worked out from the totals."
        )
        % {"most": settings.SMALL_CELLS - 1},
        _(
            "Refused, nothing found, more information, no answer, withdrawn, not sent, removed in part and gone before are "
            "no decisions in the words of the Transparency Database; they stand here in plain words."
        ),
    ]


# --- the whole --------------------------------------------------------------------------------------------


def body_of(report: AnnualReport) -> str:
    """The report as canonical JSON: sorted names, no blanks, UTF-8, a line end. Files are made from nothing else."""
    with translation.override(report.language):
        whole = {
            "layout": LAYOUT,
            "language": report.language,
            "helpline": {
                "name": settings.NOTIFIER["name"],
                "coordinator": settings.NOTIFIER["designated_by"],
                "source": TRUSTED_FLAGGER if settings.NOTIFIER["trusted_flagger"] else ANYBODY,
            },
            "period": {
                "first": f"{report.first:%Y-%m}",
                "last": f"{report.last:%Y-%m}",
                "label": report.months,
                "time_zone": settings.TIME_ZONE,
            },
            "version": report.version,
            "replaces": report.replaces.sha256 if report.replaces else None,
            "figures": report.figures,
            "texts": {name: report.texts.get(name, "") for name in TEXTS},
            "words": words(),
        }
    return json.dumps(whole, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n"


def digest(body: str) -> str:
    """What a reader compares a file with."""
    return hashlib.sha256(body.encode()).hexdigest()
