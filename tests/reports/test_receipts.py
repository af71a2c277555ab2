"""The code: drawn well, and read however it is written down."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import receipts

CODES = st.text(alphabet=receipts.ALPHABET, min_size=16, max_size=16)


def test_a_code_is_sixteen_characters_without_lookalikes() -> None:
    codes = {receipts.new_code() for _ in range(500)}

    assert len(codes) == 500
    assert all(len(code) == 16 and set(code) <= set(receipts.ALPHABET) for code in codes)
    assert not set("ILOU") & set(receipts.ALPHABET)
    # Every character turns up: 8,000 draws of 32.
    assert set("".join(codes)) == set(receipts.ALPHABET)


@pytest.mark.parametrize(
    "typed",
    [
        "K3F97Q0M1T5WXZ1B",
        "k3f9-7q0m-1t5w-xz1b",
        "K3F9 7Q0M 1T5W XZ1B",
        "  k3f9\t7qom\n it5w  xzlb ",
        "K3F9.7QOM.IT5W.XZLB",
        "k3f9–7q0m—1t5w‑xz1b",
    ],
)
def test_however_it_is_typed(typed: str) -> None:
    assert receipts.normalise(typed) == "K3F97Q0M1T5WXZ1B"


@pytest.mark.parametrize(
    "typed", ["", "K3F9", "K3F97Q0M1T5WXZ1", "K3F97Q0M1T5WXZ1BB", "U" * 16, "K3F9-7Q0M-1T5W-XZ1!", "é" * 16]
)
def test_what_is_no_code(typed: str) -> None:
    with pytest.raises(receipts.MalformedCode):
        receipts.normalise(typed)


@given(CODES)
def test_grouped_and_back(code: str) -> None:
    grouped = receipts.grouped(code)

    assert [len(group) for group in grouped.split("-")] == [4, 4, 4, 4]
    assert receipts.normalise(grouped) == code
    assert receipts.normalise(grouped.lower().replace("0", "o").replace("1", "l")) == code


@given(st.text(max_size=60))
def test_anything_typed_is_a_code_or_refused(typed: str) -> None:
    try:
        code = receipts.normalise(typed)
    except receipts.MalformedCode:
        return
    assert len(code) == 16
    assert set(code) <= set(receipts.ALPHABET)
