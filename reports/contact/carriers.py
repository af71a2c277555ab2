"""The two ways a sign can leave: the mail server, and the operator's gateway for text messages.

Nothing here checks what was agreed: `reports.contact.sending` is the only caller, and it does. The one question to get
right is whether it could have arrived, because a second sign in the night is worse than none.
"""

import http.client
import json
import secrets
import smtplib
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from helpline import mail
from reports.contact.sign import Sign
from reports.states import Via

GATEWAY_TIMEOUT = 10.0  # seconds
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
NOT_NOW = frozenset({408, 425, 429, 503})  # a gateway that says these has taken nothing


class Fate(StrEnum):
    """How a try ended. UNKNOWN: it may have arrived. RETRY: it surely did not, and may later. TURNED_AWAY: it never will."""

    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    RETRY = "retry"
    TURNED_AWAY = "turned_away"


def offered() -> frozenset[str]:
    """The ways the operator has switched on. A gateway in the clear is none, except on this machine."""
    ways = {Via.EMAIL: "@" in settings.NUDGE_FROM, Via.SMS: is_fit(urlsplit(settings.SMS_GATEWAY_URL))}
    return frozenset(via for via, is_on in ways.items() if is_on)


def is_fit(gateway: SplitResult) -> bool:
    """May phone numbers be sent there?"""
    return bool(gateway.hostname) and (
        gateway.scheme == "https" or (gateway.scheme == "http" and gateway.hostname in LOOPBACK)
    )


def carry(via: str, address: str, sign: Sign, *, at: datetime) -> Fate:
    """Send `sign` to a checked `address`. Never raises for what a network can do."""
    return by_mail(address, sign, at=at) if via == Via.EMAIL else by_text_message(address, sign)


# --- mail ---------------------------------------------------------------------------------------------


def compose(address: str, sign: Sign, *, at: datetime) -> bytes:
    """The mail. No header names the helpline, its programs or its machines."""
    domain = settings.NUDGE_FROM.rpartition("@")[2]
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = formataddr((sign.sender, settings.NUDGE_FROM))
    message["To"] = address
    message["Subject"] = sign.subject
    message["Date"] = format_datetime(at.astimezone(UTC))
    message["Message-ID"] = f"<{secrets.token_hex(16)}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence note answers it
    message.set_content(sign.text)
    return message.as_bytes()


def by_mail(address: str, sign: Sign, *, at: datetime) -> Fate:
    """Over a connection of its own. What breaks before the text begins has surely not arrived."""
    line = None
    try:
        # It greets with the sender's domain: this machine's name would stand in the mail's headers at the other end.
        line = mail.open_line(local_hostname=settings.NUDGE_FROM.rpartition("@")[2])
        for code, _reply in (line.mail(settings.NUDGE_FROM), line.rcpt(address)):
            if code >= 400:
                return _refused(code)
        return _hand_over(line, compose(address, sign, at=at))
    except (smtplib.SMTPException, OSError):
        return Fate.RETRY
    finally:
        if line is not None:
            with suppress(smtplib.SMTPException, OSError):
                line.quit()
            line.close()


def _hand_over(line: smtplib.SMTP, body: bytes) -> Fate:
    try:
        code, _reply = line.data(body)
    except smtplib.SMTPDataError as error:  # it did not want the text
        return _refused(error.smtp_code)
    except (smtplib.SMTPException, OSError):  # broken during the text, or no answer after it
        return Fate.UNKNOWN
    return _refused(code) if code >= 400 else Fate.ACCEPTED


def _refused(code: int) -> Fate:
    """5xx is for good, 4xx is not now (RFC 5321, 4.2.1)."""
    return Fate.TURNED_AWAY if code >= 500 else Fate.RETRY


# --- text messages ------------------------------------------------------------------------------------


def by_text_message(number: str, sign: Sign) -> Fate:
    """POST `{"to", "text", "from"}` with the token to the operator's gateway; any 2xx means that it took it."""
    gateway = urlsplit(settings.SMS_GATEWAY_URL)
    if not is_fit(gateway):
        return Fate.TURNED_AWAY
    body = json.dumps({"to": number, "text": sign.text, "from": sign.sender}, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if settings.SMS_GATEWAY_TOKEN:
        headers["Authorization"] = f"Bearer {settings.SMS_GATEWAY_TOKEN}"
    line = _connection(gateway)
    try:
        try:
            line.connect()
        except OSError:
            return Fate.RETRY
        try:
            path = gateway.path or "/"
            line.request("POST", f"{path}?{gateway.query}" if gateway.query else path, body, headers)
            status = line.getresponse().status
        except (http.client.HTTPException, OSError):
            return Fate.UNKNOWN
    finally:
        line.close()
    if 200 <= status < 300:
        return Fate.ACCEPTED
    if status in NOT_NOW:
        return Fate.RETRY
    # Another error of the server's own may have come after it passed the message on.
    return Fate.UNKNOWN if status >= 500 else Fate.TURNED_AWAY


def _connection(gateway: SplitResult) -> http.client.HTTPConnection:
    """No proxy of the environment, no redirect is followed: the number and the token go to this address only."""
    host = gateway.hostname or ""
    if gateway.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, gateway.port, timeout=GATEWAY_TIMEOUT, context=context)
    return http.client.HTTPConnection(host, gateway.port, timeout=GATEWAY_TIMEOUT)
