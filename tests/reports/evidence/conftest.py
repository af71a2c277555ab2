"""Somebody with a draft or a report open, and a picture to add to it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse

from reports.evidence.sanitise import Clean, sanitise
from tests.reports.conftest import Pen, chatter_page, pen, pens
from tests.reports.evidence.hostile import bubbles, encoded

__all__ = ["chatter_page", "pen", "pens"]
PICTURES = "/report/pictures/"


@pytest.fixture(scope="session")
def clean() -> Clean:
    """A picture of drawn bubbles, made anew once."""
    return sanitise(encoded(bubbles(), "PNG"))


@pytest.fixture
def upload(pen: Pen) -> Callable[..., HttpResponse]:
    """`upload(bytes)`: as the editor sends it, with the ticks set; anything may be changed."""

    def send(body: bytes | None, *, by_script: bool = False, **changes: Any) -> HttpResponse:
        data = pen.marked() | {"what": "messages", "sure": "on"} | changes
        if body is not None:
            data["picture"] = SimpleUploadedFile("IMG_2026.png", body, content_type="image/png")
        headers = {"X-Part": "1"} if by_script else {}
        return pen.browser.post(PICTURES, data, headers=headers)  # type: ignore[return-value]

    return send
