"""Pictures: whole numbers inside the frame, nothing that counts is invisible."""

import itertools
from datetime import date, timedelta

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from cases.dashboards import charts
from cases.dashboards.metrics import EDGES, Bar, Week
from cases.dashboards.words import moment, share, short_span, span

STARTS, ENDS = (0, *EDGES), (*EDGES, None)


def bars(counts: list[int]) -> list[Bar]:
    return [Bar(start, end, count) for start, end, count in zip(STARTS, ENDS, counts, strict=True)]


@given(
    counts=st.lists(st.integers(0, 10**7), min_size=len(STARTS), max_size=len(STARTS)),
    p50=st.floats(0, 10**8),
    p90=st.floats(0, 10**8),
)
def test_the_distribution_stays_in_its_frame(counts: list[int], p50: float, p90: float) -> None:
    drawn = charts.spread(bars(counts), p50_s=p50, p90_s=p90)
    for column in drawn.columns:
        assert 0 <= column.x < column.x + column.width <= drawn.width
        assert 0 <= column.y <= charts.HEIGHT
        assert column.y + column.height == charts.HEIGHT
        assert (column.height > 0) is (column.count > 0)
    assert all(0 <= mark.x <= drawn.width for mark in drawn.marks)
    if p50 <= p90:
        assert drawn.marks[0].x <= drawn.marks[1].x


def test_nothing_acted_on_has_no_marks() -> None:
    assert list(charts.spread(bars([0] * len(STARTS)), p50_s=None, p90_s=None).marks) == []


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=60))
def test_the_weeks_stay_in_their_frame(counts: list[tuple[int, int]]) -> None:
    monday = date(2026, 3, 2)
    rows = [
        Week(monday + timedelta(weeks=place), requested=max(pair), acted_on=min(pair))
        for place, pair in enumerate(counts)
    ]
    drawn = charts.weeks(rows)
    for column in drawn.columns:
        assert 0 <= column.x < column.x + column.width <= drawn.width
        assert column.acted_height <= column.height <= charts.HEIGHT


@pytest.mark.parametrize("count", [1, 2, 5, 13, 53])
def test_labels_of_weeks_neither_touch_nor_run_out(count: int) -> None:
    monday = date(2026, 3, 2)
    drawn = charts.weeks([Week(monday + timedelta(weeks=place), 3, 1) for place in range(count)])
    starts = [column.x for column in drawn.columns if column.label]
    assert starts
    assert all(later - one >= charts.LABEL_WIDTH for one, later in itertools.pairwise(starts))
    assert starts[-1] + charts.LABEL_WIDTH <= drawn.width + charts.LABEL_WIDTH // 4
    assert drawn.width == charts.WEEKS_WIDTH  # letters keep their size, and one week is no wall


def test_days_are_written_in_the_language_of_the_reader() -> None:
    with translation.override("fr"):
        assert moment(date(2026, 2, 9)) == "9 fév."


def test_the_labels_of_two_marks_never_stand_in_one_line() -> None:
    drawn = charts.spread(bars([1] * len(STARTS)), p50_s=100, p90_s=101)
    first, second = drawn.marks
    assert first.y + charts.ROW <= second.y < -charts.ROW  # and above the number of the tallest bar


@pytest.mark.parametrize(
    ("part", "whole", "said"), [(0, 0, None), (0, 7, 0), (199, 200, 99), (200, 200, 100), (93, 214, 43)]
)
def test_a_share_never_claims_more_than_is_true(part: int, whole: int, said: int | None) -> None:
    assert share(part, whole) == said


def test_spans_in_words() -> None:
    with translation.override("en"):
        assert [span(None), span(42.4), span(7500)] == ["–", "42 s", "2 h 5 min"]
        assert [short_span(s) for s in EDGES] == [
            "1 min",
            "5 min",
            "15 min",
            "1 h",
            "6 h",
            "1 day",
            "3 days",
            "7 days",
        ]
