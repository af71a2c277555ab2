"""The templates that notices are written from, version by version; and who allowed the helpline to sign for them."""

import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.letters import states
from cases.letters.parts import Part, parts_of
from cases.letters.states import GivenBy, GivenHow, Status
from cases.models import Case
from helpline.crypto.fields import SealedField
from helpline.platforms.models import Regime
from reports.states import ForbiddenMove, Kind


class NoticeTemplateQuerySet(models.QuerySet["NoticeTemplate"]):
    """Finding versions."""

    def of(self, regime: str, language: str, kind: str = "") -> Self:
        """Every version of one template."""
        return self.filter(regime=regime, language=language, kind=kind)

    def in_use(self) -> Self:
        """What notices are written from."""
        return self.filter(status=Status.IN_USE)


class NoticeTemplate(models.Model):
    """One version of what a notice says under one law, in one language, for every kind of report or for one.

    Its words never change: another wording is another version, and it is used once a second person said yes.
    """

    regime = models.CharField(max_length=20, choices=Regime.choices)
    language = models.CharField(max_length=8)
    kind = models.CharField(max_length=12, choices=Kind.choices, blank=True)  # blank: every kind
    version = models.PositiveIntegerField()
    parts = models.JSONField()  # name -> text, see `cases.letters.parts`
    status = models.CharField(max_length=10, choices=Status.choices)
    based_on = models.PositiveIntegerField(null=True, blank=True)  # the version it was written over
    # Null: it came with the program.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField()
    used_from = models.DateTimeField(null=True, blank=True)
    used_until = models.DateTimeField(null=True, blank=True)

    objects = NoticeTemplateQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["regime", "language", "kind", "version"], name="notice_template_version_once"
            ),
            models.UniqueConstraint(
                fields=["regime", "language", "kind"],
                name="notice_template_one_in_use",
                condition=Q(status=Status.IN_USE),
            ),
            models.UniqueConstraint(
                fields=["regime", "language", "kind"],
                name="notice_template_one_waiting",
                condition=Q(status=Status.WAITING),
            ),
            models.CheckConstraint(
                condition=Q(regime__in=Regime.values), name="notice_template_known_regime"
            ),
        ]

    class Privacy:
        keep = (
            *("id", "regime", "language", "kind", "version", "parts", "status", "based_on", "by", "at"),
            *("used_from", "used_until"),
        )

    def __str__(self) -> str:
        return self.wording

    @property
    def slot(self) -> str:
        """Which template it is a version of: `eu-dsa-16/fr`, or `eu-dsa-16/fr/threat` for one kind."""
        return "/".join(one for one in (self.regime, self.language, self.kind) if one)

    @property
    def wording(self) -> str:
        """How a notice names the version it was written from: `eu-dsa-16/fr/3`."""
        return f"{self.slot}/{self.version}"

    @property
    def layout(self) -> list[tuple[Part, str]]:
        """Its parts with their texts, in the order of the notice."""
        return [(part, self.parts.get(part.name, "")) for part in parts_of(self.regime, self.kind)]

    def move(self, status: Status) -> None:
        """Along an arrow of TRANSITIONS, in memory. Raises ForbiddenMove."""
        if status not in states.TRANSITIONS[Status(self.status)]:
            raise ForbiddenMove(f"A template that is {self.status} can't become {status}.")
        self.status = status


class Mandate(models.Model):
    """That somebody who may say so allowed the helpline to sign in this case. Kept apart from every notice.

    A notice says that the helpline signs as an authorised representative, and nothing of who authorised it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="mandates")
    given_by = models.CharField(max_length=12, choices=GivenBy.choices)
    given_how = models.CharField(max_length=10, choices=GivenHow.choices)
    given_on = models.DateField()
    words = SealedField()  # sealed with the case's key
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name_plural = _("that we may sign for you")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["case"], name="mandate_one_stands", condition=Q(revoked_at=None)),
            models.CheckConstraint(
                name="mandate_revoked_when_and_by_whom",
                condition=Q(revoked_at=None, revoked_by=None)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
            ),
        ]

    class Privacy:
        keep = (
            *("id", "case", "given_by", "given_how", "given_on", "recorded_by", "recorded_at"),
            *("revoked_at", "revoked_by"),
        )
        sealed = ("words",)
        says = _(
            "That you, or an adult who answers for you, allowed us to sign a request. What was said is locked. "
            "It stays for %(time)s after the last contact. When you erase your report, the words are gone at once."
        )

    def __str__(self) -> str:
        return f"mandate {self.pk}"
