"""Who offers which case to whom, who keeps an eye on it, who is here, and what the next shift has to know."""

import uuid
from datetime import date
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from cases.handover import states
from cases.handover.states import UNANSWERED, ForbiddenMove, Status
from cases.models import Case
from cases.states import CaseStatus
from helpline.accounts.models import Membership, Staff, Team
from helpline.crypto.fields import SealedField


def _colleague(**options: Any) -> Any:
    """A colleague nobody looks up rows by."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False, **options
    )


def _teams_of(staff: Staff) -> models.QuerySet[Any, Any]:
    """Within the statement that asks: the rail counts offers for everybody, and reads no teams before."""
    return Membership.objects.filter(staff=staff).values("team")


class TransferQuerySet(models.QuerySet["Transfer"]):
    """Offers that can still be answered, and to whom they were made."""

    def live(self) -> Self:
        """Waiting, in time by the database's clock, and about a case that is still where it was when it was offered."""
        same = Q(case__assignee=F("holder")) | Q(case__assignee=None, holder=None)
        found = self.filter(same, status=Status.OFFERED, expires_at__gt=Now())
        return found.exclude(case__status=CaseStatus.CLOSED)

    def to(self, staff: Staff) -> Self:
        """Offered to this person or to a team of theirs; not by themselves."""
        return self.filter(Q(to_staff=staff) | Q(to_team__in=_teams_of(staff))).exclude(by=staff)

    def seen_by(self, staff: Staff) -> Self:
        """Those this person made, or that were made to them or to a team of theirs, whatever became of them."""
        mine = Q(by=staff) | Q(to_staff=staff) | Q(to_team__in=_teams_of(staff))
        return self.filter(mine)

    def came_back(self, staff: Staff) -> Self:
        """Offered by this person, not taken on, and not looked at since."""
        return self.filter(by=staff, status__in=UNANSWERED, seen_at=None)


class Transfer(models.Model):
    """A case offered to a colleague or a team. Until they say yes it stays with whoever has it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="transfers")
    by = _colleague()
    holder = _colleague(null=True, blank=True)  # with whom the case was
    to_staff = _colleague(null=True, blank=True)
    to_team = models.ForeignKey(
        Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    reason = SealedField()  # both with the case's key
    answer = SealedField()
    offered_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OFFERED)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = _colleague(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)  # that it came back

    objects = TransferQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["case"], name="transfer_one_open", condition=Q(status=Status.OFFERED)
            ),
            models.CheckConstraint(
                name="transfer_to_one",
                condition=Q(to_staff=None, to_team__isnull=False) | Q(to_staff__isnull=False, to_team=None),
            ),
            models.CheckConstraint(
                name="transfer_waits_or_is_done",
                condition=Q(status=Status.OFFERED, done_at=None)
                | ~Q(status=Status.OFFERED) & Q(done_at__isnull=False),
            ),
            models.CheckConstraint(
                name="transfer_taken_on_by_somebody",
                condition=~Q(status__in=[Status.ACCEPTED, Status.DECLINED]) | Q(done_by__isnull=False),
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["to_staff"], name="transfer_to_staff", condition=Q(status=Status.OFFERED)),
            models.Index(fields=["to_team"], name="transfer_to_team", condition=Q(status=Status.OFFERED)),
            models.Index(fields=["expires_at"], name="transfer_runs_out", condition=Q(status=Status.OFFERED)),
            models.Index(fields=["by", "-offered_at", "-id"], name="transfer_by"),
            models.Index(
                fields=["by"],
                name="transfer_came_back",
                condition=Q(status__in=UNANSWERED, seen_at=None),
            ),
        ]

    class Privacy:
        keep = (
            *("id", "case", "by", "holder", "to_staff", "to_team", "offered_at", "expires_at"),
            *("status", "done_at", "done_by", "seen_at"),
        )
        sealed = ("reason", "answer")

    def __str__(self) -> str:
        return f"transfer {self.pk}"

    @property
    def to_whom(self) -> str:
        """The name of the colleague or the team."""
        return str(self.to_staff or self.to_team)

    def is_receiver(self, staff: Staff) -> bool:
        """Was it offered to this person, or to a team of theirs, by somebody else?"""
        if self.by_id == staff.pk:
            return False
        return self.to_staff_id == staff.pk or self.to_team_id in staff.team_slugs()

    def move(self, status: Status) -> None:
        """Along an arrow of TRANSITIONS, in memory. Raises ForbiddenMove."""
        if status not in states.TRANSITIONS[Status(self.status)]:
            raise ForbiddenMove(f"An offer that is {self.status} can't become {status}.")
        self.status = status


class Watch(models.Model):
    """A colleague keeps an eye on a case. What changed since they last looked is read from the trail."""

    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="watches", db_index=False)
    since = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["staff", "case"], name="watch_once"),
        ]

    class Privacy:
        keep = ("id", "staff", "case", "since")

    def __str__(self) -> str:
        return f"{self.staff_id} watches {self.case_id}"


class Move(models.Model):
    """A case that was given to somebody else because its colleague left or is away; one of a `batch`, to be undone together.

    `changed_at` is that of the case right after: another one since means that somebody worked on it.
    """

    batch = models.UUIDField()
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+", db_index=False)
    was = _colleague()
    was_team = models.ForeignKey(
        Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    to = _colleague(null=True, blank=True)
    by = _colleague()
    at = models.DateTimeField()
    changed_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["batch"], name="move_batch")]

    class Privacy:
        keep = ("id", "batch", "case", "was", "was_team", "to", "by", "at", "changed_at", "undone_at")

    def __str__(self) -> str:
        return f"move {self.pk}"


class ShiftQuerySet(models.QuerySet["Shift"]):
    """Who is here."""

    def running(self) -> Self:
        """Not ended, and not forgotten to be."""
        return self.filter(ended_at=None, ends_by_itself_at__gt=Now())


class Shift(models.Model):
    """Somebody is here, from one click to the next. It says who can be asked now, never how long anybody worked: the rows
    of past days are deleted.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    staff = _colleague()
    started_at = models.DateTimeField()
    ends_by_itself_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ShiftQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["staff"], name="shift_one_open", condition=Q(ended_at=None)),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["ended_at"], name="shift_ended", condition=Q(ended_at__isnull=False)),
        ]

    class Privacy:
        keep = ("id", "staff", "started_at", "ends_by_itself_at", "ended_at")

    def __str__(self) -> str:
        return f"shift of {self.staff_id}"


class AwayQuerySet(models.QuerySet["Away"]):
    """Who is away when."""

    def on(self, day: date) -> Self:
        """Those of this day."""
        return self.filter(first_day__lte=day, last_day__gte=day)


class Away(models.Model):
    """Somebody is not here from one day to another, both included. Why is nobody's business, so it is not asked."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    first_day = models.DateField()
    last_day = models.DateField()
    by = _colleague()
    at = models.DateTimeField()

    objects = AwayQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(name="away_forwards", condition=Q(last_day__gte=F("first_day"))),
        ]
        indexes: ClassVar[list[Any]] = [models.Index(fields=["staff", "last_day"], name="away_of")]

    class Privacy:
        keep = ("id", "staff", "first_day", "last_day", "by", "at")

    def __str__(self) -> str:
        return f"{self.staff_id} is away until {self.last_day}"


class HandOver(models.Model):
    """What one shift leaves to the next, in words: no names, references only. They may be about several cases, so erasing
    one does not reach them, and they are kept for three days only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    at = models.DateTimeField()
    # Sealed by `crypto.box.settings_box`, like the reason of an approval.
    words = SealedField()

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["-at", "-id"], name="handover_latest")]

    class Privacy:
        keep = ("id", "by", "at")
        sealed = ("words",)

    def __str__(self) -> str:
        return f"hand-over {self.pk}"


class HandOverRead(models.Model):
    """Somebody has read it."""

    handover = models.ForeignKey(HandOver, on_delete=models.CASCADE, related_name="readers", db_index=False)
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["handover", "staff"], name="handover_read_once"),
        ]

    class Privacy:
        keep = ("id", "handover", "staff", "at")

    def __str__(self) -> str:
        return f"{self.staff_id} read {self.handover_id}"
