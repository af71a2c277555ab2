"""Headers on every kind of answer, the language a page speaks, and sessions for staff alone."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from csp.decorators import csp_update
from csp.utils import build_policy
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.decorators import login_not_required
from django.contrib.sessions.backends.db import SessionStore
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import translation

from helpline.accounts.models import Staff
from helpline.web.middleware import (
    LAST_SEEN_AT,
    LOGGED_IN_AT,
    LanguageMiddleware,
    PolicyMiddleware,
    PublicOnlyMiddleware,
    SafePageMiddleware,
    StaffSessionMiddleware,
)
from reports.api import SubmitReport

MUST_CARRY = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/", 200),
        ("/help/", 200),
        ("/privacy/", 200),
        ("/robots.txt", 200),
        ("/.well-known/security.txt", 200),
        ("/exit/", 302),
        ("/nothing-here", 404),
        ("/breaks/", 500),
        ("/static/css/tokens.css", 200),
        ("/static/nothing.css", 404),
    ],
)
def test_every_answer_carries_the_safe_headers(address: str, status: int) -> None:
    answer = Client(raise_request_exception=False).get(address)

    assert answer.status_code == status
    for name, value in MUST_CARRY.items():
        assert answer.headers[name] == value, name
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert (answer.headers["Cache-Control"] == "no-store") == (address != "/static/css/tokens.css")
    for close in answer._resource_closers:  # not close(): that would look at the database
        close()


def test_the_policy_is_the_one_that_the_settings_say() -> None:
    assert Client().get("/exit/").headers["Content-Security-Policy"] == build_policy()


def test_an_answer_with_words_of_its_own_gets_its_own_policy() -> None:
    @csp_update({"connect-src": ["https://chatter.example"]})
    def with_words(request: HttpRequest) -> HttpResponse:
        return HttpResponse("")

    def without(request: HttpRequest) -> HttpResponse:
        return HttpResponse("")

    policies = [
        PolicyMiddleware(view)(RequestFactory().get("/")).headers["Content-Security-Policy"]
        for view in (with_words, without)
    ]
    assert ["https://chatter.example" in policy for policy in policies] == [True, False]


def test_a_wrong_host_gets_the_headers_too() -> None:
    answer = Client().get("/", headers={"host": "elsewhere.example"})

    assert answer.status_code == 400
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_view_cannot_loosen_the_cache() -> None:
    def cached(request: HttpRequest) -> HttpResponse:
        return HttpResponse(headers={"Cache-Control": "max-age=600"})

    answer = SafePageMiddleware(cached)(RequestFactory().get("/"))

    assert answer.headers["Cache-Control"] == "no-store"


# --- Origin: null, which browsers send under Referrer-Policy: no-referrer -----------------------------


def form_post(client: Client, **headers: str) -> HttpResponse:
    token = "a" * 32
    client.cookies[settings.CSRF_COOKIE_NAME] = token
    return client.post("/form/", {"csrfmiddlewaretoken": token}, headers={"origin": "null", **headers})


@pytest.mark.parametrize(
    ("site", "status"), [("same-origin", 200), ("same-site", 403), ("cross-site", 403), ("none", 403)]
)
def test_our_own_forms_pass_with_a_null_origin_and_no_others(site: str, status: int) -> None:
    answer = form_post(Client(enforce_csrf_checks=True), **{"sec-fetch-site": site})

    assert answer.status_code == status


def test_an_old_browser_proves_itself_by_the_strict_cookie() -> None:
    client = Client(enforce_csrf_checks=True)

    assert form_post(client).status_code == 200
    client.cookies.clear()
    answer = client.post("/form/", {"csrfmiddlewaretoken": "a" * 32}, headers={"origin": "null"})
    assert answer.status_code == 403


# --- Language -----------------------------------------------------------------------------------------


def spoken(
    address: str = "/", method: str = "get", cookie: str = "", **headers: str
) -> tuple[str, HttpResponse]:
    heard = []

    def view(request: HttpRequest) -> HttpResponse:
        heard.append(translation.get_language())
        return HttpResponse()

    request = getattr(RequestFactory(), method)(address, headers=headers)
    if cookie:
        request.COOKIES[settings.LANGUAGE_COOKIE_NAME] = cookie
    answer = LanguageMiddleware(view)(request)
    return heard[0], answer


def test_french_whatever_the_browser_prefers() -> None:
    language, answer = spoken(**{"accept-language": "en-GB,en;q=0.9"})

    assert language == "fr"
    assert answer.headers["Content-Language"] == "fr"
    assert not answer.cookies


def test_asking_for_a_language_gives_it_and_remembers_it_until_the_browser_closes() -> None:
    language, answer = spoken("/?lang=en")

    assert language == "en"
    cookie = answer.cookies[settings.LANGUAGE_COOKIE_NAME]
    assert cookie.value == "en"
    assert cookie["max-age"] == ""
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_the_cookie_speaks_next_time() -> None:
    assert spoken(cookie="en")[0] == "en"


@pytest.mark.parametrize("nonsense", ["xx", "", "en'><script>", "../fr", "EN"])
def test_an_unknown_language_changes_nothing(nonsense: str) -> None:
    language, answer = spoken(f"/?lang={nonsense}", cookie="en")

    assert language == "en"
    assert not answer.cookies


def test_only_reading_a_page_changes_the_language() -> None:
    assert spoken("/?lang=en", method="post")[0] == "fr"


# --- The public face ----------------------------------------------------------------------------------


def test_without_logins_a_view_is_closed_until_it_says_that_it_is_open() -> None:
    @login_not_required
    def open_to_all(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    gate, request = PublicOnlyMiddleware(open_to_all), RequestFactory().get("/")
    gate.process_view(request, open_to_all, (), {})
    gate.process_view(request, SubmitReport.as_view(), (), {})
    with pytest.raises(Http404):
        gate.process_view(request, lambda request: HttpResponse(), (), {})


# --- Sessions -----------------------------------------------------------------------------------------

Serve = Callable[[HttpRequest], HttpResponse]


def serve(view: Serve, address: str, key: str = "") -> tuple[HttpRequest, HttpResponse]:
    request = RequestFactory().get(address)
    if key:
        request.COOKIES[settings.SESSION_COOKIE_NAME] = key
    return request, StaffSessionMiddleware(view)(request)  # type: ignore[return-value]


def logged_in_session(**facts: Any) -> str:
    session = SessionStore()
    session[SESSION_KEY] = "1"
    session.update(facts)
    session.save()
    assert session.session_key
    return session.session_key


def test_public_pages_never_touch_the_session_store() -> None:
    # No database fixture: a query would fail this test.
    def view(request: HttpRequest) -> HttpResponse:
        assert request.session.get("anything") is None
        request.session["written"] = "by mistake"
        return HttpResponse()

    _request, answer = serve(view, "/report/", key="k" * 32)

    assert not answer.cookies


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/staff/", "/api/docs/", "/api/schema/"])
def test_staff_pages_read_their_session(address: str) -> None:
    key = logged_in_session(colour="amber")
    seen = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request.session["colour"])
        return HttpResponse()

    serve(view, address, key)

    assert seen == ["amber"]


@pytest.mark.django_db
def test_a_click_moves_the_half_hour_on_but_not_at_every_click(monkeypatch: pytest.MonkeyPatch) -> None:
    now = int(time.time())
    key = logged_in_session(**{LOGGED_IN_AT: now, LAST_SEEN_AT: now})

    monkeypatch.setattr(time, "time", lambda: now + 30.0)
    _request, early = serve(lambda request: HttpResponse(), "/staff/", key)
    monkeypatch.setattr(time, "time", lambda: now + 90.0)
    _request, later = serve(lambda request: HttpResponse(), "/staff/", key)

    assert settings.SESSION_COOKIE_NAME not in early.cookies
    assert settings.SESSION_COOKIE_NAME in later.cookies
    assert SessionStore(key)[LAST_SEEN_AT] == now + 90


@pytest.mark.django_db
def test_eight_hours_after_the_login_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    now = int(time.time())
    key = logged_in_session(**{LOGGED_IN_AT: now, LAST_SEEN_AT: now})
    monkeypatch.setattr(time, "time", lambda: now + 8 * 3600 + 1.0)

    request, answer = serve(lambda request: HttpResponse(), "/staff/", key)

    assert SESSION_KEY not in request.session
    assert not SessionStore().exists(key)
    assert answer.cookies[settings.SESSION_COOKIE_NAME].value == ""


@pytest.mark.django_db
def test_the_login_time_is_written_down_with_the_first_answer() -> None:
    key = logged_in_session()

    serve(lambda request: HttpResponse(), "/staff/", key)

    assert abs(SessionStore(key)[LOGGED_IN_AT] - time.time()) < 5


@pytest.mark.django_db
def test_staff_read_in_the_language_of_their_account_until_they_choose(nour: Staff) -> None:
    nour.language = "en"
    nour.save()
    browser = Client()
    browser.force_login(nour, backend="helpline.accounts.backends.StaffBackend")

    assert browser.get("/staff/").headers["Content-Language"] == "fr"  # it is known from here on
    assert browser.get("/staff/").headers["Content-Language"] == "en"
    assert browser.get("/staff/?lang=fr").headers["Content-Language"] == "fr"
    assert browser.get("/staff/").headers["Content-Language"] == "fr"
    assert Client().get("/").cookies.get("lang") is None
