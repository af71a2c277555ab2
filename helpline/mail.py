"""One way to the operator's mail server, for everything that leaves as mail."""

import smtplib
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime

from django.conf import settings


def open_line(*, local_hostname: str | None = None) -> smtplib.SMTP:
    """A greeted connection, with the server's certificate checked and logged in where the settings say so.

    Raises smtplib.SMTPException or OSError when there is none to be had; nothing stays open then.
    """
    line = smtplib.SMTP(
        settings.EMAIL_HOST,
        settings.EMAIL_PORT,
        local_hostname=local_hostname,
        timeout=settings.EMAIL_TIMEOUT,
    )
    try:
        if settings.EMAIL_USE_TLS:
            line.starttls(context=ssl.create_default_context())
        line.ehlo_or_helo_if_needed()
        if settings.EMAIL_HOST_USER:
            line.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
    except BaseException:
        line.close()
        raise
    return line


def send(*, to: Sequence[str], subject: str, lines: Sequence[str], at: datetime) -> None:
    """One mail of ours to colleagues or the operator. Raises smtplib.SMTPException, OSError or ValueError.

    A server that refuses some of `to` and takes it for others has taken it.
    """
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = settings.DEFAULT_FROM_EMAIL
    message["To"] = ", ".join(to)
    message["Subject"] = subject
    message["Date"] = format_datetime(at.astimezone(UTC))
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(lines))
    line = open_line()
    try:
        line.send_message(message)
    finally:
        line.close()
