"""The ledger, offers to talk, and the wish for lighter ones. All of it is about colleagues, and goes after some weeks."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from cases.wellbeing.states import Answer, Seen, Why


class Exposure(models.Model):
    """Somebody read something heavy, on a day. The id of the report goes after two days: it only keeps the same thing from
    counting twice.
    """

    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    day = models.DateField()
    seen = models.CharField(max_length=10, choices=Seen.choices)
    weight = models.PositiveSmallIntegerField()
    report_id = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                name="exposure_once_a_day",
                fields=["staff", "day", "seen", "report_id"],
                condition=Q(report_id__isnull=False),
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["staff", "-day", "-id"], name="exposure_of"),
            models.Index(fields=["day"], name="exposure_day"),
        ]

    class Privacy:
        keep = ("id", "staff", "day", "seen", "weight", "report_id")

    def __str__(self) -> str:
        return f"{self.seen} {self.day:%Y-%m-%d}"


class Talk(models.Model):
    """An offer to talk about it, at most one a day. A yes is shown to the supervisors, a no to nobody."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    day = models.DateField()
    why = models.CharField(max_length=10, choices=Why.choices)
    answer = models.CharField(max_length=3, choices=Answer.choices, blank=True, default=Answer.NONE)
    talked_on = models.DateField(null=True, blank=True)
    talked_with = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(name="talk_once_a_day", fields=["staff", "day"]),
            models.CheckConstraint(
                name="talk_after_a_yes", condition=Q(talked_on=None) | Q(answer=Answer.YES)
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(
                fields=["day", "id"], name="talk_wanted", condition=Q(answer=Answer.YES, talked_on=None)
            ),
        ]

    class Privacy:
        keep = ("id", "staff", "day", "why", "answer", "talked_on", "talked_with")

    def __str__(self) -> str:
        return f"talk {self.day:%Y-%m-%d}"


class Ease(models.Model):
    """Somebody wished for lighter ones, until then."""

    staff = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    until = models.DateTimeField()

    class Privacy:
        keep = ("staff", "until")

    def __str__(self) -> str:
        return f"until {self.until:%Y-%m-%d %H:%M}"
