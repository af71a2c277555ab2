"""Figures in words: shares that never claim more than is true, spans in one unit."""

from collections.abc import Mapping
from datetime import date, timedelta

from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cases import words as desk
from cases.words import Words, lasting

AGE_GROUPS: Mapping[str, Words] = {
    "minor": gettext_lazy("a minor"),
    "adult": gettext_lazy("an adult"),
    "unknown": gettext_lazy("age not said"),
}


def content(value: str) -> str:
    """`deepnude/minor` in words."""
    kind, _slash, age = value.partition("/")
    return _("%(kind)s, %(age)s") % {"kind": desk.KINDS.get(kind, kind), "age": AGE_GROUPS.get(age, age)}


def share(part: int, whole: int) -> int | None:
    """Whole per cent, rounded down: 199 of 200 is 99, never 100. None of nothing is no share."""
    return part * 100 // whole if whole else None


def span(seconds: float | None) -> str:
    """A duration as it is said; a dash for none."""
    return lasting(timedelta(seconds=seconds)) if seconds is not None else "–"


def short_span(seconds: int) -> str:
    """A round duration in its largest unit."""
    if seconds < 3600:
        return _("%(minutes)s min") % {"minutes": seconds // 60}
    if seconds < 86400:
        return _("%(hours)s h") % {"hours": seconds // 3600}
    days = seconds // 86400
    return ngettext("%(days)s day", "%(days)s days", days) % {"days": days}


def month(day: date) -> str:
    """A month with its year, in full."""
    return date_format(day, "F Y")


def short_month(day: date) -> str:
    """A month with its year, short."""
    return date_format(day, "N Y")


def month_alone(day: date) -> str:
    """A month, short, where the year is said elsewhere."""
    return date_format(day, "N")


def weekday(number: int) -> str:
    """A day of the week; Monday is 0."""
    return str(WEEKDAYS[number])


def short_weekday(number: int) -> str:
    """The same, short."""
    return str(WEEKDAYS_ABBR[number])
