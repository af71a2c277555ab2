"""What one colleague asked and another decided."""

import uuid
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from helpline.approvals import states
from helpline.approvals.states import ForbiddenMove, Status
from helpline.crypto.fields import SealedField

DECIDED = (Status.GRANTED, Status.REFUSED)


class Approval(models.Model):
    """A question to the second person, and the answer. Both names stay.

    The object is named by its type and key, without a foreign key: an answer outlives what it was about.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    what = models.CharField(max_length=40)  # a key of settings.APPROVAL_HANDLERS
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64)
    belongs_to = models.UUIDField(null=True, blank=True)  # whose erasure takes the reason along
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    # What would be set, and what stood there when it was asked, for kinds that set something. Coarse: no words of people.
    proposal = models.JSONField(default=dict, blank=True)
    why = models.CharField(max_length=20, blank=True)  # a word of the handler's `whys`
    # Sealed by `crypto.box.settings_box`: it may hold words about a case.
    reason = SealedField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)  # settled, in whichever way

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                name="approval_second_person", condition=Q(decided_by=None) | ~Q(decided_by=F("asked_by"))
            ),
            models.CheckConstraint(
                name="approval_decided_who_and_when",
                condition=Q(status__in=DECIDED, decided_by__isnull=False, decided_at__isnull=False)
                | ~Q(status__in=DECIDED) & Q(decided_by=None, decided_at=None),
            ),
            models.CheckConstraint(
                name="approval_waits_or_is_done",
                condition=Q(status=Status.WAITING, done_at=None)
                | ~Q(status=Status.WAITING) & Q(done_at__isnull=False),
            ),
            models.UniqueConstraint(
                name="approval_waits_once",
                fields=["what", "object_id"],
                condition=Q(status=Status.WAITING),
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(
                fields=["asked_at", "id"], name="approval_waiting", condition=Q(status=Status.WAITING)
            ),
            models.Index(fields=["asked_by", "-asked_at", "-id"], name="approval_asked"),
            models.Index(
                fields=["-done_at", "-id"], name="approval_decided", condition=Q(status__in=DECIDED)
            ),
            # Erasures look for what still says something, never through the whole table.
            models.Index(fields=["belongs_to"], name="approval_reason_of", condition=Q(reason__isnull=False)),
        ]

    class Privacy:
        keep = (
            *("id", "what", "object_type", "object_id", "belongs_to", "status", "asked_by", "asked_at"),
            *("expires_at", "proposal", "why", "decided_by", "decided_at", "done_at"),
        )
        sealed = ("reason",)

    def __str__(self) -> str:
        return f"{self.what} {self.object_id}: {self.status}"

    def is_over(self, now: datetime) -> bool:
        """Still waiting at `now`, and for longer than it may."""
        return self.status == Status.WAITING and self.expires_at is not None and self.expires_at <= now

    def move(self, status: Status) -> None:
        """Along an arrow of TRANSITIONS, in memory. Raises ForbiddenMove."""
        if status not in states.TRANSITIONS[Status(self.status)]:
            raise ForbiddenMove(f"An approval that is {self.status} can't become {status}.")
        self.status = status
