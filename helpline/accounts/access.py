"""The door of every staff page: logged in, and holding the permission. Not-yours looks like not-there."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission


class StaffRequest(HttpRequest):
    """A request that passed the door: `user` is a Staff."""

    user: Staff


def needs(
    *permissions: Permission,
) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """The view answers 403 unless the person's role holds at least one of `permissions`."""

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not any(request.user.can(permission) for permission in permissions):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate
