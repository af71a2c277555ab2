"""Reports by period and version. What is frozen is guarded by the database, too."""

import uuid
from typing import Any, ClassVar

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from cases.annual import states
from cases.annual.states import Status
from cases.dashboards.periods import Period
from reports.states import ForbiddenMove


class AnnualReport(models.Model):
    """One version of the report about whole months. It holds counts that may be published, and no others.

    `figures` are those last counted and `texts` what was typed. `body` is the report as it was sent for review and then
    frozen, canonical JSON with its SHA-256: every file is made from it. `edition` rises with every change, so that an old
    page can't overwrite a newer one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    first = models.DateField()  # the first day of its first month
    last = models.DateField()  # and of its last month
    language = models.CharField(max_length=8)
    version = models.PositiveIntegerField()
    replaces = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    edition = models.PositiveIntegerField(default=1)
    texts = models.JSONField(default=dict, blank=True)
    figures = models.JSONField(default=dict, blank=True)
    counted_at = models.DateTimeField()
    writers = ArrayField(models.BigIntegerField(), default=list, blank=True)  # nobody of them freezes it
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    body = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    frozen_at = models.DateTimeField(null=True, blank=True)
    frozen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["first", "last", "version"], name="annual_report_version_once"),
            models.UniqueConstraint(
                fields=["first", "last"],
                name="annual_report_one_open",
                condition=Q(status__in=sorted(states.OPEN)),
            ),
            models.CheckConstraint(
                name="annual_report_months",
                condition=Q(first__day=1, last__day=1, first__lte=F("last")),
            ),
            models.CheckConstraint(
                name="annual_report_frozen_when_and_by_whom",
                condition=Q(status=Status.FROZEN, frozen_at__isnull=False, frozen_by__isnull=False)
                & ~Q(body="")
                & ~Q(frozen_by=F("started_by"))
                | ~Q(status=Status.FROZEN) & Q(frozen_at=None, frozen_by=None, published_at=None),
            ),
            models.CheckConstraint(
                name="annual_report_body_with_its_digest",
                condition=Q(body="", sha256="") | ~Q(body="") & ~Q(sha256=""),
            ),
            models.CheckConstraint(
                name="annual_report_published_when_and_by_whom",
                condition=Q(published_at=None, published_by=None)
                | Q(published_at__isnull=False, published_by__isnull=False),
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["-last", "-version", "-id"], name="annual_report_newest"),
        ]
        triggers: ClassVar[list[Any]] = [
            pgtrigger.Protect(
                name="frozen_stays",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.status = 'frozen'"),
            ),
            pgtrigger.Protect(
                name="frozen_as_it_is",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.status = 'frozen' AND "
                    "(OLD.first, OLD.last, OLD.language, OLD.version, OLD.replaces_id, OLD.status, OLD.texts, OLD.figures, "
                    "OLD.body, OLD.sha256, OLD.frozen_at, OLD.frozen_by_id) IS DISTINCT FROM "
                    "(NEW.first, NEW.last, NEW.language, NEW.version, NEW.replaces_id, NEW.status, NEW.texts, NEW.figures, "
                    "NEW.body, NEW.sha256, NEW.frozen_at, NEW.frozen_by_id)"
                ),
            ),
        ]

    class Privacy:
        keep = (
            *(
                "id",
                "first",
                "last",
                "language",
                "version",
                "replaces",
                "status",
                "edition",
                "texts",
                "figures",
            ),
            *("counted_at", "writers", "started_by", "started_at", "changed_at", "body", "sha256"),
            *("frozen_at", "frozen_by", "published_at", "published_by"),
        )

    def __str__(self) -> str:
        return f"{self.months} · {self.version}"

    @property
    def period(self) -> Period:
        """Its months."""
        return Period(self.first, self.last)

    @property
    def months(self) -> str:
        """Its period in words: a whole year by its number."""
        return str(self.first.year) if self.is_of_a_year else str(self.period)

    @property
    def is_of_a_year(self) -> bool:
        """Is its period a whole year, and no more?"""
        return (self.first.month, self.last.month) == (1, 12) and self.first.year == self.last.year

    def move(self, status: Status) -> None:
        """Along an arrow of TRANSITIONS, in memory. Raises ForbiddenMove."""
        if status not in states.TRANSITIONS[Status(self.status)]:
            raise ForbiddenMove(f"A report that is {self.status} can't become {status}.")
        self.status = status
