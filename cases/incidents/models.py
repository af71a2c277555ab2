"""What an incident knows beyond its cases: fingerprints to match, its history, letters, school codes, its worksheet.

Incident and IncidentMember themselves stand in cases.models.
"""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Func, Q
from django.utils.translation import gettext_lazy as _

from cases.incidents import masking
from cases.incidents.states import Step
from cases.models import Case, Incident
from helpline.crypto.fields import SealedField
from reports.models import Fingerprint


class BitsField(models.Field):  # type: ignore[type-arg]
    """256 bits, as text of 0 and 1."""

    def db_type(self, connection: Any) -> str:
        return f"bit({masking.BITS})"


def _band(number: int) -> Func:
    """The sixteen bits of one band, as a number."""
    start = masking.WIDTH * number + 1
    return Func(
        "masked", template=f"(substring(%(expressions)s FROM {start} FOR {masking.WIDTH})::bit(16)::integer)"
    )


class Print(models.Model):
    """A fingerprint, in the form in which near ones are found. See `cases.incidents.masking`.

    Every PDQ of a case that is worth matching has one. Erasing the report deletes it.
    """

    # The database deletes it with its fingerprint: who takes that back does so on the public face, which can't see this.
    fingerprint = models.OneToOneField(
        Fingerprint, on_delete=models.DO_NOTHING, primary_key=True, related_name="+"
    )
    key_id = models.CharField(max_length=32)
    masked = BitsField()

    class Meta:
        verbose_name_plural = _("fingerprints, masked")
        # One for each of its bands, with all that is compared: what a search looks at lies side by side in an index and
        # is never fetched from the table. It takes 1.3 GB a million, and a tenth of the time of reading them all.
        indexes: ClassVar[list[Any]] = [
            models.Index(_band(number), name=f"print_band_{number}", include=["masked", "fingerprint"])
            for number in range(masking.BANDS)
        ]

    class Privacy:
        keep = ("fingerprint", "key_id")
        blank = ("masked",)  # the row goes
        says = _(
            "The fingerprint, mixed up with a secret, to see whether others told us about the same picture. "
            "When you erase it, it is gone at once."
        )

    def __str__(self) -> str:
        return f"print {self.fingerprint_id}"


class Compared(models.Model):
    """A case was compared with the others as of `told_at`, its report's last contact then. Not the same now: again."""

    case = models.OneToOneField(Case, on_delete=models.CASCADE, primary_key=True, related_name="compared")
    told_at = models.DateTimeField()

    class Privacy:
        keep = ("case", "told_at")

    def __str__(self) -> str:
        return f"{self.case_id} compared as of {self.told_at:%Y-%m-%d %H:%M}"


class Letter(models.Model):
    """What a case is called on papers about its incident: A, B, C. Given once, never given to another."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="letters")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveSmallIntegerField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["incident", "case"], name="letter_of_a_case_once"),
            models.UniqueConstraint(fields=["incident", "number"], name="letter_given_once"),
        ]

    class Privacy:
        keep = ("id", "incident", "case", "number")

    def __str__(self) -> str:
        return self.word

    @property
    def word(self) -> str:
        """A … Z, then AA, AB …"""
        number, word = self.number, ""
        while number:
            number, place = divmod(number - 1, 26)
            word = chr(ord("A") + place) + word
        return word


class IncidentStep(models.Model):
    """A line of the history of an incident. `changes` say what was before and after, so that it can be undone.

    A change is {"member", "case", "before", "after"}; before and after are {"incident", "state"}, or null where the case
    had no place in any.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="steps")
    # The incident that was split off, or that this one went into.
    other = models.ForeignKey(Incident, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    what = models.CharField(max_length=12, choices=Step.choices)
    changes = models.JSONField(default=list)
    data = models.JSONField(default=dict)  # coarse: counts, names of platforms
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["incident", "-at", "-id"], name="incident_step_order"),
            models.Index(fields=["other"], name="incident_step_other", condition=Q(other__isnull=False)),
        ]

    class Privacy:
        keep = ("id", "incident", "other", "at", "by", "what", "changes", "data", "undone_at", "undone_by")

    def __str__(self) -> str:
        return f"{self.what} {self.at:%Y-%m-%d %H:%M}"


class SchoolCode(models.Model):
    """A short code that a school hands to its pupils: whoever names it is proposed for the incident."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="codes")
    index = models.BinaryField(max_length=32, null=True, unique=True)
    code = SealedField()  # with the incident's key
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["incident"], name="school_code_one_in_use", condition=Q(ended_at=None)
            ),
        ]

    class Privacy:
        keep = ("id", "incident", "made_at", "made_by", "ended_at")
        blank = ("index",)
        sealed = ("code",)

    def __str__(self) -> str:
        return f"school code {self.pk}"


class Worksheet(models.Model):
    """What colleagues wrote for the paper that goes to the school and the authorities. Sealed with the incident's key."""

    incident = models.OneToOneField(
        Incident, on_delete=models.CASCADE, primary_key=True, related_name="worksheet"
    )
    # Of the words: what was opened older is not written over.
    version = models.PositiveIntegerField(default=0)
    agreed = SealedField()
    contact = SealedField()
    tasks = SealedField()
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Privacy:
        keep = ("incident", "version", "changed_at", "changed_by")
        sealed = ("agreed", "contact", "tasks")

    def __str__(self) -> str:
        return f"worksheet of {self.incident_id}"
