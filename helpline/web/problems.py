"""Every error of the API: `application/problem+json` (RFC 9457) with a stable `code`.

```json
{"type": "about:blank", "title": "Bad Request", "status": 400, "detail": "…", "code": "invalid",
 "errors": {"links[0].url": ["…"]}}
```

Programs read `status`, `code` and the names in `errors`; `detail` and the sentences are for people and may
change. An application says what its own exceptions mean with `@problems.meaning_of(…)`: the floor knows none.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse, JsonResponse, UnreadablePostError
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response

MEDIA_TYPE = "application/problem+json"
API_PATH = "/api/"
# What is wrong with the whole body rather than with one of its fields is listed under this name.
WHOLE_BODY = "body"
RETRY_AFTER = 10  # seconds, while the database is away: about as long as it needs to come back

Errors = dict[str, list[str]]
E = TypeVar("E", bound=Exception)


class Problem(exceptions.APIException):
    """Raise it to answer with an error. `more` are further members, as `case="K3F9…"`."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Mapping[str, list[str]] | None = None,
        wait: int | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail, code)
        self.status_code = status
        self.code = code
        self.errors = dict(errors or {})
        self.wait = wait
        self.more = more


def invalid(errors: Mapping[str, list[str]]) -> Problem:
    """400: what was sent can't be taken, and which field says why."""
    return Problem(
        HTTPStatus.BAD_REQUEST, "invalid", _("Some of what was sent can't be taken."), errors=errors
    )


def not_found() -> Problem:
    """404, the same words whether it is not there or not yours."""
    return Problem(HTTPStatus.NOT_FOUND, "not_found", _("There is nothing at this address."))


# --- exceptions of the applications -------------------------------------------------------------------

_meanings: dict[type[Exception], Callable[[Any], Problem]] = {}


def meaning_of(exception: type[E]) -> Callable[[Callable[[E], Problem]], Callable[[E], Problem]]:
    """The decorated function turns this exception (and its children) into the answer."""

    def register(function: Callable[[E], Problem]) -> Callable[[E], Problem]:
        _meanings[exception] = function
        return function

    return register


def _meaning(error: Exception) -> Problem | None:
    for kind in type(error).__mro__:
        if kind in _meanings:
            return _meanings[kind](error)
    return None


# --- DRF's and Django's own ---------------------------------------------------------------------------

# What DRF calls it, and what we do.
CODES = {
    "parse_error": "malformed_json",
    "not_authenticated": "not_authenticated",
    "authentication_failed": "bad_token",
    "error": "bad_request",
}


def flatten(detail: Any, name: str = "") -> Errors:
    """DRF's nested errors under flat names: `links[0].url`."""
    found: Errors = {}
    if isinstance(detail, dict):
        for key, inner in detail.items():
            if key == "non_field_errors":
                inner_name = name
            elif isinstance(key, int):
                inner_name = f"{name}[{key}]"
            else:
                inner_name = f"{name}.{key}" if name else str(key)
            found |= flatten(inner, inner_name)
    elif isinstance(detail, list):
        sentences = [_whole(one) for one in detail if not isinstance(one, dict | list)]
        if sentences:
            found[name or WHOLE_BODY] = sentences
        for place, inner in enumerate(detail):
            if isinstance(inner, dict | list):
                found |= flatten(inner, f"{name}[{place}]")
    else:
        found[name or WHOLE_BODY] = [_whole(detail)]
    return found


def _whole(sentence: Any) -> str:
    """DRF quotes what was sent, even half a character that no answer can hold."""
    return str(sentence).encode(errors="replace").decode()


def _problem(error: Exception) -> Problem | None:
    """What this exception means to the caller; None when it is our own fault."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, exceptions.ValidationError):
        return invalid(flatten(error.detail))
    if isinstance(error, exceptions.APIException):
        code = str(error.default_code)
        wait = getattr(error, "wait", None)
        return Problem(error.status_code, CODES.get(code, code), str(error.detail), wait=wait)
    if isinstance(error, Http404):
        return not_found()
    if isinstance(error, PermissionDenied):
        return Problem(HTTPStatus.FORBIDDEN, "permission_denied", _("This account may not do that."))
    if isinstance(error, RequestDataTooBig):
        return Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", _("This is more than can be taken at once.")
        )
    if is_away(error):
        return Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "unavailable",
            _("The helpline is not reachable for a moment. Try again."),
            wait=RETRY_AFTER,
        )
    if isinstance(error, UnreadablePostError):
        return Problem(HTTPStatus.BAD_REQUEST, "bad_request", _("The request broke off on its way."))
    return _meaning(error)


def is_away(error: BaseException | None) -> bool:
    """Whether the database did not answer, or broke off: what was asked is fine, and may be asked again."""
    return isinstance(error, OperationalError | InterfaceError)


def _body(status: int, code: str, detail: str) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
        "code": code,
    }


def handle(error: Exception, context: Any) -> Response | None:
    """DRF's EXCEPTION_HANDLER. What is our own fault is left to Django, which answers 500 through `plain`."""
    problem = _problem(error)
    if problem is None:
        return None
    headers = {}
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if problem.wait is not None:
        headers["Retry-After"] = str(int(problem.wait))
    body = _body(problem.status_code, problem.code, str(problem.detail)) | problem.more
    if problem.errors:
        body["errors"] = problem.errors
    return Response(body, status=problem.status_code, headers=headers, content_type=MEDIA_TYPE)


# --- addresses that no API view answers ---------------------------------------------------------------

PLAIN_CODES: dict[int, str] = {
    HTTPStatus.BAD_REQUEST: "bad_request",
    HTTPStatus.FORBIDDEN: "permission_denied",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
}


def is_api_path(path: str) -> bool:
    """Whether errors at `path` are read by programs."""
    return path.startswith(API_PATH) and not path.startswith("/api/docs")


def plain(status: int, detail: str) -> HttpResponse:
    """An error that Django itself answers: an unknown address, a broken request, a fault of ours."""
    code = PLAIN_CODES.get(status, "server_error" if status >= 500 else "bad_request")
    return JsonResponse(_body(status, code, detail), status=status, content_type=MEDIA_TYPE)
