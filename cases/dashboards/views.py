"""The figures, for whoever steers: what works, and what fails children."""

from datetime import timedelta
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from cases.dashboards import charts, metrics
from cases.dashboards.metrics import Counts, Figures
from cases.dashboards.words import share, span
from cases.views.answers import with_filter
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission
from helpline.platforms.models import Platform

PERIODS = {"30": gettext_lazy("30 days"), "90": gettext_lazy("90 days"), "365": gettext_lazy("A year")}


@needs(Permission.FIGURES)
@require_safe
def dashboard(request: StaffRequest) -> HttpResponse:
    days = request.GET.get("days", "")
    days = days if days in PERIODS else "90"
    until = timezone.now()
    slug = request.GET.get("platform") or None
    try:
        found = metrics.figures(since=until - timedelta(days=int(days)), until=until, platform=slug)
    except Platform.DoesNotExist as error:
        raise Http404 from error
    counts = found.overall
    one = Platform.objects.filter(slug=slug).first() if slug else None
    title = _("Figures")
    context = {
        "title": _("%(title)s: %(name)s") % {"title": title, "name": one} if one else title,
        "figures": found,
        "counts": counts,
        "platform": one,
        "all_url": with_filter(request, "platform", ""),
        "chips": [
            {"label": label, "url": with_filter(request, "days", key), "current": key == days}
            for key, label in PERIODS.items()
        ],
        "numbers": _numbers(counts),
        "median": span(counts.p50_s),
        "p90": span(counts.p90_s),
        "spread": charts.spread(found.spread, p50_s=counts.p50_s, p90_s=counts.p90_s),
        "weeks": charts.weeks(found.weeks),
        "platforms": _platforms(request, found),
        "fates": _fates(counts),
        "unsent": counts.total - counts.sent,
        "waiting": metrics.waiting_now(),
    }
    return render(request, "dashboards/dashboard.html", context)


def _numbers(counts: Counts) -> list[dict[str, Any]]:
    """The four honest numbers, each with its share, what it is a share of, and its definition."""
    return [
        {
            "label": _("Acted on"),
            "share": share(counts.acted_on, counts.sent),
            "part": counts.acted_on,
            "whole": _("of %(count)s sent") % {"count": counts.sent},
            "definition": _(
                "Requests that left, and after which the platform said it did something or we saw the content gone. "
                "What came back later is still counted here, and below as not staying gone."
            ),
        },
        {
            "label": _("Said removed"),
            "share": share(counts.said_removed, counts.sent),
            "part": counts.said_removed,
            "whole": _("of %(count)s sent") % {"count": counts.sent},
            "definition": _(
                "The platform’s latest word is: removed, blocked, account removed, partly removed or already gone. "
                "It is the platform’s word, not ours."
            ),
        },
        {
            "label": _("Seen gone"),
            "share": share(counts.seen_gone, counts.sent),
            "part": counts.seen_gone,
            "whole": _("of %(count)s sent") % {"count": counts.sent},
            "definition": _(
                "We looked at the address ourselves, three times in a row, and it was not there. Once is enough to be "
                "counted here, even if it came back."
            ),
        },
        {
            "label": _("Stayed gone"),
            "share": share(counts.stayed_gone, counts.gone_long_ago),
            "part": counts.stayed_gone,
            "whole": _("of %(count)s first seen gone 30 days ago or more") % {"count": counts.gone_long_ago},
            "definition": _(
                "Gone for 30 days without a break up to the end of the period. Only what was first seen gone at least "
                "30 days ago can be judged; the rest is too young and is left out on both sides."
            ),
        },
    ]


def _platforms(request: StaffRequest, found: Figures) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "url": with_filter(request, "platform", one.slug),
            "counts": one.counts,
            "share": share(one.counts.acted_on, one.counts.sent),
            "median": span(one.counts.p50_s),
            "p90": span(one.counts.p90_s),
        }
        for one in found.platforms
    ]


def _fates(counts: Counts) -> list[dict[str, Any]]:
    """What became of everything that was sent: each request in exactly one line."""
    lines = [
        ("good", _("Acted on"), counts.acted_on),
        ("go", _("Receipt confirmed or being looked at"), counts.under_way),
        ("wait", _("More information asked"), counts.more_information),
        ("quiet", _("No answer at all"), counts.no_answer),
        ("stop", _("Refused"), counts.refused),
        ("stop", _("Nothing found at the address"), counts.not_found),
        ("none", _("Withdrawn by the young person"), counts.withdrawn),
    ]
    return [
        {"tone": tone, "label": label, "count": count, "share": share(count, counts.sent)}
        for tone, label, count in lines
    ]
