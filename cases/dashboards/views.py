"""The figures, for whoever steers: what works, and what fails children."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, timedelta
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from cases import words as desk
from cases.dashboards import metrics, periods, showing
from cases.dashboards.asking import Part, address_of, part_of
from cases.dashboards.bins import BARS
from cases.dashboards.charts.hours import week
from cases.dashboards.charts.months import months
from cases.dashboards.charts.spread import spread
from cases.dashboards.figures import Counts, Figures, Times, Volumes, Waiting
from cases.dashboards.listed import lists_for
from cases.dashboards.load import Load, load_now
from cases.dashboards.periods import BadPeriod, Period
from cases.dashboards.words import share, short_weekday, span, weekday
from cases.rail import capped
from cases.views.answers import tabs_of, with_filter
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission
from helpline.platforms.models import Channel, Platform
from reports.states import Channel as CameBy
from reports.states import Circumstance

FRESH = timedelta(minutes=2)  # what is older was not counted when it should have been
LENGTHS = {1: gettext_lazy("This month"), 3: gettext_lazy("3 months"), 12: gettext_lazy("12 months")}
# What of the machine may stand still, in the words of whoever has to ring somebody up.
PARTS = {
    "database": gettext_lazy("The database does not answer"),
    "broker": gettext_lazy("Workers can’t be woken"),
    "worker": gettext_lazy("No worker is working"),
    "oldest_due": gettext_lazy("Requests leave late"),
    "mailbox": gettext_lazy("The mailbox can’t be read"),
}


@needs(Permission.FIGURES)
@require_safe
def dashboard(request: StaffRequest) -> HttpResponse:
    """The page of figures. A period that can't be read is said so, and the usual one shown."""
    today = timezone.localdate()
    typed = {name: request.GET.get(name, "") for name in ("since", "until")}
    wrong = ""
    try:
        period = periods.asked(**typed, today=today)
    except BadPeriod as error:
        period, wrong = periods.usual(today), str(error)
    slug = request.GET.get("platform") or None
    platforms = _platforms()
    if slug is not None and slug not in platforms:
        raise Http404
    offered = {one: name for one, (name, is_merged) in platforms.items() if not is_merged or one == slug}
    found = metrics.figures(since=period.since, until=period.until, platform=slug)
    before = metrics.figures(since=period.before.since, until=period.before.until, platform=slug).overall
    by = request.GET.get("by", "")
    by = by if by in showing.BREAKDOWNS else "channel" if slug else "platform"
    names = {one: name for one, (name, _is_merged) in platforms.items()}
    value = request.GET.get("value", "")
    part = part_of(by, value, period=period, platform=slug or "", platforms=names)
    waiting, load = metrics.waiting_now(), load_now()
    title = _("Figures")
    context: dict[str, Any] = {
        **period.address,
        "title": _("%(title)s: %(name)s") % {"title": title, "name": offered[slug]} if slug else title,
        "period": period,
        "typed": typed if wrong else period.address,
        "wrong": wrong,
        # A browser's month field shows nothing of what it can't read: a plain one gives back what was typed.
        "typed_as": "text" if wrong else "month",
        "figures": found,
        "stands_still": found.as_of is not None and timezone.now() - found.as_of > FRESH,
        "counts": found.overall,
        "platform": slug or "",
        "platforms": offered,
        "all_url": with_filter(request, "platform", ""),
        "chips": _chips(request, period, first=metrics.first_month(), part=part),
        "asked": urlencode(address_of(period, slug)),
        # Whoever sees no cases sees numbers, and no way to a list of them.
        "drills": lists_for(request.user),
        "sees_queue": request.user.can(Permission.QUEUE_READ),
        "sees_desk": request.user.can(Permission.TAKEDOWNS),
        "sees_team": request.user.can(Permission.CASES_ALL),
        "waiting": waiting,
        "waiting_said": _capped(waiting, "reports", "in_danger", "to_file", "unknown"),
        "late": [PARTS.get(name, name) for name in waiting.late],
        "load": load,
        "load_said": _capped(load, *(field.name for field in fields(load))),
        **_what_was_asked(request, found, before, period, by),
        **_time(request, found, period, by, part),
    }
    if found.reports is not None:
        context["reports"] = _reports(found.reports, period)
    return render(request, "dashboards/dashboard.html", context)


def _platforms() -> Mapping[str, tuple[str, bool]]:
    """Name, and whether it was merged into another, of every platform by its slug."""
    rows = Platform.objects.order_by("is_other", "name").values_list("slug", "name", "merged_into")
    return {slug: (name, into is not None) for slug, name, into in rows}


def _capped(found: Waiting | Load, *names: str) -> Mapping[str, str]:
    """Counts as they are written: "99+" where counting stopped."""
    return {name: capped(getattr(found, name)) or "0" for name in names}


def _chips(
    request: StaffRequest, period: Period, *, first: date | None, part: Part | None
) -> list[dict[str, Any]]:
    """The usual lengths, and each year in which there is something to count, the latest first."""
    today = timezone.localdate()
    offered: list[tuple[desk.Words, Period]] = [
        (label, Period.ending(today, months=length)) for length, label in LENGTHS.items()
    ]
    for year in range(today.year, (first or today).year - 1, -1):
        last = today.replace(day=1) if year == today.year else today.replace(year=year, month=12, day=1)
        offered.append((str(year), Period(today.replace(year=year, month=1, day=1), last)))
    kept = {name: request.GET[name] for name in ("platform", "by") if request.GET.get(name)}
    if part and part.by != "month":
        kept["value"] = part.value
    return [
        {
            "label": label,
            "url": f"{request.path}?{urlencode({**one.address, **kept})}",
            "current": one == period,
        }
        for label, one in offered
    ]


def _what_was_asked(
    request: StaffRequest, found: Figures, before: Counts, period: Period, by: str
) -> dict[str, Any]:
    counts = found.overall
    cards = showing.cards(found, period.months)
    return {
        "numbers": showing.numbers(counts, before),
        "before": period.before,
        "median_before": span(before.p50_s) if before.p50_s is not None else "",
        "cards": cards[: showing.CARDS],
        "more_platforms": max(0, len(cards) - showing.CARDS),
        "ignorers": showing.ignorers(found)[: showing.IGNORERS],
        "silent_share": share(counts.no_answer, counts.sent),
        "fates": showing.fates(counts),
        "requested": months(showing.every_month(found.months, period.months, of="total")),
        "ladder": showing.ladder(found.ladder),
        "redress": showing.redress(found.redress),
        "returned_share": share(found.returns.reappeared, found.returns.seen_gone),
        "returned": _returned(found),
    }


def _time(
    request: StaffRequest, found: Figures, period: Period, by: str, part: Part | None
) -> dict[str, Any]:
    """The distribution of all, or of the one line that was chosen; and the lines to choose from."""
    slug = found.platform
    shown = part.times() if part else Times(found.overall, found.spread)
    names = dict(Channel.objects.values_list("slug", "platform__name")) if by == "channel" else {}
    lines = showing.breakdown(found, by, channels=names)
    here = f"{request.path}?{urlencode({**address_of(period, slug), 'by': by})}"
    return {
        "part": part,
        "all_times_url": f"{here}#time",
        "timed": shown.counts,
        "median": span(shown.counts.p50_s),
        "p90": span(shown.counts.p90_s),
        "spread": spread(
            [bar.count for bar in shown.spread],
            edges=BARS,
            p50_s=shown.counts.p50_s,
            p90_s=shown.counts.p90_s,
        ),
        "tabs": tabs_of(
            {name: label for name, label in showing.BREAKDOWNS.items() if not (slug and name == "platform")},
            by,
            lambda name: f"{request.path}?{urlencode({**address_of(period, slug), 'by': name})}#by",
        ),
        "by": by,
        "by_head": showing.BREAKDOWNS[by],
        "by_label": _("Time to action by: %(name)s") % {"name": showing.BREAKDOWNS[by]},
        "lines": [
            (line, line.range(BARS), f"{here}&{urlencode({'value': value})}#time", value)
            for line in lines
            for value in [line.platform or line.value]
        ],
    }


def _returned(found: Figures) -> list[showing.Share]:
    """How long what came back had been gone."""
    bars = found.returns.spread
    drawn = spread(
        [bar.count for bar in bars], edges=[bar.from_s for bar in bars[1:]], p50_s=None, p90_s=None
    )
    return [
        showing.Share(one.label, one.count, one.share, value=str(one.from_s))
        for one in drawn.columns
        if one.count
    ]


def _reports(told: Volumes, period: Period) -> dict[str, Any]:
    """Whom it happens to, and when they write."""
    by_month = dict(told.months)
    circumstances = {code: desk.circumstance(code) for code in Circumstance.values}
    drawn = week(told.hours)
    day, hour, count = drawn.busiest or (0, 0, 0)
    blackmail = told.circumstances.get(Circumstance.BLACKMAIL, 0)
    at_school = told.circumstances.get(Circumstance.SCHOOL, 0)
    return {
        "total": told.total,
        "week": drawn,
        "days": [(row, weekday(row.day), short_weekday(row.day)) for row in drawn.rows],
        "clock": [
            (hour, [(f"{day}-{hour.hour}", weekday(day), count) for day, count in enumerate(hour.counts)])
            for hour in drawn.hours
        ],
        "busiest": (weekday(day), hour, hour + 1, count, f"{day}-{hour}") if drawn.busiest else None,
        "blackmail": showing.Share("", blackmail, share(blackmail, told.total)),
        "school": showing.Share("", at_school, share(at_school, told.total)),
        "named_school": showing.Share("", told.with_school, share(told.with_school, told.total)),
        "lists": [
            (name, label, dim, showing.shares(told_of, names, total=told.total, by_count=by_count))
            for name, label, dim, told_of, names, by_count in (
                ("ages", _("Ages"), "age", told.age_ranges, desk.AGES, False),
                ("kinds", _("What was reported"), "kind", told.kinds, desk.KINDS, True),
                (
                    "circumstances",
                    _("Circumstances"),
                    "circumstance",
                    told.circumstances,
                    circumstances,
                    True,
                ),
                ("", _("How it reached us"), "came-by", told.channels, dict(CameBy.choices), True),
                ("", _("Who writes"), "who", told.who, desk.WRITERS, True),
            )
        ],
        "months": months([(day, by_month.get(day, 0), 0) for day in period.months]),
    }
