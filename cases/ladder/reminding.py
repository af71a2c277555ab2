"""A window for a complaint that closes, and a complaint that nobody answers: a task for whoever holds the case, the later in
the earlier's place."""

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
UNANSWERED = 0  # in the same column, once it is filed: its answer is overdue, and somebody was told
TO_DO_WITHIN = 3  # days, for whoever is reminded
CONTEST_IT = gettext_noop(
    "Contest what %(platform)s decided, or note that you do not. It is possible until %(day)s."
)

ASK_THEM = gettext_noop(
    "Ask what became of the complaint about %(platform)s. The answer was due on %(day)s; note what they say."
)


def reminder_due(until: date, today: date, reminded: int | None) -> int | None:
    """Which of REMIND is to be given now: the nearest one that was reached and not given; None when all is said."""
    left = (until - today).days
    reached = [days for days in REMIND if left <= days]
    nearest = min(reached, default=None)
    return nearest if nearest is not None and (reminded is None or nearest < reminded) else None


def remind(redress: Redress, *, days: int, at: datetime) -> None:
    """The task for `days` before the end. Where nobody holds the case, the desk's list alone shows it."""
    due_at = at + timedelta(days=min(days, TO_DO_WITHIN))
    if _ask(redress, CONTEST_IT, redress.window_until, days=days, due_at=due_at, at=at):
        _end([_key(redress, earlier) for earlier in REMIND if earlier != days], at=at)


def remind_of_answer(redress: Redress, *, at: datetime) -> None:
    """The task once the answer to a complaint is overdue. Where nobody holds the case, the desk's list alone shows it."""
    if redress.answer_due_on is None:
        raise ValueError("What was not filed has no answer to wait for.")
    due_at = at + timedelta(days=TO_DO_WITHIN)
    _ask(redress, ASK_THEM, redress.answer_due_on, days=UNANSWERED, due_at=due_at, at=at)


def _ask(redress: Redress, words: str, day: date, *, days: int, due_at: datetime, at: datetime) -> bool:
    """Did somebody get the task?"""
    redress.reminded = days
    case, holder, made = redress.takedown.case, redress.takedown.case.assignee, False
    if holder is not None and can_work_on(case, by=holder):
        text = in_house(words) % {"platform": redress.takedown.platform.name, "day": day.isoformat()}
        with suppress(todo.CaseClosed, WrongKey):
            key = _key(redress, days)
            todo.add_task(case=case, text=text, due_at=due_at, for_whom=None, by=holder, at=at, key=key)
            redress.reminded_at, made = at, True
    redress.save(update_fields=["reminded", "reminded_at"])
    return made


def end_reminders(ids: list[UUID], *, at: datetime) -> None:
    """These complaints were filed, or are not needed: nobody is reminded of them any more."""
    _end([uuid5(pk, f"window {days}") for pk in ids for days in (*REMIND, UNANSWERED)], at=at)


def bring_back(redress: Redress, *, ended_at: datetime) -> None:
    """Undo `end_reminders` of `ended_at`."""
    keys = [_key(redress, days) for days in (*REMIND, UNANSWERED)]
    ended = Task.objects.filter(pk__in=keys, removed_at=ended_at, done_at=None, text__isnull=False)
    ended.update(removed_at=None)


def _key(redress: Redress, days: int) -> UUID:
    return uuid5(redress.pk, f"window {days}")


def _end(keys: list[UUID], *, at: datetime) -> None:
    Task.objects.filter(OPEN, pk__in=keys).update(removed_at=at)
