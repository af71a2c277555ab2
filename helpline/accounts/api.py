"""Bearer tokens and permissions for the API."""

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.request import Request

from helpline.accounts.actions import digest
from helpline.accounts.models import ApiToken, Staff
from helpline.accounts.permissions import Permission

if TYPE_CHECKING:  # rest_framework.views reads the settings, which name this module
    from rest_framework.views import APIView


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`."""

    def authenticate(self, request: Request) -> tuple[Staff, ApiToken] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        if len(parts) != 2:
            raise AuthenticationFailed("The Authorization header must be 'Bearer <token>'.")
        found = (
            ApiToken.objects.select_related("staff__role")
            .filter(digest=digest(parts[1].decode("ascii", "replace")))
            .first()
        )
        if found is None or not found.is_valid(timezone.now()) or not found.staff.is_active:
            raise AuthenticationFailed("This token is not known, or no longer valid.")
        # In this request the person may do what the token may, so that every check further down agrees.
        found.staff.role.permissions = [one for one in found.staff.role.permissions if one in found.scopes]
        return found.staff, found

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class Closed(BasePermission):
    """The default: a view that says nothing is open to nobody."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return False


# Public by decision: intake, follow-up by code, platforms' signed callbacks. The name says that it was decided.
Open = AllowAny


class _Needs(BasePermission):
    permissions: tuple[Permission, ...] = ()

    def has_permission(self, request: Request, view: "APIView") -> bool:
        staff, token = request.user, request.auth
        if not isinstance(staff, Staff) or not isinstance(token, ApiToken):
            return False
        return any(staff.can(one) and one in token.scopes for one in self.permissions)


def needs(*permissions: Permission) -> type[BasePermission]:
    """A permission class: the role and the token both hold at least one of `permissions`."""
    body: dict[str, Any] = {"permissions": permissions}
    return type("Needs", (_Needs,), body)
