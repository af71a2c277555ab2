"""Changes to accounts. Each checks, writes, and leaves a line in the trail."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from helpline.accounts.models import ApiToken, Membership, Role, Staff, Team
from helpline.accounts.permissions import STARTING_ROLES, Permission
from helpline.audit import actions as audit


def ensure_starting_roles() -> None:
    """Make the roles a new helpline starts with; roles that exist are left as their administrator drew them."""
    for slug, (name, permissions) in STARTING_ROLES.items():
        Role.objects.get_or_create(slug=slug, defaults={"name": name, "permissions": sorted(permissions)})


@transaction.atomic
def create_staff(
    *,
    username: str,
    display_name: str,
    role: Role,
    password: str,
    by: Staff | None,
    at: datetime,
    email: str = "",
    language: str = "fr",
    teams: Iterable[Team] = (),
) -> Staff:
    """A new account. `by` is None only on the first run. Raises IntegrityError when the user name is taken."""
    staff = Staff(
        username=username, display_name=display_name, email=email, language=language, role=role, joined_at=at
    )
    staff.set_password(password)
    staff.save()
    Membership.objects.bulk_create(Membership(staff=staff, team=team) for team in teams)
    audit.record(by=by, verb="staff.created", obj=staff, detail={"role": role.slug}, at=at)
    return staff


@transaction.atomic
def create_token(
    *, staff: Staff, name: str, scopes: Iterable[Permission], by: Staff, at: datetime
) -> tuple[ApiToken, str]:
    """A bearer token for `staff`. Returns the row and the token itself, which is shown once and stored hashed."""
    text = "hl_" + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        staff=staff, name=name, digest=digest(text), scopes=sorted(scopes), created_at=at
    )
    audit.record(by=by, verb="token.created", obj=token, detail={"for": staff.pk}, at=at)
    return token, text


def digest(text: str) -> bytes:
    """How a token is stored. A token is 256 random bits, so a fast hash is enough."""
    return hashlib.sha256(text.encode()).digest()
