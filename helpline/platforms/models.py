"""Platforms, and the channels by which a notice reaches them."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from helpline.crypto.fields import SealedField
from helpline.platforms.words import OTHER
from helpline.web.language import in_house

STALE_AFTER = timedelta(days=180)


class HashScheme(models.TextChoices):
    """A shared list of fingerprints in which a platform takes part."""

    STOPNCII = "stopncii", "StopNCII"
    TAKE_IT_DOWN = "take_it_down", "Take It Down"


class ChannelKind(models.TextChoices):
    """How a notice travels."""

    EMAIL = "email", _("E-mail")
    HTTP_API = "http_api", _("Notice API")
    WEB_FORM = "web_form", _("Web form, filled in by a person")
    XARF = "xarf", _("X-ARF report to a host")


# The channel that answers soonest and needs the fewest hands comes first.
PREFERENCE = (ChannelKind.HTTP_API, ChannelKind.EMAIL, ChannelKind.WEB_FORM, ChannelKind.XARF)


class Regime(models.TextChoices):
    """The law a notice is written under."""

    EU_DSA_16 = "eu-dsa-16", _("EU: Digital Services Act, article 16")
    US_TAKE_IT_DOWN = "us-take-it-down", _("US: TAKE IT DOWN Act")
    FR_LCEN = "fr-lcen", _("France: LCEN")


class ChannelWarning(models.TextChoices):
    """Why a person should look at a channel before using it: a stable code and a sentence."""

    NOT_APPROVED = "not_approved", _("Nobody has approved this contact yet.")
    NEVER_VERIFIED = "never_verified", _("Nobody has checked yet that this contact works.")
    STALE = "stale", _("It is more than six months since somebody checked this contact.")
    BOUNCED = "bounced", _("The last message to this contact came back.")


class PlatformQuerySet(models.QuerySet["Platform"]):
    """Finding platforms."""

    def switched_off(self) -> "PlatformQuerySet":
        """Those to which nothing is sent, and those whose links are left alone."""
        return self.filter(Q(paused_at__isnull=False) | Q(recheck=False))

    def catch_all(self) -> "Platform":
        """The platform that stands for every site the directory does not name; made on first use."""
        other = self.filter(is_other=True).first()
        if other is None:
            defaults = {"name": in_house(OTHER), "is_other": True}
            other, _created = self.update_or_create(slug="other", defaults=defaults)
        return other


class Platform(models.Model):
    """A place where content is found, recognised by its domains."""

    slug = models.SlugField(max_length=50, unique=True)
    name = models.CharField(max_length=80)
    domains = ArrayField(
        models.CharField(max_length=253),
        default=list,
        blank=True,
        help_text=_(
            "Lower-case host names; each covers its sub-domains. “name.*” covers name.com, name.fr and so on."
        ),
    )
    hash_schemes = ArrayField(
        models.CharField(max_length=20, choices=HashScheme.choices), default=list, blank=True
    )
    promise = models.TextField(blank=True, help_text=_("What the platform says about how fast it acts."))
    notes = models.TextField(blank=True)
    is_other = models.BooleanField(default=False)
    # Whether its links are looked at; and the words by which a page that answers 200 says that nothing is there.
    recheck = models.BooleanField(default=True, db_default=True)
    gone_words = ArrayField(models.CharField(max_length=100), default=list, db_default=[], blank=True)
    # Why its links are left alone; and since when, by whom and why nothing is sent to it. In the words of whoever did it.
    recheck_reason = models.CharField(max_length=200, blank=True, db_default="")
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    pause_reason = models.CharField(max_length=200, blank=True, db_default="")
    # Two that became one: what was asked of this one counts with the other's from then on.
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged"
    )
    # What the last import said, field by field: it tells an edit of the file from an edit by an operator.
    imported = models.JSONField(default=dict, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = PlatformQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["is_other"], condition=Q(is_other=True), name="platform_one_other"
            ),
            models.CheckConstraint(
                condition=Q(hash_schemes__contained_by=HashScheme.values), name="platform_known_hash_schemes"
            ),
            models.CheckConstraint(
                condition=~Q(merged_into=F("id")) | Q(merged_into__isnull=True),
                name="platform_not_into_itself",
            ),
            models.CheckConstraint(
                condition=Q(paused_at=None, paused_by=None, pause_reason="")
                | Q(paused_at__isnull=False) & ~Q(pause_reason=""),
                name="platform_paused_with_reason",
            ),
        ]

    class Privacy:
        keep = (
            "id",
            "slug",
            "name",
            "domains",
            "hash_schemes",
            "promise",
            "notes",
            "is_other",
            "recheck",
            "gone_words",
            "recheck_reason",
            "paused_at",
            "paused_by",
            "pause_reason",
            "merged_into",
            "imported",
            "created_at",
            "updated_at",
        )
        blank = ()
        sealed = ()
        until = None

    def __str__(self) -> str:
        return self.name

    @property
    def halted(self) -> "Platform | None":
        """Where nothing is sent to it: itself, or what it became part of, whichever was paused. Needs `merged_into`."""
        if self.paused_at is not None:
            return self
        return self.merged_into if self.merged_into is not None and self.merged_into.paused_at else None

    def best_channel(self, *, regimes: Collection[str] = ()) -> "Channel | None":
        """The channel for a notice under all of `regimes`; None when no channel in use takes them."""
        return self.channels.in_use().taking(regimes).by_preference().first()


class ChannelQuerySet(models.QuerySet["Channel"]):
    """Choosing channels."""

    def in_use(self) -> "ChannelQuerySet":
        """Switched on, and so approved and with an address."""
        return self.filter(enabled=True)

    def sending(self) -> "ChannelQuerySet":
        """Those of them whose platform, and what that became part of, nobody has paused."""
        return self.in_use().filter(platform__paused_at=None, platform__merged_into__paused_at=None)

    def with_platform(self) -> "ChannelQuerySet":
        """With what says whether anything is sent to their platform."""
        return self.select_related("platform__merged_into", "platform__paused_by")

    def taking(self, regimes: Collection[str]) -> "ChannelQuerySet":
        """Those that accept every one of `regimes`. A channel that names no regime accepts any notice."""
        return self.filter(Q(regimes__contains=list(regimes)) | Q(regimes=[]))

    def by_preference(self) -> "ChannelQuerySet":
        """Best first: see PREFERENCE; among equals the oldest."""
        order = models.Case(
            *(models.When(kind=kind, then=place) for place, kind in enumerate(PREFERENCE)),
            default=len(PREFERENCE),
            output_field=models.SmallIntegerField(),
        )
        return self.order_by(order, "id")


class Channel(models.Model):
    """One way to reach a platform. Its slug is part of the address of the platform's callbacks."""

    platform = models.ForeignKey(Platform, on_delete=models.PROTECT, related_name="channels")
    slug = models.SlugField(max_length=60, unique=True)
    kind = models.CharField(max_length=20, choices=ChannelKind.choices)
    address = models.CharField(max_length=500, blank=True)  # an e-mail address, an API's base, a form's page
    regimes = ArrayField(models.CharField(max_length=30, choices=Regime.choices), default=list, blank=True)
    languages = ArrayField(models.CharField(max_length=12), default=list, blank=True)
    max_items = models.PositiveIntegerField(default=1)
    evidence_required = models.TextField(blank=True)
    promised_hours = models.PositiveIntegerField(null=True, blank=True)
    token_sealed = SealedField()
    outbound_secret_sealed = SealedField()
    inbound_secret_sealed = SealedField()
    enabled = models.BooleanField(default=False)
    # Who vouched for a contact stays known: such an account can be disabled, not deleted.
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    changed_at = models.DateTimeField(null=True, blank=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    last_bounce_at = models.DateTimeField(null=True, blank=True)
    # A channel that keeps office hours, and the country whose holidays it keeps (ISO 3166); blank: day and night.
    office_country = models.CharField(max_length=2, blank=True, db_default="")
    # How many notices may be on their way at once; faults in a row, and the breaker: nothing is sent before that moment.
    max_in_flight = models.PositiveSmallIntegerField(default=100, db_default=100)
    faults = models.PositiveSmallIntegerField(default=0, db_default=0)
    paused_until = models.DateTimeField(null=True, blank=True)
    # A person's; the breaker writes none.
    pause_reason = models.CharField(max_length=200, blank=True, db_default="")
    # What the last import said, field by field: it tells an edit of the file from an edit by an operator.
    imported = models.JSONField(default=dict, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ChannelQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["platform_id", "id"]
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(kind__in=ChannelKind.values), name="channel_known_kind"),
            models.CheckConstraint(
                condition=Q(regimes__contained_by=Regime.values), name="channel_known_regimes"
            ),
            models.CheckConstraint(
                condition=Q(enabled=False) | ~Q(address=""), name="channel_enabled_has_address"
            ),
            models.CheckConstraint(
                condition=Q(enabled=False) | Q(approved_at__isnull=False), name="channel_enabled_is_approved"
            ),
            models.CheckConstraint(condition=Q(max_items__gte=1), name="channel_takes_an_item"),
            models.CheckConstraint(condition=Q(max_in_flight__gte=1), name="channel_sends_one"),
            models.CheckConstraint(
                condition=Q(promised_hours__isnull=True) | Q(promised_hours__gte=1),
                name="channel_promise_positive",
            ),
            models.CheckConstraint(
                condition=Q(verified_at__isnull=True, verified_by__isnull=True)
                | Q(verified_at__isnull=False, verified_by__isnull=False),
                name="channel_verified_both",
            ),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True, approved_by__isnull=True)
                | Q(approved_at__isnull=False, approved_by__isnull=False),
                name="channel_approved_both",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True)
                | Q(changed_by__isnull=True)
                | ~Q(approved_by=F("changed_by")),
                name="channel_second_person",
            ),
        ]

    class Privacy:
        keep = (
            "id",
            "platform",
            "slug",
            "kind",
            "address",
            "regimes",
            "languages",
            "max_items",
            "evidence_required",
            "promised_hours",
            "enabled",
            "verified_at",
            "verified_by",
            "approved_at",
            "approved_by",
            "changed_at",
            "changed_by",
            "last_bounce_at",
            "office_country",
            "max_in_flight",
            "faults",
            "paused_until",
            "pause_reason",
            "imported",
            "created_at",
            "updated_at",
        )
        blank = ()
        sealed = ("token_sealed", "outbound_secret_sealed", "inbound_secret_sealed")
        until = None

    def __str__(self) -> str:
        return self.slug

    def is_paused(self, now: datetime) -> bool:
        """Is the breaker open at `now`?"""
        return self.paused_until is not None and self.paused_until > now

    def warnings(self, now: datetime) -> list[ChannelWarning]:
        """What a person should know before using this channel at `now`; [] when there is nothing."""
        found = []
        if self.approved_at is None:
            found.append(ChannelWarning.NOT_APPROVED)
        if self.verified_at is None:
            found.append(ChannelWarning.NEVER_VERIFIED)
        elif now - self.verified_at > STALE_AFTER:
            found.append(ChannelWarning.STALE)
        # Somebody who verified the contact after the bounce has settled it.
        if self.last_bounce_at and (self.verified_at is None or self.last_bounce_at > self.verified_at):
            found.append(ChannelWarning.BOUNCED)
        return found
