"""A takedown moves along these arrows and no others."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from reports.states import ForbiddenMove

__all__ = [
    "ACTED_ON",
    "ENDED",
    "LEAVING",
    "MAY_ASK_AGAIN",
    "SAID_REMOVED",
    "STATUS_OF",
    "TRANSITIONS",
    "WATCHED",
    "ForbiddenMove",
    "Outcome",
    "Result",
    "Source",
    "Status",
]


class Status(TextChoices):
    """From the wish to the proof."""

    QUEUED = "queued", _("Waiting to leave")
    TO_FILE = "to_file", _("To file by hand")
    SENDING = "sending", _("Leaving now")
    UNKNOWN = "unknown", _("Perhaps sent")
    FAILED = "failed", _("Not sent")
    SENT = "sent", _("Sent")
    ACKNOWLEDGED = "acknowledged", _("Receipt confirmed")
    UNDER_REVIEW = "under_review", _("The platform is looking")
    REMOVED = "removed", _("The platform says: removed")
    DISABLED = "disabled", _("The platform says: blocked")
    ACCOUNT_REMOVED = "account_removed", _("The platform says: account removed")
    PARTLY_REMOVED = "partly_removed", _("The platform says: partly removed")
    ALREADY_GONE = "already_gone", _("The platform says: already gone")
    REFUSED = "refused", _("The platform refused")
    MORE_INFORMATION = "more_information", _("The platform asks for more")
    NOT_FOUND = "not_found", _("The platform found nothing there")
    GONE = "gone", _("Seen gone")
    REAPPEARED = "reappeared", _("It came back")
    WITHDRAWN = "withdrawn", _("Withdrawn by the young person")
    CANCELLED = "cancelled", _("Cancelled")


class Outcome(TextChoices):
    """What was learned of the content, from whichever door: the platform's words, then our own observations."""

    ACKNOWLEDGED = "acknowledged", _("Receipt confirmed")
    UNDER_REVIEW = "under_review", _("Being looked at")
    REMOVED = "removed", _("Removed")
    DISABLED = "disabled", _("Blocked in some places")
    ACCOUNT_REMOVED = "account_removed", _("Account removed")
    PARTLY_REMOVED = "partly_removed", _("Partly removed")
    ALREADY_GONE = "already_gone", _("Already gone")
    REFUSED = "refused", _("Refused")
    MORE_INFORMATION = "more_information", _("More information asked")
    NOT_FOUND = "not_found", _("Not found at that address")
    SEEN_THERE = "seen_there", _("Seen: still there")
    SEEN_GONE = "seen_gone", _("Seen: gone")


class Source(TextChoices):
    """Which door the knowledge came by."""

    WORKER = "worker", _("our own sending")
    CALLBACK = "callback", _("the platform's callback")
    QUERY = "query", _("a status query")
    RECHECK = "recheck", _("a look at the link")
    PERSON = "person", _("a colleague")
    YOUNG_PERSON = "young-person", _("the young person")


class Result(TextChoices):
    """How one attempt to send ended."""

    ACCEPTED = "accepted", _("Accepted")
    REFUSED = "refused", _("Refused for good")
    RETRY = "retry", _("Not now, try later")
    UNKNOWN = "unknown", _("Perhaps received")
    NOT_SENT = "not_sent", _("Did not leave")


_PLATFORM_SAYS = frozenset(
    {
        Status.ACKNOWLEDGED,
        Status.UNDER_REVIEW,
        Status.REMOVED,
        Status.DISABLED,
        Status.ACCOUNT_REMOVED,
        Status.PARTLY_REMOVED,
        Status.ALREADY_GONE,
        Status.REFUSED,
        Status.MORE_INFORMATION,
        Status.NOT_FOUND,
    }
)
_AFTER_SENDING = _PLATFORM_SAYS | {Status.GONE, Status.WITHDRAWN}

TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.SENDING, Status.FAILED, Status.CANCELLED, Status.WITHDRAWN}),
    Status.TO_FILE: frozenset({Status.SENT, Status.CANCELLED, Status.WITHDRAWN}),
    Status.SENDING: frozenset({Status.SENT, Status.UNKNOWN, Status.QUEUED, Status.FAILED, Status.WITHDRAWN}),
    # A callback proves that an unknown one arrived; a query or a person settles it either way.
    Status.UNKNOWN: frozenset({Status.SENT, Status.QUEUED, Status.FAILED}) | _AFTER_SENDING,
    Status.FAILED: frozenset({Status.QUEUED, Status.CANCELLED, Status.WITHDRAWN}),
    Status.SENT: _AFTER_SENDING,
    Status.ACKNOWLEDGED: _AFTER_SENDING - {Status.ACKNOWLEDGED},
    Status.UNDER_REVIEW: _AFTER_SENDING - {Status.UNDER_REVIEW},
    Status.REMOVED: _AFTER_SENDING - {Status.REMOVED} | {Status.REAPPEARED},
    Status.DISABLED: _AFTER_SENDING - {Status.DISABLED} | {Status.REAPPEARED},
    Status.ACCOUNT_REMOVED: _AFTER_SENDING - {Status.ACCOUNT_REMOVED} | {Status.REAPPEARED},
    Status.PARTLY_REMOVED: _AFTER_SENDING - {Status.PARTLY_REMOVED} | {Status.REAPPEARED},
    Status.ALREADY_GONE: _AFTER_SENDING - {Status.ALREADY_GONE} | {Status.REAPPEARED},
    Status.REFUSED: _AFTER_SENDING - {Status.REFUSED},
    Status.MORE_INFORMATION: _AFTER_SENDING - {Status.MORE_INFORMATION},
    Status.NOT_FOUND: _AFTER_SENDING - {Status.NOT_FOUND},
    Status.GONE: frozenset({Status.REAPPEARED, Status.WITHDRAWN}),
    Status.REAPPEARED: _AFTER_SENDING,
    Status.WITHDRAWN: frozenset(),
    Status.CANCELLED: frozenset(),
}

# The platform's word and the status it leads to. Observations lead elsewhere: see `actions.record_outcome`.
STATUS_OF: dict[Outcome, Status] = {Outcome(status.value): status for status in _PLATFORM_SAYS}
SAID_REMOVED = frozenset(
    {Status.REMOVED, Status.DISABLED, Status.ACCOUNT_REMOVED, Status.PARTLY_REMOVED, Status.ALREADY_GONE}
)
# The platform did something about it, whatever we saw since.
ACTED_ON = SAID_REMOVED | {Status.GONE, Status.REAPPEARED}
LEAVING = frozenset({Status.QUEUED, Status.TO_FILE, Status.SENDING, Status.UNKNOWN})
ENDED = frozenset({Status.WITHDRAWN, Status.CANCELLED})
# Nothing is under way any more: the same link may be asked for again.
MAY_ASK_AGAIN = ENDED | {Status.FAILED, Status.REFUSED, Status.NOT_FOUND, Status.GONE, Status.REAPPEARED}
# Left, and worth a look at the link.
WATCHED = frozenset(Status) - ENDED - LEAVING - {Status.FAILED}
