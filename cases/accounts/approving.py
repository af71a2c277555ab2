"""What about accounts needs a second person, and asking for it.

Whoever decides need not manage accounts, so none of these leads to a page: what a yes changes stands on the approval's own.
Each is asked about a Staff or a Role; what would be set stands in the approval's `proposal`, beside what it was.
"""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from cases import words
from helpline.accounts import actions, entrance
from helpline.accounts.actions import AccountRefused, is_alone
from helpline.accounts.models import Role, Staff, Team
from helpline.accounts.permissions import Permission
from helpline.approvals import actions as approvals
from helpline.approvals.handlers import CannotBeDone, Change, Handler
from helpline.approvals.models import Approval
from helpline.audit import actions as audit

OPEN, ROLE, TEAMS, ACCESS, EMAIL, PERMISSIONS = (
    *("open-account", "change-role", "change-teams", "reset-access", "change-email"),
    "change-permissions",
)


def propose(
    *, what: str, obj: Staff | Role, proposal: Mapping[str, Any], reason: str, by: Staff, at: datetime
) -> Approval | None:
    """Ask a second person; None when there is nobody to ask and it was done at once, which the trail says.

    Raises PermissionDenied, CannotBeDone, AccountRefused.
    """
    handler = HANDLERS[what]()
    handler.check_can_ask(obj, by=by)
    if is_alone(by):
        audit.record(by=by, verb="account.alone", obj=obj, detail={"what": what}, at=at)
        handler.apply(obj, proposal, asked_by=by, by=by, at=at)
        return None
    return approvals.ask(what=what, obj=obj, by=by, reason=reason, proposal=proposal, at=at)


class _Account(Handler[Staff]):
    """About one person. Whoever it is about neither asks nor decides."""

    undone: ClassVar[str | Promise] = gettext_lazy("Everything stays as it is.")

    @abstractmethod
    def apply(
        self, obj: Staff, proposal: Mapping[str, Any], *, asked_by: Staff, by: Staff, at: datetime
    ) -> None:
        """Do it, as `asked_by` asked. Raises AccountRefused."""

    def find(self, ids: Collection[str]) -> Mapping[str, Staff]:
        return {
            str(row.pk): row for row in Staff.objects.select_related("role", "link_by").filter(pk__in=ids)
        }

    def check_can_ask(self, obj: Staff, *, by: Staff) -> None:
        actions.check_can_manage(by)
        if obj.pk == by.pk:
            raise CannotBeDone(str(actions.REFUSALS["own_account"]))

    def check_can_decide(self, obj: Staff, *, by: Staff) -> None:
        if obj.pk == by.pk:
            raise PermissionDenied

    def name(self, obj: Staff) -> str:
        return f"{obj} ({obj.username})"

    def granted(self, approval: Approval, obj: Staff, *, by: Staff, at: datetime) -> None:
        try:
            self.apply(obj, approval.proposal, asked_by=approval.asked_by, by=by, at=at)
        except AccountRefused as refused:
            raise CannotBeDone(refused.sentence) from refused


class OpenAccount(_Account):
    """A new person comes in, or one whose account was closed comes back."""

    title: ClassVar[str | Promise] = gettext_lazy("Open an account")
    does: ClassVar[str | Promise] = gettext_lazy(
        "This person can enter and do what the role allows. Say yes only if you know that they exist and work here."
    )
    undone: ClassVar[str | Promise] = gettext_lazy("The account stays closed.")

    def check_can_ask(self, obj: Staff, *, by: Staff) -> None:
        super().check_can_ask(obj, by=by)
        if obj.is_active:
            raise CannotBeDone(str(actions.REFUSALS["open"]))

    def changes(self, approval: Approval, obj: Staff) -> Sequence[Change]:
        return (
            Change(_("Account"), pgettext("account", "closed"), pgettext("account", "open")),
            Change(_("Role"), "", role_name(obj.role)),
            Change(_("Teams"), "", _team_names(_teams_of(obj))),
            Change(_("E-mail"), "", obj.email),
            *_way_in(approval, obj),
        )

    def apply(
        self, obj: Staff, proposal: Mapping[str, Any], *, asked_by: Staff, by: Staff, at: datetime
    ) -> None:
        if proposal.get("role") != obj.role_id:
            raise AccountRefused("changed_meanwhile")
        actions.open_account(staff=obj, by=by, at=at)
        entrance.allow(staff=obj, to=asked_by, at=at)


class ChangeRole(_Account):
    """Somebody may do more, or less."""

    title: ClassVar[str | Promise] = gettext_lazy("Change a role")
    does: ClassVar[str | Promise] = gettext_lazy(
        "The person may do what the new role allows, and is logged out everywhere at once."
    )

    def changes(self, approval: Approval, obj: Staff) -> Sequence[Change]:
        roles = Role.objects.in_bulk([approval.proposal["before"], approval.proposal["role"]])
        before, after = (roles.get(approval.proposal[name]) for name in ("before", "role"))
        return (
            Change(_("Role"), role_name(before), role_name(after)),
            # What they are in already is what a role that works on cases opens.
            Change(_("Teams"), names := _team_names(_teams_of(obj)), names),
            *(_permission_lines(before.permissions, after.permissions) if before and after else ()),
        )

    def apply(
        self, obj: Staff, proposal: Mapping[str, Any], *, asked_by: Staff, by: Staff, at: datetime
    ) -> None:
        role = Role.objects.filter(pk=proposal["role"]).first()
        if role is None:
            raise AccountRefused("changed_meanwhile")
        actions.set_role(staff=obj, before=proposal["before"], role=role, by=by, at=at)


class ChangeTeams(_Account):
    """Somebody who works on cases sees those of one more team."""

    title: ClassVar[str | Promise] = gettext_lazy("Add to a team")
    does: ClassVar[str | Promise] = gettext_lazy(
        "The person sees and works on the cases of the team, at once."
    )

    def changes(self, approval: Approval, obj: Staff) -> Sequence[Change]:
        before = _teams_of(obj)
        return (Change(_("Teams"), _team_names(before), _team_names({*before, *approval.proposal["teams"]})),)

    def apply(
        self, obj: Staff, proposal: Mapping[str, Any], *, asked_by: Staff, by: Staff, at: datetime
    ) -> None:
        actions.add_to_teams(staff=obj, teams=proposal["teams"], by=by, at=at)


class ChangeEmail(_Account):
    """Where a way back in is sent, so whoever reads there is in."""

    title: ClassVar[str | Promise] = gettext_lazy("Change an e-mail address")
    does: ClassVar[str | Promise] = gettext_lazy(
        "Whoever forgot the password gets a link at this address. Say yes only if you know that it is theirs."
    )

    def changes(self, approval: Approval, obj: Staff) -> Sequence[Change]:
        return (Change(_("E-mail"), approval.proposal["before"], approval.proposal["email"]),)

    def apply(
        self, obj: Staff, proposal: Mapping[str, Any], *, asked_by: Staff, by: Staff, at: datetime
    ) -> None:
        before, email = proposal["before"], proposal["email"]
        actions.change_email(staff=obj, before=before, email=email, by=by, at=at)


class ResetAccess(_Account):
    """A new way in for somebody who lost theirs."""

    title: ClassVar[str | Promise] = gettext_lazy("Give a new way in")
    does: ClassVar[str | Promise] = gettext_lazy(
        "The old password opens nothing any more. Whoever asked can make one link, for a day, by which a new one is chosen. "
        "Say yes only if the person told you themselves."
    )

    def changes(self, approval: Approval, obj: Staff) -> Sequence[Change]:
        return _way_in(approval, obj)

    def check_can_ask(self, obj: Staff, *, by: Staff) -> None:
        super().check_can_ask(obj, by=by)
        if not obj.is_active:
            raise CannotBeDone(str(actions.REFUSALS["closed"]))

    def apply(
        self, obj: Staff, proposal: Mapping[str, Any], *, asked_by: Staff, by: Staff, at: datetime
    ) -> None:
        actions.reset_access(staff=obj, by=by, at=at)
        entrance.allow(staff=obj, to=asked_by, at=at)


class ChangePermissions(Handler[Role]):
    """What everybody of a role may do."""

    title: ClassVar[str | Promise] = gettext_lazy("Change what a role may do")
    does: ClassVar[str | Promise] = gettext_lazy("It counts at once for everybody who has this role.")
    undone: ClassVar[str | Promise] = gettext_lazy("Everything stays as it is.")

    def apply(
        self, obj: Role, proposal: Mapping[str, Any], *, asked_by: Staff, by: Staff, at: datetime
    ) -> None:
        """Do it. Raises AccountRefused."""
        before, after = proposal["before"], proposal["permissions"]
        actions.set_permissions(role=obj, before=before, permissions=after, by=by, at=at)

    def find(self, ids: Collection[str]) -> Mapping[str, Role]:
        return {row.pk: row for row in Role.objects.filter(pk__in=ids)}

    def check_can_ask(self, obj: Role, *, by: Staff) -> None:
        actions.check_can_manage(by)

    def check_can_decide(self, obj: Role, *, by: Staff) -> None:
        if obj.pk == by.role_id:
            raise PermissionDenied

    def name(self, obj: Role) -> str:
        return role_name(obj)

    def changes(self, approval: Approval, obj: Role) -> Sequence[Change]:
        return _permission_lines(approval.proposal["before"], approval.proposal["permissions"])

    def granted(self, approval: Approval, obj: Role, *, by: Staff, at: datetime) -> None:
        try:
            self.apply(obj, approval.proposal, asked_by=approval.asked_by, by=by, at=at)
        except AccountRefused as refused:
            raise CannotBeDone(refused.sentence) from refused


HANDLERS: Mapping[str, type[Any]] = {
    OPEN: OpenAccount,
    ROLE: ChangeRole,
    TEAMS: ChangeTeams,
    ACCESS: ResetAccess,
    EMAIL: ChangeEmail,
    PERMISSIONS: ChangePermissions,
}


def role_name(role: Role | None) -> str:
    """A role as colleagues call it."""
    return str(words.ROLES.get(role.name, role.name)) if role else ""


def _teams_of(staff: Staff) -> Collection[str]:
    return set(staff.memberships.values_list("team_id", flat=True))


def _team_names(slugs: Collection[str]) -> str:
    return ", ".join(Team.objects.filter(slug__in=slugs).order_by("name").values_list("name", flat=True))


def _way_in(approval: Approval, staff: Staff) -> tuple[Change, ...]:
    """What became of the link that this yes allowed: whoever agreed sees who made it, and when it was used."""
    done, made = approval.decided_at, staff.link_made_at
    if done is None or made is None or not done <= made <= done + entrance.LINK_FOR:
        return ()
    used = _moment(staff.link_used_at) if staff.link_used_at else _("not yet")
    return (
        Change(_("Link made"), "", f"{staff.link_by}, {_moment(made)}"),
        Change(_("First time here after it"), "", used),
    )


def _moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")


def language_name(code: str) -> str:
    """A language by its own name."""
    return dict(settings.LANGUAGES).get(code, code)


def _permission_lines(before: Collection[str], after: Collection[str]) -> tuple[Change, ...]:
    """Those that come or go, each in words."""
    yes, no = _("yes"), _("no")
    return tuple(
        Change(one.label, yes if one in before else no, yes if one in after else no)
        for one in Permission
        if (one in before) != (one in after)
    )
