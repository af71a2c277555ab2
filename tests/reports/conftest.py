"""Somebody who writes, as a browser without scripts does it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client

from helpline.platforms import directory
from helpline.platforms.models import Platform
from reports import note as notes
from reports.intake.interview import NUMBERS
from reports.note import Note

SHORTEST: dict[str, dict[str, Any]] = {
    "who": {"who": "self"},
    "safety": {"safety": "safe"},
    "age": {"age_range": "13-14"},
    "kind": {"kind": "deepnude"},
    "deadline": {"deadline": "day"},
    "demand": {"demand": ["money"]},
    "places": {"pasted": "https://chatter.example/p/1"},
    "fingerprints": {"finish": "1"},
    "screenshots": {"skip": "1"},
    "reported": {"skip": "1"},
    "circumstances": {"skip": "1"},
    "knows": {"skip": "1"},
    "home": {"skip": "1"},
    "story": {"skip": "1"},
    "school": {"skip": "1"},
    "contact": {"skip": "1"},
}


class Pen:
    """Answers questions in a browser of its own."""

    def __init__(self) -> None:
        self.browser = Client()
        self.browser.cookies["lang"] = "en"

    def see(self, path: str) -> HttpResponse:
        """GET."""
        return self.browser.get(path)

    def send(self, path: str, data: dict[str, Any] | None = None) -> HttpResponse:
        """POST, from a page that was made for what is open now."""
        return self.browser.post(path, self.marked() | (data or {}))

    def marked(self) -> dict[str, Any]:
        """What the forms on this browser's pages carry unseen."""
        request = HttpRequest()
        request.COOKIES = {name: morsel.value for name, morsel in self.browser.cookies.items()}
        note = notes.read(request)
        return {notes.FIELD: notes.mark(note)} if note else {}

    def answer(self, name: str, **data: Any) -> HttpResponse:
        """Answer one question; without data, in the shortest honest way."""
        return self.send(f"/report/{NUMBERS[name]}/", data or SHORTEST[name])

    def answer_all(self, **changes: dict[str, Any]) -> None:
        """Go through the whole interview until the page where everything is looked at once more."""
        path = "/report/1/"
        for _step in range(20):
            name = next(name for name, number in NUMBERS.items() if path == f"/report/{number}/")
            path = self.send(path, changes.get(name, SHORTEST[name]))["Location"]
            if path == "/report/review/":
                return
        raise AssertionError(f"The interview never ends: {path}")

    def send_report(self, **changes: dict[str, Any]) -> Note:
        """The whole way, up to the code."""
        self.answer_all(**changes)
        assert self.send("/report/review/")["Location"] == "/report/code/"
        return self.note

    @property
    def note(self) -> Note:
        """What this browser holds."""
        note = self.held()
        assert note is not None
        return note

    def held(self) -> Note | None:
        """The same, or None."""
        return notes.read(self.see("/robots.txt").wsgi_request)  # type: ignore[attr-defined]

    def loses_its_cookie(self) -> None:
        """As after an hour away, or a closed browser."""
        del self.browser.cookies["note"]


@pytest.fixture
def chatter_page(db: None) -> Platform:
    """A platform without any channel, enough to be recognised."""
    platform = Platform.objects.create(slug="chatter", name="Chatter", domains=["chatter.example"])
    directory.forget()
    return platform


@pytest.fixture
def pen(chatter_page: Platform) -> Pen:
    """A young person with a phone."""
    return Pen()


@pytest.fixture
def pens(chatter_page: Platform) -> Callable[[], Pen]:
    """As many as needed."""
    return Pen
