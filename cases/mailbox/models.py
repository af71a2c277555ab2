"""A mail that came in, and a letter that we write back."""

import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import BooleanField as YesNo
from django.db.models import Exists, Func, OuterRef, Q
from django.db.models.functions import Cast, Coalesce

from cases.mailbox import states
from cases.mailbox.states import ForbiddenMove, Kind, LetterStatus, State, Trust, Why
from cases.models import Case
from cases.takedowns.models import Notice, Takedown
from cases.takedowns.states import Outcome
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.crypto import wrapping
from helpline.crypto.box import Box
from helpline.crypto.fields import SealedField


class MailQuerySet(models.QuerySet["Mail"]):
    """Who may see which mail."""

    def visible_to(self, staff: Staff) -> Self:
        """Those of notices about cases this person may work on; strangers' for those who may see every case."""
        mine = Takedown.objects.filter(notice=OuterRef("notice"), case__in=Case.objects.workable_by(staff))
        found = Q(Exists(mine))
        if staff.can(Permission.CASES_ALL):
            found |= Q(notice=None)
        return self.filter(found)

    def waiting_for(self, staff: Staff) -> Self:
        """Open ones on which this person has something to decide. What they decided waits for colleagues alone."""
        decided = Func(
            OuterRef("found__decided"),
            Cast("pk", models.TextField()),
            function="jsonb_exists",
            output_field=YesNo(),
        )
        mine = (
            Takedown.objects.filter(notice=OuterRef("notice"), case__in=Case.objects.workable_by(staff))
            .annotate(is_decided=Coalesce(decided, False, output_field=YesNo()))
            .filter(is_decided=False)
        )
        return self.filter(Exists(mine), state=State.OPEN)


class Mail(models.Model):
    """One mail, stored once. Its words are sealed with the key of the notice it answers; a stranger's, with its own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.BinaryField(max_length=32, unique=True)  # keyed, of what makes it the same mail
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, null=True, blank=True, related_name="mails")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    trust = models.CharField(max_length=12, choices=Trust.choices, default=Trust.UNVERIFIED)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    received_at = models.DateTimeField()  # when we fetched it
    written_at = models.DateTimeField()  # by its own word, never later than we fetched it
    size = models.PositiveBigIntegerField()  # bytes
    # What it seems to say: coarse. {"spans": [[from, to]], "by_item": {id: outcome}, "redress_until", "reference", "status",
    # "of_letter": it brings back a letter and not the notice, "places": [[from, to, item]] where its words name items,
    # "places_in_subject", "decided": [takedown's id] of which somebody has said it}
    proposed = models.CharField(max_length=16, choices=Outcome.choices, blank=True)
    found = models.JSONField(default=dict)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    key = models.BinaryField(null=True)  # a stranger's own
    sender = SealedField()
    subject = SealedField()
    words = SealedField()
    attachments = SealedField()  # names and types of what was left where it was

    objects = MailQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                name="mail_decided_when_and_by_whom",
                condition=Q(state=State.OPEN, decided_at=None, decided_by=None)
                | ~Q(state=State.OPEN) & Q(decided_at__isnull=False, decided_by__isnull=False),
            ),
            models.CheckConstraint(
                name="mail_of_a_stranger_says_nothing",
                condition=Q(notice__isnull=False)
                | Q(proposed="", trust=Trust.UNVERIFIED) & ~Q(state=State.CONFIRMED),
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["received_at", "id"], name="mail_open", condition=Q(state=State.OPEN)),
            models.Index(fields=["-received_at", "-id"], name="mail_received"),
            models.Index(fields=["received_at"], name="mail_strangers", condition=Q(notice=None)),
        ]

    class Privacy:
        keep = (
            "id",
            "digest",
            "notice",
            "kind",
            "trust",
            "state",
            "received_at",
            "written_at",
            "size",
            "proposed",
            "found",
            "decided_at",
            "decided_by",
        )
        blank = ("key",)
        sealed = ("sender", "subject", "words", "attachments")

    def __str__(self) -> str:
        return f"mail {self.pk}"

    @property
    def about(self) -> str:
        """What a stranger's key is bound to."""
        return f"mail:{self.pk}"

    def box(self) -> Box:
        """Opens its words. Raises WrongKey once they were erased."""
        if self.notice is not None:
            return self.notice.box()
        if self.key is None:
            raise wrapping.WrongKey("This mail was erased.")
        return Box(wrapping.unwrap_for_desk(self.key, about=self.about))

    @property
    def brings_back_notice(self) -> bool:
        """Does it say that the notice, and not a later letter of ours, was not delivered?"""
        return self.kind == Kind.BOUNCE and not self.found.get("of_letter")

    def move(self, state: State) -> None:
        """Along an arrow of TRANSITIONS, in memory. Raises ForbiddenMove."""
        if state not in states.TRANSITIONS[State(self.state)]:
            raise ForbiddenMove(f"A mail that is {self.state} can't become {state}.")
        self.state = state


class Letter(models.Model):
    """What we write back in a notice's thread: sealed with the notice's key, sent by a worker, at most once by machine."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="letters")
    answers = models.ForeignKey(Mail, on_delete=models.PROTECT, related_name="letters")
    status = models.CharField(max_length=10, choices=LetterStatus.choices, default=LetterStatus.QUEUED)
    written_at = models.DateTimeField()
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    due_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    why = models.CharField(max_length=100, blank=True)  # why it did not leave, in the wire's short words
    words = SealedField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                name="letter_due_while_queued",
                condition=Q(status=LetterStatus.QUEUED, due_at__isnull=False)
                | ~Q(status=LetterStatus.QUEUED) & Q(due_at=None),
            ),
            models.CheckConstraint(
                name="letter_leased_while_sending",
                condition=Q(status=LetterStatus.SENDING, lease_until__isnull=False)
                | ~Q(status=LetterStatus.SENDING) & Q(lease_until=None),
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["due_at"], name="letter_due", condition=Q(due_at__isnull=False)),
            models.Index(
                fields=["lease_until"], name="letter_leased", condition=Q(lease_until__isnull=False)
            ),
        ]

    class Privacy:
        keep = (
            "id",
            "notice",
            "answers",
            "status",
            "written_at",
            "written_by",
            "due_at",
            "lease_until",
            "tries",
            "sent_at",
            "why",
        )
        sealed = ("words",)

    def __str__(self) -> str:
        return f"letter {self.pk}"


class Reading(models.Model):
    """A mail that somebody is reading this moment; written before its first byte is fetched, and gone when it is stored.

    One that stays was in the hands of a process that died.
    """

    name = models.CharField(max_length=80, primary_key=True)  # the mailbox's UIDVALIDITY and the mail's UID
    begun_at = models.DateTimeField()
    times = models.PositiveSmallIntegerField(default=1)

    class Privacy:
        keep = ("name", "begun_at", "times")

    def __str__(self) -> str:
        return self.name


class MailboxLook(models.Model):
    """How the last looks into the mailbox ended: one row, for whoever wonders why no answer comes."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    succeeded_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)  # none while all is well
    why = models.CharField(max_length=12, choices=Why.choices, blank=True)
    # How far we are, where the mailbox keeps no word of ours on a mail.
    uid_validity = models.BigIntegerField(default=0, db_default=0)
    highest_uid = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(name="mailbox_look_is_one", condition=Q(id=1)),
            models.CheckConstraint(
                name="mailbox_look_says_why",
                condition=Q(failing_since=None, why="") | Q(failing_since__isnull=False) & ~Q(why=""),
            ),
        ]

    class Privacy:
        keep = ("id", "succeeded_at", "failing_since", "why", "uid_validity", "highest_uid")

    def __str__(self) -> str:
        return self.why or "well"
