"""Mails that came in, the addresses found in them, and what platforms write back (and never send)."""

import email
import email.policy
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any

from tests.platforms.behaviour import Behaviour
from tests.platforms.ledger import Notice

KEPT = 300
"""How many mails the inbox holds before it lets the oldest go."""

ADDRESS = re.compile(r"h(?:tt|xx)ps?://[^\s<>\"'`|\\^{}]+", re.IGNORECASE)
MESSAGE_ID = re.compile(rb"^message-id:\s*(<[^>\r\n]+>)", re.IGNORECASE | re.MULTILINE)

READABLE = frozenset({"text/plain", "text/html", "application/json", "message/feedback-report"})

ANSWERS = {
    "removed": "we have looked at the content you told us about and it has been removed.",
    "already_gone": "the content you told us about was no longer there when we looked.",
    "disabled": "the content you told us about can no longer be seen in your country.",
    "account_removed": "the account that posted this has been closed.",
    "partly_removed": "we have removed a part of what you told us about. The rest does not break our rules.",
    "refused": "we have looked at the content and found that it does not break our rules. It stays online.",
    "more_information": "we could not decide on what you sent. Please tell us where exactly it is.",
    "not_found": "we could not find anything at the address you gave.",
}


@dataclass(slots=True)
class Mail:
    """One mail as it came."""

    number: int
    at: float
    sender: str
    recipients: list[str]
    message_id: str
    raw: str
    slugs: list[str] = field(default_factory=list)

    def parsed(self) -> EmailMessage:
        """The mail with its headers and parts."""
        return parsed(self.raw.encode(errors="surrogateescape"))


class Mailbox:
    """The sink's inbox, newest last."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self._number = 0

    def keep(self, mail: Mail) -> None:
        """Put a mail into the inbox under the next number."""
        self._number += 1
        mail.number = self._number
        self.mails.append(mail)
        del self.mails[:-KEPT]

    def find(self, number: int) -> Mail | None:
        """The mail of this number."""
        return next((mail for mail in self.mails if mail.number == number), None)

    def by_message_id(self, message_id: str) -> Mail | None:
        """The mail that a platform answers to."""
        return next((mail for mail in reversed(self.mails) if mail.message_id == message_id), None)

    def as_json(self) -> list[dict[str, Any]]:
        """Everything, as `restore` reads it."""
        return [asdict(mail) for mail in self.mails]

    def restore(self, kept: list[Mapping[str, Any]]) -> None:
        """Take back what `as_json` gave."""
        self.mails = [Mail(**one) for one in kept]
        self._number = max((mail.number for mail in self.mails), default=0)


def parsed(raw: bytes) -> EmailMessage:
    """A mail from its bytes."""
    return email.message_from_bytes(raw, policy=email.policy.default)


def text_of(mail: EmailMessage) -> str:
    """What a person would read, plain where there is plain, and what an abuse desk's machine would."""
    body = mail.get_body(("plain", "html"))
    parts = [] if body is None else [body]
    parts += [part for part in mail.iter_attachments() if part.get_content_type() in READABLE]
    texts = (part.get_payload(decode=True) for part in parts)
    return "\n\n".join(text.decode(errors="replace") for text in texts if isinstance(text, bytes))


def addresses_in(text: str, host: str | None = None) -> list[str]:
    """The addresses in prose, in order, each once; those of the platform's own host alone if there are any.

    Also reads addresses made harmless to click (`hxxps://chatter[.]example/…`).
    """
    plain = text.replace("[.]", ".").replace("(.)", ".").replace("&amp;", "&")
    found = dict.fromkeys(
        re.sub(r"^hxxp", "http", one.rstrip(".,;:!?)]*'"), flags=re.IGNORECASE)
        for one in ADDRESS.findall(plain)
    )
    own = [one for one in found if host is not None and host in one.split("/")[2]]
    return own or list(found)


def reply(behaviour: Behaviour, notice: Notice, mail: Mail | None, now: float) -> EmailMessage | None:
    """What the platform has written back by this moment: a bounce, an answer in prose, or nothing."""
    if behaviour.mailbox == "bounces":
        return bounce(behaviour, notice, mail)
    if not behaviour.replies or not notice.decided(now) or notice.decide_at is None:
        return None
    subject = str(mail.parsed()["subject"] or "your message") if mail else "your message"
    answer = EmailMessage()
    answer["From"] = f"{behaviour.name} Support <{behaviour.mailbox_address}>"
    answer["To"] = mail.sender if mail else "unknown@example.test"
    answer["Subject"] = f"Re: {clean(subject)} [{notice.reference}]"
    answer["Date"] = formatdate(notice.decide_at)
    answer["Message-ID"] = f"<{notice.reference.lower()}-reply@{behaviour.host}>"
    answer["In-Reply-To"] = clean(notice.notice_id)
    sentences = "\n".join(
        f"{item.url}\n{ANSWERS[item.outcome].capitalize()}\n"
        for item in notice.items
        if item.outcome in ANSWERS
    )
    answer.set_content(
        f"Hi there,\n\nthanks for reaching out.\n\n{sentences}\nStay safe,\nthe {behaviour.name} team\n"
    )
    return answer


def bounce(behaviour: Behaviour, notice: Notice, mail: Mail | None) -> EmailMessage:
    """The notice that a mail could not be delivered after all (RFC 3464)."""
    answer = EmailMessage()
    answer["From"] = f"Mail Delivery System <mailer-daemon@{behaviour.host}>"
    answer["To"] = mail.sender if mail else "unknown@example.test"
    answer["Subject"] = "Undelivered mail returned to sender"
    answer["Date"] = formatdate(notice.accepted_at)
    answer["Message-ID"] = f"<{notice.reference.lower()}-bounce@{behaviour.host}>"
    answer["In-Reply-To"] = clean(notice.notice_id)
    answer["Auto-Submitted"] = "auto-replied"
    answer.set_content(
        f"Your message to {behaviour.mailbox_address} could not be delivered: no such mailbox.\n"
    )
    report = (
        f"Reporting-MTA: dns; mx.{behaviour.host}\n\n"
        f"Final-Recipient: rfc822; {behaviour.mailbox_address}\nAction: failed\nStatus: 5.1.1\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such mailbox\n"
    )
    answer.make_mixed()
    answer.attach(parsed(b"Content-Type: message/delivery-status\n\n" + report.encode()))
    answer.set_type("multipart/report")
    answer.set_param("report-type", "delivery-status")
    return answer


def clean(text: str) -> str:
    """A text that may stand in a header."""
    return " ".join(text.split())


def message_id_of(raw: bytes) -> str | None:
    """The Message-ID, read without parsing the mail."""
    head = raw[: raw.find(b"\r\n\r\n") + 1] if b"\r\n\r\n" in raw else raw
    found = MESSAGE_ID.search(head)
    return found.group(1).decode(errors="replace") if found else None
