"""What the browser keeps: sealed, bound to the session, and forgotten."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpRequest, HttpResponse

from helpline.crypto import cookies
from reports import note as notes
from reports.note import Kind, Note

NOTE = Note(uuid4(), "K3F97Q0M1T5WXZ1B", Kind.DRAFT)


def request_with(response: HttpResponse) -> HttpRequest:
    """The next request of that browser."""
    request = HttpRequest()
    request.COOKIES = {name: morsel.value for name, morsel in response.cookies.items()}
    return request


def test_kept_and_read_back() -> None:
    for note in (NOTE, NOTE.with_code_shown(), Note(NOTE.id, NOTE.code, Kind.REPORT)):
        assert notes.read(request_with(notes.keep(HttpResponse(), note))) == note


def test_the_cookie_says_nothing_and_ends_with_the_browser() -> None:
    cookie = notes.keep(HttpResponse(), NOTE).cookies["note"]

    assert NOTE.code not in cookie.value
    assert str(NOTE.id) not in cookie.value
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
    assert (cookie["max-age"], cookie["expires"]) == ("", "")
    assert cookie["secure"] == ""


def test_it_is_secure_where_the_site_is(settings: Any) -> None:
    settings.SECURE = True

    assert notes.keep(HttpResponse(), NOTE).cookies["note"]["secure"] is True


def test_the_code_is_not_in_what_an_error_report_would_print() -> None:
    assert NOTE.code not in repr(NOTE)


@pytest.mark.parametrize("text", ["", "x", "gAAAAA" + "A" * 100, "é"])
def test_what_is_not_ours_is_nothing(text: str) -> None:
    request = HttpRequest()
    request.COOKIES = {"note": text}

    assert notes.read(request) is None
    assert notes.read(HttpRequest()) is None


def test_too_old_is_nothing(settings: Any) -> None:
    kept = notes.keep(HttpResponse(), NOTE)
    assert notes.read(request_with(kept)) == NOTE

    settings.NOTE_COOKIE_AGE = timedelta(seconds=-1)
    assert notes.read(request_with(kept)) is None


def test_a_cookie_sealed_for_something_else_is_nothing() -> None:
    request = HttpRequest()
    request.COOKIES = {"note": cookies.seal("other", {"id": str(NOTE.id), "code": NOTE.code})}

    assert notes.read(request) is None


def test_forgotten() -> None:
    cookie = notes.forget(HttpResponse()).cookies["note"]

    assert (cookie.value, cookie["max-age"]) == ("", 0)
