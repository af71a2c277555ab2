"""The pages that belong to no report: home, help, the way out, what is kept, and what to say on trouble."""

import sys
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from helpline.web import problems
from helpline.web.context import danger_numbers
from helpline.web.middleware import is_staff_path
from helpline.web.privacy import in_years_or_less, kept_things
from helpline.web.typed import typed_in, words_in

ROBOTS = "User-agent: *\nDisallow: /\n"
# A case can be given to somebody else while one writes in it: the words are still whose they are.
GIVES_BACK = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "public/home.html")


@login_not_required
@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    numbers = danger_numbers(first=settings.DARK_THOUGHTS_NUMBER)
    return render(request, "public/help.html", {"numbers": numbers})


@login_not_required
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    context = {"kept": kept_things(), "retention": in_years_or_less(settings.RETENTION)}
    return render(request, "public/privacy.html", context)


@login_not_required
@require_safe
def source(request: HttpRequest) -> HttpResponse:
    """Where the program's own source is, for everyone who uses it: its licence (AGPL 3, section 13) asks for that."""
    context = {"source_url": settings.SOURCE_URL, "contact": settings.NOTIFIER["email"]}
    return render(request, "public/source.html", context)


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest) -> HttpResponse:
    """Forget this browser and send it away. A script POSTs here in passing; a plain link is led to EXIT_URL.

    Open to anyone, also from other sites: the worst it does is log somebody out.
    """
    if request.method == "POST":
        response = HttpResponse(status=HTTPStatus.NO_CONTENT)
        response["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    else:
        response = redirect(settings.EXIT_URL)
        # Not "cache": some browsers take seconds to empty it, and hold the redirect until it is done.
        response["Clear-Site-Data"] = '"cookies", "storage"'
    for name in (
        settings.NOTE_COOKIE_NAME,
        settings.SESSION_COOKIE_NAME,
        settings.CSRF_COOKIE_NAME,
        settings.LANGUAGE_COOKIE_NAME,
        settings.TYPE_COOKIE_NAME,
    ):
        response.delete_cookie(name)
    return response


@login_not_required
@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    return HttpResponse(ROBOTS, content_type="text/plain; charset=utf-8")


@login_not_required
@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """Where to report a weakness in this site (RFC 9116)."""
    contact = getattr(settings, "SECURITY_CONTACT", "") or f"mailto:{settings.NOTIFIER['email']}"
    expires = datetime.now(UTC).replace(microsecond=0) + timedelta(days=180)
    lines = (
        f"Contact: {contact}",
        f"Expires: {expires.isoformat().replace('+00:00', 'Z')}",
        f"Preferred-Languages: {', '.join(code for code, _name in settings.LANGUAGES)}",
        f"Canonical: {settings.PUBLIC_URL}/.well-known/security.txt",
    )
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


# --- When something goes wrong ------------------------------------------------------------------------


def _trouble(
    request: HttpRequest, status: HTTPStatus, title: str, text: str, *, to_staff: str = ""
) -> HttpResponse:
    """The page for `status`; `to_staff` stands in for `text` where that speaks to a young person."""
    staff = is_staff_path(request.path_info)
    if staff or problems.is_api_path(request.path_info):
        text = to_staff or text
    if problems.is_api_path(request.path_info):
        return problems.plain(status, text)
    template = "account/error.html" if staff else "public/error.html"
    context: dict[str, Any] = {"title": title, "text": text, "status": status.value}
    is_known = staff and getattr(request, "user", None) and request.user.is_authenticated
    if is_known and status in GIVES_BACK and (words := words_in(request)):
        template, context["words"] = "account/typed.html", words
    return render(request, template, context, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _trouble(
        request,
        HTTPStatus.BAD_REQUEST,
        _("We could not read that"),
        _("What was sent was too long or damaged on the way. You did nothing wrong. Try a shorter text."),
        to_staff=_("What was sent was too long or damaged on the way."),
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _trouble(
        request,
        HTTPStatus.FORBIDDEN,
        _("This page is closed"),
        _("You cannot open this page from here."),
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _trouble(
        request,
        HTTPStatus.NOT_FOUND,
        _("There is nothing here"),
        _("The address may be mistyped, or the page is gone. Nothing you told us is lost."),
        to_staff=_("The address may be mistyped, or the page is gone."),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """The page for our own faults. It must not fail itself, so it needs neither database nor session.

    Where the database is away it says so, to programs, too: they come back by themselves.
    """
    if problems.is_away(sys.exception()):  # Django calls this while it handles the exception
        answer = _trouble(
            request,
            HTTPStatus.SERVICE_UNAVAILABLE,
            _("We are not reachable for a moment"),
            _(
                "It is not because of you. Wait a minute, then load this page again. "
                "In danger? Use the numbers above."
            ),
            to_staff=_("Wait a minute, then load this page again: it shows what was kept."),
        )
        answer["Retry-After"] = str(problems.RETRY_AFTER)
        return answer
    return _trouble(
        request,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        _("Something broke on our side"),
        _("It is not because of you. Try again in a minute. In danger? Use the numbers above."),
        to_staff=_("It is not because of you. Try again in a minute."),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose token has expired: what was typed is kept and one button sends it again.

    Only for posts from our own pages: another site must not have its text shown under our name.
    """
    typed = typed_in(request)
    if not is_staff_path(request.path_info):
        context: dict[str, Any] = {"typed": typed, "action": request.path}
        return render(request, "public/expired.html", context, status=HTTPStatus.FORBIDDEN)
    # A file is not carried along, and to somebody who is logged out nothing is shown.
    if not typed or request.FILES or not request.user.is_authenticated:
        return _trouble(
            request,
            HTTPStatus.FORBIDDEN,
            _("This form is too old"),
            _("Nothing was changed. Go back, reload the page and try again."),
        )
    context = {
        "title": _("This form is too old"),
        "text": _("This page had been open for a while. Nothing was done yet."),
        "words": words_in(request),
        "typed": typed,
        "action": request.get_full_path(),
    }
    return render(request, "account/typed.html", context, status=HTTPStatus.FORBIDDEN)
