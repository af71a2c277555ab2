"""A case handed to somebody else: to whom, on what ground, what was given, and what became of it.

Law and consent are columns, and constraints of the database refuse what lacks them, whoever writes.
"""

import uuid
from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cases.models import Case
from cases.referrals import states
from cases.referrals.states import (
    Basis,
    ConsentBy,
    ConsentHow,
    ForbiddenMove,
    Outcome,
    Part,
    RecipientKind,
    Status,
    Step,
)
from helpline.accounts.models import Staff
from helpline.crypto.fields import SealedField


class ReferralQuerySet(models.QuerySet["Referral"]):
    """Who may see which referral."""

    def visible_to(self, staff: Staff) -> Self:
        """Those of the cases this person may work on."""
        return self.filter(case__in=Case.objects.workable_by(staff))


class Referral(models.Model):
    """One case, one recipient. Words are sealed with the case's key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="referrals")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    status_at = models.DateTimeField()
    prepared_at = models.DateTimeField()
    prepared_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    # To whom. The name is that of an office; erased with the report, for a school's leads to a person.
    kind = models.CharField(max_length=10, choices=RecipientKind.choices)
    recipient = models.CharField(max_length=120, blank=True)
    contact = SealedField()
    # On what ground. `reason`: why, in words; needed where nobody consented.
    basis = models.CharField(max_length=14, choices=Basis.choices, blank=True)
    consent_by = models.CharField(max_length=12, choices=ConsentBy.choices, blank=True)
    consent_at = models.DateTimeField(null=True, blank=True)
    consent_how = models.CharField(max_length=10, choices=ConsentHow.choices, blank=True)
    consent_limits = SealedField()
    article = models.CharField(max_length=40, blank=True)
    reason = SealedField()
    # The second person. `approval` names the question that was asked, so that an answer to an older one counts for nothing.
    approval = models.CharField(max_length=40, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # What was given, and what became of it.
    included = ArrayField(models.CharField(max_length=12, choices=Part.choices), default=list, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    receipt = SealedField()
    answered_at = models.DateTimeField(null=True, blank=True)
    follow_up_at = models.DateField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)

    objects = ReferralQuerySet.as_manager()

    class Meta:
        verbose_name_plural = _("whom we asked to help, too")
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                name="referral_stands_on_a_basis",
                condition=~Q(status__in=sorted(states.STANDING | {Status.WAITING})) | ~Q(basis=""),
            ),
            models.CheckConstraint(
                name="referral_consent_is_recorded",
                condition=~Q(basis=Basis.CONSENT)
                | Q(consent_at__isnull=False) & ~Q(consent_by="") & ~Q(consent_how=""),
            ),
            models.CheckConstraint(
                name="referral_duty_names_its_article",
                condition=~Q(basis=Basis.LEGAL_DUTY) | ~Q(article=""),
            ),
            models.CheckConstraint(
                name="referral_without_consent_is_approved",
                condition=~Q(status__in=sorted(states.STANDING))
                | Q(basis=Basis.CONSENT)
                | Q(approved_at__isnull=False, approved_by__isnull=False, asked_by__isnull=False),
            ),
            models.CheckConstraint(
                name="referral_approved_by_another",
                condition=Q(approved_at=None, approved_by=None)
                | Q(approved_at__isnull=False, approved_by__isnull=False) & ~Q(approved_by=F("asked_by")),
            ),
            models.CheckConstraint(
                name="referral_sent_when_and_by_whom",
                condition=Q(status__in=sorted(states.LEFT), sent_at__isnull=False, sent_by__isnull=False)
                | ~Q(status__in=sorted(states.LEFT)) & Q(sent_at=None, sent_by=None),
            ),
            models.CheckConstraint(
                name="referral_answered_when",
                condition=~Q(status__in=sorted(states.ANSWERED)) | Q(answered_at__isnull=False),
            ),
            models.CheckConstraint(
                name="referral_ended_when_and_how",
                condition=Q(status=Status.CLOSED, ended_at__isnull=False, follow_up_at=None) & ~Q(outcome="")
                | Q(status=Status.CANCELLED, ended_at__isnull=False, follow_up_at=None, outcome="")
                | ~Q(status__in=sorted(states.ENDED)) & Q(ended_at=None, outcome=""),
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(
                fields=["follow_up_at", "id"],
                name="referral_follow_up",
                condition=Q(follow_up_at__isnull=False),
            ),
            models.Index(fields=["status", "status_at", "id"], name="referral_status"),
            models.Index(fields=["-prepared_at", "-id"], name="referral_prepared"),
        ]

    class Privacy:
        keep = (
            "id",
            "case",
            "status",
            "status_at",
            "prepared_at",
            "prepared_by",
            "kind",
            "basis",
            "consent_by",
            "consent_at",
            "consent_how",
            "article",
            "approval",
            "asked_by",
            "approved_at",
            "approved_by",
            "included",
            "sent_at",
            "sent_by",
            "answered_at",
            "follow_up_at",
            "ended_at",
            "outcome",
        )
        blank = ("recipient",)
        sealed = ("contact", "consent_limits", "reason", "receipt")
        says = _(
            "If we ask somebody else to help, such as your school or a doctor: whom, when, and whether you agreed. "
            "The words are locked. They stay for %(time)s after the last contact. When you erase them, they are gone "
            "at once here. What somebody else was given before stays with them."
        )

    def __str__(self) -> str:
        return f"referral {self.pk}"

    @property
    def needs_a_second_person(self) -> bool:
        """Is it about to happen without consent?"""
        return self.basis != Basis.CONSENT

    def move(self, status: Status, *, at: datetime) -> None:
        """Along an arrow of TRANSITIONS, in memory. Raises ForbiddenMove."""
        if status not in states.TRANSITIONS[Status(self.status)]:
            raise ForbiddenMove(f"A referral that is {self.status} can't become {status}.")
        self.status, self.status_at = status, at


class ReferralEvent(models.Model):
    """A line of a referral's timeline, never rewritten."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    referral = models.ForeignKey(Referral, on_delete=models.CASCADE, related_name="events", db_index=False)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    what = models.CharField(max_length=10, choices=Step.choices)
    detail = models.JSONField(default=dict)  # coarse: codes, counts, dates, digests
    words = SealedField()  # what they answered, in words, sealed with the case's key

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["referral", "at", "id"], name="referral_event_order")
        ]

    class Privacy:
        keep = ("id", "referral", "at", "by", "what", "detail")
        sealed = ("words",)

    def __str__(self) -> str:
        return f"{self.what} {self.at:%Y-%m-%d %H:%M}"
