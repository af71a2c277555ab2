"""By e-mail, over a kept SMTP connection. The Message-ID is the notice's own, so that a copy is recognised as one.

Mail has no status query: when the connection breaks after the text began to leave, only a person can settle it.
"""

import smtplib
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, formataddr

from cases.takedowns.connectors.base import Connector, Lines, Route, Sent
from cases.takedowns.connectors.text import subject, text
from cases.takedowns.notices import NoticeContent
from cases.takedowns.states import Result


class EmailConnector(Connector):
    """RFC 5322 out, SMTP replies in."""

    def compose(self, content: NoticeContent, route: Route, *, at: datetime) -> bytes:
        sender = content.notifier["email"]
        message = EmailMessage(policy=policy.SMTP)
        message["From"] = formataddr((content.notifier["name"], sender))
        message["To"] = route.address
        message["Subject"] = subject(content)
        message["Date"] = format_datetime(at)
        message["Message-ID"] = f"<{content.notice_id}@{sender.rpartition('@')[2]}>"
        message["Content-Language"] = content.language
        message.set_content(text(content), cte="base64")
        return message.as_bytes()

    async def send(
        self, body: bytes, content: NoticeContent, route: Route, lines: Lines, *, at: datetime
    ) -> Sent:
        return await lines.in_mail_thread(
            lambda: _deliver(body, content.notifier["email"], route.address, lines)
        )


def _deliver(body: bytes, sender: str, recipient: str, lines: Lines) -> Sent:
    try:
        line = lines.mail_line()
        code, _reply = line.mail(sender)
    except (smtplib.SMTPException, OSError):
        # The kept connection may simply have grown old: one fresh one, before anything has left.
        lines.drop_mail_line()
        try:
            line = lines.mail_line(fresh=True)
            code, _reply = line.mail(sender)
        except (smtplib.SMTPException, OSError) as error:
            lines.drop_mail_line()
            return Sent(Result.RETRY, detail=f"no connection: {type(error).__name__}")
    try:
        if code != 250:
            return _refused(code, "sender", lines)
        code, _reply = line.rcpt(recipient)
        if code not in (250, 251):
            return _refused(code, "recipient", lines)
    except (smtplib.SMTPException, OSError) as error:
        lines.drop_mail_line()
        return Sent(Result.RETRY, detail=f"broken before the text: {type(error).__name__}")
    try:
        code, reply = line.data(body)
    except smtplib.SMTPDataError as error:
        return _refused(error.smtp_code, "data", lines)
    except (smtplib.SMTPException, OSError) as error:
        lines.drop_mail_line()
        return Sent(Result.UNKNOWN, detail=f"broken during the text: {type(error).__name__}")
    if code != 250:
        return _refused(code, "text", lines)
    return Sent(Result.ACCEPTED, http_status=None, detail=reply.decode("ascii", "replace")[:100])


def _refused(code: int, what: str, lines: Lines) -> Sent:
    """5xx is for good, 4xx is not now (RFC 5321, 4.2.1)."""
    try:
        lines.mail_line().rset()
    except (smtplib.SMTPException, OSError):
        lines.drop_mail_line()
    return Sent(Result.REFUSED if code >= 500 else Result.RETRY, detail=f"SMTP {code} for the {what}")
