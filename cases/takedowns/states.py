"""A takedown moves along these arrows and no others."""

from datetime import timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from reports.states import ForbiddenMove, News

__all__ = [
    "ACTED_ON",
    "ENDED",
    "LEAVING",
    "MAY_ASK_AGAIN",
    "NEWS_OF",
    "PARTLY",
    "SAID_REMOVED",
    "STATUS_OF",
    "STAYED",
    "STEP_UNDO_TRANSITIONS",
    "TRANSITIONS",
    "WAITED_FOR",
    "WATCHED",
    "ForbiddenMove",
    "Outcome",
    "Result",
    "Rung",
    "Source",
    "Status",
]


class Status(TextChoices):
    """From the wish to the proof."""

    DRAFT = "draft", _("To mend before it leaves")
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
    NO_ANSWER = "no_answer", _("No answer in time")
    ESCALATED = "escalated", _("Taken further")
    CONTESTED = "contested", _("The refusal is contested")
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
    MAIL = "mail", _("the platform’s mail, confirmed by a colleague")
    CLOCK = "clock", _("the clock")
    PERSON = "person", _("a colleague")
    YOUNG_PERSON = "young-person", _("the young person")


class Rung(TextChoices):
    """Where a request, or a step beside it, stands on the ladder of what is done when nobody answers."""

    REMINDER = "reminder", _("Remind the platform")
    SECOND = "second", _("Ask by another channel")
    HOST = "host", _("Ask the host")
    REGISTRAR = "registrar", _("Ask the registrar or CDN")
    COORDINATOR = "coordinator", _("Complain to the coordinator")
    PHAROS = "pharos", _("Tell Pharos")
    FTC = "ftc", _("Complain to the FTC")
    DECIDE = "decide", _("Decide what else can be done")


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

# Silence is an event, and so is asking somebody above the platform.
_UNHEARD = frozenset({Status.NO_ANSWER, Status.ESCALATED})

TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.DRAFT: frozenset({Status.QUEUED, Status.TO_FILE, Status.CANCELLED, Status.WITHDRAWN}),
    # What is found weak just before it leaves goes back to be mended.
    Status.QUEUED: frozenset(
        {Status.SENDING, Status.DRAFT, Status.FAILED, Status.CANCELLED, Status.WITHDRAWN}
    ),
    Status.TO_FILE: frozenset({Status.SENT, Status.FAILED, Status.DRAFT, Status.CANCELLED, Status.WITHDRAWN}),
    Status.SENDING: frozenset(
        {Status.SENT, Status.UNKNOWN, Status.QUEUED, Status.DRAFT, Status.FAILED, Status.WITHDRAWN}
    ),
    # A callback proves that an unknown one arrived; a query or a person settles it either way.
    Status.UNKNOWN: frozenset({Status.SENT, Status.QUEUED, Status.FAILED}) | _AFTER_SENDING,
    Status.FAILED: frozenset({Status.QUEUED, Status.DRAFT, Status.CANCELLED, Status.WITHDRAWN}),
    # Mail that left may come back.
    Status.SENT: _AFTER_SENDING | _UNHEARD | {Status.FAILED},
    Status.ACKNOWLEDGED: _AFTER_SENDING - {Status.ACKNOWLEDGED} | _UNHEARD,
    Status.UNDER_REVIEW: _AFTER_SENDING - {Status.UNDER_REVIEW} | _UNHEARD,
    # Said removed, and still there: that may be taken further as well.
    Status.REMOVED: _AFTER_SENDING - {Status.REMOVED} | {Status.REAPPEARED, Status.ESCALATED},
    Status.DISABLED: _AFTER_SENDING - {Status.DISABLED}
    | {Status.REAPPEARED, Status.ESCALATED, Status.CONTESTED},
    Status.ACCOUNT_REMOVED: _AFTER_SENDING - {Status.ACCOUNT_REMOVED} | {Status.REAPPEARED, Status.ESCALATED},
    Status.PARTLY_REMOVED: _AFTER_SENDING - {Status.PARTLY_REMOVED}
    | {Status.REAPPEARED, Status.ESCALATED, Status.CONTESTED},
    Status.ALREADY_GONE: _AFTER_SENDING - {Status.ALREADY_GONE} | {Status.REAPPEARED, Status.ESCALATED},
    Status.REFUSED: _AFTER_SENDING - {Status.REFUSED} | {Status.CONTESTED, Status.ESCALATED},
    Status.MORE_INFORMATION: _AFTER_SENDING - {Status.MORE_INFORMATION} | _UNHEARD,
    Status.NOT_FOUND: _AFTER_SENDING - {Status.NOT_FOUND} | {Status.CONTESTED, Status.ESCALATED},
    # A receipt for a reminder changes nothing: only a decision ends the waiting.
    Status.NO_ANSWER: _AFTER_SENDING - {Status.ACKNOWLEDGED} | {Status.ESCALATED},
    Status.ESCALATED: _AFTER_SENDING - {Status.ACKNOWLEDGED},
    Status.CONTESTED: _AFTER_SENDING - {Status.ACKNOWLEDGED} | {Status.ESCALATED},
    Status.GONE: frozenset({Status.REAPPEARED, Status.WITHDRAWN}),
    Status.REAPPEARED: _AFTER_SENDING | {Status.ESCALATED},
    Status.WITHDRAWN: frozenset(),
    Status.CANCELLED: frozenset(),
}

# The ways back, for a person alone: a step of the ladder that was never done leaves no trace in the status. No arrows of
# TRANSITIONS, as along those any late receipt would end the climb.
_MAY_ESCALATE = [status for status, to in TRANSITIONS.items() if Status.ESCALATED in to]
STEP_UNDO_TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.ESCALATED: frozenset(_MAY_ESCALATE),
    **dict.fromkeys(_MAY_ESCALATE, frozenset[Status]()),
    # Found not to have arrived, by a slip: nobody knows again. Only while it has not left once more.
    Status.QUEUED: frozenset({Status.UNKNOWN}),
    Status.UNKNOWN: frozenset(),
}

# The platform's word and the status it leads to. Observations lead elsewhere: see `actions.record_outcome`.
STATUS_OF: dict[Outcome, Status] = {Outcome(status.value): status for status in _PLATFORM_SAYS}
SAID_REMOVED = frozenset(
    {Status.REMOVED, Status.DISABLED, Status.ACCOUNT_REMOVED, Status.PARTLY_REMOVED, Status.ALREADY_GONE}
)
# Some is not all: something was done, and it is still there for somebody.
PARTLY = frozenset({Status.DISABLED, Status.PARTLY_REMOVED})
# What is told to the young person.
NEWS_OF: dict[Outcome, News] = {
    Outcome.ACKNOWLEDGED: News.ACKNOWLEDGED,
    Outcome.UNDER_REVIEW: News.UNDER_REVIEW,
    Outcome.REMOVED: News.SAID_REMOVED,
    Outcome.DISABLED: News.SAID_BLOCKED,
    Outcome.ACCOUNT_REMOVED: News.SAID_REMOVED,
    Outcome.PARTLY_REMOVED: News.SAID_PARTLY,
    Outcome.ALREADY_GONE: News.SAID_REMOVED,
    Outcome.REFUSED: News.REFUSED,
    Outcome.MORE_INFORMATION: News.MORE_INFORMATION,
    Outcome.NOT_FOUND: News.NOT_FOUND,
    Outcome.SEEN_GONE: News.GONE,
}
# The platform did something about it, whatever we saw since.
ACTED_ON = SAID_REMOVED | {Status.GONE, Status.REAPPEARED}
# Gone for as long as this, and looked at again after it: it stayed gone.
STAYED = timedelta(days=30)
LEAVING = frozenset({Status.DRAFT, Status.QUEUED, Status.TO_FILE, Status.SENDING, Status.UNKNOWN})
ENDED = frozenset({Status.WITHDRAWN, Status.CANCELLED})
# It left, and its answer has not come: the clock runs.
WAITED_FOR = frozenset({Status.SENT, Status.ACKNOWLEDGED, Status.UNDER_REVIEW})
# Nothing is under way any more: the same link may be asked for again.
MAY_ASK_AGAIN = ENDED | {Status.FAILED, Status.REFUSED, Status.NOT_FOUND, Status.GONE, Status.REAPPEARED}
# Left, and worth a look at the link.
WATCHED = frozenset(Status) - ENDED - LEAVING - {Status.FAILED}
