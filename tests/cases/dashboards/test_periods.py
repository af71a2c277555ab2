"""A period is whole months, however they are written; what is none is refused in a sentence."""

from datetime import date, timedelta

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from cases.dashboards import periods
from cases.dashboards.periods import BadPeriod, Period

TODAY = date(2026, 3, 17)
DAYS = st.dates(date(2015, 1, 1), date(2100, 12, 31))


def test_what_nobody_chose_is_this_month_and_the_two_before() -> None:
    found = periods.asked("", "", today=TODAY)
    assert (found.first, found.last) == (date(2026, 1, 1), date(2026, 3, 1))
    assert found.before == Period(date(2025, 10, 1), date(2025, 12, 1))


@pytest.mark.parametrize("written", ["2025-11", " 2025-11 ", "11/2025", "2025/11", "11.2025", "11 2025"])
def test_a_month_may_be_written_as_people_write_it(written: str) -> None:
    assert periods.asked(written, "2026-02", today=TODAY) == Period(date(2025, 11, 1), date(2026, 2, 1))
    assert periods.asked(written, "", today=TODAY).length == 1
    assert periods.asked("", written, today=TODAY).length == 1


@pytest.mark.parametrize(
    ("since", "until", "why"),
    [
        ("2026-13", "2026-03", "Write a month like this"),
        ("yesterday", "", "Write a month like this"),
        ("1066-10", "", "Write a month like this"),
        ("2026-03\0", "", "Write a month like this"),
        ("2026-02", "2026-01", "Swap them"),
        ("2026-01", "2026-04", "has not begun yet. The last one to choose is March 2026."),
        ("2015-01", "2026-03", "more than ten years"),
    ],
)
def test_what_is_no_period_is_refused_in_a_sentence(since: str, until: str, why: str) -> None:
    with translation.override("en"), pytest.raises(BadPeriod, match=why):
        periods.asked(since, until, today=TODAY)


@given(st.text(max_size=12), st.text(max_size=12))
def test_whatever_is_typed_is_a_period_or_a_sentence(since: str, until: str) -> None:
    try:
        found = periods.asked(since, until, today=TODAY)
    except BadPeriod as error:
        assert str(error)
    else:
        assert found.first <= found.last <= TODAY


@given(DAYS, st.integers(1, periods.LONGEST))
def test_months_lie_side_by_side(day: date, length: int) -> None:
    found = Period.ending(day, months=length)
    assert found.length == len(found.months) == length
    assert found.months[0] == found.first
    assert found.months[-1] == found.last == day.replace(day=1)
    assert found.before.length == length
    assert found.before.until == found.since < found.until
    assert periods.asked(**found.address, today=found.last + timedelta(days=3)) == found


def test_a_period_begins_at_midnight_where_the_helpline_is() -> None:
    found = Period(date(2026, 3, 1), date(2026, 3, 1))
    assert found.since.isoformat() == "2026-03-01T00:00:00+01:00"
    assert found.until.isoformat() == "2026-04-01T00:00:00+02:00"


def test_a_period_in_words() -> None:
    with translation.override("en"):
        assert str(Period(date(2026, 1, 1), date(2026, 3, 1))) == "January 2026 to March 2026"
        assert str(Period(date(2026, 1, 1), date(2026, 1, 1))) == "January 2026"
