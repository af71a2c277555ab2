"""Months in the helpline's time zone: each named by its first day."""

from datetime import date, datetime, time

from django.utils import timezone


def moment(month: date) -> datetime:
    """When it begins."""
    return timezone.make_aware(datetime.combine(month, time.min), timezone.get_default_timezone())


def month_of(at: datetime) -> date:
    """The month that holds this moment."""
    return timezone.localtime(at, timezone.get_default_timezone()).date().replace(day=1)


def next_month(month: date) -> date:
    """The one after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def months_between(first: date, last: date) -> list[date]:
    """From the first to the last, both included."""
    found = []
    while first <= last:
        found.append(first)
        first = next_month(first)
    return found
