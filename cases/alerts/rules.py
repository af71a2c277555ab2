"""The rules, as data: when each alert is raised and when it is over. Pure: what is measured is brought by `looking`.

Every rule answers one number: how near a reading is to its limit. From 1 it is raised; it is over below `over`, which is
lower, so that what moves about its limit is one alert and not twenty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.alerts.states import RuleName

RAISED = 1.0
PASSED_FOR = timedelta(hours=24)  # so long after its end a deadline that nobody looked at still stands
UNUSUAL = 2  # times the longest silence among a platform's last answers


@dataclass(frozen=True, slots=True)
class Rule:
    """`over`: below it the alert ends. `means` says what to do; `setting` names what an operator may change."""

    tone: str
    over: float
    means: Promise
    setting: str = ""


RULES: Mapping[RuleName, Rule] = {
    RuleName.DANGER: Rule(
        "danger",
        RAISED,
        _("Somebody who may be in danger has waited for more than %(limit)s. Have it opened now."),
        "ALERTS_DANGER_MINUTES",
    ),
    RuleName.DEADLINE: Rule(
        "danger",
        RAISED,
        _("A threat has a deadline within %(limit)s, or it has just passed. See that somebody is on it."),
        "ALERTS_DEADLINE_HOURS",
    ),
    RuleName.WAIT: Rule(
        "wait",
        0.75,
        _("The oldest report has waited for more than %(limit)s. Who could take some?"),
        "ALERTS_WAIT_HOURS",
    ),
    RuleName.UNREAD: Rule(
        "wait",
        RAISED,
        _("What a young person wrote has been unread for more than %(limit)s. Who can read it now?"),
        "ALERTS_UNREAD_HOURS",
    ),
    RuleName.SILENT: Rule(
        "stop",
        0.5,
        _(
            "Several requests wait, and nothing was heard for twice as long as ever lately, at least %(limit)s. Write to a "
            "person you know there."
        ),
        "ALERTS_SILENT_HOURS",
    ),
    RuleName.SLOWER: Rule(
        "wait",
        0.75,
        _(
            "Half of the requests of the last two weeks took twice as long as in the three months before, or longer. Say so "
            "to the platform, with the figures."
        ),
        "ALERTS_SLOWER",
    ),
    RuleName.BREAKER: Rule(
        "stop",
        RAISED,
        _(
            "Several sends in a row failed, so the next wait. It goes on by itself when the channel answers again."
        ),
    ),
    RuleName.BOUNCED: Rule(
        "stop",
        RAISED,
        _("The last message to this contact came back. Find out the right one, or ask in another way."),
    ),
    RuleName.ANSWERS_DUE: Rule(
        "wait",
        0.5,
        _(
            "Many answers of one platform are due within %(limit)s. Ask now, before each is a step of its own."
        ),
        "ALERTS_ANSWER_HOURS",
    ),
    RuleName.DESK_LATE: Rule(
        "wait",
        0.75,
        _(
            "Something at the desk has waited for somebody’s decision for more than %(limit)s. Who could take it?"
        ),
        "ALERTS_DESK_HOURS",
    ),
    RuleName.STEPS_LATE: Rule(
        "wait",
        0.75,
        _("A next step has been due for more than %(limit)s and nobody took it on or left it out."),
        "ALERTS_STEP_HOURS",
    ),
    RuleName.WINDOW: Rule(
        "wait",
        RAISED,
        _("A refusal can be contested for %(limit)s more at most, and nobody holds the case to be reminded."),
        "ALERTS_WINDOW_DAYS",
    ),
    RuleName.STOPPED: Rule(
        "stop",
        RAISED,
        _("Ask whoever operates the machine whether they are on it. These mails do not tell them."),
    ),
}


def stands(rule: RuleName, near: float, *, standing: bool) -> bool:
    """Is it to be raised, or, where it stands already, to stay?"""
    return near >= (RULES[rule].over if standing else RAISED)


def _share(span: timedelta, limit: timedelta) -> float:
    return span / limit if limit > timedelta(0) else 0.0


def waits(span: timedelta, *, limit: timedelta) -> float:
    """Something has waited for `span`."""
    return _share(max(span, timedelta(0)), limit)


def nears(left: timedelta, *, limit: timedelta) -> float:
    """Something ends in `left` (below 0: it ended)."""
    return RAISED if -PASSED_FOR <= left <= limit else 0.0


def slower(
    now_s: float | None, before_s: float | None, *, now_n: int, before_n: int, enough: int, factor: float
) -> float:
    """The median is `now_s`, and was `before_s`; 0 where there are not enough answers on both sides to say."""
    if now_s is None or before_s is None or min(now_n, before_n) < enough:
        return 0.0
    # A platform that acted within seconds has not failed anybody when it takes some more.
    return now_s / max(before_s, 60.0) / factor


def silent(quiet: timedelta, *, longest: timedelta, waiting: int, several: int, at_least: timedelta) -> float:
    """Nothing was heard for `quiet` while `waiting` wait; the longest silence lately was `longest`."""
    return _share(quiet, max(at_least, UNUSUAL * longest)) if waiting >= several else 0.0


def many(count: int, *, limit: int) -> float:
    """So many at once."""
    return count / max(limit, 1)
