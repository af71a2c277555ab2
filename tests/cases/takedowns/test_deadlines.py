"""Due dates: never before the start, never earlier for a later start, right on the Sundays when clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.takedowns.deadlines import Office, answer_due, hours_to_answer, office, open_time, resumed

PARIS = ZoneInfo("Europe/Paris")
REGIMES = {"eu-dsa-16": 72, "us-take-it-down": 48, "fr-lcen": 60}

moments = st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
hours = st.integers(1, 400)
zones = st.sampled_from(
    ["Europe/Paris", "America/Los_Angeles", "Asia/Singapore", "Australia/Lord_Howe", "UTC"]
)


@st.composite
def offices(draw: st.DrawFn) -> Office | None:
    """Nobody's hours, weekends, or weekends with some days a year besides."""
    if draw(st.booleans()):
        return None
    weekend = draw(st.sets(st.integers(0, 6), max_size=5))
    closed = draw(st.sets(st.dates(date(2025, 1, 1), date(2030, 1, 1)), max_size=12))
    return Office(ZoneInfo(draw(zones)), lambda day: day.weekday() in weekend or day in closed)


@given(moments, hours, offices())
def test_a_due_date_comes_after_its_start_and_at_least_the_hours_later(
    start: datetime, wait: int, keeps: Office | None
) -> None:
    due = open_time(start, timedelta(hours=wait), keeps=keeps)
    assert due >= start + timedelta(hours=wait)
    if keeps is None:
        assert due == start + timedelta(hours=wait)


@given(moments, st.timedeltas(timedelta(), timedelta(days=30)), hours, offices())
def test_a_later_start_never_gives_an_earlier_due_date(
    start: datetime, later: timedelta, wait: int, keeps: Office | None
) -> None:
    span = timedelta(hours=wait)
    assert open_time(start, span, keeps=keeps) <= open_time(start + later, span, keeps=keeps)


@given(moments, hours, st.integers(0, 100), offices())
def test_more_hours_never_end_earlier(start: datetime, wait: int, more: int, keeps: Office | None) -> None:
    assert open_time(start, timedelta(hours=wait), keeps=keeps) <= open_time(
        start, timedelta(hours=wait + more), keeps=keeps
    )


@given(moments, hours, offices())
def test_it_never_runs_out_within_a_closed_day(start: datetime, wait: int, keeps: Office | None) -> None:
    due = open_time(start, timedelta(hours=wait), keeps=keeps)
    if keeps is not None:
        # At midnight sharp the open day before has just ended.
        moment = due - timedelta(microseconds=1)
        assert not keeps.is_closed(moment.astimezone(keeps.zone).date())


@given(moments, hours, hours, offices())
def test_what_is_urgent_waits_for_no_office_and_never_longer(
    start: datetime, wait: int, urgent: int, keeps: Office | None
) -> None:
    quick = answer_due(start, hours=wait, urgent_hours=urgent, keeps=keeps)
    assert quick == start + timedelta(hours=min(wait, urgent))
    assert quick <= answer_due(start, hours=wait, urgent_hours=None, keeps=keeps)


@given(moments, moments, st.timedeltas(timedelta(), timedelta(days=60)))
def test_a_pause_adds_exactly_its_own_length(due: datetime, paused: datetime, span: timedelta) -> None:
    assert resumed(due, paused_at=paused, at=paused + span) - due == span


def test_a_clock_that_runs_backwards_takes_nothing_away() -> None:
    due = datetime(2026, 3, 2, tzinfo=UTC)
    assert resumed(due, paused_at=due, at=due - timedelta(hours=1)) == due


@pytest.mark.parametrize(
    ("promised", "regimes", "expected"),
    [
        (5, ["us-take-it-down"], 5),
        (500, ["us-take-it-down"], 500),
        (None, ["us-take-it-down"], 48),
        (None, ["eu-dsa-16"], 72),
        (None, ["eu-dsa-16", "us-take-it-down"], 48),
        (None, [], 99),
        (None, ["a-law-to-come"], 99),
    ],
)
def test_a_promise_wins_then_the_shortest_law(
    promised: int | None, regimes: list[str], expected: int
) -> None:
    assert hours_to_answer(promised=promised, regimes=regimes, by_regime=REGIMES, otherwise=99) == expected


def test_two_open_days_over_a_weekend_and_the_fourteenth_of_july() -> None:
    paris = office("FR", house="Europe/Paris")
    friday = datetime(2026, 7, 10, 15, tzinfo=PARIS)
    # Friday 15:00 – 24:00, Monday, then the 14th is closed, and Wednesday until 15:00.
    assert open_time(friday, timedelta(hours=48), keeps=paris) == datetime(2026, 7, 15, 15, tzinfo=PARIS)


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_the_days_on_which_clocks_change_cost_nobody_an_hour(day: date) -> None:
    always_open = Office(PARIS, lambda _day: False)
    start = datetime(day.year, day.month, day.day, tzinfo=PARIS) - timedelta(hours=3)
    due = open_time(start, timedelta(hours=48), keeps=always_open)
    assert due - start.astimezone(UTC) == timedelta(hours=48)


def test_a_country_without_a_list_of_holidays_keeps_its_weekends_and_no_country_keeps_nothing() -> None:
    nowhere = office("XX", house="Europe/Paris")
    assert nowhere is not None
    assert nowhere.is_closed(date(2026, 3, 1)) and not nowhere.is_closed(date(2026, 3, 2))
    assert office("", house="Europe/Paris") is None


def test_an_office_that_never_opens_does_not_stop_the_clock_for_ever() -> None:
    never = Office(PARIS, lambda _day: True)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert open_time(start, timedelta(hours=1), keeps=never) < start + timedelta(days=370)
