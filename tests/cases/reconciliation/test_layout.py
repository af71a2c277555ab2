"""Reading a row: forgiving where it can be, never guessing."""

import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.reconciliation import layout
from cases.reconciliation.layout import Broken, MissingColumns, Row, Why, day_of, decision_of, rows_of
from cases.reconciliation.states import Decision
from tests.cases.reconciliation.files import COLUMNS, row, text

THE_SECOND = date(2026, 3, 2)


def rows(said: str, *, otherwise: str = "") -> list[Row | Broken]:
    return list(rows_of(io.StringIO(said, newline=""), otherwise=otherwise))


@pytest.mark.parametrize("delimiter", list(layout.SEPARATORS))
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_whatever_parts_the_cells(delimiter: str, mark: str) -> None:
    [found] = rows(mark + text([row(uuid="a", source_identity="A, B; C")], delimiter=delimiter))
    assert isinstance(found, Row)
    assert (found.uuid, found.identity, found.day) == ("a", "A, B; C", THE_SECOND)
    assert found.decision == Decision.REMOVED


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("2026-03-02", THE_SECOND),
        ("2026-03-02 23:59:59", THE_SECOND),
        ("2026-03-02T23:59:59Z", THE_SECOND),
        ("2026-03-02T23:59:59+02:00", THE_SECOND),
        ("20260302", THE_SECOND),
        ("02/03/2026", THE_SECOND),
        ("2.3.2026", THE_SECOND),
        ("02-03-2026 08:00", THE_SECOND),
        ("31/02/2026", None),
        ("03/15/2026", None),
        ("02/03/26", None),
        ("1999-01-01", None),
        ("9999-01-01", None),
        ("", None),
        ("soon", None),
        ("²/3/2026", None),
    ],
)
def test_days(said: str, day: date | None) -> None:
    assert day_of(said) == day


@pytest.mark.parametrize(
    ("visibility", "account", "decision"),
    [
        ('["DECISION_VISIBILITY_CONTENT_REMOVED"]', "", Decision.REMOVED),
        (
            '["DECISION_VISIBILITY_CONTENT_LABELLED","DECISION_VISIBILITY_CONTENT_DISABLED"]',
            "",
            Decision.DISABLED,
        ),
        ("DECISION_VISIBILITY_CONTENT_REMOVED", "DECISION_ACCOUNT_TERMINATED", Decision.REMOVED),
        ('["DECISION_VISIBILITY_CONTENT_DEMOTED"]', "DECISION_ACCOUNT_SUSPENDED", Decision.ACCOUNT),
        ("", "DECISION_ACCOUNT_TERMINATED", Decision.ACCOUNT),
        ('["DECISION_VISIBILITY_OF_TOMORROW"]', "", Decision.OTHER),
        ("[1, null]", "", None),
        ("[" * 100_000, "", None),
        ("", "", None),
    ],
)
def test_decisions(visibility: str, account: str, decision: Decision | None) -> None:
    assert decision_of(visibility, account) == decision


@pytest.mark.parametrize(
    ("without", "missing"),
    [
        ({"uuid"}, ["uuid"]),
        ({"category", "source_type"}, ["category", "source_type"]),
        ({"decision_visibility", "decision_account"}, ["decision_visibility"]),
        ({"application_date", "created_at"}, ["application_date"]),
        ({"platform_name"}, ["platform_name"]),
        ({"decision_account", "created_at", "puid", "source_identity"}, []),
    ],
)
def test_columns_that_are_needed(without: set[str], missing: list[str]) -> None:
    said = text([row()], columns=[name for name in COLUMNS if name not in without])
    if not missing:
        assert isinstance(rows(said)[0], Row)
        return
    with pytest.raises(MissingColumns) as error:
        rows(said)
    assert error.value.names == missing


def test_a_file_that_does_not_say_whose_it_is() -> None:
    said = text([row()], columns=[name for name in COLUMNS if name != "platform_name"])
    [found] = rows(said, otherwise="Chatter")
    assert isinstance(found, Row) and found.provider == "Chatter"


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"application_date": "never", "created_at": "2026-03-02"}, Why.DAY),
        ({"uuid": ""}, Why.UUID),
        ({"uuid": "x" * 37}, Why.UUID),
        ({"category": ""}, Why.CATEGORY),
        ({"decision_visibility": "", "decision_monetary": "DECISION_MONETARY_SUSPENSION"}, Why.DECISION),
    ],
)
def test_a_broken_row_leaves_the_others(facts: dict[str, str], why: Why) -> None:
    found = rows(text([row(), row(**facts), row()]))
    assert [getattr(one, "why", None) for one in found] == [None, why, None]
    broken = found[1]
    assert isinstance(broken, Broken) and broken.line == 3


def test_too_few_cells_blank_lines_and_a_quotation_mark_that_stays_open() -> None:
    said = text([row()]) + "a,b,c\r\n\r\n" + '"' + "x" * 140_000 + "\r\n" + text([row()]).split("\r\n")[1]
    found = rows(said)
    assert [type(one) for one in found[:2]] == [Row, Broken]
    assert {one.why for one in found if isinstance(one, Broken)} <= {Why.SHORT, Why.QUOTES}


def test_a_column_that_is_there_twice_is_read_once() -> None:
    """As in the public files of some months."""
    found = rows(text([row()], columns=[*COLUMNS, "illegal_content_legal_ground"]))
    assert isinstance(found[0], Row)


@given(st.text(max_size=400))
def test_nothing_that_is_written_breaks_it(said: str) -> None:
    try:
        for one in rows(text([row()]) + said):
            assert isinstance(one, Row | Broken)
    except MissingColumns:
        raise AssertionError("The first line was whole.") from None


@given(st.text(max_size=300))
def test_no_first_line_breaks_it(said: str) -> None:
    with pytest.raises(MissingColumns):
        rows(said)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Chatter", "CHATTER "), ("e-Enfance / 3018", "E Enfance 3018"), ("Tik_Tok", "TikTok")],
)
def test_two_spellings_of_a_name(one: str, other: str) -> None:
    assert layout.folded(one) == layout.folded(other)
