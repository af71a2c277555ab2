"""Tags of the desk's pages: words of colleagues, waiting that ages visibly, deadlines counted down."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from cases import danger, rail, words
from cases.models import QueueItem
from cases.reading import OpenCase, OpenReport
from cases.states import Happening
from helpline.accounts.permissions import Permission
from helpline.platforms.models import Platform
from reports.contact import contract
from reports.models import Message, Nudge

register = template.Library()


@register.filter
def kind_word(code: str) -> words.Words:
    return words.KINDS.get(code, code)


@register.filter
def age_word(code: str) -> words.Words:
    return words.AGES.get(code, code)


@register.filter
def writer_word(code: str) -> words.Words:
    return words.WRITERS.get(code, code)


@register.filter
def link_kind_word(code: str) -> words.Words:
    return words.LINK_KINDS.get(code, words.LINK_KINDS["unknown"])


@register.filter
def shared_word(code: str) -> words.Words:
    return words.SHARED.get(code, code)


@register.filter
def role_word(name: str) -> words.Words:
    return words.ROLES.get(name, name)


@register.simple_tag
def site_of(platform: Platform, url: str) -> str:
    """The platform of a link; for one that the directory does not know, the site beside it."""
    host = words.host(url) if platform.is_other else ""
    return f"{platform} · {host}" if host else str(platform)


@register.filter
def circumstance_word(code: str) -> words.Words:
    return words.circumstance(code)


@register.filter
def reason_word(one: Mapping[str, Any]) -> words.Words:
    return words.reason(str(one["code"]))


@register.simple_tag
def waiting_since(at: datetime) -> SafeString:
    """How long ago `at` was, in a <time> that ages: plain, then marked after a quarter of the promised hours, then late."""
    span = timezone.now() - at
    tone = waiting_tone(span)
    late = format_html('<span class="unseen"> ({})</span>', _("too long")) if tone == "very-old" else ""
    return format_html(
        '<time class="waiting {}" datetime="{}">{}{}</time>', tone, at.isoformat(), words.lasting(span), late
    )


def waiting_tone(span: timedelta) -> str:
    """How a wait of this length is marked."""
    promise = timedelta(hours=settings.ANSWER_HOURS)
    return "very-old" if span > promise else "old" if span > promise / 4 else ""


@register.simple_tag
def countdown(at: datetime | None) -> SafeString | str:
    """How long until a deadline, or that it has passed; nothing for None."""
    if at is None:
        return ""
    left = at - timezone.now()
    html = '<time class="waiting {}" datetime="{}">{}</time>'
    return format_html(html, deadline_tone(left), at.isoformat(), words.left(left))


def deadline_tone(left: timedelta) -> str:
    """How a deadline that is this far away is marked."""
    return "very-old" if left < timedelta(hours=6) else "old" if left < timedelta(hours=24) else ""


@register.filter
def contact_line(opened: OpenReport) -> str:
    """What was agreed about writing to them; of an erased report only the way is left."""
    via = opened.report.contact_via
    return (
        str(words.CONTACTS.get(via, via))
        if opened.erased
        else words.safe_contact(contract.read(opened.contact))
    )


@register.filter
def nudge_word(row: Nudge) -> words.Words:
    return words.nudge(row)


@register.filter
def answer_lines(opened: OpenReport) -> list[tuple[words.Words, str]]:
    """Whatever else was written, with its question."""
    return words.answers(opened.answers)


@register.simple_tag(takes_context=True)
def danger_count(context: Mapping[str, Any]) -> str | None:
    """How many reports that wait speak of a life in danger; '' for none, None for whoever may not see the queue."""
    found = rail.counts(context["request"])
    return rail.capped(found["danger"]) if "danger" in found else None


@register.simple_tag(takes_context=True)
def danger_known(context: Mapping[str, Any]) -> str:
    """How many in danger this page knows of: who waits, and the cases that call whoever reads it."""
    found = rail.counts(context["request"])
    return rail.capped(found.get("danger", 0) + found.get("calling", 0))


@register.simple_tag(takes_context=True)
def danger_cases(context: Mapping[str, Any]) -> list[QueueItem]:
    """Open cases whose danger calls this person, who called first on top; asked only where some are counted."""
    request = context["request"]
    if not rail.counts(request).get("calling"):
        return []
    return list(danger.calling(request.user).select_related("case").order_by("danger_since")[: danger.SHOWN])


@register.simple_tag(takes_context=True)
def left_unread(context: Mapping[str, Any]) -> int:
    """How many of this person's cases hold a message that nobody has read for too long."""
    return rail.counts(context["request"]).get("left_unread", 0)


@register.simple_tag(takes_context=True)
def may_search(context: Mapping[str, Any]) -> bool:
    """Is there anything this person could find?"""
    user = context["request"].user
    return any(user.can(one) for one in (Permission.QUEUE_READ, Permission.CASES_OWN, Permission.CASES_ALL))


_TONES = {
    Happening.OPENED: "go",
    Happening.MESSAGED: "go",
    Happening.REPLIED: "wait",
    Happening.REQUESTED: "go",
    Happening.CLOSED: "good",
    Happening.REOPENED: "wait",
}


@register.simple_tag
def case_timeline(opened: OpenCase) -> list[dict[str, Any]]:
    """The case's events, as components/timeline.html wants them."""
    return [
        {
            "at": event.at,
            "text": words.event(event),
            "tone": _TONES.get(Happening(event.what), "quiet"),
            "who": str(event.by) if event.by else "",
        }
        for event in opened.events
    ]


@register.simple_tag
def conversation(opened: OpenCase | OpenReport) -> list[dict[str, Any]]:
    """The messages, as components/messages.html wants them: ours are "mine"."""
    return [
        {
            "mine": one.message.author == Message.Author.HELPLINE,
            "who": (str(one.message.staff or _("The helpline")))
            if one.message.author == Message.Author.HELPLINE
            else _("The young person"),
            "at": one.message.at,
            "text": one.text,
            "unread": one.message.author == Message.Author.YOUNG_PERSON and one.message.read_at is None,
        }
        for one in opened.messages
    ]
