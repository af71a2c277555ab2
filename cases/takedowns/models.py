"""A notice is what leaves; a takedown is what becomes of one piece of content; an attempt is one try to send."""

import uuid
from typing import Any, ClassVar

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from cases.models import Case
from cases.takedowns import states
from cases.takedowns.states import ForbiddenMove, Outcome, Result, Source, Status
from helpline.crypto import wrapping
from helpline.crypto.box import Box
from helpline.crypto.fields import SealedField
from helpline.platforms.models import Channel, Platform, Regime
from reports.models import Link


class Notice(models.Model):
    """One request to one channel about one or more items. Its words are sealed under a key of its own.

    It is also the worker's to-do: `due_at` says when it wants to be sent; a worker that takes it holds a lease until
    `lease_until` and the number `fence`, and a result that comes with an older number is not written.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+", db_index=False)
    regimes = ArrayField(models.CharField(max_length=20, choices=Regime.choices))
    language = models.CharField(max_length=8)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    # Unknown: when to ask the platform whether it has it.
    ask_at = models.DateTimeField(null=True, blank=True)
    asks = models.PositiveSmallIntegerField(default=0)
    # How many workers in a row died with it in their hands before anything left: such a row is tried alone.
    crashes = models.PositiveSmallIntegerField(default=0, db_default=0)
    # Sent: when to ask what was decided, for a callback may be lost.
    poll_at = models.DateTimeField(null=True, blank=True)
    polls = models.PositiveSmallIntegerField(default=0, db_default=0)
    reference = models.CharField(max_length=200, blank=True)  # the platform's own
    # Why it did not leave, in a coded word and a short text.
    failure = models.CharField(max_length=200, blank=True)
    # Which template, and which version of it.
    wording = models.CharField(max_length=60, blank=True, db_default="")
    # To file by hand: when a person was last reminded.
    reminded_at = models.DateTimeField(null=True, blank=True)
    key = models.BinaryField(null=True)
    content = SealedField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                name="notice_due_or_leased", condition=Q(due_at=None) | Q(lease_until=None)
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            # By channel: each is claimed from apart, so that none takes the others' places.
            models.Index(
                fields=["channel", "due_at", "id"], name="notice_due", condition=Q(due_at__isnull=False)
            ),
            models.Index(
                fields=["lease_until"], name="notice_leased", condition=Q(lease_until__isnull=False)
            ),
            models.Index(fields=["ask_at"], name="notice_ask", condition=Q(ask_at__isnull=False)),
            models.Index(fields=["poll_at"], name="notice_poll", condition=Q(poll_at__isnull=False)),
            models.Index(fields=["channel", "requested_at"], name="notice_channel"),
        ]

    class Privacy:
        keep = (
            "id",
            "channel",
            "regimes",
            "language",
            "requested_by",
            "requested_at",
            "due_at",
            "lease_until",
            "fence",
            "tries",
            "ask_at",
            "poll_at",
            "polls",
            "asks",
            "crashes",
            "reference",
            "failure",
            "wording",
            "reminded_at",
        )
        blank = ("key",)
        sealed = ("content",)

    def __str__(self) -> str:
        return f"notice {self.pk}"

    @property
    def about(self) -> str:
        """What its key is bound to."""
        return f"notice:{self.pk}"

    def box(self) -> Box:
        """Opens the notice's words. Raises WrongKey once erased."""
        if self.key is None:
            raise wrapping.WrongKey("This notice was erased.")
        return Box(wrapping.unwrap_for_desk(self.key, about=self.about))


class Takedown(models.Model):
    """One link asked of one channel, from the wish to the proof. The four truths stand side by side."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="takedowns")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="takedowns")
    link = models.ForeignKey(Link, on_delete=models.PROTECT, related_name="takedowns")
    platform = models.ForeignKey(Platform, on_delete=models.PROTECT, related_name="+")
    # What the notice calls it, where that is not its own id: content that harms several people is asked for once, and is
    # one item of the notice for the takedowns of them all.
    item_id = models.UUIDField(null=True, blank=True)
    # A further request about the same link, to the same platform or above it, and which rung of the ladder it stands for.
    escalates = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="escalations"
    )
    rung = models.CharField(max_length=16, blank=True, db_default="")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.QUEUED)
    status_at = models.DateTimeField()
    requested_at = models.DateTimeField()
    # 1. what we sent
    sent_at = models.DateTimeField(null=True, blank=True)
    # 2. what the transport did
    transport = models.CharField(max_length=10, choices=Result.choices, blank=True)
    transport_at = models.DateTimeField(null=True, blank=True)
    # 3. what the platform answered
    platform_says = models.CharField(max_length=16, choices=Outcome.choices, blank=True)
    platform_at = models.DateTimeField(null=True, blank=True)
    acted_at = models.DateTimeField(null=True, blank=True)  # the first time anything says it was acted on
    redress_until = models.DateField(null=True, blank=True)
    # 4. what a look at the link saw
    observed = models.CharField(
        max_length=10,
        choices=[(o.value, o.label) for o in (Outcome.SEEN_THERE, Outcome.SEEN_GONE)],
        blank=True,
    )
    observed_at = models.DateTimeField(null=True, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)  # since when it has been seen gone, without a break
    reappeared_at = models.DateTimeField(null=True, blank=True)
    next_look_at = models.DateTimeField(null=True, blank=True)
    looks = models.PositiveSmallIntegerField(default=0)
    misses = models.PositiveSmallIntegerField(default=0)
    # The clock: when silence becomes an event. Stopped by a person, with a reason in the timeline.
    answer_due_at = models.DateTimeField(null=True, blank=True)
    clock_paused_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                name="takedown_transport_when",
                condition=Q(transport="", transport_at=None)
                | ~Q(transport="") & Q(transport_at__isnull=False),
            ),
            models.CheckConstraint(
                name="takedown_platform_when",
                condition=Q(platform_says="", platform_at=None)
                | ~Q(platform_says="") & Q(platform_at__isnull=False),
            ),
            models.CheckConstraint(
                name="takedown_observed_when",
                condition=Q(observed="", observed_at=None) | ~Q(observed="") & Q(observed_at__isnull=False),
            ),
            # The same link never leaves twice at once.
            models.UniqueConstraint(
                fields=["link"],
                name="takedown_leaves_once",
                condition=Q(status__in=sorted(states.LEAVING)),
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(
                fields=["next_look_at", "id"], name="takedown_look", condition=Q(next_look_at__isnull=False)
            ),
            # The clock: what left and has no due date yet; and what waits for its answer until then.
            models.Index(
                fields=["id"],
                name="takedown_no_clock",
                condition=Q(status__in=sorted(states.WAITED_FOR), answer_due_at=None, clock_paused_at=None),
            ),
            models.Index(
                fields=["answer_due_at", "id"],
                name="takedown_answer_due",
                condition=Q(status__in=sorted(states.WAITED_FOR), clock_paused_at=None),
            ),
            models.Index(fields=["-requested_at", "-id"], name="takedown_requested"),
            models.Index(fields=["status", "-requested_at", "-id"], name="takedown_status"),
            # When a platform was last heard of.
            models.Index(
                fields=["platform", "-platform_at"],
                name="takedown_heard",
                condition=Q(platform_at__isnull=False),
            ),
        ]

    class Privacy:
        keep = (
            "id",
            "notice",
            "case",
            "link",
            "platform",
            "item_id",
            "escalates",
            "rung",
            "status",
            "status_at",
            "requested_at",
            "sent_at",
            "transport",
            "transport_at",
            "platform_says",
            "platform_at",
            "acted_at",
            "redress_until",
            "observed",
            "observed_at",
            "gone_at",
            "reappeared_at",
            "next_look_at",
            "looks",
            "misses",
            "answer_due_at",
            "clock_paused_at",
        )

    def __str__(self) -> str:
        return f"takedown {self.pk}"

    @property
    def item(self) -> uuid.UUID:
        """What the notice calls its content."""
        return self.item_id or self.pk

    @property
    def asked_by(self) -> Any:
        """Who asked; None for somebody else's request that this case shares."""
        return self.notice.requested_by if self.requested_at == self.notice.requested_at else None

    def move(self, status: Status, *, at: Any) -> None:
        """Along an arrow of TRANSITIONS, in memory. Raises ForbiddenMove."""
        if status not in states.TRANSITIONS[Status(self.status)]:
            raise ForbiddenMove(f"A takedown that is {self.status} can't become {status}.")
        self.status, self.status_at = status, at

    def move_back(self, status: Status, *, at: Any) -> None:
        """Along an arrow of STEP_UNDO_TRANSITIONS, in memory. Raises ForbiddenMove."""
        if status not in states.STEP_UNDO_TRANSITIONS.get(Status(self.status), frozenset()):
            raise ForbiddenMove(f"A takedown that is {self.status} can't go back to {status}.")
        self.status, self.status_at = status, at


class Attempt(models.Model):
    """One try to send a notice: written before it leaves, and its result after. A result that never came is unknown."""

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="attempts", db_index=False)
    number = models.PositiveSmallIntegerField()
    fence = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    result = models.CharField(max_length=10, choices=Result.choices, blank=True)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    detail = models.CharField(max_length=200, blank=True)
    digest = models.BinaryField(max_length=32)  # SHA-256 of the bytes that left: proof without content

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["notice", "number"], name="attempt_number_once"),
            models.CheckConstraint(
                name="attempt_finished_with_result",
                condition=Q(result="", finished_at=None) | ~Q(result="") & Q(finished_at__isnull=False),
            ),
        ]

    class Privacy:
        keep = (
            "id",
            "notice",
            "number",
            "fence",
            "started_at",
            "finished_at",
            "result",
            "http_status",
            "detail",
            "digest",
        )

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.notice_id}"


class Event(models.Model):
    """A line of a takedown's timeline, never rewritten. `key` names a platform's event, so that a replay has no effect."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    takedown = models.ForeignKey(Takedown, on_delete=models.CASCADE, related_name="events", db_index=False)
    at = models.DateTimeField()  # when it happened, by the source's word
    recorded_at = models.DateTimeField()
    source = models.CharField(max_length=14, choices=Source.choices)
    what = models.CharField(max_length=16)  # an Outcome, a Status or a Result
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    detail = models.JSONField(default=dict)  # coarse: codes, counts, dates
    words = SealedField()  # what the platform or a colleague wrote, sealed with the case's key
    key = models.CharField(max_length=200, null=True, blank=True)

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["takedown", "at", "recorded_at"], name="takedown_event_order")
        ]
        constraints: ClassVar[list[Any]] = [
            # Not `unique=True`: that keeps a second index, for LIKE, which nobody asks.
            models.UniqueConstraint(fields=["key"], name="takedown_event_once"),
        ]
        triggers: ClassVar[list[Any]] = [
            # What may change is what is forgotten: words that were erased, a colleague who is no more.
            pgtrigger.Protect(
                name="never_rewritten",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "((NEW.words IS NOT NULL AND NEW.words IS DISTINCT FROM OLD.words) OR "
                    "(NEW.by_id IS NOT NULL AND NEW.by_id IS DISTINCT FROM OLD.by_id) OR "
                    "(OLD.id, OLD.takedown_id, OLD.at, OLD.recorded_at, OLD.source, OLD.what, OLD.detail, OLD.key) "
                    "IS DISTINCT FROM "
                    "(NEW.id, NEW.takedown_id, NEW.at, NEW.recorded_at, NEW.source, NEW.what, NEW.detail, NEW.key))"
                ),
            ),
        ]

    class Privacy:
        keep = ("id", "takedown", "at", "recorded_at", "source", "what", "by", "detail", "key")
        sealed = ("words",)

    def __str__(self) -> str:
        return f"{self.what} {self.at:%Y-%m-%d %H:%M}"
