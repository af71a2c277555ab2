"""Keeping the code: said aloud, as a square, as a picture. None of them tells what it is for."""

import re
from io import BytesIO

import pytest
import segno
from django.test import override_settings
from django.utils import translation
from PIL import Image

from reports import receipts
from reports.intake import keep
from tests.reports.conftest import Pen

CODE = "K3F90QW81TG5MZX7"


def test_digits_are_said_as_words_so_that_a_zero_is_no_letter() -> None:
    with translation.override("en"):
        groups = keep.aloud(CODE)

    assert groups[1] == ["zero", "Q", "W", "eight"]
    assert [len(group) for group in groups] == [4, 4, 4, 4]


def test_the_square_holds_the_code_and_nothing_else() -> None:
    drawn = keep.square(CODE)

    (path,) = re.findall(r' d="([^"]+)"', drawn)
    assert f' d="{path}"' in segno.make_qr("K3F9-0QW8-1TG5-MZX7", error="m").svg_inline()
    assert "style=" not in drawn  # the pages allow none
    assert path not in keep.square("0" * 16)


def test_the_picture_is_a_plain_note_without_a_word_about_itself() -> None:
    picture = Image.open(BytesIO(keep.picture(CODE, name="Notes")))

    assert picture.size == (keep.WIDTH, keep.HEIGHT)
    assert picture.info == {}  # no date, no program, no place
    assert keep.picture(CODE, name="Notes") != keep.picture("0" * 16, name="Notes")


@pytest.mark.parametrize(("name", "written"), [("Mémo", "Memo"), ("Заметки", ""), ("Notes", "Notes")])
def test_a_name_in_letters_that_the_font_lacks_is_written_as_far_as_it_goes(name: str, written: str) -> None:
    assert keep._writable(name) == written


@pytest.mark.django_db
def test_the_picture_is_there_for_as_long_as_the_code_is_shown(pen: Pen) -> None:
    assert pen.see("/report/code/card/")["Location"] == "/report/code/"
    pen.answer("who")
    assert pen.see("/report/code/card/").status_code == 200  # a draft's, too

    note = pen.send_report()
    response = pen.see("/report/code/card/")

    assert response["Content-Type"] == "image/png"
    assert response["Content-Disposition"] == 'attachment; filename="notes.png"'
    assert response["Cache-Control"] == "no-store"
    assert response.content == keep.picture(note.code, name="Notes")

    pen.send("/report/code/", {"skip": "1"})
    assert pen.see("/report/code/card/")["Location"] == "/report/code/"


@pytest.mark.django_db
@override_settings(NEUTRAL_NAME="Mes recettes")
def test_the_file_is_called_like_the_pages(pen: Pen) -> None:
    pen.answer("who")

    assert 'filename="mes-recettes.png"' in pen.see("/report/code/card/")["Content-Disposition"]


@pytest.mark.django_db
def test_the_page_shows_the_code_before_all_ways_to_keep_it_and_has_no_address_with_it(pen: Pen) -> None:
    code = receipts.grouped(pen.send_report().code)
    body = pen.see("/report/code/").content.decode()

    order = [f'data-code="{code}"', "Four ways to keep it", "Type it once", "What happens next"]
    places = [body.index(part) for part in order]
    assert places == sorted(places)
    assert f'aria-label="{", ".join(code[:4])}"' in body
    addresses = re.findall(r'(?:href|src|action)="([^"]*)"', body)
    assert not any(code[:4] in address for address in addresses)
