"""What platforms wrote by mail and nobody has decided about yet: taken in as if the mailbox had been read."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage

from cases.mailbox import actions
from cases.takedowns.connectors.email import token
from cases.takedowns.models import Notice
from cases.takedowns.states import Status
from helpline.platforms.models import ChannelKind

OURS = "mx.helpline.example"
WAITS = (Status.UNKNOWN, Status.SENT, Status.ACKNOWLEDGED, Status.UNDER_REVIEW)
# Each with whether the platform's server vouches for it.
ANSWERS: Sequence[tuple[str, bool]] = (
    (
        "Hello,\n\nthank you for your notice. We could not find anything at the address you gave. "
        "Please tell us where exactly it is.\n\nYour reference is PX-20418.\n\nThe trust team\n",
        True,
    ),
    (
        "Hi there,\n\nwe have looked at the content you told us about and it has been removed.\n\nThe support team\n",
        False,
    ),
)
STRANGER = "Hello,\n\nwe moved. Please use our new form from next month on.\n\nAn abuse desk\n"


def leave(*, now: datetime) -> None:
    """An answer to each of the latest requests by mail, as far as there are any, and a mail that leads to none."""
    waiting = Notice.objects.filter(channel__kind=ChannelKind.EMAIL, takedowns__status__in=WAITS).distinct()
    found = waiting.select_related("channel__platform").order_by("-requested_at", "pk")
    for number, (notice, (words, is_vouched)) in enumerate(zip(found, ANSWERS, strict=False)):
        domain = notice.channel.platform.domains[0]
        mail = _written(words, sender=f"Support <support@{domain}>", number=number)
        mail["In-Reply-To"] = token.message_id(notice.pk, "helpline.example")
        if is_vouched:
            mail["Authentication-Results"] = f"{OURS}; dmarc=pass header.from={domain}"
        at = now - timedelta(minutes=95 - 40 * number)
        actions.take_in(mail.as_bytes(), at=at, authserv_id=OURS)
    stranger = _written(STRANGER, sender="desk@quiet-host.example", number=len(ANSWERS))
    actions.take_in(stranger.as_bytes(), at=now - timedelta(hours=5), authserv_id=OURS)


def _written(words: str, *, sender: str, number: int) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"] = sender, "notices@helpline.example"
    mail["Subject"] = "Re: your notice"
    mail["Message-ID"] = f"<answer-{number}@demo.example>"
    mail.set_content(words)
    return mail
