"""The takedowns behind a count: what a figure of the page is made of, for whoever may see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cases import rail
from cases.dashboards import metrics, periods
from cases.dashboards.bins import BARS
from cases.dashboards.definitions import DEFINITIONS, Definition, Words
from cases.dashboards.figures import MEASURES
from cases.dashboards.periods import Period
from cases.dashboards.showing import content
from cases.dashboards.words import short_span
from cases.models import Case
from cases.queue import COUNT_UP_TO, capped_counts
from cases.reading import is_erased
from cases.takedowns import desk
from cases.takedowns.models import Takedown
from cases.takedowns.states import Outcome
from cases.views.answers import CASEWORK, first_address, next_address, page_of
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission
from helpline.platforms.models import Channel, Platform, Regime

# Behind the notices and the items stands, of each, the request that was its first.
FIGURES: Mapping[str, Definition] = {name: DEFINITIONS[name] for name in (*MEASURES, "left_up", "unsent")}
# How many words, by slashes, a value of each dimension has.
DIMS: Mapping[str, int] = {"": 1, "channel": 1, "regime": 1, "content": 2, "action": 3, "bar": 1}
# What became of it where the platform said nothing.
OTHERWISE: Mapping[str, Words] = {
    "seen_gone": DEFINITIONS["seen_gone"].label,
    "no_answer": DEFINITIONS["no_answer"].label,
    "withdrawn": DEFINITIONS["withdrawn"].label,
    "not_sent": DEFINITIONS["unsent"].label,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which count: what the address says, checked."""

    figure: str
    period: Period
    platform: Platform | None
    dim: str
    value: str

    @classmethod
    def of(cls, request: StaffRequest) -> Self:
        """Raises Http404 for a count that no page shows."""
        said = request.GET
        figure, dim, value = said.get("figure", ""), said.get("dim", ""), said.get("value", "")
        if figure not in FIGURES or bool(dim) is not bool(value) or "\0" in value:
            raise Http404
        if dim not in DIMS or value.count("/") != DIMS[dim] - 1:
            raise Http404
        if dim == "bar" and value not in {str(edge) for edge in (0, *BARS)}:
            raise Http404
        try:
            period = periods.asked(said.get("since", ""), said.get("until", ""), today=timezone.localdate())
        except periods.BadPeriod as error:
            raise Http404 from error
        slug = said.get("platform", "")
        platform = Platform.objects.filter(slug=slug).first() if slug and "\0" not in slug else None
        if slug and platform is None:
            raise Http404
        return cls(figure, period, platform, dim, value)

    def ids(self) -> QuerySet[Any]:
        """The takedowns it counts, as the figures know them."""
        return metrics.behind(
            figure=self.figure,
            since=self.period.since,
            until=self.period.until,
            platform=self.platform.slug if self.platform else None,
            dim=self.dim,
            value=self.value,
        )

    def words(self) -> list[str]:
        """What narrows it down, beside the figure itself."""
        narrowed = [str(self.period)]
        if self.platform:
            narrowed.append(self.platform.name)
        if self.dim == "channel":
            channel = Channel.objects.select_related("platform").filter(slug=self.value).first()
            narrowed.append(f"{channel.platform} · {channel.get_kind_display()}" if channel else self.value)
        elif self.dim == "regime":
            narrowed.append(str(dict(Regime.choices).get(self.value, self.value)))
        elif self.dim == "content":
            narrowed.append(content(self.value))
        elif self.dim == "action":
            about, _slash, action = self.value.rpartition("/")
            narrowed += [
                content(about),
                str(dict(Outcome.choices).get(action, OTHERWISE.get(action, action))),
            ]
        elif self.dim == "bar":
            starts = int(self.value)
            ends = next((edge for edge in BARS if edge > starts), None)
            narrowed.append(
                _("acted on within %(first)s to %(last)s")
                % {"first": short_span(starts), "last": short_span(ends)}
                if ends
                else _("acted on after more than %(first)s") % {"first": short_span(starts)}
            )
        return narrowed


@dataclass(frozen=True, slots=True)
class Row:
    """A takedown of the list. What may be opened depends on who looks."""

    takedown: Takedown
    tone: str
    label: str
    erased: bool
    may_open: bool


@needs(Permission.FIGURES)
@require_safe
def behind(request: StaffRequest) -> HttpResponse:
    """Each sees those of the cases that they may see; who sees no cases, a sentence in the list's place."""
    asked = Asked.of(request)
    ids = asked.ids()
    sees_cases = any(request.user.can(one) for one in CASEWORK)
    seen = Takedown.objects.filter(pk__in=ids, case__in=Case.objects.visible_to(request.user))
    found = capped_counts({"all": ids, "seen": seen})
    context: dict[str, Any] = {
        "definition_of": asked.figure,
        "title": FIGURES[asked.figure].label,
        "narrowed": asked.words(),
        "back": {**asked.period.address, "platform": asked.platform.slug if asked.platform else ""},
        "all": rail.capped(found["all"]) or "0",
        "seen": rail.capped(found["seen"]) or "0",
        # Where counting stopped, only a role that sees every case can be sure.
        "is_all": found["all"] == found["seen"]
        and (found["all"] < COUNT_UP_TO or request.user.can(Permission.CASES_ALL)),
        "sees_cases": sees_cases,
        "rows": (),
    }
    if sees_cases:
        loaded = seen.select_related("notice__channel", "platform", "link", "case__report", "case__assignee")
        page = page_of(request, loaded, "-requested_at", "-id")
        context |= {
            "rows": _rows(page.rows, request),
            "next_url": next_address(request, page.next),
            "first_url": first_address(request),
        }
    return render(request, "dashboards/behind.html", context)


def _rows(takedowns: Sequence[Takedown], request: StaffRequest) -> list[Row]:
    opens: set[Any] = set()
    if request.user.can(Permission.TAKEDOWNS):
        cases = {one.case_id for one in takedowns}
        opens = set(Case.objects.workable_by(request.user).filter(pk__in=cases).values_list("pk", flat=True))
    views = (desk.view_of(one) for one in takedowns)
    return [
        Row(
            takedown=view.takedown,
            tone=view.tone,
            label=view.label,
            erased=is_erased(view.takedown.case),
            may_open=view.takedown.case_id in opens,
        )
        for view in views
    ]
