"""What the page's script wrote, read into fingerprints."""

import json
from typing import Any

import pytest
from django.template.loader import render_to_string

from reports.actions import FingerprintFacts
from reports.fingerprints import MAX_FINGERPRINTS, FingerprintsForm

PDQ = {"algorithm": "pdq", "value": "AB" * 32, "quality": 40}
SHA256 = {"algorithm": "sha256", "value": "cd" * 32}
MD5 = {"algorithm": "md5", "value": "ef" * 16}


def form(rows: Any) -> FingerprintsForm:
    """As it arrives."""
    return FingerprintsForm({"fingerprints": rows if isinstance(rows, str) else json.dumps(rows)})


def test_each_fingerprint_once_in_lower_case_and_in_order() -> None:
    filled = form([PDQ, SHA256, MD5, PDQ | {"value": "ab" * 32}])

    assert filled.is_valid()
    assert filled.facts == [
        FingerprintFacts("pdq", "ab" * 32, 40),
        FingerprintFacts("sha256", "cd" * 32),
        FingerprintFacts("md5", "ef" * 16),
    ]


@pytest.mark.parametrize("data", [{}, {"fingerprints": ""}, {"fingerprints": "[]"}], ids=str)
def test_none_is_fine(data: dict[str, str]) -> None:
    filled = FingerprintsForm(data)

    assert filled.is_valid()
    assert filled.facts == []


BAD: dict[str, Any] = {
    "not JSON": "[{",
    "not a list": SHA256,
    "not objects": ["ab" * 32],
    "an unknown algorithm": [SHA256 | {"algorithm": "crc"}],
    "an algorithm that is no word": [SHA256 | {"algorithm": ["sha256"]}],
    "not hexadecimal": [SHA256 | {"value": "zz" * 32}],
    "too short": [SHA256 | {"value": "ab" * 16}],
    "a picture instead of a number": [SHA256 | {"value": "data:image/png;base64,iVBORw0KGgo="}],
    "a quality that is no number": [PDQ | {"quality": True}],
    "a quality over 100": [PDQ | {"quality": 101}],
    "nested without end": "[" * 30_000,
    "longer than any list of them": "[" + " " * 50_000 + "]",
}


@pytest.mark.parametrize("rows", BAD.values(), ids=BAD)
def test_what_is_no_fingerprint_is_refused_and_kept(rows: Any) -> None:
    filled = form([PDQ, *rows] if isinstance(rows, list) else rows)

    assert not filled.is_valid()
    assert "did not arrive whole" in str(filled.errors["fingerprints"])
    assert filled.facts == []
    assert filled["fingerprints"].value() == filled.data["fingerprints"]


def test_at_most_a_hundred() -> None:
    many = [{"algorithm": "md5", "value": f"{number:032x}"} for number in range(MAX_FINGERPRINTS + 1)]

    assert form(many[:-1]).is_valid()
    assert "We can take 100" in str(form(many).errors["fingerprints"])


def test_the_box_names_no_file_and_nothing_in_it_can_be_submitted_but_the_fingerprints() -> None:
    html = render_to_string("reports/_fingerprint.html", {"form": form([SHA256])})

    assert html.count(' name="') == 1
    assert 'type="hidden" name="fingerprints"' in html
