"""The page of the code on a phone: nothing but the code on paper, a picture to save, a square for another phone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

from helpline.platforms import directory
from helpline.platforms.models import Platform
from reports import receipts
from tests.reports.conftest import Pen

CHROMIUM = Path("/usr/bin/chromium")

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def at_the_code(chromium: Any, live_server: Any) -> Iterator[tuple[Any, str]]:
    """A phone that shows the code of a report just sent; and that code."""
    Platform.objects.create(slug="chatter", name="Chatter", domains=["chatter.example"])
    directory.forget()
    pen = Pen()
    note = pen.send_report()
    context = chromium.new_context(viewport={"width": 360, "height": 740}, base_url=live_server.url)
    context.add_cookies(
        [
            {"name": name, "value": pen.browser.cookies[name].value, "url": live_server.url}
            for name in ("note", "lang")
        ]
    )
    page = context.new_page()
    page.goto("/report/code/")
    yield page, receipts.grouped(note.code)
    context.close()


def unfold(page: Any) -> None:
    for fold in page.locator("main summary").all():
        fold.click()


def test_paper_shows_the_code_and_a_neutral_name_and_nothing_else(at_the_code: tuple[Any, str]) -> None:
    page, code = at_the_code
    unfold(page)

    page.emulate_media(media="print")

    words = page.locator("body").inner_text().split()
    assert words == ["Notes", *code.split("-")]


def test_the_picture_is_saved_under_a_name_that_tells_nothing(
    at_the_code: tuple[Any, str], tmp_path: Path
) -> None:
    page, _code = at_the_code

    with page.expect_download() as saving:
        page.get_by_role("link", name="Save the picture").click()

    assert saving.value.suggested_filename == "notes.png"
    saving.value.save_as(tmp_path / "saved.png")
    with Image.open(tmp_path / "saved.png") as saved:
        assert saved.format == "PNG"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_square_is_dark_on_light_also_in_the_dark(at_the_code: tuple[Any, str], scheme: str) -> None:
    page, _code = at_the_code
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    unfold(page)

    seen = page.locator(".square").bounding_box()
    ground = page.evaluate("getComputedStyle(document.querySelector('.square')).backgroundColor")

    assert ground == "rgb(255, 255, 255)"
    assert seen["width"] >= 160  # large enough for a camera at arm's length
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_the_page(at_the_code: tuple[Any, str], scheme: str) -> None:
    page, _code = at_the_code
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    unfold(page)

    found = Axe().run(page)

    assert found.violations_count == 0, found.generate_report()
