"""The words that tasks and texts are sorted by."""

from datetime import date, datetime, time, timedelta

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Occasion(TextChoices):
    """What a text is written for."""

    FIRST = "first", _("First answer")
    LINK = "link", _("A better link is needed")
    SENT = "sent", _("The request is sent")
    GONE = "gone", _("It is gone")
    REFUSED = "refused", _("The site said no")
    PAUSED = "paused", _("Waiting for them")
    CLOSING = "closing", _("The end for now")
    DANGER = "danger", _("Danger")


class About(TextChoices):
    """What made a task, where it was not a person's own idea."""

    PLAN = "plan", _("Safety plan")


class Due(TextChoices):
    """Until when, in one choice."""

    TODAY = "today", _("Today")
    TOMORROW = "tomorrow", _("Tomorrow")
    DAYS = "days", _("In 3 days")
    WEEK = "week", _("In a week")
    NONE = "none", _("No day")

    def ends(self, at: datetime) -> datetime | None:
        """The end of that day, seen from `at`; None for no day."""
        if self == Due.NONE:
            return None
        days = {Due.TODAY: 0, Due.TOMORROW: 1, Due.DAYS: 3, Due.WEEK: 7}[self]
        return end_of(timezone.localdate(at) + timedelta(days=days))


# The last second of a day stands for the day: what is due then is due "today", not "at 23:59".
LAST_SECOND = time(23, 59, 59)


def end_of(day: date) -> datetime:
    """The last second of this day, by our clocks."""
    return timezone.make_aware(datetime.combine(day, LAST_SECOND))


def is_whole_day(due_at: datetime) -> bool:
    """Is a day meant, and no hour?"""
    return timezone.localtime(due_at).time().replace(microsecond=0) == LAST_SECOND
