"""A period of whole months, as a page's address names it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from django.utils.translation import gettext as _

from cases.dashboards.calendar import length, moment, months_between, shifted
from cases.dashboards.words import month

LONGEST = 120  # months
USUAL = 3
EARLIEST = 2000
# What a month field sends, and how people write a month where their browser gives them a plain field.
WRITTEN = (
    re.compile(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})"),
    re.compile(r"(?P<month>\d{1,2})[-/. ](?P<year>\d{4})"),
)


@dataclass(frozen=True, slots=True)
class Period:
    """From the month that begins on `first` to the one that begins on `last`, both included."""

    first: date
    last: date

    @classmethod
    def ending(cls, last: date, *, months: int) -> Self:
        """The `months` months of which the one of `last` is the last."""
        return cls(shifted(last, 1 - months), last.replace(day=1))

    @property
    def since(self) -> datetime:
        """Its first moment, in the helpline's time zone."""
        return moment(self.first)

    @property
    def until(self) -> datetime:
        """The moment after it."""
        return moment(shifted(self.last, 1))

    @property
    def length(self) -> int:
        """In months."""
        return length(self.first, self.last)

    @property
    def before(self) -> "Period":
        """The same length of time just before."""
        return Period.ending(shifted(self.first, -1), months=self.length)

    @property
    def months(self) -> Sequence[date]:
        """The first day of each."""
        return months_between(self.first, self.last)

    @property
    def address(self) -> Mapping[str, str]:
        """How an address names it."""
        return {"since": f"{self.first:%Y-%m}", "until": f"{self.last:%Y-%m}"}

    def __str__(self) -> str:
        if self.first == self.last:
            return month(self.first)
        return _("%(first)s to %(last)s") % {"first": month(self.first), "last": month(self.last)}


class BadPeriod(ValueError):
    """What was asked for is no period; it says why, for whoever asked."""


def usual(today: date) -> Period:
    """This month and the two before."""
    return Period.ending(today, months=USUAL)


def asked(since: str, until: str, *, today: date) -> Period:
    """The period from `since` to `until` as a person wrote them; one alone is a single month, none the usual ones.

    Raises BadPeriod.
    """
    if not since.strip() and not until.strip():
        return usual(today)
    first, last = _month(since or until), _month(until or since)
    if first > last:
        raise BadPeriod(_("The first month comes after the last one. Swap them?"))
    if last > today.replace(day=1):
        raise BadPeriod(
            _("That month has not begun yet. The last one to choose is %(month)s.") % {"month": month(today)}
        )
    found = Period(first, last)
    if found.length > LONGEST:
        raise BadPeriod(_("That is more than ten years. Choose a shorter time."))
    return found


def _month(text: str) -> date:
    for form in WRITTEN:
        if match := form.fullmatch(text.strip()):
            year, number = int(match["year"]), int(match["month"])
            if 1 <= number <= 12 and EARLIEST <= year <= 9000:
                return date(year, number, 1)
    raise BadPeriod(_("Write a month like this: 2026-03."))
