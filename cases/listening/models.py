"""What a counsellor writes while listening: a draft of their own, until it is sent."""

import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.listening.states import CHANNELS, Code
from helpline.accounts.models import Staff
from helpline.crypto import wrapping
from helpline.crypto.box import Box
from helpline.crypto.fields import SealedField
from reports.models import Report


class CallQuerySet(models.QuerySet["CallDraft"]):
    """Whose call it is."""

    def of(self, staff: Staff) -> Self:
        """Those this colleague took. Nobody else sees them, a supervisor neither."""
        return self.filter(taken_by=staff)

    def unfinished(self) -> Self:
        """Neither sent nor thrown away."""
        return self.filter(sent_at=None, discarded_at=None)


class CallDraft(models.Model):
    """One call or chat. Its words are sealed under a data key of its own, which is wrapped for the desk."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    channel = models.CharField(max_length=10, choices=[(one.value, one.label) for one in CHANNELS])
    language = models.CharField(max_length=8)  # theirs, not the counsellor's
    words = SealedField()  # the interview so far
    key = models.BinaryField(null=True)
    # Which open page wrote last, and its count: a page that did not see what another wrote is answered with both.
    version = models.PositiveIntegerField(default=0)
    page = models.CharField(max_length=32)
    serial = models.PositiveIntegerField(default=0)
    begun_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    discarded_at = models.DateTimeField(null=True, blank=True)
    # The report: there from the moment it was raised, or sent.
    report = models.ForeignKey(Report, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    raised_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    code = models.CharField(max_length=10, choices=Code.choices, blank=True)

    objects = CallQuerySet.as_manager()

    class Meta:
        verbose_name_plural = _("what a counsellor wrote while you spoke")
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                name="call_sent_keeps_no_words",
                condition=Q(sent_at=None, code="")
                | Q(sent_at__isnull=False, report__isnull=False, words=None, key=None) & ~Q(code=""),
            ),
            models.CheckConstraint(
                name="call_raised_is_a_report", condition=Q(raised_at=None) | Q(report__isnull=False)
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(
                fields=["taken_by", "-changed_at", "-id"],
                name="call_unfinished",
                condition=Q(sent_at=None, discarded_at=None),
            ),
        ]

    class Privacy:
        keep = (
            *("id", "taken_by", "channel", "language", "version", "page", "serial"),
            *("begun_at", "changed_at", "expires_at", "discarded_at"),
            *("report", "raised_at", "sent_at", "code"),
        )
        blank = ("key",)
        sealed = ("words",)
        says = _(
            "When you call or chat: what the person who listens writes down before it is sent. It is locked, and only "
            "they see it. It is deleted a few days later, or when you erase the report."
        )

    def __str__(self) -> str:
        return f"call {self.pk}"

    @property
    def about(self) -> str:
        """What its data key is bound to."""
        return f"call:{self.pk}"

    @property
    def is_open(self) -> bool:
        """Can it be written in?"""
        return self.sent_at is None and self.discarded_at is None

    def box(self) -> Box:
        """Opens its words. Raises WrongKey once it was sent, KeyUnavailable on the public face."""
        if self.key is None:
            raise wrapping.WrongKey("This call was sent.")
        return Box(wrapping.unwrap_for_desk(self.key, about=self.about))
