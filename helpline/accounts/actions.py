"""Changes to accounts. Each checks, writes, and leaves a line in the trail.

What needs a second person – a role, what a role may do, opening an account, a way back in, an e-mail address – is asked for
and decided above the floor (`cases/accounts/approving.py`) and done here.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Q
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from helpline.accounts.models import ApiToken, Membership, Role, Staff, Team
from helpline.accounts.permissions import STARTING_ROLES, Permission
from helpline.audit import actions as audit

REFUSALS: dict[str, Promise] = {
    "own_account": _("Somebody else has to do that with your account."),
    "last_administrator": _("Nobody would be left who manages accounts. Nothing changed."),
    "last_second_person": _(
        "Nobody but you would be left who can be the second person. Open somebody else’s account first. If nobody is left "
        "who can agree, whoever runs the server can make one with “manage.py second_person”."
    ),
    "closed": _("This account is closed. Nothing changed."),
    "open": _("This account is open already."),
    "changed_meanwhile": _("It was changed since it was asked. It has to be asked for again."),
    "too_much": _("A token opens no more than its holder’s role does, and no more than you may do yourself."),
    "no_scopes": _("Say what the token may do."),
    "taken": _("There is one of this name already."),
    "no_name": _("Give it a name with letters in it."),
    "no_address": _(
        "Whoever works on cases gets their way in by e-mail, and nobody else sees it. Give them an address first."
    ),
}


class AccountRefused(Exception):
    """This can't be done to the account as it stands. `code` is stable, `sentence` is for the person."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def sentence(self) -> str:
        """What to say."""
        return str(REFUSALS[self.code])


@dataclass(frozen=True, slots=True)
class Details:
    """What of an account is changed at once. `teams` are slugs, sorted."""

    display_name: str
    language: str
    teams: tuple[str, ...]


class Stale(Exception):
    """Somebody changed it since the form was opened: `now` is how it stands."""

    def __init__(self, now: Details) -> None:
        super().__init__("It was changed meanwhile.")
        self.now = now


def ensure_starting_roles() -> None:
    """Make the roles a new helpline starts with; roles that exist are left as their administrator drew them."""
    for slug, (name, permissions) in STARTING_ROLES.items():
        Role.objects.get_or_create(slug=slug, defaults={"name": name, "permissions": sorted(permissions)})


def check_can_manage(by: Staff) -> None:
    """Raises PermissionDenied for whoever does not manage accounts."""
    if not by.can(Permission.ACCOUNTS):
        raise PermissionDenied


def needs_address(role: Role) -> bool:
    """Does a way in for this role go by e-mail only? What opens cases is never shown to whoever manages accounts."""
    return not {Permission.CASES_OWN, Permission.CASES_ALL}.isdisjoint(role.permissions)


def is_alone(by: Staff) -> bool:
    """Was there never anybody who could be the second person? True in the first days of a helpline, and never again:
    whoever was let in once counts for good, and the last of them is not closed or changed (`last_second_person`)."""
    others = Staff.objects.filter(role__permissions__contains=[Permission.APPROVE]).exclude(pk=by.pk)
    return not others.filter(Q(is_active=True) | Q(disabled_at__isnull=False)).exists()


@transaction.atomic
def create_staff(
    *,
    username: str,
    display_name: str,
    role: Role,
    password: str | None,
    by: Staff | None,
    at: datetime,
    email: str = "",
    language: str = "fr",
    teams: Iterable[Team] = (),
    is_active: bool = True,
) -> Staff:
    """A new account. `by` is None only on the first run. Raises IntegrityError when the user name is taken.

    Without a password nobody gets in before they chose one themselves: see `entrance.link`.
    """
    staff = Staff(
        username=username,
        display_name=display_name,
        email=email,
        language=language,
        role=role,
        joined_at=at,
        is_active=is_active,
    )
    staff.set_password(password)
    staff.save()
    Membership.objects.bulk_create(Membership(staff=staff, team=team) for team in teams)
    audit.record(by=by, verb="staff.created", obj=staff, detail={"role": role.slug}, at=at)
    return staff


# --- an account -------------------------------------------------------------------------------------------


def details_of(staff: Staff) -> Details:
    """As they stand."""
    teams = tuple(sorted(staff.memberships.values_list("team_id", flat=True)))
    return Details(display_name=staff.display_name, language=staff.language, teams=teams)


@transaction.atomic
def change_details(*, staff: Staff, to: Details, seen: Details, by: Staff, at: datetime) -> tuple[str, ...]:
    """Name, language, and teams that are left, at once. A team opens its cases, so for whoever works on cases new ones take
    a second person: they are returned, and not added. Raises PermissionDenied, Stale when it is not as it was `seen`."""
    check_can_manage(by)
    _lock(staff)
    now = details_of(staff)
    if now == to:
        return ()
    if now != seen:
        raise Stale(now)
    left = tuple(team for team in now.teams if team not in to.teams)
    new = tuple(team for team in to.teams if team not in now.teams)
    staff.display_name, staff.language = to.display_name, to.language
    staff.save(update_fields=["display_name", "language"])
    staff.memberships.filter(team__in=left).delete()
    waits = new if Permission.CASES_OWN in staff.role.permissions else ()
    if not waits:
        _join(staff, new)
    teams = bool(left or (new and not waits))
    audit.record(by=by, verb="staff.changed", obj=staff, detail={"teams": teams}, at=at)
    return waits


@transaction.atomic
def add_to_teams(*, staff: Staff, teams: Iterable[str], by: Staff, at: datetime) -> None:
    """They see the cases of these teams from now on. Raises AccountRefused when one of them is gone."""
    _lock(staff)
    slugs = sorted(teams)
    if Team.objects.filter(slug__in=slugs).count() != len(slugs):
        raise AccountRefused("changed_meanwhile")
    _join(staff, slugs)
    audit.record(by=by, verb="staff.teams_added", obj=staff, detail={"teams": " ".join(slugs)}, at=at)


@transaction.atomic
def change_email(*, staff: Staff, before: str, email: str, by: Staff, at: datetime) -> None:
    """Where a way back in is sent. Raises AccountRefused when it is not `before` any more."""
    _lock(staff)
    if staff.email != before:
        raise AccountRefused("changed_meanwhile")
    staff.email = email
    staff.save(update_fields=["email"])
    audit.record(by=by, verb="staff.email_changed", obj=staff, at=at)


@transaction.atomic
def set_role(*, staff: Staff, before: str, role: Role, by: Staff, at: datetime) -> None:
    """Another role; every session of the person ends. Raises AccountRefused for oneself, for the last administrator, for the
    last second person besides `by`, and when the role is not `before` any more."""
    _lock_roles()
    _lock(staff)
    if staff.pk == by.pk:
        raise AccountRefused("own_account")
    if staff.role_id != before:
        raise AccountRefused("changed_meanwhile")
    others = _second_people(by)
    staff.role = role
    staff.save(update_fields=["role"])
    _end_sessions(staff)
    _check_somebody_manages()
    _check_second_person_stays(by, others)
    detail: audit.Detail = {"from": before, "to": role.slug}
    audit.record(by=by, verb="staff.role_changed", obj=staff, detail=detail, at=at)


@transaction.atomic
def disable(*, staff: Staff, by: Staff, at: datetime) -> None:
    """Close the account at once: sessions and tokens end, and what the person held is taken over. Twice changes nothing.

    Raises PermissionDenied, AccountRefused for oneself, for the last administrator, and for the last second person besides
    `by`.
    """
    check_can_manage(by)
    _lock_roles()
    _lock(staff)
    if staff.pk == by.pk:
        raise AccountRefused("own_account")
    if not staff.is_active:
        return
    others = _second_people(by)
    staff.is_active, staff.disabled_at = False, at
    staff.save(update_fields=["is_active", "disabled_at"])
    _end_sessions(staff)
    staff.tokens.filter(revoked_at=None).update(revoked_at=at)
    _check_somebody_manages()
    _check_second_person_stays(by, others)
    audit.record(by=by, verb="staff.disabled", obj=staff, at=at)
    for path in settings.ON_STAFF_LEAVING:
        leave: Any = import_string(path)
        leave(staff=staff, by=by, at=at)


@transaction.atomic
def open_account(*, staff: Staff, by: Staff | None, at: datetime) -> None:
    """Let a new person in, or one whose account was closed. `by` is None for whoever runs the server.

    Raises AccountRefused when it is open.
    """
    _lock(staff)
    if staff.is_active:
        raise AccountRefused("open")
    staff.is_active, staff.disabled_at = True, None
    staff.save(update_fields=["is_active", "disabled_at"])
    _end_sessions(staff)
    audit.record(by=by, verb="staff.opened", obj=staff, at=at)


@transaction.atomic
def reset_access(*, staff: Staff, by: Staff, at: datetime) -> None:
    """The old password opens nothing any more, and sessions end. Who asked may then make a link to choose a new one."""
    _lock(staff)
    if not staff.is_active:
        raise AccountRefused("closed")
    staff.set_unusable_password()
    staff.save(update_fields=["password"])
    _end_sessions(staff)
    audit.record(by=by, verb="staff.access_reset", obj=staff, at=at)


# --- roles and teams --------------------------------------------------------------------------------------


@transaction.atomic
def set_permissions(
    *, role: Role, before: Iterable[str], permissions: Iterable[str], by: Staff, at: datetime
) -> None:
    """What everybody of this role may do. Raises AccountRefused for one's own role, when nobody would be left who manages
    accounts, or nobody besides `by` who is a second person, and when the role is not as it was `before`."""
    _lock_roles()
    role.refresh_from_db()
    if by.role_id == role.pk:
        raise AccountRefused("own_account")
    if sorted(role.permissions) != sorted(before):
        raise AccountRefused("changed_meanwhile")
    others = _second_people(by)
    role.permissions = sorted(permissions)
    role.save(update_fields=["permissions"])
    _check_somebody_manages()
    _check_second_person_stays(by, others)
    detail: audit.Detail = {"from": " ".join(sorted(before)), "to": " ".join(role.permissions)}
    audit.record(by=by, verb="role.changed", obj=role, detail=detail, at=at)


@transaction.atomic
def add_role(*, name: str, by: Staff, at: datetime) -> Role:
    """A role that may do nothing yet. Raises PermissionDenied, AccountRefused for a name that is taken."""
    check_can_manage(by)
    role, is_new = Role.objects.get_or_create(slug=_slug(name), defaults={"name": name})
    if not is_new:
        raise AccountRefused("taken")
    audit.record(by=by, verb="role.created", obj=role, at=at)
    return role


@transaction.atomic
def add_team(*, name: str, by: Staff, at: datetime) -> Team:
    """A team without members. Raises PermissionDenied, AccountRefused for a name that is taken."""
    check_can_manage(by)
    team, is_new = Team.objects.get_or_create(slug=_slug(name), defaults={"name": name})
    if not is_new:
        raise AccountRefused("taken")
    audit.record(by=by, verb="team.created", obj=team, at=at)
    return team


@transaction.atomic
def rename_team(*, team: Team, name: str, by: Staff, at: datetime) -> None:
    """Call it otherwise; its members and cases stay. Raises PermissionDenied."""
    check_can_manage(by)
    if team.name == name:
        return
    team.name = name
    team.save(update_fields=["name"])
    audit.record(by=by, verb="team.renamed", obj=team, at=at)


# --- tokens -----------------------------------------------------------------------------------------------


def scopes_for(*, staff: Staff, by: Staff) -> list[Permission]:
    """What a token of `staff` that `by` makes may do. Whoever makes one sees it: it opens no more than they may themselves,
    but for handing in reports, which every partner's machine does."""
    return [one for one in Permission if staff.can(one) and (one == Permission.SUBMIT or by.can(one))]


@transaction.atomic
def issue_token(
    *, staff: Staff, name: str, scopes: Iterable[Permission], days: int | None, by: Staff, at: datetime
) -> tuple[ApiToken, str]:
    """A token for oneself, or as an administrator for somebody else. Raises PermissionDenied, AccountRefused."""
    if staff.pk != by.pk:
        check_can_manage(by)
    wanted = set(scopes)
    if not wanted:
        raise AccountRefused("no_scopes")
    if not wanted <= set(scopes_for(staff=staff, by=by)):
        raise AccountRefused("too_much")
    token, text = create_token(staff=staff, name=name, scopes=wanted, by=by, at=at)
    if days is not None:
        token.expires_at = at + timedelta(days=days)
        token.save(update_fields=["expires_at"])
    return token, text


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


@transaction.atomic
def revoke_token(*, token: ApiToken, by: Staff, at: datetime) -> None:
    """It opens nothing any more. Twice changes nothing. Raises PermissionDenied for another's, without ACCOUNTS."""
    if token.staff_id != by.pk:
        check_can_manage(by)
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at):
        audit.record(by=by, verb="token.revoked", obj=token, detail={"for": token.staff_id}, at=at)


def digest(text: str) -> bytes:
    """How a token is stored. A token is 256 random bits, so a fast hash is enough."""
    return hashlib.sha256(text.encode()).digest()


# --- steps shared by the actions --------------------------------------------------------------------------


def _lock(staff: Staff) -> None:
    staff.refresh_from_db(from_queryset=Staff.objects.select_for_update(no_key=True))


def _lock_roles() -> None:
    """Whatever could leave nobody in charge holds the roles first: two who do so at once wait for one another."""
    list(Role.objects.select_for_update(no_key=True).order_by("slug"))


def _end_sessions(staff: Staff) -> None:
    Staff.objects.filter(pk=staff.pk).update(sessions_ended=F("sessions_ended") + 1)
    staff.refresh_from_db(fields=["sessions_ended"])


def _check_somebody_manages() -> None:
    managing = Staff.objects.filter(is_active=True, role__permissions__contains=[Permission.ACCOUNTS])
    if not managing.exists():
        raise AccountRefused("last_administrator")


def _second_people(by: Staff) -> int:
    """How many could be the second person to `by` now."""
    found = Staff.objects.filter(is_active=True, role__permissions__contains=[Permission.APPROVE])
    return found.exclude(pk=by.pk).count()


def _check_second_person_stays(by: Staff, before: int) -> None:
    """Where there was somebody, there is: else whoever closes all others would decide alone, or nobody would."""
    if before and not _second_people(by):
        raise AccountRefused("last_second_person")


def _join(staff: Staff, teams: Iterable[str]) -> None:
    rows = [Membership(staff=staff, team_id=team) for team in teams]
    Membership.objects.bulk_create(rows, ignore_conflicts=True)


def _slug(name: str) -> str:
    slug = slugify(name)[:50]
    if not slug:
        raise AccountRefused("no_name")
    return slug
