"""What allauth may and may not do here: staff log in; nobody signs up."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from helpline.accounts import entrance


class StaffAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by an administrator, never by the visitor."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def login(self, request: HttpRequest, user: Any) -> None:
        """As allauth does; and whoever came in by a link is told, once, who made it."""
        super().login(request, user)
        if entrance.came_in(staff=user, at=timezone.now()):
            said = _(
                "You are here for the first time since %(by)s made the link to your account. If you did not choose the "
                "password yourself, tell the colleague who leads your team now."
            )
            messages.warning(request, said % {"by": user.link_by})
