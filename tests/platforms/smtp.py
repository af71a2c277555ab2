"""The mail sink: takes every mail, delivers none, and lets the platforms it was written to act on it."""

import asyncio
import hashlib

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.platforms import addresses, dice
from tests.platforms.behaviour import ACCEPTING, REFUSALS, Behaviour
from tests.platforms.mailbox import Mail, addresses_in, message_id_of, parsed, text_of
from tests.platforms.world import World, items_of

NO_SUCH_MAILBOX = "550 5.1.1 No such mailbox"
LATER = "451 4.3.2 Try again later"


class Sink:
    """aiosmtpd's handler. A platform's `answers` mean the same here as over HTTP."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """As mail servers do: the reader takes a line at a time, so commands may come in groups (RFC 2920)."""
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the recipient, unless the platform's mailbox is gone or busy."""
        mailbox = self._world.directory.for_mail(address).mailbox
        if mailbox in {"refuses", "busy"}:
            return NO_SUCH_MAILBOX if mailbox == "refuses" else LATER
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take the mail, or misbehave as the first recipient's platform does."""
        world = self._world
        raw = envelope.original_content or b""
        message_id = message_id_of(raw) or f"<{hashlib.sha256(raw).hexdigest()[:32]}@no-message-id>"
        platforms = list({one.slug: one for one in map(world.directory.for_mail, envelope.rcpt_tos)}.values())
        first = platforms[0]
        drawn = dice.fraction(
            world.seed, "answer", first.slug, message_id, world.next_try(first.slug, message_id)
        )
        answer = "silence" if first.silent else dice.pick(first.answers, drawn, "accepted")
        if answer in ACCEPTING:
            self._take(platforms, envelope, raw, message_id, answer)
        else:
            world.note("turned_away", first.slug, notice_id=message_id, answer=answer)
        await asyncio.sleep(dice.between(first.latency, world.seed, "latency", message_id))
        if answer in {"silence", "accept_then_timeout"}:
            await asyncio.sleep(first.hold)
        if answer in {"drop", "accept_then_drop", "silence", "accept_then_timeout"}:
            if server.transport is not None:
                server.transport.close()
            return "421 4.3.0 Closing"
        if answer in REFUSALS:
            return "554 5.7.1 Refused"
        return "250 2.0.0 OK" if answer in {"accepted", "accept_then_html"} else LATER

    def _take(
        self, platforms: list[Behaviour], envelope: Envelope, raw: bytes, message_id: str, answer: str
    ) -> None:
        world = self._world
        text = "" if world.bench else text_of(parsed(raw))
        if not world.bench:
            mail = Mail(
                number=0,
                at=world.clock(),
                sender=envelope.mail_from or "",
                recipients=list(envelope.rcpt_tos),
                message_id=message_id,
                raw=raw.decode(errors="surrogateescape"),
                slugs=[one.slug for one in platforms],
            )
            world.mailbox.keep(mail)
        for behaviour in platforms:
            world.take(
                "mail",
                behaviour,
                notice_id=message_id,
                items=items_of(
                    behaviour.slug, [one for one in addresses_in(text, behaviour.host) if is_page(one)]
                ),
                body=raw,
                message_id=message_id,
                sender=envelope.mail_from,
                recipients=list(envelope.rcpt_tos),
                answer=answer,
            )


def is_page(url: str) -> bool:
    """Whether this could be a page of a platform, and not the helpline's own address."""
    return addresses.is_page(url) and addresses.identity(url).partition("/")[0] not in addresses.LOOPBACK


def server_of(world: World) -> SMTP:
    """One connection's protocol."""
    return SMTP(
        Sink(world), hostname="mx.simulator.example", enable_SMTPUTF8=True, ident="platform simulator"
    )
