"""A file of a platform's statements of reasons, the few columns of it that are kept, and what the comparison found."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from cases.reconciliation import states
from cases.reconciliation.states import Decision, ForbiddenMove, Problem, State
from cases.takedowns.models import Takedown
from helpline.crypto.fields import SealedField
from helpline.platforms.models import Platform


class Upload(models.Model):
    """One file, known by its SHA-256. It is also the worker's to-do: a lease, and a number that a late worker lacks."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sha256 = models.CharField(max_length=64, unique=True)
    size = models.BigIntegerField()
    name = models.CharField(max_length=120, blank=True)
    # Whose file it is, where it names no platform itself.
    platform = models.ForeignKey(Platform, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    uploaded_at = models.DateTimeField()
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    problem = models.CharField(max_length=10, choices=Problem.choices, blank=True)
    missing = ArrayField(models.CharField(max_length=40), default=list)  # columns
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    # How far the reading is, and what the rows were.
    bytes_read = models.BigIntegerField(default=0)
    rows_read = models.IntegerField(default=0)
    rows_kept = models.IntegerField(default=0)
    rows_of_others = models.IntegerField(default=0)  # no notice of a trusted flagger, or of another one
    rows_unnamed = models.IntegerField(default=0)  # kept: of a trusted flagger, and it is not said of which
    rows_twice = models.IntegerField(default=0)
    rows_broken = models.IntegerField(default=0)
    broken = models.JSONField(default=list)  # the first of them: [line, why]
    providers = models.JSONField(default=dict)  # whom the file names: folded -> as it writes it
    first_day = models.DateField(null=True, blank=True)
    last_day = models.DateField(null=True, blank=True)

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["-uploaded_at", "-id"], name="upload_latest"),
            models.Index(
                fields=["uploaded_at"], name="upload_to_do", condition=Q(state__in=sorted(states.UNDER_WAY))
            ),
        ]

    class Privacy:
        keep = (
            "id",
            "sha256",
            "size",
            "name",
            "platform",
            "uploaded_at",
            "uploaded_by",
            "state",
            "problem",
            "missing",
            "lease_until",
            "fence",
            "tries",
            "bytes_read",
            "rows_read",
            "rows_kept",
            "rows_of_others",
            "rows_unnamed",
            "rows_twice",
            "rows_broken",
            "broken",
            "providers",
            "first_day",
            "last_day",
        )

    def __str__(self) -> str:
        return self.name or self.sha256[:12]

    def move(self, state: State) -> None:
        """Along an arrow of TRANSITIONS, in memory. Raises ForbiddenMove."""
        if state not in states.TRANSITIONS[State(self.state)]:
            raise ForbiddenMove(f"A file that is {self.state} can't become {state}.")
        self.state = state


class Piece(models.Model):
    """A part of the file as it came, until it is read. Then it goes: what is not needed is not kept."""

    upload_id = models.UUIDField()
    number = models.IntegerField()
    at = models.DateTimeField()
    body = models.BinaryField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["upload_id", "number"], name="piece_once"),
        ]

    class Privacy:
        keep = ("id", "upload_id", "number", "at", "body")

    def __str__(self) -> str:
        return f"piece {self.number}"


class Statement(models.Model):
    """A row of the file that may be about one of our notices: no words, and the platform's own number as a blind index."""

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="statements", db_index=False)
    uuid = models.CharField(max_length=36)  # public: by this the Commission's database finds it
    provider = models.CharField(max_length=100)  # as the file calls it, folded
    platform = models.ForeignKey(
        Platform, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    reference = models.BinaryField(max_length=32, null=True)
    category = models.CharField(max_length=60)
    decision = models.CharField(max_length=10, choices=Decision.choices)
    day = models.DateField()
    is_named = models.BooleanField()  # the row says that the notice was ours
    takedown = models.ForeignKey(Takedown, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["upload", "uuid"], name="statement_once"),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["upload", "platform", "day", "id"], name="statement_day"),
            models.Index(fields=["upload", "reference"], name="statement_reference"),
        ]

    class Privacy:
        keep = (
            "id",
            "upload",
            "uuid",
            "provider",
            "platform",
            "reference",
            "category",
            "decision",
            "day",
            "is_named",
            "takedown",
        )

    def __str__(self) -> str:
        return self.uuid


class Line(models.Model):
    """What both sides count of one platform, category, decision and day.

    `exact`: pairs of a statement and a notice, found by a number both know. `theirs` and `ours` are the rest, and only
    compared as counts.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="lines", db_index=False)
    platform = models.ForeignKey(Platform, on_delete=models.PROTECT, related_name="+", db_index=False)
    category = models.CharField(max_length=60)
    decision = models.CharField(max_length=10, choices=Decision.choices)
    day = models.DateField()
    exact = models.IntegerField(default=0)
    theirs = models.IntegerField(default=0)
    ours = models.IntegerField(default=0)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    note = SealedField()  # by `crypto.box.settings_box`

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["upload", "platform", "category", "decision", "day"], name="line_once"
            ),
            models.CheckConstraint(
                name="line_settled_both",
                condition=Q(settled_at=None, settled_by=None)
                | Q(settled_at__isnull=False, settled_by__isnull=False),
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(
                fields=["upload", "day", "id"], name="line_theirs", condition=Q(theirs__gt=F("ours"))
            ),
            models.Index(fields=["upload", "day", "id"], name="line_ours", condition=Q(ours__gt=F("theirs"))),
            models.Index(fields=["upload", "day", "id"], name="line_day"),
            models.Index(fields=["platform", "day"], name="line_noted", condition=Q(note__isnull=False)),
        ]

    class Privacy:
        keep = (
            "id",
            "upload",
            "platform",
            "category",
            "decision",
            "day",
            "exact",
            "theirs",
            "ours",
            "settled_at",
            "settled_by",
        )
        sealed = ("note",)

    def __str__(self) -> str:
        return f"{self.platform_id} {self.day:%Y-%m-%d}"

    @property
    def only_theirs(self) -> int:
        return max(0, self.theirs - self.ours)

    @property
    def only_ours(self) -> int:
        return max(0, self.ours - self.theirs)


class Provider(models.Model):
    """Which of our platforms a name in such files means, as a person said."""

    name = models.CharField(max_length=100, primary_key=True)  # folded
    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="+")
    said_at = models.DateTimeField()
    said_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Privacy:
        keep = ("name", "platform", "said_at", "said_by")

    def __str__(self) -> str:
        return self.name
