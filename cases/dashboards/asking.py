"""The period, the platform and a part of both as an address of these pages names them, and that address again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import Http404
from django.utils import timezone

from cases.dashboards import metrics, periods
from cases.dashboards.definitions import Words
from cases.dashboards.figures import Times
from cases.dashboards.listed import TAKEDOWNS, is_listed
from cases.dashboards.periods import Period
from helpline.platforms.models import Platform


def asked_of(said: Mapping[str, Any]) -> tuple[Period, Platform | None]:
    """What `said` names. Raises Http404 for a period that is none, or a platform that is not in the directory."""
    try:
        period = periods.asked(
            str(said.get("since", "")), str(said.get("until", "")), today=timezone.localdate()
        )
    except periods.BadPeriod as error:
        raise Http404 from error
    slug = str(said.get("platform") or "")
    platform = Platform.objects.filter(slug=slug).first() if slug and "\0" not in slug else None
    if slug and platform is None:
        raise Http404
    return period, platform


def address_of(period: Period, slug: str | None) -> dict[str, str]:
    """How an address names both."""
    return {**period.address, **({"platform": slug} if slug else {})}


@dataclass(frozen=True, slots=True)
class Part:
    """One line of a breakdown: the requests whose time to action is shown alone."""

    by: str
    value: str
    called: Words
    period: Period
    platform: str  # its slug; empty: all of them
    dim: str = ""  # as the list behind a count names it

    @property
    def month(self) -> str:
        """Where it is one month, as a list's address names it."""
        return self.value if self.by == "month" else ""

    @property
    def stays(self) -> bool:
        """Is it one of another period and another platform, too?"""
        return bool(self.dim)

    def times(self) -> Times:
        """Their whole distribution."""
        return metrics.times(
            since=self.period.since,
            until=self.period.until,
            platform=self.platform or None,
            dim=self.dim,
            value=self.value if self.dim else "",
        )


def part_of(
    by: str, value: str, *, period: Period, platform: str, platforms: Mapping[str, str]
) -> Part | None:
    """What `value` names of the breakdown `by`; None where nothing is named.

    Raises Http404 for what no table has a line of.
    """
    if not value:
        return None
    if by == "platform":
        if platform or value not in platforms:
            raise Http404
        return Part(by, value, platforms[value], period, value)
    if by == "month":
        months: Mapping[str, date] = {f"{one:%Y-%m}": one for one in period.months}
        if value not in months:
            raise Http404
        one = Period(months[value], months[value])
        return Part(by, value, str(one), one, platform)
    if not is_listed("acted_on", by, value):
        raise Http404
    try:
        called = TAKEDOWNS.dims[by].words(value)
    except LookupError as error:
        raise Http404 from error
    return Part(by, value, called, period, platform, by)
