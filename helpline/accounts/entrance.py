"""The way in for somebody who has no password: a link by which they choose one themselves.

A second person allows it (`allow`), once and for a day, to whoever asked. It goes to the e-mail address that the second
person saw. Only for a role that opens no case it can be shown instead, once. That it was made, by whom, and when it was
used stands on the account.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from smtplib import SMTPException

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from helpline.accounts.actions import AccountRefused, check_can_manage, needs_address
from helpline.accounts.models import Staff
from helpline.audit import actions as audit

# How long whoever asked may make the link, once a second person agreed.
LINK_FOR = timedelta(hours=24)


class NotSent(Exception):
    """The mail did not leave. No link was made."""


def days() -> int:
    """How long a link works."""
    return settings.PASSWORD_RESET_TIMEOUT // 86_400


def allow(*, staff: Staff, to: Staff, at: datetime) -> None:
    """`to` may make one link for `staff`, who has no password, within LINK_FOR. What was allowed before is over."""
    if staff.has_usable_password():
        return
    staff.link_by, staff.link_until = to, at + LINK_FOR
    staff.link_made_at = staff.link_used_at = None
    staff.save(update_fields=["link_by", "link_until", "link_made_at", "link_used_at"])


def can_make(*, staff: Staff, by: Staff, at: datetime) -> bool:
    """May `by` make the link now?"""
    allowed = staff.link_by_id == by.pk and staff.link_until is not None and staff.link_until > at
    return allowed and staff.is_active and not staff.has_usable_password() and staff.pk != by.pk


@transaction.atomic
def link(*, staff: Staff, by: Staff, at: datetime) -> str:
    """The path of the page where `staff` chooses a password. It works once, for `days`, and is made once.

    Raises PermissionDenied, and AccountRefused where it has to go by e-mail and there is no address.
    """
    check_can_manage(by)
    staff.refresh_from_db(from_queryset=Staff.objects.select_for_update(no_key=True))
    if not can_make(staff=staff, by=by, at=at):
        raise PermissionDenied
    if needs_address(staff.role) and not staff.email:
        raise AccountRefused("no_address")
    staff.link_until, staff.link_made_at = None, at
    staff.save(update_fields=["link_until", "link_made_at"])
    audit.record(by=by, verb="staff.link_made", obj=staff, at=at)
    return path_of(staff)


@transaction.atomic
def hand_over(*, staff: Staff, by: Staff, at: datetime, absolute: Callable[[str], str]) -> str:
    """Make the link and send it to the address on file; '' then. Without one it is returned, to be shown once.

    Raises PermissionDenied, AccountRefused as `link`, and NotSent, after which it can be made again.
    """
    address = absolute(link(staff=staff, by=by, at=at))
    if not staff.email:
        return address
    with override(staff.language):
        subject = _("Your way in")
        text = _(
            "%(by)s made your account ready. Choose your password here:\n\n%(address)s\n\nThe link works once, until "
            "%(days)s days from now. If you don’t know what this is about, don’t open it."
        ) % {"by": by, "address": address, "days": days()}
    try:
        send_mail(subject, text, None, [staff.email])
    except (SMTPException, OSError) as error:
        raise NotSent from error
    return ""


@transaction.atomic
def came_in(*, staff: Staff, at: datetime) -> bool:
    """They logged in. True the first time after a link was made: they are told who made it, and so is the second person."""
    fresh = Staff.objects.filter(pk=staff.pk, link_made_at__isnull=False, link_used_at=None)
    if not fresh.update(link_used_at=at):
        return False
    audit.record(by=staff, verb="staff.link_used", obj=staff, at=at)
    return True


def path_of(staff: Staff) -> str:
    """The page's path, with a fresh key."""
    parts = {"uidb36": user_pk_to_url_str(staff), "key": default_token_generator.make_token(staff)}
    return reverse("account_reset_password_from_key", kwargs=parts)
