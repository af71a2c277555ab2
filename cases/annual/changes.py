"""What a version says otherwise than what was told before it: for whoever writes and reviews it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from cases.annual.beside import small_differences
from cases.annual.content import TEXTS
from cases.annual.forms import TextsForm
from cases.annual.models import AnnualReport
from cases.annual.states import Status
from cases.annual.vocabulary import ACTIONS, CONTENTS
from helpline.approvals.handlers import Change
from reports.statistics.models import PublishedYear


def since_before(report: AnnualReport) -> Sequence[Change]:
    """Texts and totals that are others than in the report it replaces; () for one that replaces none."""
    before = report.replaces
    if before is None:
        return ()
    found = [
        Change(str(TextsForm.base_fields[name].label), before.texts.get(name, ""), report.texts.get(name, ""))
        for name in TEXTS
    ]
    found += [
        Change(label, *_pair(before.figures, report.figures, place))
        for label, place in _places(report, before)
    ]
    return [one for one in found if one.is_new]


def points_at_somebody(report: AnnualReport) -> list[str]:
    """What was told of these months before, and differs from this report by so little that the difference is a small
    number: each by its name."""
    threshold = settings.SMALL_CELLS
    frozen = AnnualReport.objects.filter(first=report.first, last=report.last, status=Status.FROZEN)
    found = [
        _("version %(version)s") % {"version": one.version}
        for one in frozen.exclude(pk=report.pk).order_by("-version")
        if small_differences(one.figures, report.figures, threshold=threshold)
    ]
    if report.is_of_a_year:
        public = PublishedYear.objects.filter(pk=report.first.year).first()
        if any(
            _is_near(facts["sent"], report.figures, threshold) for facts in (public.earlier if public else ())
        ):
            found.append(_("the public page of %(year)s") % {"year": report.first.year})
    return found


def _is_near(sent: int, figures: Mapping[str, Any], threshold: int) -> bool:
    """Does what was sent differ by little from all items, or from those that were sent?"""
    if figures["total"] is None:
        return False
    unsent = figures["actions"].get("not_sent", 0) or 0
    return any(0 < abs(total - sent) < threshold for total in (figures["total"], figures["total"] - unsent))


def _places(report: AnnualReport, before: AnnualReport) -> list[tuple[str, tuple[str, ...]]]:
    places: list[tuple[str, tuple[str, ...]]] = [
        (_("Items"), ("total",)),
        (_("Notices they were in"), ("notices",)),
    ]
    for axis, rows in (("contents", CONTENTS), ("actions", ACTIONS)):
        places += [(str(one.label), (axis, one.code)) for one in rows]
    names = {one["slug"]: one["name"] for one in (*before.figures["providers"], *report.figures["providers"])}
    return places + [(name, ("providers", slug)) for slug, name in names.items()]


def _pair(before: dict[str, Any], after: dict[str, Any], place: tuple[str, ...]) -> tuple[str, str]:
    return _at(before, place), _at(after, place)


def _at(figures: dict[str, Any], place: tuple[str, ...]) -> str:
    if place[0] == "providers":
        number = next((one["total"] for one in figures["providers"] if one["slug"] == place[1]), 0)
    else:
        number = figures[place[0]] if len(place) == 1 else figures[place[0]].get(place[1], 0)
    return _("hidden") if number is None else str(number)
