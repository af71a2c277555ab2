"""A window for a complaint that closes: a task for whoever holds the case, the later in the earlier's place."""

from contextlib import suppress
from datetime import date, datetime, timedelta
from uuid import UUID, uuid5

from django.utils.translation import gettext_noop

from cases.actions import can_work_on
from cases.ladder.models import Redress
from cases.todo import actions as todo
from cases.todo.models import OPEN, Task
from helpline.crypto.wrapping import WrongKey
from helpline.web.language import in_house

SHOWN_FROM = 30  # days before a window closes, on the desk's list
REMIND = (SHOWN_FROM, 7, 1)
TO_DO_WITHIN = 3  # days, for whoever is reminded
CONTEST_IT = gettext_noop(
    "Contest what %(platform)s decided, or note that you do not. It is possible until %(day)s."
)


def reminder_due(until: date, today: date, reminded: int | None) -> int | None:
    """Which of REMIND is to be given now: the nearest one that was reached and not given; None when all is said."""
    left = (until - today).days
    reached = [days for days in REMIND if left <= days]
    nearest = min(reached, default=None)
    return nearest if nearest is not None and (reminded is None or nearest < reminded) else None


def remind(redress: Redress, *, days: int, at: datetime) -> None:
    """The task for `days` before the end. Where nobody holds the case, the desk's list alone shows it."""
    redress.reminded = days
    case, holder = redress.takedown.case, redress.takedown.case.assignee
    if holder is not None and can_work_on(case, by=holder):
        text = in_house(CONTEST_IT) % {
            "platform": redress.takedown.platform.name,
            "day": redress.window_until.isoformat(),
        }
        with suppress(todo.CaseClosed, WrongKey):
            key = _key(redress, days)
            due_at = at + timedelta(days=min(days, TO_DO_WITHIN))
            todo.add_task(case=case, text=text, due_at=due_at, for_whom=None, by=holder, at=at, key=key)
            redress.reminded_at = at
            _end([_key(redress, earlier) for earlier in REMIND if earlier != days], at=at)
    redress.save(update_fields=["reminded", "reminded_at"])


def end_reminders(ids: list[UUID], *, at: datetime) -> None:
    """These complaints were filed, or are not needed: nobody is reminded of them any more."""
    _end([uuid5(pk, f"window {days}") for pk in ids for days in REMIND], at=at)


def bring_back(redress: Redress, *, ended_at: datetime) -> None:
    """Undo `end_reminders` of `ended_at`."""
    keys = [_key(redress, days) for days in REMIND]
    ended = Task.objects.filter(pk__in=keys, removed_at=ended_at, done_at=None, text__isnull=False)
    ended.update(removed_at=None)


def _key(redress: Redress, days: int) -> UUID:
    return uuid5(redress.pk, f"window {days}")


def _end(keys: list[UUID], *, at: datetime) -> None:
    Task.objects.filter(OPEN, pk__in=keys).update(removed_at=at)
