"""Where a mail stands, what it is, and who seems to have written it."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from reports.states import ForbiddenMove

__all__ = ["TRANSITIONS", "ForbiddenMove", "Kind", "LetterStatus", "State", "Trust", "Why"]


class State(TextChoices):
    """A mail waits for a person, or is done with."""

    OPEN = "open", _("To decide")
    CONFIRMED = "confirmed", _("Recorded")
    DISMISSED = "dismissed", _("Put aside")


class Kind(TextChoices):
    """What a mail is."""

    ANSWER = "answer", _("An answer")
    AUTOMATIC = "automatic", _("Automatic answer")
    BOUNCE = "bounce", _("Not delivered")
    DELAYED = "delayed", _("Not delivered yet")
    TOO_LARGE = "too_large", _("Too large to be read")
    UNREADABLE = "unreadable", _("Could not be read")


class Why(TextChoices):
    """Why the mailbox could not be read. No name, no password, no address."""

    LOGIN = "login", _("The mailbox refused the name or the password.")
    SILENT = "silent", _("The mail server does not answer.")
    CERTIFICATE = "certificate", _("The mail server’s certificate can’t be trusted.")
    CONFUSED = "confused", _("The mail server answered something unexpected.")
    SETTING = "setting", _("HELPLINE_IMAP_URL is not the address of a mailbox.")


class Trust(TextChoices):
    """What our own mail server found out about the sender."""

    PLATFORM = "platform", _("From the platform")
    UNVERIFIED = "unverified", _("Sender not verified")


class LetterStatus(TextChoices):
    """A letter of ours in the thread of a notice."""

    QUEUED = "queued", _("Waiting to leave")
    SENDING = "sending", _("Leaving now")
    SENT = "sent", _("Sent")
    UNKNOWN = "unknown", _("Perhaps sent")
    FAILED = "failed", _("Not sent")


TRANSITIONS: dict[State, frozenset[State]] = {
    State.OPEN: frozenset({State.CONFIRMED, State.DISMISSED}),
    State.CONFIRMED: frozenset(),
    State.DISMISSED: frozenset({State.OPEN}),
}
