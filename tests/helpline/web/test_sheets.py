"""No cell is a formula, whatever stands in it and whatever separator the reader uses."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from helpline.web import sheets

RUNS = "=+-@\t\r＝＋－＠−﹢﹣﹦﹫"
BLANKS = " \t\r\n\x00\ufeff\u200b\u00a0"
NASTY = st.text(alphabet=[*RUNS, *BLANKS, *"\"',;|ab1é("], max_size=12)


def read(body: bytes, delimiter: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def begins_a_formula(cell: str) -> bool:
    return cell.lstrip(BLANKS + '"')[:1] in set(RUNS)


@pytest.mark.parametrize("first", RUNS)
@pytest.mark.parametrize("before", ["", " ", "\u00a0", "\ufeff", "\u200b", "\x00", '"', "\n"])
def test_nothing_that_begins_a_formula_begins_a_cell(first: str, before: str) -> None:
    text = f'{before}{first}HYPERLINK("https://chatter.example";"x")'
    assert not begins_a_formula(sheets.plain(text))


@given(NASTY)
def test_no_text_begins_a_formula(text: str) -> None:
    assert not begins_a_formula(sheets.plain(text))


@given(NASTY)
def test_said_twice_it_changes_nothing_more(text: str) -> None:
    assert sheets.plain(sheets.plain(text)) == sheets.plain(text)


@given(st.lists(st.lists(NASTY, min_size=2, max_size=3), max_size=4), st.sampled_from(",;"))
def test_nor_does_any_cell_that_a_reader_with_the_other_separator_sees(
    lines: list[list[str]], written: str
) -> None:
    body = sheets.sheet(lines, delimiter=written)
    for delimiter in ",;\t|":
        cells = [cell for line in read(body, delimiter) for cell in line]
        # Cut by force as well, as a program does that knows no quotes.
        cells += [cell for line in body.decode("utf-8-sig").splitlines() for cell in line.split(delimiter)]
        assert not [cell for cell in cells if begins_a_formula(cell)]


@given(st.text(alphabet="abcdéè ñ.:/0123456789()", max_size=30))
def test_harmless_words_stay_as_they_are(text: str) -> None:
    assert sheets.plain(text) == text
    assert read(sheets.sheet([[text, "x"]]), ";") == [[text, "x"]]


def test_numbers_dates_and_nothing() -> None:
    at = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    body = sheets.sheet([[-5, 0, None, date(2026, 3, 2), at, True]])
    assert body.startswith(b"\xef\xbb\xbf")
    assert read(body, ";") == [["-5", "0", "", "2026-03-02", "2026-03-02T08:30+00:00", "1"]]


@pytest.mark.parametrize(("language", "expected"), [("fr", ";"), ("en", ",")])
def test_the_separator_is_what_excel_expects_there(language: str, expected: str) -> None:
    with translation.override(language):
        assert sheets.separator() == expected


def test_a_large_table_leaves_in_pieces_while_it_is_made() -> None:
    made = 0

    def lines() -> Iterator[list[str]]:
        nonlocal made
        for number in range(20_000):
            made += 1
            yield [f"line {number}", "x" * 20]

    stream = sheets.pieces(lines())
    first = next(stream)
    assert len(first) < 2 * sheets.CHUNK
    assert made < 5_000
    assert read(first + b"".join(stream), ";")[-1] == ["line 19999", "x" * 20]
