"""What happened, in plain words: a dated fact becomes a sentence in the language of whoever reads it.

What a site says and what we saw stay two things, and nothing is promised that nobody does.
`data` may hold `platform` (a name), `next_look` (ISO moment of our next look) and `until` (ISO date).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from helpline.web.templatetags.web import in_words
from reports.models import Link, Update
from reports.states import LinkStatus, News, Status

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Telling:
    """How a piece of news is told.

    `dated` replaces `says` when the moment of our next look is known, `unseen` where we can't look ourselves.
    """

    says: str | Promise
    tone: str = "go"
    dated: str | Promise = ""
    unseen: str | Promise = ""


TELLINGS: dict[News, Telling] = {
    News.RECEIVED: Telling(lazy("You told us about it.")),
    News.OPENED: Telling(lazy("A person started to work on it.")),
    News.IN_PROGRESS: Telling(lazy("We started to prepare the request to %(platform)s.")),
    News.SENT: Telling(lazy("We asked %(platform)s to remove it.")),
    News.SEND_DELAYED: Telling(
        lazy("Our request did not get through to %(platform)s. We try again."),
        tone="wait",
    ),
    News.ACKNOWLEDGED: Telling(lazy("%(platform)s has our request.")),
    News.UNDER_REVIEW: Telling(lazy("%(platform)s is looking at it.")),
    News.SAID_REMOVED: Telling(
        lazy("%(platform)s says it is removed. We look ourselves."),
        unseen=lazy("%(platform)s says it is removed."),
    ),
    News.STILL_THERE: Telling(
        lazy("We looked: it is still there."),
        tone="wait",
        dated=lazy("We looked: it is still there. We look again %(when)s."),
    ),
    News.GONE: Telling(
        lazy("We looked and it is gone."),
        tone="good",
        dated=lazy("We looked and it is gone. We look again %(when)s, in case it comes back."),
    ),
    News.REFUSED: Telling(
        lazy("%(platform)s said no. That is not the end: a person looks at what else we can do."),
        tone="stop",
    ),
    News.MORE_INFORMATION: Telling(
        lazy("%(platform)s wants to know more. If we need something from you, we write to you here."),
        tone="wait",
    ),
    News.NOT_FOUND: Telling(
        lazy("%(platform)s did not find it at this link. If you have a more exact link, add it below."),
        tone="stop",
    ),
    News.REAPPEARED: Telling(
        lazy("We looked and it is there again. A person takes it up once more."), tone="stop"
    ),
    News.WITHDRAWN: Telling(lazy("You took this link back. We ask for nothing more."), tone="none"),
    News.CLOSED: Telling(lazy("We finished for now. You can still write to us here."), tone="quiet"),
    News.REOPENED: Telling(lazy("We work on it again.")),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One event of a timeline, in words."""

    at: datetime
    text: str
    tone: str


def line(
    what: str, data: Data, *, at: datetime, now: datetime, platform: str = "", can_look: bool = True
) -> Line:
    """The sentence for a piece of news. `platform` stands in for the name in `data`."""
    telling = TELLINGS[News(what)]
    looks_at = next_look(data, now=now)
    words = {"platform": platform or data.get("platform") or _("the site")}
    if telling.unseen and not can_look and not looks_at:
        text = str(telling.unseen) % words
    elif telling.dated and looks_at:
        text = str(telling.dated) % {**words, "when": in_words(looks_at, now)}
    else:
        text = str(telling.says) % words
    text = text[:1].upper() + text[1:]
    if what == News.REFUSED and (until := _day(data.get("until"))):
        text = _("%(sentence)s We can ask again until %(day)s.") % {
            "sentence": text,
            "day": date_format(until, "j F Y"),
        }
    return Line(at=at, text=text, tone=telling.tone)


def sentence(update: Update, link: Link | None) -> str:
    """What an update says, for those who show only the sentence. `link` comes with its platform."""
    is_named = link is None or not link.platform.is_other
    return line(
        update.what,
        update.data,
        at=update.at,
        now=timezone.now(),
        platform="" if is_named else _("the site"),
        can_look=settings.RECHECK_ENABLED and (link is None or bool(link.url)),
    ).text


def next_look(data: Data, *, now: datetime) -> datetime | None:
    """When we look again, if that is still to come."""
    try:
        at = datetime.fromisoformat(data["next_look"])
    except (KeyError, TypeError, ValueError):
        return None
    return at if at.tzinfo and at > now else None


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except (TypeError, ValueError):
        return None


# The present state of a link, the largest words on the page: (tone, words).
STATES: dict[LinkStatus, tuple[str, str | Promise]] = {
    LinkStatus.RECEIVED: ("quiet", lazy("We have it")),
    LinkStatus.IN_PROGRESS: ("go", lazy("We prepare the request")),
    LinkStatus.SENT: ("go", lazy("We asked %(platform)s")),
    LinkStatus.SAID_REMOVED: ("go", lazy("%(platform)s says it is removed")),
    LinkStatus.GONE: ("good", lazy("It is gone")),
    LinkStatus.REFUSED: ("stop", lazy("%(platform)s said no")),
    LinkStatus.REAPPEARED: ("stop", lazy("It came back")),
    LinkStatus.WITHDRAWN: ("none", lazy("You took it back")),
}

# What comes next: (when we know at what time we look, when we do not).
NEXT: dict[LinkStatus, tuple[str | Promise, str | Promise]] = {
    LinkStatus.RECEIVED: ("", lazy("Next: a person reads it and prepares the request.")),
    LinkStatus.IN_PROGRESS: ("", lazy("Next: the request leaves.")),
    LinkStatus.SENT: (
        lazy("Next: the site answers. We look ourselves %(when)s."),
        lazy("Next: the site answers."),
    ),
    LinkStatus.SAID_REMOVED: (
        lazy("Next: we look ourselves %(when)s."),
        lazy("If it is still there, write to us below."),
    ),
    LinkStatus.GONE: (
        lazy("Next: we look again %(when)s. There is nothing you have to do."),
        lazy("There is nothing you have to do."),
    ),
    LinkStatus.REFUSED: ("", lazy("Next: a person looks at what else we can do. You read it here.")),
    LinkStatus.REAPPEARED: ("", lazy("Next: a person asks again. You read it here.")),
    LinkStatus.WITHDRAWN: ("", lazy("Nothing more happens with this link.")),
}


def state(status: str, *, platform: str) -> tuple[str, str]:
    """(tone, the present state of a link in a few words)."""
    tone, words = STATES[LinkStatus(status)]
    return tone, str(words) % {"platform": platform}


def what_next(status: str, data: Data, *, now: datetime) -> str:
    """What comes next for a link, from its state and its last news."""
    dated, undated = NEXT[LinkStatus(status)]
    looks_at = next_look(data, now=now)
    if dated and looks_at:
        return str(dated) % {"when": in_words(looks_at, now)}
    return str(undated)


def greeting(status: str, *, hours: int) -> tuple[str, str]:
    """(the present state, what it means) of the report as a whole."""
    return {
        Status.SUBMITTED: (
            _("We have what you told us"),
            _("A person reads it next. We aim for less than %(hours)s hours.") % {"hours": hours},
        ),
        Status.IN_CASE: (
            _("Someone is on it"),
            _("Below you see each step. You can write to us at any time."),
        ),
        Status.CLOSED: (
            _("We finished for now"),
            _("If anything comes back, or you want to talk, write to us here."),
        ),
    }[Status(status)]
