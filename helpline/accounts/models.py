"""Who works here: staff, their role, their teams, their API tokens."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from helpline.accounts.permissions import Permission


class Role(models.Model):
    """A named set of permissions, held by rows so that a helpline can draw its own."""

    slug = models.SlugField(primary_key=True)
    name = models.CharField(max_length=80)
    permissions = ArrayField(
        models.CharField(max_length=40, choices=Permission.choices), default=list, blank=True
    )

    class Privacy:
        keep = ("slug", "name", "permissions")

    def __str__(self) -> str:
        return self.name


class Team(models.Model):
    """Counsellors who share cases."""

    slug = models.SlugField(primary_key=True)
    name = models.CharField(max_length=80)

    class Privacy:
        keep = ("slug", "name")

    def __str__(self) -> str:
        return self.name


class StaffManager(BaseUserManager["Staff"]):
    """Staff are made by `accounts.actions.create_staff` and by nothing else."""

    def get_by_natural_key(self, username: str | None) -> "Staff":
        return self.get(username=username)


class Staff(AbstractBaseUser):
    """A person with an account. Young people never have one."""

    username = models.CharField(_("user name"), max_length=60, unique=True)
    display_name = models.CharField(max_length=120)
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=8, choices=settings.LANGUAGES, default="fr")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="staff")
    teams = models.ManyToManyField(Team, through="Membership", related_name="staff")
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=timezone.now)
    disabled_at = models.DateTimeField(null=True, blank=True)
    # Part of what a session is checked against: one more, and every session of this person ends.
    sessions_ended = models.PositiveIntegerField(default=0)
    # The one link by which a password is chosen, see `entrance`: who may make it and until when (empty once it is made),
    # when it was made, and when this person first came in after it.
    link_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    link_until = models.DateTimeField(null=True, blank=True)
    link_made_at = models.DateTimeField(null=True, blank=True)
    link_used_at = models.DateTimeField(null=True, blank=True)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = StaffManager()

    class Privacy:
        keep = (
            "id",
            "username",
            "display_name",
            "email",
            "language",
            "role",
            "is_active",
            "joined_at",
            "disabled_at",
            "sessions_ended",
            "link_by",
            "link_until",
            "link_made_at",
            "link_used_at",
            "password",
            "last_login",
        )

    def __str__(self) -> str:
        return self.display_name or self.username

    def can(self, permission: Permission) -> bool:
        """Does this person's role hold `permission`? A disabled account holds none."""
        return self.is_active and permission in self.role.permissions

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session of this person has to match: the password, as Django has it, and `sessions_ended`."""
        ended = f"|{self.sessions_ended}" if self.sessions_ended else ""
        salt = "helpline.accounts.models.Staff.get_session_auth_hash"
        return salted_hmac(salt, f"{self.password}{ended}", secret=secret, algorithm="sha256").hexdigest()

    def team_slugs(self) -> list[str]:
        """The teams of this person, read once a request."""
        if not hasattr(self, "_team_slugs"):
            self._team_slugs = list(self.memberships.values_list("team_id", flat=True))
        return self._team_slugs


class Membership(models.Model):
    """This person belongs to this team."""

    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["staff", "team"], name="membership_once"),
        ]

    class Privacy:
        keep = ("id", "staff", "team")

    def __str__(self) -> str:
        return f"{self.staff_id} in {self.team_id}"


class ApiToken(models.Model):
    """A bearer token for the API: shown once, stored hashed, limited to scopes its holder's role also has."""

    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    digest = models.BinaryField(max_length=32, unique=True)
    scopes = ArrayField(models.CharField(max_length=40, choices=Permission.choices), default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Privacy:
        keep = ("id", "staff", "name", "digest", "scopes", "created_at", "expires_at", "revoked_at")

    def __str__(self) -> str:
        return self.name

    def is_valid(self, now: Any) -> bool:
        """Neither revoked nor expired at `now`."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)
