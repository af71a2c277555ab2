"""Mails as platforms write them."""

from email.message import EmailMessage
from typing import Any

from cases.takedowns.connectors.email import token
from cases.takedowns.models import Notice

HOST = "helpline.example"
OURS = "mx.helpline.example"


def mail(
    notice: Notice | None = None,
    *,
    text: str = "We have removed the content.",
    sender: str = "Support <support@pixboard.example>",
    authentication: str = "",
    message_id: str = "<1@pixboard.example>",
    **headers: Any,
) -> bytes:
    """An answer in the thread of `notice`, or a stranger's."""
    made = EmailMessage()
    if authentication:
        made["Authentication-Results"] = authentication
    made["From"] = sender
    made["To"] = f"notices@{HOST}"
    made["Subject"] = headers.pop("subject", "Re: your notice")
    made["Message-ID"] = message_id
    if notice is not None:
        made["In-Reply-To"] = token.message_id(notice.pk, HOST)
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made.as_bytes()


def bounce(
    notice: Notice,
    *,
    action: str = "failed",
    status: str = "5.1.1",
    message_id: str = "<b@x.example>",
    returned: str = "",
) -> bytes:
    """A delivery report (RFC 3464) that brings back the headers of our notice, or of `returned`."""
    returned = returned or token.message_id(notice.pk, HOST)
    return (
        f"From: Mail Delivery System <mailer-daemon@pixboard.example>\r\nTo: notices@{HOST}\r\n"
        f"Subject: Undelivered Mail Returned to Sender\r\nMessage-ID: {message_id}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b1"\r\n\r\n'
        "--b1\r\nContent-Type: text/plain\r\n\r\nI'm sorry to have to inform you.\r\n"
        "--b1\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.pixboard.example\r\n\r\n"
        f"Final-Recipient: rfc822; abuse@pixboard.example\r\nAction: {action}\r\nStatus: {status}\r\n\r\n"
        f"--b1\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {returned}\r\nSubject: x\r\n\r\nwords\r\n--b1--\r\n"
    ).encode()
