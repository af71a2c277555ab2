"""An alert is a row for as long as its condition stands, and a while after; and who wants them by mail."""

import uuid
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from cases.alerts import states
from cases.alerts.states import ForbiddenMove, RuleName, State
from cases.models import Case
from helpline.crypto.fields import SealedField
from helpline.platforms.models import Platform


class Alert(models.Model):
    """One rule about one subject: a platform, a channel, a report, a complaint, or '' for the whole house.

    Raised once while it stands, told once by each way. Numbers and moments only: whom it is about is asked of the page's
    reader, by `case`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    rule = models.CharField(max_length=12, choices=RuleName.choices)
    subject = models.CharField(max_length=60, blank=True)
    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    urgent = models.BooleanField(default=False)  # a person may be in danger: it stands first
    state = models.CharField(max_length=8, choices=State.choices, default=State.SEEN)
    facts = models.JSONField(default=dict)
    seen_at = models.DateTimeField()  # the first look that saw it
    raised_at = models.DateTimeField(null=True, blank=True)
    # The first look that saw it no more, if none did since.
    missed_at = models.DateTimeField(null=True, blank=True)
    over_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)
    posted_at = models.DateTimeField(null=True, blank=True)
    over_mailed_at = models.DateTimeField(null=True, blank=True)
    over_posted_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    word = SealedField()  # by `crypto.box.settings_box`

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["rule", "subject"],
                name="alert_stands_once",
                condition=Q(state__in=sorted(states.LIVE)),
            ),
            models.CheckConstraint(
                name="alert_raised_when",
                condition=Q(state=State.SEEN, raised_at=None)
                | ~Q(state=State.SEEN) & Q(raised_at__isnull=False),
            ),
            models.CheckConstraint(
                name="alert_over_when",
                condition=Q(state=State.OVER, over_at__isnull=False) | ~Q(state=State.OVER) & Q(over_at=None),
            ),
            models.CheckConstraint(
                name="alert_acknowledged_both",
                condition=Q(acknowledged_at=None, acknowledged_by=None)
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(
                fields=["-urgent", "-raised_at", "-id"],
                name="alert_standing",
                condition=Q(state=State.STANDING),
            ),
            models.Index(fields=["-over_at", "-id"], name="alert_over", condition=Q(state=State.OVER)),
        ]

    class Privacy:
        keep = (
            "id",
            "rule",
            "subject",
            "platform",
            "case",
            "urgent",
            "state",
            "facts",
            "seen_at",
            "raised_at",
            "missed_at",
            "over_at",
            "mailed_at",
            "posted_at",
            "over_mailed_at",
            "over_posted_at",
            "acknowledged_at",
            "acknowledged_by",
        )
        sealed = ("word",)

    def __str__(self) -> str:
        return f"{self.rule} {self.subject}".strip()

    def move(self, state: State, *, at: datetime) -> None:
        """Along an arrow of TRANSITIONS, in memory. Raises ForbiddenMove."""
        if state not in states.TRANSITIONS[State(self.state)]:
            raise ForbiddenMove(f"An alert that is {self.state} can't become {state}.")
        self.state = state
        if state == State.STANDING:
            self.raised_at = at
        else:
            self.over_at = at


class Reader(models.Model):
    """Somebody who wants new alerts by mail."""

    staff = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    since = models.DateTimeField()

    class Privacy:
        keep = ("staff", "since")

    def __str__(self) -> str:
        return f"{self.staff_id} since {self.since:%Y-%m-%d}"
