"""The words a report and its links are described with, and the arrows between them."""

from datetime import datetime, time, timedelta
from enum import StrEnum

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Who(TextChoices):
    """Who is writing."""

    SELF = "self", _("It happened to me")
    FRIEND = "friend", _("It happened to a friend")
    CHILD = "child", _("It happened to my child")
    PUPIL = "pupil", _("It happened to a pupil or a young person I work with")


class AgeRange(TextChoices):
    """A range, never a date of birth, never a document."""

    UNDER_13 = "under-13", _("Under 13")
    FROM_13 = "13-14", _("13 or 14")
    FROM_15 = "15-17", _("15 to 17")
    ADULT = "18+", _("18 or over")
    UNKNOWN = "unknown", _("I prefer not to say")

    @property
    def is_minor(self) -> bool:
        """Unknown counts as a minor: the careful reading."""
        return self != AgeRange.ADULT


class Kind(TextChoices):
    """What happened, in the words of the form."""

    DEEPNUDE = "deepnude", _("Someone made a fake nude picture or video")
    REAL_IMAGE = "real-image", _("Someone shared a real private picture or video")
    THREAT = "threat", _("Someone threatens to share something")
    SENT = "sent", _("I sent something and I regret it")
    UNSURE = "unsure", _("I am not sure, or it is something else")


class Circumstance(TextChoices):
    """Facts that change how urgent it is. Coarse on purpose."""

    BLACKMAIL = "blackmail", _("Someone demands something (money, pictures…)")
    DEADLINE = "deadline", _("There is a deadline")
    ADULT = "adult", _("An adult is behind it")
    IN_DANGER = "in-danger", _("I am in danger right now")
    SELF_HARM = "self-harm", _("I think of hurting myself")
    VIOLENCE = "violence", _("There is violence")
    UNSAFE_HOME = "unsafe-home", _("Home is not safe")
    SPREADING = "spreading", _("Many people have seen it")
    NAMED = "named", _("My name or my school is on it")
    SCHOOL = "school", _("It is going round at school")
    REPEATED = "repeated", _("It came back after being removed")
    SEVERAL = "several", _("Several people are in it")
    IGNORED = "ignored", _("I reported it and nothing happened")
    VULNERABLE = "vulnerable", _("Something makes this harder for me")


# Help comes before everything else.
DANGER = frozenset({Circumstance.IN_DANGER, Circumstance.SELF_HARM})
# Somebody waits for an answer to a threat, and can do what they say.
THREATS = frozenset({Circumstance.BLACKMAIL, Circumstance.DEADLINE})
# What those who protect children have to hear of.
CHILD_IN_DANGER = frozenset({Circumstance.ADULT, Circumstance.VIOLENCE, Circumstance.UNSAFE_HOME})


class Demand(TextChoices):
    """What somebody who threatens wants."""

    MONEY = "money", _("Money")
    PICTURES = "pictures", _("More pictures or videos")
    MEET = "meet", _("To meet")
    ACTS = "acts", _("Something else that has to be done for them")
    ACCOUNT = "account", _("A password or an account")
    SILENCE = "silence", _("That nobody is told")
    UNKNOWN = "unknown", _("They did not say, or I do not know")


class Deadline(TextChoices):
    """Until when somebody wants something."""

    TODAY = "today", _("Today")
    DAY = "day", _("Within a day")
    WEEK = "week", _("Within a week")
    NONE = "none", _("No time was given, or I do not know")

    def ends(self, at: datetime) -> datetime | None:
        """The moment it runs out, counted from when it was said; a day ends at our midnight."""
        if self == Deadline.TODAY:
            tomorrow = timezone.localtime(at).date() + timedelta(days=1)
            return timezone.make_aware(datetime.combine(tomorrow, time.min))
        if self == Deadline.NONE:
            return None
        return at + timedelta(days=1 if self == Deadline.DAY else 7)


class Safety(TextChoices):
    """Are they safe, at this moment?"""

    SAFE = "safe"
    IN_DANGER = "in-danger"
    SELF_HARM = "self-harm"
    UNSAID = "unsaid"

    @property
    def is_urgent(self) -> bool:
        """Help comes before questions."""
        return self.value in DANGER


class Reported(TextChoices):
    """Did they report it to the site themselves?"""

    NO = "no", _("No")
    WAITING = "waiting", _("Yes, and I wait for an answer")
    IGNORED = "ignored", _("Yes, and nothing happened")
    REFUSED = "refused", _("Yes, and they said no")
    UNKNOWN = "unknown", _("I do not know")

    @property
    def is_done(self) -> bool | None:
        """Was it reported? None: not said."""
        return None if self == Reported.UNKNOWN else self != Reported.NO


class Knows(TextChoices):
    """Who knows about it."""

    PARENT = "parent", _("A parent")
    ADULT = "adult", _("Another adult")
    FRIEND = "friend", _("A friend")
    SCHOOL = "school", _("Somebody at school")
    POLICE = "police", _("The police")
    NOBODY = "nobody", _("Nobody yet")


class Home(TextChoices):
    """Is home a safe place? It decides who may be told, and how."""

    SAFE = "safe", _("Yes")
    SECRET = "secret", _("Yes, but nobody at home must know about this")
    UNSAFE = "unsafe", _("No")
    UNSAID = "unsaid", _("I prefer not to say")


class Picture(TextChoices):
    """What a screenshot shows. Never anything else."""

    MESSAGES = "messages", _("Messages, such as a threat")
    PROFILE = "profile", _("A profile or an account")


class SealedWhy(TextChoices):
    """Why a screenshot was destroyed for good: a word, so that the fact can be kept without its story."""

    INTIMATE = "intimate", _("It shows what nobody should have to see")
    OTHERS = "others", _("It shows people it should not show")
    MISTAKE = "mistake", _("It is something else than a screenshot of messages or of a profile")
    WISH = "wish", _("The young person asked for it")


class NudgeStatus(TextChoices):
    """What became of a neutral sign that there is something to read."""

    WAITING = "waiting", _("Waiting for an hour that is allowed")
    SENT = "sent", _("Sent")
    REFUSED = "refused", _("Not sent: it would have broken what was agreed")
    FAILED = "failed", _("Not sent: it did not get through")


class Via(StrEnum):
    """How somebody may be reached: never unless they choose it. Its words stand where they are read: a young person's in
    `reports.contact.forms`, the desk's in `cases.words`.
    """

    NONE = "none"
    EMAIL = "email"
    SMS = "sms"
    PHONE = "phone"


BY_ITSELF = frozenset({Via.EMAIL, Via.SMS})  # a phone call is made by a person


class Channel(TextChoices):
    """How the report reached the helpline."""

    WEB = "web", _("Web")
    PHONE = "phone", _("Phone")
    CHAT = "chat", _("Chat")
    PARTNER = "partner", _("Partner")


class Status(TextChoices):
    """Where a report stands."""

    SUBMITTED = "submitted", _("Received")
    IN_CASE = "in-case", _("Somebody is on it")
    CLOSED = "closed", _("Closed")
    ERASED = "erased", _("Erased")


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.SUBMITTED: frozenset({Status.IN_CASE, Status.CLOSED, Status.ERASED}),
    Status.IN_CASE: frozenset({Status.CLOSED, Status.ERASED}),
    Status.CLOSED: frozenset({Status.IN_CASE, Status.ERASED}),
    Status.ERASED: frozenset(),
}


class LinkStatus(TextChoices):
    """What the young person sees of a link. The eight words of the follow-up API."""

    RECEIVED = "received", _("We have it")
    IN_PROGRESS = "in_progress", _("We are preparing the request")
    SENT = "sent", _("The request is sent")
    SAID_REMOVED = "said_removed", _("The site says it is removed")
    GONE = "gone", _("It is gone")
    REFUSED = "refused", _("The site said no")
    REAPPEARED = "reappeared", _("It is back")
    WITHDRAWN = "withdrawn", _("You stopped this request")


class News(TextChoices):
    """Dated facts told to the young person. Each is rendered in their language when it is read."""

    RECEIVED = "received"
    OPENED = "opened"
    IN_PROGRESS = "in_progress"
    SENT = "sent"
    SEND_DELAYED = "send_delayed"
    ACKNOWLEDGED = "acknowledged"
    UNDER_REVIEW = "under_review"
    SAID_REMOVED = "said_removed"
    SAID_PARTLY = "said_partly"
    SAID_BLOCKED = "said_blocked"
    STILL_THERE = "still_there"
    GONE = "gone"
    REFUSED = "refused"
    MORE_INFORMATION = "more_information"
    NOT_FOUND = "not_found"
    NO_ANSWER = "no_answer"
    NOT_DELIVERED = "not_delivered"
    TAKEN_FURTHER = "taken_further"
    CONTESTED = "contested"
    REAPPEARED = "reappeared"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"
    REOPENED = "reopened"
    SCREENSHOT_DESTROYED = "screenshot_destroyed"


# Which word a piece of news leaves on the link; None leaves it as it was.
LINK_STATUS_AFTER: dict[News, LinkStatus | None] = {
    News.RECEIVED: LinkStatus.RECEIVED,
    News.OPENED: None,
    News.IN_PROGRESS: LinkStatus.IN_PROGRESS,
    News.SENT: LinkStatus.SENT,
    News.SEND_DELAYED: None,
    News.ACKNOWLEDGED: None,
    News.UNDER_REVIEW: None,
    News.SAID_REMOVED: LinkStatus.SAID_REMOVED,
    # Some is not all: it was asked for, and it is not removed.
    News.SAID_PARTLY: LinkStatus.SENT,
    News.SAID_BLOCKED: LinkStatus.SENT,
    News.STILL_THERE: None,
    News.GONE: LinkStatus.GONE,
    News.REFUSED: LinkStatus.REFUSED,
    News.MORE_INFORMATION: None,
    News.NOT_FOUND: LinkStatus.REFUSED,
    News.NO_ANSWER: None,
    News.NOT_DELIVERED: LinkStatus.IN_PROGRESS,
    News.TAKEN_FURTHER: None,
    News.CONTESTED: None,
    News.REAPPEARED: LinkStatus.REAPPEARED,
    News.WITHDRAWN: LinkStatus.WITHDRAWN,
    News.CLOSED: None,
    News.REOPENED: None,
    News.SCREENSHOT_DESTROYED: None,
}


class ForbiddenMove(Exception):
    """This state does not follow from that one."""
