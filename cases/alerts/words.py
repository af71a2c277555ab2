"""Alerts in words. What leaves the house says less than the page: no case, nobody."""

from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cases.alerts.looking import UNHEARD
from cases.alerts.models import Alert
from cases.alerts.rules import RULES
from cases.alerts.states import RuleName
from cases.dashboards.words import span
from cases.ladder import desk as ladder
from cases.takedowns import desk as takedowns
from cases.words import lasting
from helpline.platforms.models import ChannelKind
from helpline.web.templatetags.web import in_words

# The parts of the machine, as `/readyz` names them.
PARTS = {
    "database": gettext_lazy("Database"),
    "broker": gettext_lazy("Message broker"),
    "worker": gettext_lazy("Worker"),
    "oldest_due": gettext_lazy("Requests leave in time"),
    "mailbox": gettext_lazy("Mailbox of answers"),
}
# The same parts, once they have stopped.
STOPPED = {
    "database": gettext_lazy("The database does not answer."),
    "broker": gettext_lazy("The message broker does not answer: work starts later."),
    "worker": gettext_lazy("The worker, or what wakes it, is silent: nothing is sent or looked at in time."),
    "oldest_due": gettext_lazy("Requests leave late."),
    "mailbox": gettext_lazy("The mailbox of answers can’t be read."),
}
UNITS = {"MINUTES": "minutes", "HOURS": "hours", "DAYS": "days"}


def limit(rule: RuleName) -> str:
    """The rule's limit as it is said; '' for one without."""
    name = RULES[rule].setting
    unit = UNITS.get(name.rpartition("_")[2])
    return lasting(timedelta(**{unit: getattr(settings, name)})) if unit else ""


def means(rule: RuleName) -> str:
    """What it means and what to do."""
    return str(RULES[rule].means) % {"limit": limit(rule)}


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None


def _counted(row: Alert) -> str:
    count = int(row.facts.get("count", 0))
    return ngettext("%(count)s waits", "%(count)s wait", count) % {"count": count}


def tab(row: Alert) -> str:
    """Under which tab it waits, as the desk calls it; '' where it is no such alert."""
    if row.rule != RuleName.DESK_LATE or not row.subject:
        return ""
    if row.subject == UNHEARD:
        return str(ladder.TABS[UNHEARD])
    label, _statuses = takedowns.TABS.get(row.subject, ("", frozenset()))
    return str(label)


def sentence(row: Alert, *, now: datetime) -> str:
    """What was measured, in a line, for the page."""
    facts = row.facts
    since, until = _moment(facts.get("since")), _moment(facts.get("until"))
    match RuleName(row.rule):
        case RuleName.SLOWER:
            return _("Half within %(now)s now, within %(before)s before.") % {
                "now": span(facts.get("now_s")),
                "before": span(facts.get("before_s")),
            }
        case RuleName.SILENT if since:
            return _("Nothing heard since %(when)s; %(count)s.") % {
                "when": in_words(since, now),
                "count": _counted(row),
            }
        case RuleName.WAIT | RuleName.STEPS_LATE if since:
            return _("The oldest since %(when)s; %(count)s.") % {
                "when": in_words(since, now),
                "count": _counted(row),
            }
        case RuleName.DESK_LATE if since:
            return _("%(tab)s: the oldest since %(when)s; %(count)s.") % {
                "tab": tab(row),
                "when": in_words(since, now),
                "count": _counted(row),
            }
        case RuleName.STOPPED if since:
            seen = _("Seen since %(when)s.") % {"when": in_words(since, now)}
            return f"{STOPPED.get(row.subject, '')} {seen}".strip()
        case RuleName.DANGER | RuleName.UNREAD if since:
            return _("Waiting since %(when)s.") % {"when": in_words(since, now)}
        case RuleName.DEADLINE if until:
            text = _("It passed: %(when)s.") if until <= now else _("It ends: %(when)s.")
            return text % {"when": in_words(until, now)}
        case RuleName.WINDOW if facts.get("until"):
            day = date_format(date.fromisoformat(facts["until"]), "DATE_FORMAT")
            return _("Possible until %(day)s.") % {"day": day}
        case RuleName.ANSWERS_DUE:
            count = int(facts.get("count", 0))
            return ngettext("%(count)s answer.", "%(count)s answers.", count) % {"count": count}
        case RuleName.BREAKER | RuleName.BOUNCED:
            return str(dict(ChannelKind.choices).get(facts.get("channel", ""), ""))
    return ""


def for_mail(row: Alert) -> str:
    """A line that may leave the house."""
    label = row.get_rule_display()
    about = row.platform.name if row.platform else tab(row)
    return f"{label}: {about}" if about else label
