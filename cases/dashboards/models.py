"""Facts that outlive the rows they were read from, and their sums. Written by folding.py alone, read by metrics.py alone.

No foreign keys: a fact stays when what it was read from is erased, and it stands in no erasure's way. See docs/figures.md.
"""

import uuid
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q


class Stale(models.Model):
    """What changed and is not in the facts yet. Triggers write it; the same row may stand here many times."""

    source = models.CharField(max_length=10)  # takedown, notice, report, step, redress, platform
    row = models.UUIDField()  # of a platform: its number, written as one

    class Privacy:
        keep = ("id", "source", "row")

    def __str__(self) -> str:
        return f"{self.source} {self.row}"


class TakedownFact(models.Model):
    """What the figures know of one takedown, under its number."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    own_platform = models.BigIntegerField()
    platform = models.BigIntegerField()  # the one it was merged into, or its own
    channel = models.BigIntegerField()
    regimes = ArrayField(models.CharField(max_length=20))
    kind = models.CharField(max_length=12)
    age = models.CharField(max_length=8)  # minor, adult, unknown
    item = models.UUIDField()
    notice = models.UUIDField()
    requested_at = models.DateTimeField()
    month = models.DateField()  # its first day, in the helpline's time zone
    is_counted = models.BooleanField()  # a further request about the same content is not
    is_first_of_item = models.BooleanField()
    is_first_of_notice = models.BooleanField()
    is_sent = models.BooleanField()
    fate = models.CharField(max_length=16)
    action = models.CharField(max_length=16)
    said_removed = models.BooleanField()
    seen_gone = models.BooleanField()
    reappeared = models.BooleanField()
    first_gone_at = models.DateTimeField(null=True)
    # As of the last fold that looked, and when that will no longer be true.
    gone_long_ago = models.BooleanField()
    stayed_gone = models.BooleanField()
    next_at = models.DateTimeField(null=True)
    bin = models.SmallIntegerField(null=True)  # the time to action, as a place in bins.EDGES
    back = models.IntegerField(null=True)  # where the bar begins that says how long it had been gone

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["requested_at"], name="fact_requested"),
            models.Index(fields=["next_at"], name="fact_next", condition=Q(next_at__isnull=False)),
            models.Index(fields=["notice"], name="fact_notice"),
            models.Index(fields=["item"], name="fact_shared_item", condition=~Q(item=F("id"))),
        ]

    class Privacy:
        keep = (
            "id",
            "own_platform",
            "platform",
            "channel",
            "regimes",
            "kind",
            "age",
            "item",
            "notice",
            "requested_at",
            "month",
            "is_counted",
            "is_first_of_item",
            "is_first_of_notice",
            "is_sent",
            "fate",
            "action",
            "said_removed",
            "seen_gone",
            "reappeared",
            "first_gone_at",
            "gone_long_ago",
            "stayed_gone",
            "next_at",
            "bin",
            "back",
        )

    def __str__(self) -> str:
        return f"{self.fate} {self.pk}"


class ReportFact(models.Model):
    """What the figures know of one report."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    submitted_at = models.DateTimeField(db_index=True)
    month = models.DateField()
    hour = models.CharField(max_length=4)  # weekday-hour in the helpline's time zone; Monday is 0
    kind = models.CharField(max_length=12)
    age_range = models.CharField(max_length=10)
    who = models.CharField(max_length=10)
    channel = models.CharField(max_length=10)
    circumstances = ArrayField(models.CharField(max_length=12))
    with_school = models.BooleanField()

    class Privacy:
        keep = (
            "id",
            "submitted_at",
            "month",
            "hour",
            "kind",
            "age_range",
            "who",
            "channel",
            "circumstances",
            "with_school",
        )

    def __str__(self) -> str:
        return f"report {self.pk}"


class StepFact(models.Model):
    """What the figures know of one step of the ladder."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    own_platform = models.BigIntegerField()
    platform = models.BigIntegerField()
    rung = models.CharField(max_length=16)
    state = models.CharField(max_length=10)
    outcome = models.CharField(max_length=10)
    state_at = models.DateTimeField(db_index=True)
    month = models.DateField()

    class Privacy:
        keep = ("id", "own_platform", "platform", "rung", "state", "outcome", "state_at", "month")

    def __str__(self) -> str:
        return f"step {self.pk}"


class RedressFact(models.Model):
    """What the figures know of one way to contest a decision."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    own_platform = models.BigIntegerField()
    platform = models.BigIntegerField()
    kind = models.CharField(max_length=14)
    state = models.CharField(max_length=10)
    state_at = models.DateTimeField(db_index=True)
    month = models.DateField()

    class Privacy:
        keep = ("id", "own_platform", "platform", "kind", "state", "state_at", "month")

    def __str__(self) -> str:
        return f"redress {self.pk}"


class Tally(models.Model):
    """A cell: how many facts of one month share one value. What each place of `counts` means is said in cells.py."""

    pk = models.CompositePrimaryKey("dim", "platform", "month", "value")
    dim = models.CharField(max_length=20)
    platform = models.BigIntegerField()  # 0: of every platform together
    month = models.DateField()
    value = models.CharField(max_length=60)
    counts = ArrayField(models.IntegerField())

    class Privacy:
        keep = ("dim", "platform", "month", "value", "counts")

    def __str__(self) -> str:
        return f"{self.dim} {self.value} {self.month}"


class LastFold(models.Model):
    """One row: up to when every change is in the tallies."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    as_of = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[Any]] = [models.CheckConstraint(condition=Q(id=1), name="last_fold_one")]

    class Privacy:
        keep = ("id", "as_of")

    def __str__(self) -> str:
        return f"{self.as_of:%Y-%m-%d %H:%M:%S}"
