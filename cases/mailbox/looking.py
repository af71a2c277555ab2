"""Whether the mailbox can be read: noted at every look, and said where people ask."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models.functions import Coalesce
from django.utils import timezone

from cases.mailbox.models import MailboxLook
from cases.mailbox.states import Why

PATIENCE = timedelta(minutes=10)  # a mail server may be started anew


def went_well(*, at: datetime) -> None:
    """The mailbox was read to its end."""
    MailboxLook.objects.update_or_create(
        pk=1, defaults={"succeeded_at": at, "failing_since": None, "why": ""}
    )


def failed(why: Why, *, at: datetime) -> None:
    """It could not be read. Since when is kept from the first time on."""
    MailboxLook.objects.get_or_create(pk=1)
    MailboxLook.objects.update(failing_since=Coalesce("failing_since", at), why=why)


def trouble_now() -> MailboxLook | None:
    """The look that fails, once it has for longer than a server takes to start; None when all is well, or off."""
    if not settings.IMAP_URL:
        return None
    return MailboxLook.objects.filter(failing_since__lte=timezone.now() - PATIENCE).first()


def in_words() -> str:
    """For `/readyz`, `doctor` and the alarm: '' when all is well, or since when and why."""
    look = trouble_now()
    if look is None:
        return ""
    read = f"last read {look.succeeded_at:%Y-%m-%d %H:%M}" if look.succeeded_at else "never read yet"
    return f"can't be read since {look.failing_since:%Y-%m-%d %H:%M} ({look.why}), {read}"


def highest_uid(uid_validity: int) -> int:
    """How far we are in this mailbox; 0 once it numbers its mails anew."""
    look = MailboxLook.objects.filter(pk=1, uid_validity=uid_validity).first()
    return look.highest_uid if look is not None else 0


def took(*, uid_validity: int, uid: int) -> None:
    """Everything up to this mail is taken in."""
    MailboxLook.objects.update_or_create(pk=1, defaults={"uid_validity": uid_validity, "highest_uid": uid})
