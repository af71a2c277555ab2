"""A case, a queue item and an incident move along these arrows and no others."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from reports.states import ForbiddenMove

__all__ = [
    "CASE_TRANSITIONS",
    "CaseStatus",
    "ForbiddenMove",
    "Happening",
    "IncidentStatus",
    "MemberState",
    "Outcome",
    "QueueState",
]


class CaseStatus(TextChoices):
    """Where the work stands."""

    OPEN = "open", _("Open")
    WAITING = "waiting", _("Waiting for the young person")
    CLOSED = "closed", _("Closed")


CASE_TRANSITIONS: dict[CaseStatus, frozenset[CaseStatus]] = {
    CaseStatus.OPEN: frozenset({CaseStatus.WAITING, CaseStatus.CLOSED}),
    CaseStatus.WAITING: frozenset({CaseStatus.OPEN, CaseStatus.CLOSED}),
    CaseStatus.CLOSED: frozenset({CaseStatus.OPEN}),
}


class Outcome(TextChoices):
    """How a case ended."""

    GONE = "gone", _("Everything is gone")
    PARTLY = "partly", _("Some of it is gone")
    NOT_REMOVED = "not-removed", _("It could not be removed")
    ADVICE = "advice", _("Advice was what was needed")
    REFERRED = "referred", _("Handed to another service")
    NO_CONTACT = "no-contact", _("The young person did not come back")
    WITHDRAWN = "withdrawn", _("The young person withdrew it")
    DUPLICATE = "duplicate", _("The same as another report")


class QueueState(TextChoices):
    """What the queue knows of a report."""

    WAITING = "waiting", _("Waiting")
    OPEN = "open", _("In a case")
    CLOSED = "closed", _("Closed")


class IncidentStatus(TextChoices):
    """An incident groups cases that share a cause."""

    OPEN = "open", _("Open")
    CLOSED = "closed", _("Closed")


class MemberState(TextChoices):
    """A case is proposed for an incident by the machine and joined by a person."""

    PROPOSED = "proposed", _("Proposed")
    JOINED = "joined", _("In the incident")
    DETACHED = "detached", _("Not the same")


class Happening(TextChoices):
    """Lines of a case's timeline."""

    OPENED = "opened", _("Case opened")
    ASSIGNED = "assigned", _("Assigned")
    NOTED = "noted", _("Note added")
    MESSAGED = "messaged", _("Message sent")
    REPLIED = "replied", _("The young person wrote")
    LINKS_ADDED = "links-added", _("Links added")
    REQUESTED = "requested", _("Takedown requested")
    OUTCOME = "outcome", _("Takedown outcome")
    STATUS = "status", _("Status changed")
    JOINED = "joined", _("Joined an incident")
    DETACHED = "detached", _("Left an incident")
    CLOSED = "closed", _("Case closed")
    REOPENED = "reopened", _("Case reopened")
    REFERRED = "referred", _("Referral")
    HANDED = "handed", _("Hand-over")
    SHARED = "shared", _("Shared with a colleague")
    DANGER = "danger", _("Danger")
    DEADLINE = "deadline", _("Deadline")
