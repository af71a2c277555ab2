"""Until when an answer is due: hours by law, promise and house rule, on a calendar that knows an office's closed days.

Pure: the moment, the hours and the calendar are arguments. A due date is never before its start, a later start never
gives an earlier due date, and a pause adds exactly its own length. Everything is counted between moments in UTC, so that
the two Sundays on which clocks change cost nobody an hour.
"""

import calendar
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

# An office that is closed for longer than this has not told us everything: then every day counts.
LONGEST_CLOSURE = 366
# Where the offices of platforms usually stand. Any other country keeps the days of the house's own zone.
ZONES: Mapping[str, str] = {
    "BE": "Europe/Brussels",
    "CA": "America/Toronto",
    "CH": "Europe/Zurich",
    "CY": "Asia/Nicosia",
    "CZ": "Europe/Prague",
    "DE": "Europe/Berlin",
    "ES": "Europe/Madrid",
    "FR": "Europe/Paris",
    "GB": "Europe/London",
    "IE": "Europe/Dublin",
    "IT": "Europe/Rome",
    "LU": "Europe/Luxembourg",
    "NL": "Europe/Amsterdam",
    "SE": "Europe/Stockholm",
    "SG": "Asia/Singapore",
    "US": "America/Los_Angeles",
}


@dataclass(frozen=True, slots=True)
class Office:
    """Somewhere that works on open days only. `is_closed` is asked for days of its own `zone`."""

    zone: ZoneInfo
    is_closed: Callable[[date], bool]


@lru_cache(maxsize=64)
def office(country: str, *, house: str) -> Office | None:
    """The office of a country (ISO 3166, two letters), in the zone `house` where we know no better; None for ''.

    Of a country that nobody wrote the holidays of, the weekends are kept.
    """
    if not country:
        return None
    zone = ZoneInfo(ZONES.get(country.upper(), house))
    try:
        known = holidays.country_holidays(country.upper())
    except NotImplementedError:
        return Office(zone, lambda day: day.weekday() >= 5)
    # `in` reads a missing year on first use.
    return Office(zone, lambda day: day.weekday() in known.weekend or day in known)


def hours_to_answer(
    *, promised: int | None, regimes: Collection[str], by_regime: Mapping[str, int], otherwise: int
) -> int:
    """Hours a platform has: what its channel promised; else the shortest of the laws the notice names, else `otherwise`.

    `by_regime` is the operator's: see docs/ladder.md for where each number comes from.
    """
    if promised is not None:
        return promised
    return min((by_regime[one] for one in regimes if one in by_regime), default=otherwise)


def answer_due(start: datetime, *, hours: int, urgent_hours: int | None, keeps: Office | None) -> datetime:
    """When an answer to what left at `start` is due.

    `urgent_hours` is given for what can't wait (a minor, a threat with a deadline): then the shorter of the two counts, and
    no office's closed day does. `keeps`: the office of a channel that keeps office hours.
    """
    if urgent_hours is not None:
        return start.astimezone(UTC) + timedelta(hours=min(hours, urgent_hours))
    return open_time(start, timedelta(hours=hours), keeps=keeps)


def open_time(start: datetime, span: timedelta, *, keeps: Office | None) -> datetime:
    """The first moment at which `span` has run since `start`; on a closed day the clock stands still."""
    at, left, closed = start.astimezone(UTC), span, 0
    if keeps is None:
        return at + left
    while True:
        day = at.astimezone(keeps.zone).date()
        midnight = _begin(day + timedelta(days=1), keeps.zone)
        if closed < LONGEST_CLOSURE and keeps.is_closed(day):
            at, closed = midnight, closed + 1
            continue
        if left <= midnight - at:
            return at + left
        at, left, closed = midnight, left - (midnight - at), 0


def _begin(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def resumed(due: datetime, *, paused_at: datetime, at: datetime) -> datetime:
    """A due date after a pause from `paused_at` until `at`: later by exactly that long."""
    return due + max(at - paused_at, timedelta())


def months_later(day: date, months: int) -> date:
    """The same day so many months on, or the last of its month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
