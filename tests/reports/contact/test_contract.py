"""When a sign may leave: every word of refusal, and hours over every change of clocks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.contact import contract
from reports.contact.contract import NOTHING, Contract, Refusal
from reports.states import Via

PARIS = ZoneInfo("Europe/Paris")
EVERY = timedelta(hours=6)
BOTH = frozenset({Via.EMAIL, Via.SMS})
# A Monday in winter: 17:00 in Paris.
AT = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
GOOD = Contract(via=Via.EMAIL, address="me@example.org", from_hour=16, to_hour=20, is_safe=True)

hours = st.tuples(st.integers(0, 23), st.integers(1, 24)).filter(lambda pair: pair[0] != pair[1])
moments = st.datetimes(
    min_value=datetime(2026, 1, 1), max_value=datetime(2027, 12, 31), timezones=st.just(UTC)
)
# Half an hour off, three quarters off, half an hour of summer time, and a day's end at every hour.
zones = st.sampled_from(
    ["Europe/Paris", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Kiritimati", "UTC"]
).map(ZoneInfo)


def refused(agreed: Contract, *, at: datetime = AT, last_sent_at: datetime | None = None) -> Refusal | None:
    """What the sender is told."""
    return contract.refusal(agreed, at, PARIS, offered=BOTH, every=EVERY, last_sent_at=last_sent_at)


@pytest.mark.parametrize(
    ("agreed", "expected"),
    [
        (GOOD, None),
        (replace(GOOD, via=Via.SMS, address="+33612345678"), None),
        (replace(GOOD, from_hour=0, to_hour=24), None),
        (NOTHING, Refusal.NOT_CHOSEN),
        (Contract(), Refusal.NOT_CHOSEN),
        (replace(GOOD, via="phone"), Refusal.NOT_CHOSEN),
        (replace(GOOD, is_safe=False), Refusal.NOT_SAFE),
        (replace(GOOD, address=""), Refusal.NO_ADDRESS),
        (replace(GOOD, address="me"), Refusal.NO_ADDRESS),
        (replace(GOOD, address="me@example.org\nBcc: you@example.org"), Refusal.NO_ADDRESS),
        (replace(GOOD, address="me@example.org,you@example.org"), Refusal.NO_ADDRESS),
        (replace(GOOD, address="+33612345678"), Refusal.NO_ADDRESS),
        (replace(GOOD, via=Via.SMS), Refusal.NO_ADDRESS),
        (replace(GOOD, via=Via.SMS, address="0612345678"), Refusal.NO_ADDRESS),
        (replace(GOOD, from_hour=None), Refusal.HOURS_UNCLEAR),
        (replace(GOOD, from_hour=8, to_hour=16), Refusal.OUTSIDE_HOURS),
        (replace(GOOD, from_hour=18, to_hour=20), Refusal.OUTSIDE_HOURS),
        (replace(GOOD, from_hour=21, to_hour=7), Refusal.OUTSIDE_HOURS),
        (replace(GOOD, from_hour=21, to_hour=18), None),
    ],
)
def test_the_table(agreed: Contract, expected: Refusal | None) -> None:
    assert refused(agreed) == expected


def test_a_way_that_is_switched_off_is_refused() -> None:
    assert contract.refusal(GOOD, AT, PARIS, offered={Via.SMS}, every=EVERY) == Refusal.NOT_OFFERED


def test_the_second_one_waits() -> None:
    assert refused(GOOD, last_sent_at=AT - EVERY) is None
    assert refused(GOOD, last_sent_at=AT - EVERY + timedelta(seconds=1)) == Refusal.TOO_SOON


def test_only_time_makes_some_refusals_pass() -> None:
    assert {one for one in Refusal if one.passes} == {Refusal.TOO_SOON, Refusal.OUTSIDE_HOURS}


def test_an_address_is_not_in_what_a_log_would_show() -> None:
    assert "me@example.org" not in repr(GOOD)


# --- reading what was sealed --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"via": "none"},
        {"via": "none", "address": "me@example.org", "from_hour": 16, "to_hour": 20, "is_safe": True},
        {"via": 7, "address": "me@example.org", "from_hour": 16, "to_hour": 20, "is_safe": True},
    ],
)
def test_nothing_chosen_is_nothing(value: dict[str, object] | None) -> None:
    assert contract.read(value) == NOTHING


@pytest.mark.parametrize(
    "changes",
    [
        {"is_safe": None},
        {"is_safe": "true"},
        {"is_safe": 1},
        {"hours": "after school"},
        {"from_hour": None},
        {"to_hour": None},
        {"from_hour": "16"},
        {"from_hour": True},
        {"from_hour": 16.0},
        {"from_hour": 20},
        {"from_hour": -1},
        {"from_hour": 24},
        {"to_hour": 0},
        {"to_hour": 25},
        {"address": None},
        {"address": 33612345678},
    ],
)
def test_what_is_unclear_is_never_sent_by_itself(changes: dict[str, object]) -> None:
    asked = contract.read(GOOD.as_json() | changes)

    for hour in range(48):
        why = refused(asked, at=AT + timedelta(hours=hour))
        assert why is not None
        assert not why.passes


def test_the_shape_the_api_always_took_is_never_sent_by_itself() -> None:
    asked = contract.read({"via": "email", "address": "me@example.org", "hours": ""})

    assert asked.is_wanted
    assert refused(asked) == Refusal.NOT_SAFE


@given(pair=hours, is_safe=st.booleans())
def test_what_is_sealed_is_read_again(pair: tuple[int, int], is_safe: bool) -> None:
    agreed = replace(GOOD, from_hour=pair[0], to_hour=pair[1], is_safe=is_safe)

    assert contract.read(agreed.as_json()) == agreed


# --- hours --------------------------------------------------------------------------------------------


@given(pair=hours, at=moments, zone=zones)
def test_the_next_moment_is_allowed_and_none_before_it(
    pair: tuple[int, int], at: datetime, zone: ZoneInfo
) -> None:
    agreed = replace(GOOD, from_hour=pair[0], to_hour=pair[1])

    found = contract.next_allowed(agreed, at, zone)

    assert at <= found <= at + contract.LONGEST_WAIT
    assert contract.is_allowed(agreed, found, zone)
    between = at
    while between < found:
        assert not contract.is_allowed(agreed, between, zone)
        between += timedelta(minutes=7)
    if found > at:
        assert not contract.is_allowed(agreed, found - timedelta(microseconds=1), zone)


@given(pair=hours, at=moments, zone=zones)
def test_hours_and_the_rest_of_the_day_share_it(pair: tuple[int, int], at: datetime, zone: ZoneInfo) -> None:
    begins, ends = pair
    agreed = replace(GOOD, from_hour=begins, to_hour=ends)
    if (begins, ends % 24) == (0, 0):
        assert contract.is_allowed(agreed, at, zone)
        return
    rest = replace(GOOD, from_hour=ends % 24, to_hour=begins or 24)

    assert contract.is_allowed(agreed, at, zone) != contract.is_allowed(rest, at, zone)


@pytest.mark.parametrize(
    ("begins", "ends", "at", "expected"),
    [
        # In the evening of a winter's day, for the afternoon after.
        (16, 20, datetime(2026, 3, 2, 20, 0, tzinfo=UTC), datetime(2026, 3, 3, 15, 0, tzinfo=UTC)),
        # Over the night in which clocks go forward: 7:00 comes an hour earlier.
        (7, 9, datetime(2026, 3, 28, 20, 0, tzinfo=UTC), datetime(2026, 3, 29, 5, 0, tzinfo=UTC)),
        # The hour that this night skips: the night after.
        (2, 3, datetime(2026, 3, 28, 20, 0, tzinfo=UTC), datetime(2026, 3, 30, 0, 0, tzinfo=UTC)),
        # Over the night in which they go back: 7:00 comes an hour later.
        (7, 9, datetime(2026, 10, 24, 20, 0, tzinfo=UTC), datetime(2026, 10, 25, 6, 0, tzinfo=UTC)),
        # The hour that this night has twice: both are of it.
        (2, 3, datetime(2026, 10, 25, 1, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        # Over midnight.
        (21, 7, datetime(2026, 3, 2, 12, 0, tzinfo=UTC), datetime(2026, 3, 2, 20, 0, tzinfo=UTC)),
        (21, 7, datetime(2026, 3, 2, 3, 0, tzinfo=UTC), datetime(2026, 3, 2, 3, 0, tzinfo=UTC)),
        (20, 24, datetime(2026, 3, 2, 23, 0, tzinfo=UTC), datetime(2026, 3, 3, 19, 0, tzinfo=UTC)),
    ],
)
def test_in_paris(begins: int, ends: int, at: datetime, expected: datetime) -> None:
    agreed = replace(GOOD, from_hour=begins, to_hour=ends)

    assert contract.next_allowed(agreed, at, PARIS) == expected


def test_hours_that_are_not_clear_never_come() -> None:
    with pytest.raises(ValueError, match="never come"):
        contract.next_allowed(replace(GOOD, from_hour=None), AT, PARIS)
