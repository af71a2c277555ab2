"""Who is logged in right now: asked by a page before it lets go of what was typed into it."""

from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.http import require_safe

from helpline.accounts.access import StaffRequest


@require_safe
def who(request: StaffRequest) -> HttpResponse:
    """The name as every page shows it, and a token for its forms: a login beside them has made theirs stale."""
    return JsonResponse({"who": str(request.user), "token": get_token(request)})
