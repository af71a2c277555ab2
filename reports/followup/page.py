"""What the follow page shows, opened with the young person's own code. It reads this zone's tables only."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from helpline.crypto.box import Box
from reports import places
from reports.contact import contract
from reports.contact import words as contact_words
from reports.followup import news
from reports.followup.news import Line
from reports.models import Link, Message, Report, Update
from reports.states import LINK_STATUS_AFTER, LinkStatus, News

NEWEST = 3  # events of a link that are shown; those before are folded away


@dataclass(frozen=True, slots=True)
class LinkCard:
    """One link: what it is, its present state, how it came there and what comes next."""

    number: int
    name: str
    platform: str
    tone: str
    state: str
    next: str
    events: list[Line]
    can_withdraw: bool
    is_refused: bool = False

    @property
    def earlier(self) -> list[Line]:
        """What is folded away: the state and the newest lines say where it stands."""
        return self.events[:-NEWEST]

    @property
    def newest(self) -> list[Line]:
        """What is shown at once."""
        return self.events[-NEWEST:]


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the conversation."""

    mine: bool
    who: str
    at: datetime
    text: str
    unread: bool
    read: bool = False  # a message of their own that somebody has read


@dataclass(frozen=True, slots=True)
class Page:
    """Everything on the page."""

    state: str
    meaning: str
    links: list[LinkCard]
    events: list[Line]
    messages: list[Said]
    unread: int
    can_withdraw: bool
    gone: int
    is_complete: bool
    is_in_danger: bool
    contact: list[str]


def page_of(report: Report, box: Box, *, now: datetime) -> Page:
    """Open the report for its owner. Three queries, however much there is."""
    updates: dict[Any, list[Update]] = defaultdict(list)
    for update in report.updates.order_by("at", "id"):
        updates[update.link_id].append(update)
    links = [
        _card(link, box, updates[link.pk], now=now)
        for link in report.links.select_related("platform").order_by("position")
    ]
    messages = [_said(message, box) for message in report.messages.order_by("at", "id")]
    state, meaning = news.greeting(
        report.status,
        hours=settings.ANSWER_HOURS_THREAT if report.is_under_threat else settings.ANSWER_HOURS,
        is_in_danger=report.is_in_danger,
        is_under_threat=report.is_under_threat,
    )
    return Page(
        state=state,
        meaning=meaning,
        links=links,
        events=_lines(updates[None], received_at=report.submitted_at, now=now),
        messages=messages,
        unread=sum(message.unread for message in messages),
        can_withdraw=any(link.can_withdraw for link in links),
        gone=sum(link.tone == "good" for link in links),
        is_complete=report.is_complete,
        is_in_danger=report.is_in_danger,
        contact=contact_words.lines(contract.read(box.open_json(report, "contact"))),
    )


def name_of(link: Link, box: Box) -> str:
    """The link in a few words: its shortened address, or the account's name."""
    url = box.open(link, "url")
    return places.shortened(url) if url else box.open(link, "account") or _("An account")


def full_name_of(link: Link, box: Box) -> str:
    """The same, with the site where the address does not say it."""
    name = name_of(link, box)
    return name if link.url else f"{platform_of(link, box)} · {name}"


def platform_of(link: Link, box: Box) -> str:
    """The site's name; where the directory knows none, the site's own address."""
    if not link.platform.is_other:
        return link.platform.name
    return places.platform_name("", box.open(link, "url"))


def named_in_a_sentence(link: Link, box: Box) -> str:
    """The same where it is a name; "the site" where we know none."""
    return platform_of(link, box) if link.url or not link.platform.is_other else _("the site")


def _card(link: Link, box: Box, updates: list[Update], *, now: datetime) -> LinkCard:
    status = LinkStatus(link.status)
    platform = named_in_a_sentence(link, box)
    # What led to where it stands: a look that found it still there changes nothing of that.
    leading = [update.what for update in updates if LINK_STATUS_AFTER[News(update.what)] is not None]
    last = leading[-1] if leading else ""
    data: dict[str, Any] = updates[-1].data if updates else {}
    tone, state = news.state(status, platform=platform, last=last)
    return LinkCard(
        number=link.position,
        name=name_of(link, box),
        platform=platform_of(link, box),
        tone=tone,
        state=state,
        next=news.what_next(status, data, now=now, last=last),
        events=_lines(
            updates,
            received_at=link.added_at,
            now=now,
            platform=platform,
            can_look=settings.RECHECK_ENABLED and link.platform.recheck and bool(link.url),
        ),
        can_withdraw=status != LinkStatus.WITHDRAWN,
        is_refused=status == LinkStatus.REFUSED,
    )


def _lines(
    updates: list[Update], *, received_at: datetime, now: datetime, platform: str = "", can_look: bool = True
) -> list[Line]:
    """Oldest first. That we have it is told even when no update says so."""
    told = [
        news.line(update.what, update.data, at=update.at, now=now, platform=platform, can_look=can_look)
        for update in updates
        if update.what in news.TELLINGS
    ]
    if not any(update.what == News.RECEIVED for update in updates):
        told.insert(0, news.line(News.RECEIVED, {}, at=received_at, now=now))
    return told


def _said(message: Message, box: Box) -> Said:
    mine = message.author == Message.Author.YOUNG_PERSON
    return Said(
        mine=mine,
        who=str(_("You") if mine else _("The helpline")),
        at=message.at,
        text=box.open(message, "body"),
        unread=not mine and message.read_at is None,
        read=mine and message.read_at is not None,
    )
