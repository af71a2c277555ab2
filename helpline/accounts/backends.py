"""How a password is checked."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend

from helpline.accounts.models import Staff


class StaffBackend(AuthenticationBackend):  # type: ignore[misc]
    """allauth's backend, loading the role with the person: every request asks for it."""

    def get_user(self, user_id: Any) -> Staff | None:
        staff = Staff.objects.select_related("role").filter(pk=user_id).first()
        return staff if staff is not None and staff.is_active else None
