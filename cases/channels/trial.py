"""A trial notice: invented through and through, to see what a channel carries. It is sent to the simulator only.

Outside the demo nothing is sent: whoever keeps the platforms sees the very bytes that would leave.
"""

import asyncio
import json
from dataclasses import dataclass, replace
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings
from django.utils import timezone

from cases.letters import wording
from cases.letters.content import Item, NoticeContent
from cases.letters.writing import invented, regime_of, subject, text
from cases.takedowns.actions import default_regimes, notice_language
from cases.takedowns.connectors import CONNECTORS, Lines, Sent, connector, route_of
from helpline.accounts.models import Staff
from helpline.audit import actions as audit
from helpline.crypto.box import settings_box
from helpline.platforms.models import Channel, ChannelKind
from reports.states import Kind

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class NoTrial(Exception):
    """Nothing is sent to this channel for a trial."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What would leave: where to, under which subject, and the text."""

    to: str
    subject: str
    text: str
    attached: tuple[tuple[str, str], ...] = ()


def leads_to_simulator(channel: Channel) -> bool:
    """Is it the platform simulator of the demo or of a test that answers at this channel's address?"""
    if not settings.SIMULATOR or not channel.address:
        return False
    if "://" in channel.address:
        return bool(urlsplit(channel.address).netloc == settings.SIMULATOR)
    return channel.address.endswith(".example") and settings.EMAIL_HOST in LOOPBACK


def can_send(channel: Channel) -> bool:
    """Could a trial be sent now?"""
    known = channel.kind in CONNECTORS and not connector(channel.kind).by_hand
    return known and leads_to_simulator(channel)


def compose(channel: Channel) -> NoticeContent:
    """A notice about nobody, at an address that cannot exist."""
    regimes = default_regimes(channel)
    regime, language, kind = regime_of(regimes), notice_language(channel), Kind.DEEPNUDE
    words = wording.current(regime, language, kind.value)
    made = invented(
        words=words, regime=regime, language=language, kind=kind, minor=True, today=timezone.localdate()
    )
    notice_id = uuid4()
    item = Item(
        str(uuid4()), f"https://{channel.platform.slug}.example/test/{notice_id.hex[:12]}", "", "post"
    )
    return replace(made, notice_id=str(notice_id), items=(item,), facts="")


def shown(channel: Channel, content: NoticeContent, *, at: datetime) -> Shown:
    """The notice as this channel would carry it."""
    if channel.kind not in CONNECTORS or connector(channel.kind).by_hand:
        return Shown(channel.address, subject(content), text(content))
    body = connector(channel.kind).compose(content, route_of(channel, settings_box()), at=at)
    if channel.kind == ChannelKind.HTTP_API or "://" in channel.address:
        return Shown(channel.address, "", json.dumps(json.loads(body), ensure_ascii=False, indent=2))
    mail = message_from_bytes(body, _class=EmailMessage, policy=policy.default)
    plain = mail.get_body(("plain",))
    attached = tuple(
        (part.get_filename() or "", part.get_content().decode(errors="replace"))
        for part in mail.iter_attachments()
        if part.get_content_type() == "application/json"
    )
    return Shown(channel.address, str(mail["Subject"]), plain.get_content() if plain else "", attached)


def send(*, channel: Channel, by: Staff, at: datetime) -> Sent:
    """Send one, to the simulator. Raises NoTrial for any other address."""
    if not can_send(channel):
        raise NoTrial(channel.slug)
    content, route = compose(channel), route_of(channel, settings_box())
    carrier = connector(channel.kind)
    body = carrier.compose(content, route, at=at)

    async def once() -> Sent:
        async with Lines(in_flight=1) as lines:
            return await carrier.send(body, content, route, lines, at=at)

    sent = asyncio.run(once())
    audit.record(
        by=by,
        verb="channel.tried",
        obj=channel,
        detail={"channel": channel.slug, "result": sent.result.value},
        at=timezone.now(),
    )
    return sent
