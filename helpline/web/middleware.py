"""What every answer carries, in which language it speaks, and who gets a session.

Each runs on every request, so each does the least it can: no database, no parsing of what it does not need.
"""

import time
from collections.abc import Callable
from functools import cached_property
from typing import Any

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import DisallowedHost
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _

from helpline.web.typed import page_before, words_in

GetResponse = Callable[[HttpRequest], HttpResponse]

# The clipboard is left open to our own pages (the "copy my code" button) and passkeys to the staff login.
PERMISSIONS_POLICY = ", ".join(
    [
        "clipboard-write=(self)",
        "publickey-credentials-get=(self)",
        "publickey-credentials-create=(self)",
        *(
            f"{feature}=()"
            for feature in (
                "accelerometer",
                "autoplay",
                "browsing-topics",
                "camera",
                "clipboard-read",
                "display-capture",
                "encrypted-media",
                "fullscreen",
                "geolocation",
                "gyroscope",
                "hid",
                "idle-detection",
                "local-fonts",
                "magnetometer",
                "microphone",
                "midi",
                "payment",
                "picture-in-picture",
                "screen-wake-lock",
                "serial",
                "usb",
                "xr-spatial-tracking",
            )
        ),
    ]
)

STAFF_PATHS = ("/staff/", "/api/docs", "/api/schema")
LOGGED_IN_AT = "logged_in_at"
LAST_SEEN_AT = "last_seen_at"
LARGE, NORMAL = "large", "normal"
TOUCH_EVERY = 60  # seconds between two writes of a session that only moves its half hour on


def is_staff_path(path: str) -> bool:
    """Whether `path` belongs to the staff zone, the only one that knows sessions."""
    return path.startswith(STAFF_PATHS)


class SafePageMiddleware:
    """Headers that keep a page out of caches, search engines, frames and other sites' reach."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.static = settings.STATIC_URL

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.META.get("HTTP_ORIGIN") == "null":
            name_own_origin(request)
        response = self.get_response(request)
        headers = response.headers
        if response.status_code >= 400 or not request.path_info.startswith(self.static):
            headers["Cache-Control"] = "no-store"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Permissions-Policy"] = PERMISSIONS_POLICY
        headers["X-Frame-Options"] = "DENY"
        headers["X-Robots-Tag"] = "noindex, nofollow, noarchive, nosnippet"
        return response


def name_own_origin(request: HttpRequest) -> None:
    """Put our own origin where a browser wrote `Origin: null` on a form of ours.

    Under `Referrer-Policy: no-referrer` browsers send null with every form post, and Django would refuse
    them all. `Sec-Fetch-Site`, which pages cannot forge, tells ours from the rest; in a browser too old to
    send it, the SameSite=Strict cookie of the form does: no other site's post carries that.
    """
    site = request.META.get("HTTP_SEC_FETCH_SITE")
    ours = site == "same-origin" if site else settings.CSRF_COOKIE_NAME in request.COOKIES
    if not ours:
        return
    try:
        request.META["HTTP_ORIGIN"] = f"{request.scheme}://{request.get_host()}"
    except DisallowedHost:
        return


class PolicyMiddleware(CSPMiddleware):
    """What a page may load, built once: only an answer with a nonce or words of its own gets a policy of its own."""

    @cached_property
    def policy(self) -> str:
        """The one of the settings."""
        return build_policy()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if hasattr(request, "_csp_nonce") or any(name.startswith("_csp") for name in vars(response)):
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, self.policy)
        return response


class LanguageMiddleware:
    """French unless the person asked otherwise with `?lang=`; the choice lasts until the browser closes.

    `Accept-Language` is left unread on purpose: a phone set to another language by a parent or a shop must
    not decide, and every page stays the same for everyone until its reader chooses.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.known = dict(settings.LANGUAGES)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        known = self.known
        asked = None
        if request.method == "GET" and "lang=" in request.META.get("QUERY_STRING", ""):
            asked = request.GET.get("lang")
        language = settings.LANGUAGE_CODE
        for wanted in (asked, request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)):
            if wanted in known:
                language = wanted
                break
        translation.activate(language)
        request.LANGUAGE_CODE = language
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        keep = asked if asked in known else self._of_account(request)
        if keep:
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME,
                keep,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response

    def _of_account(self, request: HttpRequest) -> str:
        """The language of the account, for staff who have chosen none in this browser."""
        if settings.LANGUAGE_COOKIE_NAME in request.COOKIES or not is_staff_path(request.path_info):
            return ""
        user = getattr(request, "user", None)
        return user.language if user is not None and user.is_authenticated else ""


class TypeMiddleware:
    """Larger letters for whoever asks with `?type=large`, until the browser closes or `?type=normal` is asked for."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        asked = type_asked_for(request)
        if asked == LARGE:
            response.set_cookie(
                settings.TYPE_COOKIE_NAME,
                LARGE,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        elif asked == NORMAL:
            response.delete_cookie(settings.TYPE_COOKIE_NAME, samesite="Lax")
        return response


def type_asked_for(request: HttpRequest) -> str:
    """LARGE or NORMAL where the address asks for it, else nothing."""
    if request.method != "GET" or "type=" not in request.META.get("QUERY_STRING", ""):
        return ""
    asked = request.GET.get("type", "")
    return asked if asked in {LARGE, NORMAL} else ""


def has_large_type(request: HttpRequest) -> bool:
    """Whether this page is to be shown in larger letters."""
    return (type_asked_for(request) or request.COOKIES.get(settings.TYPE_COOKIE_NAME)) == LARGE


class PublicOnlyMiddleware:
    """Closed by default where nobody logs in: a view that is not marked `login_not_required` is not there at all.

    The public face's part of Django's LoginRequiredMiddleware, which asks for a session and a person first.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], *args: Any) -> None:
        """Raises Http404."""
        if getattr(view, "login_required", True):
            raise Http404


class StaffLoginMiddleware(LoginRequiredMiddleware):
    """Django's own, but after the login a form leads to the page it stands on, and its words are not lost on the way."""

    def handle_no_permission(  # type: ignore[override]  # a page, where there is something to show
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseBase:
        """To the login; with words typed, a page that shows them, from which one logs in beside it."""
        if request.method != "POST" or not is_staff_path(request.path_info):
            return super().handle_no_permission(request, view_func)
        to_login = redirect_to_login(page_before(request.path), self.get_login_url(view_func))
        words = [] if "HX-Request" in request.headers else words_in(request)
        if not words:
            return to_login
        context = {
            "title": _("You are logged out"),
            "text": _("Nothing was sent, and nothing is lost."),
            "words": words,
            "login": to_login["Location"],
        }
        return render(request, "account/typed.html", context, status=403)


class StaffSessionMiddleware(SessionMiddleware):
    """Sessions for staff only: half an hour without a click ends one, and so do eight hours since the login.

    On public pages `request.session` is an empty one that is never read from nor written to the database.
    """

    def process_request(self, request: HttpRequest) -> None:
        if not is_staff_path(request.path_info):
            request.session = self.SessionStore()
            return
        super().process_request(request)
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return
        logged_in_at = request.session.get(LOGGED_IN_AT)
        if logged_in_at and time.time() - logged_in_at > settings.SESSION_ABSOLUTE_AGE.total_seconds():
            request.session.flush()

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if not is_staff_path(request.path_info):
            return response
        session = request.session
        if session.accessed and SESSION_KEY in session:
            now = int(time.time())
            session.setdefault(LOGGED_IN_AT, now)
            if now - session.get(LAST_SEEN_AT, 0) >= TOUCH_EVERY:
                session[LAST_SEEN_AT] = now
        return super().process_response(request, response)
