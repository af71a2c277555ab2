"""What is done when nobody answers, step by step; what is done against a refusal. Words are sealed with the case's key."""

import uuid
from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from cases.ladder import states
from cases.ladder.states import ForbiddenMove, Kind, RedressState, Rung, StepOutcome, StepState
from cases.models import Case
from cases.states import CaseStatus
from cases.takedowns.models import Takedown
from helpline.accounts.models import Staff
from helpline.crypto.fields import SealedField
from reports.states import LinkStatus
from reports.states import Status as ReportStatus


class OfTakedownQuerySet(models.QuerySet[Any]):
    """Who may see which."""

    def visible_to(self, staff: Staff) -> Self:
        """Those of the cases this person may work on."""
        return self.filter(takedown__case__in=Case.objects.workable_by(staff))

    def in_hand(self) -> Self:
        """Those of cases that are not closed, and whose young person still wants it."""
        wanted = self.exclude(takedown__case__status=CaseStatus.CLOSED)
        wanted = wanted.exclude(takedown__link__status=LinkStatus.WITHDRAWN)
        return wanted.exclude(takedown__case__report__status=ReportStatus.ERASED)


class Step(models.Model):
    """One rung for one takedown. `takedown` is the first request of its link; where several people share one item of a
    notice, one of theirs stands for all.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    takedown = models.ForeignKey(Takedown, on_delete=models.PROTECT, related_name="steps")
    rung = models.CharField(max_length=16, choices=Rung.choices)
    by_machine = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=StepState.choices, default=StepState.PROPOSED)
    state_at = models.DateTimeField()
    due_at = models.DateTimeField()
    # What left for it, where a channel carries it; and what its takedown was before, for a way back.
    made = models.ForeignKey(
        Takedown, on_delete=models.PROTECT, null=True, blank=True, related_name="made_for"
    )
    status_before = models.CharField(max_length=16, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # Why it did not leave when it was tried (`holding.kept`): it waits for a person, and no machine tries again.
    held_at = models.DateTimeField(null=True, blank=True)
    findings = models.JSONField(default=list, blank=True)
    follow_up_on = models.DateField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=StepOutcome.choices, blank=True)
    outcome_at = models.DateTimeField(null=True, blank=True)
    reference = SealedField()  # theirs: the number of a file, a receipt
    words = SealedField()  # why it was left out; what they answered

    objects = OfTakedownQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            # Two sweeps at once propose one step; a rung is climbed once.
            models.UniqueConstraint(
                fields=["takedown"], name="step_one_live", condition=Q(state__in=sorted(states.LIVE))
            ),
            models.UniqueConstraint(
                fields=["takedown", "rung"], name="step_rung_once", condition=~Q(state=StepState.OVER)
            ),
            models.CheckConstraint(
                name="step_outcome_when",
                condition=Q(outcome="", outcome_at=None) | ~Q(outcome="") & Q(outcome_at__isnull=False),
            ),
            models.CheckConstraint(
                name="step_made_is_done", condition=Q(made=None) | Q(state=StepState.DONE)
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(
                fields=["due_at", "id"], name="step_due", condition=Q(state__in=sorted(states.LIVE))
            ),
            models.Index(
                fields=["follow_up_on", "id"],
                name="step_follow_up",
                condition=Q(follow_up_on__isnull=False),
            ),
        ]

    class Privacy:
        keep = (
            "id",
            "takedown",
            "rung",
            "by_machine",
            "state",
            "state_at",
            "due_at",
            "made",
            "status_before",
            "by",
            "held_at",
            "findings",
            "follow_up_on",
            "outcome",
            "outcome_at",
        )
        sealed = ("reference", "words")

    def __str__(self) -> str:
        return f"step {self.pk}"

    def move(self, state: StepState, *, at: datetime) -> None:
        """Along an arrow of STEP_TRANSITIONS, in memory. Raises ForbiddenMove."""
        if state not in states.STEP_TRANSITIONS[StepState(self.state)]:
            raise ForbiddenMove(f"A step that is {self.state} can't become {state}.")
        self.state, self.state_at = state, at


class Redress(models.Model):
    """A way to contest a platform's decision, and until when it is open."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    takedown = models.ForeignKey(Takedown, on_delete=models.PROTECT, related_name="redress")
    kind = models.CharField(max_length=14, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=RedressState.choices, default=RedressState.TO_FILE)
    state_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    decision_at = models.DateTimeField()  # of what is contested
    window_until = models.DateField()  # its last day
    # Days left at the last reminder (each of 30, 7 and 1 once), and when it came to somebody's tasks.
    reminded = models.PositiveSmallIntegerField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    filed_at = models.DateTimeField(null=True, blank=True)
    filed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    is_complex = models.BooleanField(default=False)
    answer_due_on = models.DateField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    body = models.CharField(max_length=120, blank=True)  # the out-of-court body, an office
    reference = SealedField()
    words = SealedField()  # what they answered

    objects = OfTakedownQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["takedown", "kind"], name="redress_kind_once"),
            models.CheckConstraint(
                name="redress_filed_when_and_by_whom",
                condition=Q(filed_at=None, filed_by=None) | Q(filed_at__isnull=False, filed_by__isnull=False),
            ),
            models.CheckConstraint(
                name="redress_decided_when",
                condition=Q(
                    state__in=sorted(states.DECIDED), decided_at__isnull=False, filed_at__isnull=False
                )
                | ~Q(state__in=sorted(states.DECIDED)) & Q(decided_at=None),
            ),
            models.CheckConstraint(
                name="redress_opened_after_decision", condition=Q(opened_at__gte=F("decision_at"))
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(
                fields=["window_until", "id"],
                name="redress_window",
                condition=Q(state=RedressState.TO_FILE),
            ),
            models.Index(
                fields=["answer_due_on", "id"],
                name="redress_answer_due",
                condition=Q(state=RedressState.FILED),
            ),
        ]

    class Privacy:
        keep = (
            "id",
            "takedown",
            "kind",
            "state",
            "state_at",
            "opened_at",
            "decision_at",
            "window_until",
            "reminded",
            "reminded_at",
            "filed_at",
            "filed_by",
            "is_complex",
            "answer_due_on",
            "decided_at",
            "body",
        )
        sealed = ("reference", "words")

    def __str__(self) -> str:
        return f"redress {self.pk}"

    def move(self, state: RedressState, *, at: datetime) -> None:
        """Along an arrow of REDRESS_TRANSITIONS, in memory. Raises ForbiddenMove."""
        if state not in states.REDRESS_TRANSITIONS[RedressState(self.state)]:
            raise ForbiddenMove(f"A complaint that is {self.state} can't become {state}.")
        self.state, self.state_at = state, at
