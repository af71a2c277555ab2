"""Tasks, texts and plans in words: when something is due, in which words a young person is written to."""

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.todo.models import Checklist, ChecklistItem, MessageTemplate, Task
from cases.todo.states import is_whole_day
from helpline.web.language import spoken
from helpline.web.templatetags.web import in_words
from reports.models import Report
from reports.voice import FORMAL, Voice, voice_of

Words = str | Promise
LANGUAGES = frozenset(code for code, _name in settings.LANGUAGES)

# --- when -----------------------------------------------------------------------------------------------


def day_in_words(due_at: datetime, now: datetime) -> str:
    """ "today", "tomorrow", "12 March"; with the hour where one was meant: "today at 14:05"."""
    if not is_whole_day(due_at):
        return in_words(due_at, now)
    day, today = timezone.localdate(due_at), timezone.localdate(now)
    near = {-1: _("yesterday"), 0: _("today"), 1: _("tomorrow")}.get((day - today).days)
    return near or date_format(day, "j F" if day.year == today.year else "j F Y")


def due_words(task: Task, now: datetime) -> str:
    """Until when, said so that nobody has to compare dates."""
    if not task.has_day:
        return _("no day")
    day = day_in_words(task.due_at, now)
    return _("Overdue: it was due %(day)s") % {"day": day} if task.due_at < now else day


def tone_of(task: Task, now: datetime) -> str:
    """What its mark looks like: overdue, for today, or quiet."""
    if task.done_at is not None:
        return "good"
    if task.due_at < now:
        return "stop"
    return "wait" if timezone.localdate(task.due_at) <= timezone.localdate(now) else "quiet"


# --- lists, in the language of the page -------------------------------------------------------------------


def name_of(row: Checklist | MessageTemplate) -> str:
    """How colleagues know it."""
    return row.name_fr if spoken() == "fr" else row.name_en


def text_of(item: ChecklistItem) -> str:
    """What is to be done."""
    return item.text_fr if spoken() == "fr" else item.text_en


# --- to the young person ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tongue:
    """How whoever told us is spoken to: in which language, as the young or as an adult."""

    language: str
    voice: Voice

    @property
    def is_adult(self) -> bool:
        """*vous* where a language knows it."""
        return self.voice == Voice.ADULT

    def spoken(self) -> AbstractContextManager[object]:
        """Inside, gettext speaks so."""
        return translation.override(
            FORMAL.get(self.language, self.language) if self.is_adult else self.language
        )

    def line(self) -> str:
        """For the colleague who writes."""
        if self.language == "fr":
            return _("In French, as vous") if self.is_adult else _("In French, as tu")
        return _("In English, to an adult") if self.is_adult else _("In English, to a young person")


def tongue_of(report: Report) -> Tongue:
    """From what the report says of its writer and its language."""
    language = report.language if report.language in LANGUAGES else settings.LANGUAGE_CODE
    return Tongue(language, voice_of(report.who))


PLACEHOLDER = re.compile(r"\{([^{}\n]*)\}")
# What may stand in braces in a text. Nothing that names a person.
PLACEHOLDERS: Mapping[str, Words] = {
    "platform": gettext_lazy("the sites of the case"),
    "date": gettext_lazy("the day it is put in"),
    "hours": gettext_lazy("in how many hours we aim to answer"),
}


def unknown_in(text: str) -> Sequence[str]:
    """What stands in braces and means nothing."""
    return [name for name in PLACEHOLDER.findall(text) if name not in PLACEHOLDERS]


def filled(template: MessageTemplate, *, report: Report, platforms: Sequence[str], now: datetime) -> str:
    """The text for this young person, with what stands in braces filled in. `platforms`: the names known for its links."""
    tongue = tongue_of(report)
    text: str = getattr(template, f"{tongue.language}_{'adult' if tongue.is_adult else 'young'}")
    with tongue.spoken():
        said = {
            "platform": _joined(platforms) or _("the site"),
            "date": date_format(timezone.localdate(now), "j F"),
            "hours": str(settings.ANSWER_HOURS),
        }
    text = PLACEHOLDER.sub(lambda found: said.get(found[1], found[0]), text)
    return text[:1].upper() + text[1:]


def _joined(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return _("%(first)s and %(last)s") % {"first": ", ".join(names[:-1]), "last": names[-1]}


# What the safety plan asks, for the colleague who writes it down: (heading, help).
PLAN: Mapping[str, tuple[Words, Words]] = {
    "warning": (
        gettext_lazy("Signs that it gets harder"),
        gettext_lazy("How do they notice it? In their words."),
    ),
    "calming": (
        gettext_lazy("What calms"),
        gettext_lazy("What helped before, and can be done alone."),
    ),
    "people": (
        gettext_lazy("People to turn to"),
        gettext_lazy("Who they trust, and how to reach them. First names are enough."),
    ),
    "places": (
        gettext_lazy("Places that are safe"),
        gettext_lazy("Where they can go, also in the evening."),
    ),
    "danger": (
        gettext_lazy("Who is called in danger"),
        gettext_lazy("Numbers they would really call, and who else calls."),
    ),
    "agreed": (
        gettext_lazy("What we agreed"),
        gettext_lazy("What they do, what we do, and when we look at it again."),
    ),
}


def plan_as_message(words: Mapping[str, str], report: Report) -> str:
    """The plan as a message, under headings of the young person's own language; what was left empty is left out."""
    with tongue_of(report).spoken():
        parts = [f"{PLAN[name][0]}\n{text.strip()}" for name, text in words.items() if text.strip()]
        return "\n\n".join([_("This is what we wrote down together."), *parts])


def left(span: timedelta) -> int:
    """Whole minutes that are left, at least one."""
    return max(1, round(span.total_seconds() / 60))
