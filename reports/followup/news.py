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
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

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
    News.RECEIVED: Telling(_("You told us about it.")),
    News.OPENED: Telling(_("A person started to work on it.")),
    News.IN_PROGRESS: Telling(_("We started to prepare the request to %(platform)s.")),
    News.SENT: Telling(_("We asked %(platform)s to remove it.")),
    News.SEND_DELAYED: Telling(
        _("Our request did not get through to %(platform)s. We try again."),
        tone="wait",
    ),
    News.ACKNOWLEDGED: Telling(_("%(platform)s has our request.")),
    News.UNDER_REVIEW: Telling(_("%(platform)s is looking at it.")),
    News.SAID_REMOVED: Telling(
        _("%(platform)s says it is removed. We look ourselves."),
        unseen=_("%(platform)s says it is removed."),
    ),
    News.SAID_PARTLY: Telling(
        _("%(platform)s says that a part of it is removed. A person looks at what else we can do."),
        tone="wait",
    ),
    News.SAID_BLOCKED: Telling(
        _("%(platform)s says that it is blocked in some places. A person looks at what else we can do."),
        tone="wait",
    ),
    News.STILL_THERE: Telling(
        _("We looked: it is still there."),
        tone="wait",
        dated=_("We looked: it is still there. We look again %(when)s."),
    ),
    News.GONE: Telling(
        _("We looked and it is gone."),
        tone="good",
        dated=_("We looked and it is gone. We look again %(when)s, in case it comes back."),
    ),
    News.REFUSED: Telling(
        _("%(platform)s said no. That is not the end: a person looks at what else we can do."),
        tone="stop",
    ),
    News.MORE_INFORMATION: Telling(
        _("%(platform)s wants to know more. If we need something from you, we write to you here."),
        tone="wait",
    ),
    News.NOT_FOUND: Telling(
        _("%(platform)s did not find it at this link. If you have a more exact link, add it below."),
        tone="stop",
    ),
    News.NO_ANSWER: Telling(_("%(platform)s has not answered yet. We go further."), tone="wait"),
    News.NOT_DELIVERED: Telling(
        _("The request did not arrive at %(platform)s. A person looks for another way."), tone="wait"
    ),
    News.TAKEN_FURTHER: Telling(_("We went further: we asked somebody who can act on %(platform)s.")),
    News.CONTESTED: Telling(_("%(platform)s said no. We asked for a new decision.")),
    News.REAPPEARED: Telling(
        _("We looked and it is there again. A person takes it up once more."), tone="stop"
    ),
    News.WITHDRAWN: Telling(_("You took this link back. We ask for nothing more."), tone="none"),
    News.CLOSED: Telling(_("We finished for now. You can still write to us here."), tone="quiet"),
    News.REOPENED: Telling(_("We work on it again.")),
    News.SCREENSHOT_DESTROYED: Telling(
        _("We destroyed one of your screenshots. Nobody can see it any more. You did nothing wrong."),
        tone="quiet",
    ),
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
    words = {"platform": platform or data.get("platform") or gettext("the site")}
    if telling.unseen and not can_look and not looks_at:
        text = str(telling.unseen) % words
    elif telling.dated and looks_at:
        text = str(telling.dated) % {**words, "when": in_words(looks_at, now)}
    else:
        text = str(telling.says) % words
    text = _begun(text)
    if what == News.REFUSED and (until := _day(data.get("until"))):
        text = gettext("%(sentence)s We can ask again until %(day)s.") % {
            "sentence": text,
            "day": date_format(until, "j F Y"),
        }
    return Line(at=at, text=text, tone=telling.tone)


def _begun(text: str) -> str:
    """With a capital letter, except that a site's address in front stays as it is written."""
    return text if "." in text.split(" ", 1)[0] else text[:1].upper() + text[1:]


def sentence(update: Update, link: Link | None) -> str:
    """What an update says, for those who show only the sentence. `link` comes with its platform."""
    is_named = link is None or not link.platform.is_other
    return line(
        update.what,
        update.data,
        at=update.at,
        now=timezone.now(),
        platform="" if is_named else gettext("the site"),
        can_look=settings.RECHECK_ENABLED and (link is None or (link.platform.recheck and bool(link.url))),
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
    LinkStatus.RECEIVED: ("quiet", _("We have it")),
    LinkStatus.IN_PROGRESS: ("go", _("We prepare the request")),
    LinkStatus.SENT: ("go", _("We asked %(platform)s")),
    LinkStatus.SAID_REMOVED: ("go", _("%(platform)s says it is removed")),
    LinkStatus.GONE: ("good", _("It is gone")),
    LinkStatus.REFUSED: ("stop", _("%(platform)s said no")),
    LinkStatus.REAPPEARED: ("stop", _("It is back")),
    LinkStatus.WITHDRAWN: ("none", _("You took it back")),
}

# What is said in its place while the last news is this: something was done, and not all.
HALFWAY: dict[News, tuple[str, str | Promise]] = {
    News.SAID_PARTLY: ("wait", _("Only a part of it is removed")),
    News.SAID_BLOCKED: ("wait", _("It is blocked in some places")),
}

# What comes next: (when we know at what time we look, when we do not).
NEXT: dict[LinkStatus, tuple[str | Promise, str | Promise]] = {
    LinkStatus.RECEIVED: ("", _("Next: a person reads it and prepares the request.")),
    LinkStatus.IN_PROGRESS: ("", _("Next: the request leaves.")),
    LinkStatus.SENT: (
        _("Next: the site answers. We look ourselves %(when)s."),
        _("Next: the site answers."),
    ),
    LinkStatus.SAID_REMOVED: (
        _("Next: we look ourselves %(when)s."),
        _("If it is still there, write to us below."),
    ),
    LinkStatus.GONE: (
        _("Next: we look again %(when)s. There is nothing you have to do."),
        _("There is nothing you have to do."),
    ),
    LinkStatus.REFUSED: ("", _("Next: a person looks at what else we can do. You read it here.")),
    LinkStatus.REAPPEARED: ("", _("Next: a person asks again. You read it here.")),
    LinkStatus.WITHDRAWN: ("", _("Nothing more happens with this link.")),
}
NEXT_HALFWAY = (
    _("Next: a person looks at what else we can do. We look ourselves %(when)s."),
    _("Next: a person looks at what else we can do. You read it here."),
)


def state(status: str, *, platform: str, last: str = "") -> tuple[str, str]:
    """(tone, the present state of a link in a few words). `last` is the news that led to it."""
    tone, words = STATES[LinkStatus(status)]
    if status == LinkStatus.SENT and last in HALFWAY:
        tone, words = HALFWAY[News(last)]
    text = str(words) % {"platform": platform}
    return tone, _begun(text)


def what_next(status: str, data: Data, *, now: datetime, last: str = "") -> str:
    """What comes next for a link, from its state, the news that led to it, and the `data` of its latest news."""
    dated, undated = NEXT[LinkStatus(status)]
    if status == LinkStatus.SENT and last in HALFWAY:
        dated, undated = NEXT_HALFWAY
    looks_at = next_look(data, now=now)
    if dated and looks_at:
        return str(dated) % {"when": in_words(looks_at, now)}
    return str(undated)


def greeting(
    status: str, *, hours: int, is_in_danger: bool = False, is_under_threat: bool = False
) -> tuple[str, str]:
    """(the present state, what it means) of the report as a whole, that is read within `hours`."""
    if status == Status.SUBMITTED and is_in_danger:
        return gettext("We have what you told us"), gettext("A person reads it before all other reports.")
    if status == Status.SUBMITTED and is_under_threat:
        said = ngettext(
            "A person reads it next. We are here to read: %(opening_hours)s. When someone makes threats, we aim "
            "for less than %(hours)s hour.",
            "A person reads it next. We are here to read: %(opening_hours)s. When someone makes threats, we aim "
            "for less than %(hours)s hours.",
            hours,
        )
        return gettext("We have what you told us"), said % {
            "hours": hours,
            "opening_hours": settings.OPENING_HOURS,
        }
    return {
        Status.SUBMITTED: (
            gettext("We have what you told us"),
            gettext("A person reads it next. We aim for less than %(hours)s hours.") % {"hours": hours},
        ),
        Status.IN_CASE: (
            gettext("Someone is on it"),
            gettext("Below you see each step. You can write to us at any time."),
        ),
        Status.CLOSED: (
            gettext("We finished for now"),
            gettext("If anything comes back, or you want to talk, write to us here."),
        ),
    }[Status(status)]
