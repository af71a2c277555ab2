"""Every answer, whatever it is, carries the headers that keep it out of caches, frames and other people's scripts.

Those of every address, asked by everybody, are looked at where the access matrix asks them.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from helpline import urls
from tests.safety.headers import as_deployed, wrong_headers

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _as_deployed(settings: Any) -> None:
    as_deployed(settings)


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
