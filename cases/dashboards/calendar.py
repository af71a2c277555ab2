"""Months in the helpline's time zone: each named by its first day."""

from datetime import date, datetime, time

from django.utils import timezone


def moment(month: date) -> datetime:
    """When it begins."""
    return timezone.make_aware(datetime.combine(month, time.min), timezone.get_default_timezone())


def month_of(at: datetime) -> date:
    """The month that holds this moment."""
    return timezone.localtime(at, timezone.get_default_timezone()).date().replace(day=1)


def shifted(day: date, months: int) -> date:
    """The first of the month that many months after the one of `day`, or before it."""
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def length(first: date, last: date) -> int:
    """How many months from that of the first day to that of the last, both included; none or less where it comes before."""
    return (last.year - first.year) * 12 + last.month - first.month + 1


def months_between(first: date, last: date) -> list[date]:
    """From the first to the last, both included."""
    return [shifted(first, number) for number in range(length(first, last))]
