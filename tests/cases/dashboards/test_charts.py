"""Pictures: whole numbers inside the frame, nothing that counts is invisible, nothing overlaps."""

import itertools
from datetime import date

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.dashboards.bins import BARS
from cases.dashboards.calendar import shifted
from cases.dashboards.charts import hours, months, spread, steps
from cases.dashboards.words import month_alone, share, short_span, span

MARCH = date(2026, 3, 1)
SEVERAL = st.lists(st.integers(0, 10**7), min_size=len(BARS) + 1, max_size=len(BARS) + 1)


def rows(pairs: list[tuple[int, int]]) -> list[tuple[date, int, int]]:
    return [(shifted(MARCH, number), max(pair), min(pair)) for number, pair in enumerate(pairs)]


PAIRS = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=30).map(rows)


# --- time to action ---------------------------------------------------------------------------------------


@given(counts=SEVERAL, p50=st.floats(0, 10**8), p90=st.floats(0, 10**8))
def test_the_distribution_stays_in_its_frame(counts: list[int], p50: float, p90: float) -> None:
    drawn = spread.spread(counts, edges=BARS, p50_s=p50, p90_s=p90)
    for column in drawn.columns:
        assert 0 <= column.x < column.x + column.width <= drawn.width
        assert 0 <= column.y <= spread.HEIGHT
        assert column.y + column.height == spread.HEIGHT
        assert (column.height > 0) is (column.count > 0)
    assert all(0 <= mark.x <= drawn.width for mark in drawn.marks)
    if p50 <= p90:
        assert drawn.marks[0].x <= drawn.marks[1].x


@given(SEVERAL)
def test_the_table_beside_it_counts_the_same(counts: list[int]) -> None:
    drawn = spread.spread(counts, edges=BARS, p50_s=None, p90_s=None)
    assert [column.count for column in drawn.columns] == counts
    assert drawn.columns[-1].so_far == (100 if sum(counts) else None)
    assert [column.from_s for column in drawn.columns] == [0, *BARS]


def test_nothing_acted_on_has_no_marks() -> None:
    assert list(spread.spread([0] * (len(BARS) + 1), edges=BARS, p50_s=None, p90_s=None).marks) == []


def test_the_labels_of_two_marks_never_stand_in_one_line() -> None:
    drawn = spread.spread([1] * (len(BARS) + 1), edges=BARS, p50_s=100, p90_s=101)
    first, second = drawn.marks
    assert first.y + spread.ROW <= second.y < -spread.ROW  # and above the number of the tallest bar


@given(st.lists(st.floats(0, 10**9), min_size=2, max_size=2).map(sorted))
def test_on_the_axis_later_is_further(two: list[float]) -> None:
    first, second = (steps.place(seconds, edges=BARS, step=100) for seconds in two)
    assert 0 <= first <= second <= 100 * (len(BARS) + 1)


@pytest.mark.parametrize(("number", "seconds"), list(enumerate(BARS, start=1)))
def test_an_edge_stands_at_its_tick(number: int, seconds: int) -> None:
    assert steps.place(seconds, edges=BARS, step=22) == 22 * number
    assert steps.ticks(BARS, step=22)[number - 1].x == 22 * number


def test_a_line_from_median_to_p90() -> None:
    assert steps.span_of(None, None, edges=BARS) is None
    drawn = steps.span_of(30, 300, edges=BARS)
    assert drawn is not None
    assert (drawn.median, drawn.p90) == (steps.RANGE_STEP // 2, 2 * steps.RANGE_STEP)


# --- months -----------------------------------------------------------------------------------------------


@given(PAIRS)
def test_the_months_stay_in_their_frame(drawn_of: list[tuple[date, int, int]]) -> None:
    drawn = months.months(drawn_of)
    for column in drawn.columns:
        assert 0 <= column.x < column.x + column.width <= drawn.width
        assert column.part_height <= column.height <= months.HEIGHT
        assert (column.height > 0) is (column.whole > 0)


@pytest.mark.parametrize("count", [1, 2, 5, 12, 13, 36, 60, 120])
def test_labels_of_months_neither_touch_nor_run_out(count: int) -> None:
    drawn = months.months([(shifted(MARCH, number), 3, 1) for number in range(count)])
    labelled = [column for column in drawn.columns if column.label]
    starts = [column.x for column in labelled]
    assert starts
    assert labelled[0].year == "2026"
    assert all(later - one >= months.LABEL_WIDTH for one, later in itertools.pairwise(starts))
    assert starts[-1] + months.LABEL_WIDTH <= drawn.width + months.LABEL_WIDTH // 4
    assert drawn.width == months.WIDTH  # letters keep their size, and one month is no wall


def test_a_year_is_said_where_it_begins_and_not_again() -> None:
    drawn = months.months([(shifted(date(2025, 11, 1), number), 1, 1) for number in range(5)])
    assert [column.year for column in drawn.columns] == ["2025", "", "2026", "", ""]


@given(PAIRS)
def test_a_platform_s_months_stay_in_their_frame(drawn_of: list[tuple[date, int, int]]) -> None:
    drawn = months.small_months(drawn_of)
    for column in drawn.columns:
        assert 0 <= column.x < column.x + column.width <= drawn.width
        assert 0 <= column.fill_y <= months.SMALL_HEIGHT
        assert (column.fill_height > 0) is (column.acted_on > 0)
        # Some is not all, and a month without requests is no month in which nothing was done.
        assert (column.fill_height == months.SMALL_HEIGHT) is (column.sent == column.acted_on > 0)
        assert column.is_empty is (column.sent == 0) is (column.share is None)
        assert bool(column.note) <= (column.sent > column.acted_on)
    for left, right in itertools.pairwise(drawn.columns):
        assert left.x + left.width < right.x


def test_a_platform_s_months_bear_names_that_have_room() -> None:
    with translation.override("en"):
        named = [
            [
                label.text
                for label in months.small_months([(shifted(MARCH, n), 1, 1) for n in range(count)]).labels
            ]
            for count in (0, 1, 3, 12)
        ]
    assert named == [[], ["March 2026"], ["March", "April", "May"], ["March 2026", "Feb. 2027"]]


# --- hours of the week ------------------------------------------------------------------------------------


@settings(max_examples=25)  # each draws a week
@given(
    st.lists(
        st.lists(st.integers(0, 10**8), min_size=24, max_size=24),
        min_size=7,
        max_size=7,
    )
)
def test_the_hours_stay_in_their_frame_and_count_the_same(counts: list[list[int]]) -> None:
    drawn = hours.week(counts)
    for row, of in zip(drawn.rows, counts, strict=True):
        for cell, count in zip(row.cells, of, strict=True):
            assert hours.LEFT <= cell.x <= cell.x + cell.side <= drawn.width
            assert hours.TOP <= cell.y <= cell.y + cell.side <= drawn.height
            assert (cell.side > 0) is (count > 0) is (cell.shade > 0) is bool(cell.text)
            assert cell.shade <= hours.SHADES
            assert len(cell.text) <= 4
        assert row.total == sum(of)
    assert drawn.total == sum(hour.total for hour in drawn.hours) == sum(map(sum, counts))
    if drawn.busiest:
        day, hour, count = drawn.busiest
        assert counts[day][hour] == count == max(map(max, counts))
    else:
        assert drawn.total == 0


def test_more_is_never_smaller_or_paler() -> None:
    drawn = hours.week([list(range(24))] + [[0] * 24] * 6)
    cells = drawn.rows[0].cells
    for one, later in itertools.pairwise(cells):
        assert one.side <= later.side
        assert one.shade <= later.shade
    assert [hours.short(count) for count in (0, 7, 999, 1500, 2_000_000)] == ["", "7", "999", "1k", "2M"]


# --- words ------------------------------------------------------------------------------------------------


def test_months_are_written_in_the_language_of_the_reader() -> None:
    with translation.override("fr"):
        assert month_alone(date(2026, 2, 1)) == "fév."


@pytest.mark.parametrize(
    ("part", "whole", "said"), [(0, 0, None), (0, 7, 0), (199, 200, 99), (200, 200, 100), (93, 214, 43)]
)
def test_a_share_never_claims_more_than_is_true(part: int, whole: int, said: int | None) -> None:
    assert share(part, whole) == said


def test_spans_in_words() -> None:
    with translation.override("en"):
        assert [span(None), span(42.4), span(7500)] == ["–", "42 s", "2 h 5 min"]
        assert [short_span(s) for s in BARS] == [
            "1 min",
            "5 min",
            "15 min",
            "1 h",
            "6 h",
            "1 day",
            "3 days",
            "7 days",
        ]
