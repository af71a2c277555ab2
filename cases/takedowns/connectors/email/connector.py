"""By e-mail, over a kept SMTP connection. The Message-ID is the notice's own, so that a copy is recognised as one.

What is unknown: mail has no status query. When the connection breaks after the text began to leave, nothing is sent
again by itself; an answer or a bounce that comes back to the notice's own address settles it, or a person does
(docs/mail.md).
"""

from datetime import datetime
from uuid import UUID

from cases.takedowns.connectors.base import Connector, Lines, Route, Sent
from cases.takedowns.connectors.email.conversation import deliver
from cases.takedowns.connectors.email.letter import Envelope, head, written
from cases.takedowns.connectors.text import subject, text
from cases.takedowns.notices import NoticeContent


def envelope_of(content: NoticeContent, route: Route) -> Envelope:
    """From the helpline, to the channel, about this notice."""
    return Envelope(
        notice_id=UUID(content.notice_id),
        name=content.notifier["name"],
        sender=content.notifier["email"],
        recipient=route.address,
    )


class EmailConnector(Connector):
    """RFC 5322 out, SMTP replies in."""

    def compose(self, content: NoticeContent, route: Route, *, at: datetime) -> bytes:
        headers = head(
            envelope_of(content, route), subject=subject(content), at=at, language=content.language
        )
        return written(headers, text(content))

    async def send(
        self, body: bytes, content: NoticeContent, route: Route, lines: Lines, *, at: datetime
    ) -> Sent:
        return await lines.in_mail_thread(lambda: deliver(body, envelope_of(content, route), lines))
