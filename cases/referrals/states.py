"""A referral moves along these arrows and no others."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from reports.states import ForbiddenMove

__all__ = [
    "ANSWERED",
    "CHANGEABLE",
    "ENDED",
    "LEFT",
    "STANDING",
    "TRANSITIONS",
    "Basis",
    "ConsentBy",
    "ConsentHow",
    "ForbiddenMove",
    "Outcome",
    "Part",
    "RecipientKind",
    "Status",
    "Step",
]


class RecipientKind(TextChoices):
    """Who a case can be handed to. What each accepts is data: see recipients.py."""

    PROSECUTOR = "prosecutor", _("Prosecutor")
    PHAROS = "pharos", _("Pharos")
    CRIP = "crip", _("Child protection (CRIP, 119)")
    SCHOOL = "school", _("School (pHARe)")
    HEALTH = "health", _("Health")
    PARTNER = "partner", _("Partner helpline")
    OTHER = "other", _("Somebody else")


class Basis(TextChoices):
    """What allows it."""

    CONSENT = "consent", _("They agreed")
    LEGAL_DUTY = "legal-duty", _("The law requires it")
    VITAL_INTEREST = "vital-interest", _("To protect a life or health")


class ConsentBy(TextChoices):
    """Who said yes."""

    YOUNG_PERSON = "young-person", _("The young person")
    PARENT = "parent", _("Who holds parental authority")
    BOTH = "both", _("Both of them")


class ConsentHow(TextChoices):
    """How the yes was recorded."""

    MESSAGES = "messages", _("In the messages of the case")
    PHONE = "phone", _("By phone, noted by a colleague")
    CHAT = "chat", _("In a chat, noted by a colleague")
    WRITTEN = "written", _("On paper or by mail")


class Status(TextChoices):
    """From the wish to the answer."""

    DRAFT = "draft", _("Being prepared")
    WAITING = "waiting", _("Waiting for a second person")
    READY = "ready", _("Ready to send")
    SENT = "sent", _("Sent")
    ACCEPTED = "accepted", _("They took it on")
    DECLINED = "declined", _("They declined")
    CLOSED = "closed", _("Closed")
    CANCELLED = "cancelled", _("Cancelled")


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.DRAFT: frozenset({Status.WAITING, Status.READY, Status.CANCELLED}),
    Status.WAITING: frozenset({Status.READY, Status.DRAFT, Status.CANCELLED}),
    # What is changed after it was ready, or approved, begins again.
    Status.READY: frozenset({Status.SENT, Status.DRAFT, Status.CANCELLED}),
    Status.SENT: frozenset({Status.ACCEPTED, Status.DECLINED, Status.CLOSED}),
    Status.ACCEPTED: frozenset({Status.DECLINED, Status.CLOSED}),
    Status.DECLINED: frozenset({Status.ACCEPTED, Status.CLOSED}),
    Status.CLOSED: frozenset(),
    Status.CANCELLED: frozenset(),
}

CHANGEABLE = frozenset({Status.DRAFT, Status.WAITING, Status.READY})
ANSWERED = frozenset({Status.ACCEPTED, Status.DECLINED})
LEFT = frozenset({Status.SENT, Status.CLOSED}) | ANSWERED
STANDING = LEFT | {Status.READY}  # has a ground that holds, and an approval where one is needed
ENDED = frozenset({Status.CLOSED, Status.CANCELLED})


class Outcome(TextChoices):
    """What came of it."""

    PROCEDURE = "procedure", _("A procedure was opened")
    PROTECTED = "protected", _("Protection or support is in place")
    ADVICE = "advice", _("Advice was given")
    KNOWN = "known", _("They knew of it already")
    NOTHING = "nothing", _("They took no step")
    NO_ANSWER = "no-answer", _("No answer came")


class Part(TextChoices):
    """What a dossier may hold. Only what somebody ticked goes in."""

    FACTS = "facts", _("What happened, in plain facts")
    LINKS = "links", _("Links and accounts, with what became of each")
    TIMELINE = "timeline", _("The dated steps of the case")
    FINGERPRINTS = "fingerprints", _("Fingerprints of the picture")
    SCREENSHOTS = "screenshots", _("Digests of the screenshots")
    OFFENCES = "offences", _("Articles of law to check")
    STORY = "story", _("Their story, in their words")
    NAME = "name", _("How they want to be called")
    SCHOOL = "school", _("Their school")
    CONTACT = "contact", _("How to reach them")
    PICTURES = "pictures", _("The screenshots themselves")


class Step(TextChoices):
    """Lines of a referral's timeline."""

    PREPARED = "prepared", _("Prepared")
    CHANGED = "changed", _("Changed")
    ASKED = "asked", _("A second person was asked")
    APPROVED = "approved", _("A second person agreed")
    REFUSED = "refused", _("A second person said no")
    UNASKED = "unasked", _("The question to a second person was taken back, or ran out")
    READY = "ready", _("Ready to send")
    DOSSIER = "dossier", _("Dossier made")
    SENT = "sent", _("Sent")
    ACCEPTED = "accepted", _("They took it on")
    DECLINED = "declined", _("They declined")
    FOLLOW_UP = "follow-up", _("Follow-up set")
    TOLD = "told", _("The young person was told")
    CLOSED = "closed", _("Closed")
    CANCELLED = "cancelled", _("Cancelled")
    ERASED = "erased", _("Erased with the report")
