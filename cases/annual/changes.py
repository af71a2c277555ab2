"""What a version says otherwise than the one before it: for whoever reviews it."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from cases.annual.content import TEXTS
from cases.annual.forms import TextsForm
from cases.annual.models import AnnualReport
from cases.annual.vocabulary import ACTIONS, CONTENTS
from helpline.approvals.handlers import Change


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
