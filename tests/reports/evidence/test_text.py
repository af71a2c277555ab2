"""Pictures as text are left out; words about data are not."""

import base64

import pytest

from reports.evidence.text import without_pictures
from tests.reports.evidence.hostile import plain

ENCODED = base64.b64encode(plain("JPEG")).decode()
MARK = "[picture removed]"


@pytest.mark.parametrize(
    "address",
    [
        f"data:image/png;base64,{ENCODED}",
        f"DATA:Image/JPEG;base64,{ENCODED}",
        f"data:image/jpeg;name=a.jpg;base64,{ENCODED}",
        f"data:;base64,{ENCODED}",
        f"data:application/octet-stream;base64,{ENCODED}",
        "data:image/svg+xml,%3Csvg%20xmlns='x'/%3E",
        "data:image/svg+xml;charset=utf-8;base64,PHN2Zz48L3N2Zz4=",
        ENCODED,
        base64.b64encode(plain("PNG")).decode(),
        base64.b64encode(plain("WEBP")).decode(),
    ],
)
def test_a_picture_written_as_text_is_taken_out(address: str) -> None:
    found = without_pictures(f"He wrote this. {address} And then that.")

    assert found.startswith(f"He wrote this. {MARK}")
    assert found.endswith(" And then that.")
    assert len(found) < 90


def test_one_that_runs_over_lines_goes_as_a_whole() -> None:
    lines = "\r\n".join(ENCODED[at : at + 76] for at in range(0, len(ENCODED), 76))

    assert without_pictures(f"Before\r\ndata:image/jpeg;base64,{lines}\r\nok, after") in {
        f"Before\r\n{MARK}\r\nok, after",
    }


def test_the_rest_of_the_page_it_was_copied_from_stays() -> None:
    pasted = f'<p>Look</p><img alt="x" src="data:image/png;base64,{ENCODED}"><img src="data:image/gif;base64,R0lGOD">'

    assert without_pictures(pasted) == f'<p>Look</p><img alt="x" src="{MARK}"><img src="{MARK}">'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "He has my data: pictures, names, and where I live.",
        "metadata:image/png is a word",
        "https://chatter.example/p/1?data=image/png;base64",
        "data:image",
        "They wrote: data:, and nothing else" * 10,
        "a" * 20_000,
        "iVBORw0KGgo is how they begin",
        "word " * 4000,
        f"https://chatter.example/{'x' * 300}",
    ],
)
def test_words_stay_as_they_are(text: str) -> None:
    assert without_pictures(text) == text


def test_a_long_hostile_text_costs_no_time() -> None:
    for text in (
        "data:" * 40_000,
        "data:image/png;" + "a;" * 100_000,
        "iVBORw0KGgo" * 20_000,
        "data:a/b," + "\n" * 200_000,
    ):
        without_pictures(text)
