"""What there is to do in a case, and what helps to do it. Words about a young person are sealed with the case's key."""

import uuid
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.models import Case
from cases.states import CaseStatus
from cases.todo.states import About, Occasion
from helpline.accounts.models import Staff
from helpline.crypto.fields import SealedField
from reports.states import AgeRange, Circumstance, Kind

# When a task without a day is due: after all others, in every order.
NO_DAY = datetime(8000, 1, 1, tzinfo=UTC)
OPEN = Q(done_at=None, removed_at=None)


# --- lists that a supervisor writes ---------------------------------------------------------------------


class Checklist(models.Model):
    """What is usually to be done in one kind of case. Applying it copies it: later changes alter no old case."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name_fr = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    # Offered where one of these is true of the report; always, when nothing is named.
    kinds = ArrayField(models.CharField(max_length=12, choices=Kind.choices), default=list, blank=True)
    ages = ArrayField(models.CharField(max_length=10, choices=AgeRange.choices), default=list, blank=True)
    circumstances = ArrayField(
        models.CharField(max_length=12, choices=Circumstance.choices), default=list, blank=True
    )
    is_offered = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField(null=True, blank=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # As it stood before the last change, to go back to.
    before = models.JSONField(default=dict, blank=True)

    class Privacy:
        keep = (
            "id",
            "name_fr",
            "name_en",
            "kinds",
            "ages",
            "circumstances",
            "is_offered",
            "position",
            "version",
            "changed_at",
            "changed_by",
            "before",
        )

    def __str__(self) -> str:
        return self.name_en


class ChecklistItem(models.Model):
    """One short sentence of a checklist."""

    checklist = models.ForeignKey(Checklist, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveSmallIntegerField()
    text_fr = models.CharField(max_length=200)
    text_en = models.CharField(max_length=200)
    due_hours = models.PositiveIntegerField(null=True, blank=True)  # from when it is applied

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["checklist", "position"], name="checklist_item_place_once"),
        ]

    class Privacy:
        keep = ("id", "checklist", "position", "text_fr", "text_en", "due_hours")

    def __str__(self) -> str:
        return self.text_en


class MessageTemplate(models.Model):
    """A text to begin with, in both languages, for the young and for adults. Always read and changed before it is sent."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    occasion = models.CharField(max_length=10, choices=Occasion.choices)
    name_fr = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    fr_young = models.TextField()
    fr_adult = models.TextField()
    en_young = models.TextField()
    en_adult = models.TextField()
    is_offered = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField(null=True, blank=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    before = models.JSONField(default=dict, blank=True)

    class Privacy:
        keep = (
            "id",
            "occasion",
            "name_fr",
            "name_en",
            "fr_young",
            "fr_adult",
            "en_young",
            "en_adult",
            "is_offered",
            "version",
            "changed_at",
            "changed_by",
            "before",
        )

    def __str__(self) -> str:
        return self.name_en


# --- in a case ------------------------------------------------------------------------------------------


class AppliedChecklist(models.Model):
    """This checklist was applied to this case, once."""

    case = models.ForeignKey(
        Case, on_delete=models.CASCADE, related_name="applied_checklists", db_index=False
    )
    checklist = models.ForeignKey(Checklist, on_delete=models.PROTECT, related_name="applied")
    version = models.PositiveIntegerField()
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["case", "checklist"], name="checklist_applied_once"),
        ]

    class Privacy:
        keep = ("id", "case", "checklist", "version", "at", "by")

    def __str__(self) -> str:
        return f"{self.checklist_id} in {self.case_id}"


class TaskQuerySet(models.QuerySet["Task"]):
    """Whose a task is, and who may change it."""

    def workable_by(self, staff: Staff) -> Self:
        """Those of the cases this person may work on."""
        return self.filter(case__in=Case.objects.workable_by(staff))

    def open_for(self, staff: Staff) -> Self:
        """Not done yet, and this person's: named for them, or for whoever holds a case that they hold.

        What was named for somebody whose account is closed is the holder's, too: nothing stays with who left.
        """
        in_hand = Case.objects.workable_by(staff).exclude(status=CaseStatus.CLOSED)
        holders = Q(for_whom=None) | Q(for_whom__is_active=False)
        return self.filter(OPEN, case__in=in_hand).filter(
            Q(for_whom=staff) | holders & Q(case__assignee=staff)
        )


class Task(models.Model):
    """Something to do in a case, until a day."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="tasks")
    text = SealedField()
    due_at = models.DateTimeField(default=NO_DAY)
    # None: whoever holds the case, so that it goes along when the case does.
    for_whom = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    about = models.CharField(max_length=8, choices=About.choices, blank=True)
    applied = models.ForeignKey(
        AppliedChecklist, on_delete=models.CASCADE, null=True, blank=True, related_name="tasks"
    )
    position = models.PositiveSmallIntegerField(default=0)  # in its checklist
    version = models.PositiveIntegerField(default=1)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # Gone from the lists, and kept a while for whoever wants it back.
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = TaskQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                name="task_done_by_whom",
                condition=Q(done_at=None, done_by=None) | Q(done_at__isnull=False, done_by__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["case"], name="task_plan_review_once", condition=OPEN & Q(about=About.PLAN)
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["due_at", "id"], name="task_due", condition=OPEN),
            models.Index(fields=["done_by", "-done_at", "-id"], name="task_done", condition=~Q(done_at=None)),
            models.Index(fields=["removed_at"], name="task_removed", condition=~Q(removed_at=None)),
        ]

    class Privacy:
        keep = (
            "id",
            "case",
            "due_at",
            "for_whom",
            "about",
            "applied",
            "position",
            "version",
            "made_at",
            "made_by",
            "done_at",
            "done_by",
            "removed_at",
        )
        sealed = ("text",)

    def __str__(self) -> str:
        return f"task {self.pk}"

    @property
    def has_day(self) -> bool:
        """Is it due at all?"""
        return self.due_at != NO_DAY

    @property
    def is_open(self) -> bool:
        """Neither done nor removed."""
        return self.done_at is None and self.removed_at is None


PARTS = ("warning", "calming", "people", "places", "danger", "agreed")


class SafetyPlan(models.Model):
    """A version of what was agreed with the young person, for bad hours. The newest one counts; none is rewritten."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="safety_plans", db_index=False)
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    warning = SealedField()
    calming = SealedField()
    people = SealedField()
    places = SealedField()
    danger = SealedField()
    agreed = SealedField()
    review_on = models.DateField(null=True, blank=True)
    shared_at = models.DateTimeField(null=True, blank=True)
    shared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    shared_as = models.UUIDField(null=True, blank=True)  # the message it was sent as

    class Meta:
        verbose_name_plural = _("your safety plan")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["case", "number"], name="safety_plan_version_once"),
        ]

    class Privacy:
        keep = ("id", "case", "number", "at", "by", "review_on", "shared_at", "shared_by", "shared_as")
        sealed = PARTS
        says = _(
            "If you make a plan with us for hard moments: what helps you, and whom to turn to. The words are locked. "
            "They stay for %(time)s after the last contact. When you erase them, they are gone at once."
        )

    def __str__(self) -> str:
        return f"safety plan {self.case_id}, version {self.number}"


class RemovedNote(models.Model):
    """A note its author took away a moment ago, as it was sealed: put back, it is the same note again."""

    id = models.UUIDField(primary_key=True, editable=False)  # the note's own, which its words are sealed to
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    body = SealedField()
    removed_at = models.DateTimeField()

    class Privacy:
        keep = ("id", "case", "by", "at", "removed_at")
        sealed = ("body",)

    def __str__(self) -> str:
        return f"removed note {self.pk}"
