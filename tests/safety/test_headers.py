"""Every answer, whatever it is, carries the headers that keep it out of caches, frames and other people's scripts."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from helpline import urls
from tests import test_access_matrix as matrix
from tests.test_access_matrix import METHODS, ROLES, World, routes

pytestmark = pytest.mark.django_db

world = matrix.world  # one of everything, and a way in for every role

WANTED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains; preload",
}
SOURCES = {"'none'", "'self'", "data:", "blob:"}
CLOSED = {"default-src": {"'none'"}, "base-uri": {"'none'"}, "frame-ancestors": {"'none'"}}


def wrong_headers(response: Any) -> list[str]:
    """What is missing or too open, in words; none is good news."""
    headers = response.headers
    found = [
        f"{name} is {headers.get(name)!r}" for name, value in WANTED.items() if headers.get(name) != value
    ]
    policy = {
        name: set(sources)
        for name, *sources in (
            part.split() for part in headers.get("Content-Security-Policy", "").split(";") if part
        )
    }
    found += [
        f"{name} is {policy.get(name)}" for name, sources in CLOSED.items() if policy.get(name) != sources
    ]
    open_sources = set().union(*policy.values()) - SOURCES if policy else set()
    found += [f"the policy allows {open_sources}"] if open_sources else []
    for feature in ("camera", "microphone", "geolocation"):
        if f"{feature}=()" not in headers.get("Permissions-Policy", ""):
            found.append(f"Permissions-Policy allows the {feature}")
    is_asset = response.status_code < 400 and response.request["PATH_INFO"].startswith("/static/")
    if not is_asset and headers.get("Cache-Control") != "no-store":
        found.append(f"Cache-Control is {headers.get('Cache-Control')!r}")
    return found


@pytest.fixture(autouse=True)
def _as_deployed(settings: Any) -> None:
    """The settings that an https:// address turns on."""
    settings.SECURE = True
    settings.SECURE_HSTS_SECONDS = 63_072_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    settings.SECURE_SSL_REDIRECT = True


def test_every_address_for_everybody_by_every_method(world: World) -> None:
    wrong, seen, pages = [], set(), 0
    for route, _view in routes():
        for role in ROLES:
            for method in METHODS if role in {"anonymous", "supervisor"} else ("GET", "POST"):
                response = answer(world, role, method, route)
                seen.add(response.status_code)
                pages += 1
                told = f"{method} /{route} by {role} ({response.status_code})"
                wrong += [f"{told}: {one}" for one in wrong_headers(response)]

    assert wrong == []
    assert {200, 302, 401, 403, 404, 405} <= seen
    assert pages > 1000


def answer(world: World, role: str, method: str, route: str) -> Any:
    """What this role is answered there. Whatever it changes is undone."""
    browser, headers = Client(raise_request_exception=False), {}
    if not route.startswith("api/v1/"):
        browser.cookies.load(world.cookies[role])
    elif role in world.tokens:
        headers["Authorization"] = f"Bearer {world.tokens[role]}"
    cache.clear()  # of the login's own rate limits
    with transaction.atomic():
        response = browser.generic(
            method, world.address(route), content_type="application/json", headers=headers, secure=True
        )
        transaction.set_rollback(True)
    return response


def test_a_redirect_to_https_carries_what_can_be_said_in_the_clear() -> None:
    response = Client().get("/report/")

    assert response.status_code == 301
    assert wrong_headers(response) == ["Strict-Transport-Security is None"]


def test_everything_a_page_loads() -> None:
    page = Client().get("/report/", secure=True).content.decode()
    loaded = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page))
    assert len(loaded) > 4

    for address in loaded:
        response: Any = Client().get(address, secure=True)
        response.close()
        assert response.status_code == 200
        assert wrong_headers(response) == []
        assert "no-store" not in response.headers.get("Cache-Control", "")


def refused_host() -> Any:
    return Client().get("/", secure=True, headers={"host": "elsewhere.example"})


def a_forged_form() -> Any:
    return Client(enforce_csrf_checks=True).post("/report/1/", {"who": "self"}, secure=True)


def too_much() -> Any:
    body = b"x" * (django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    return Client().generic("POST", "/report/1/", body, "application/x-www-form-urlencoded", secure=True)


def too_much_for_a_program() -> Any:
    body = b'"' + b"x" * (django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1) + b'"'
    return Client().generic("POST", "/api/v1/reports/", body, "application/json", secure=True)


def nothing_there() -> Any:
    return Client().get("/nothing/there/", secure=True)


def no_such_asset() -> Any:
    return Client().get("/static/nothing.css", secure=True)


@pytest.mark.parametrize(
    ("ask", "status"),
    [
        (refused_host, 400),
        (a_forged_form, 403),
        (too_much, 413),
        (too_much_for_a_program, 413),
        (nothing_there, 404),
        (no_such_asset, 404),
    ],
)
def test_errors(ask: Callable[[], Any], status: int) -> None:
    response = ask()

    assert response.status_code == status
    assert wrong_headers(response) == []


@login_not_required
def broken(request: HttpRequest) -> HttpResponse:
    """A fault of ours."""
    raise ZeroDivisionError


urlpatterns = [path(f"{zone}broken/", broken) for zone in ("", "staff/", "api/v1/")]
urlpatterns += [path("", include("helpline.urls"))]
handler400, handler404, handler500 = urls.handler400, urls.handler404, urls.handler500


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("address", ["/broken/", "/staff/broken/", "/api/v1/broken/"])
def test_our_own_faults(address: str) -> None:
    response = Client(raise_request_exception=False).get(address, secure=True)

    assert response.status_code == 500
    assert wrong_headers(response) == []
