"""Each rule as a table, and what holds of all of them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.alerts import desk, looking, rules, words
from cases.alerts.states import LIVE, TRANSITIONS, RuleName, State

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("now_s", "before_s", "now_n", "before_n", "raised"),
    [
        (7200.0, 3600.0, 10, 10, True),
        (7199.0, 3600.0, 10, 10, False),
        (7200.0, 3600.0, 9, 10, False),  # too few now
        (7200.0, 3600.0, 10, 9, False),  # too few before
        (None, 3600.0, 10, 10, False),
        (7200.0, None, 10, 10, False),
        (40.0, 2.0, 50, 50, False),  # seconds are no harm
        (121.0, 2.0, 50, 50, True),
    ],
)
def test_a_platform_is_slower_than_itself(
    now_s: float | None, before_s: float | None, now_n: int, before_n: int, raised: bool
) -> None:
    near = rules.slower(now_s, before_s, now_n=now_n, before_n=before_n, enough=10, factor=2)
    assert rules.stands(RuleName.SLOWER, near, standing=False) is raised


@pytest.mark.parametrize(
    ("quiet", "longest", "waiting", "raised"),
    [
        (24 * HOUR, timedelta(0), 3, True),
        (23 * HOUR, timedelta(0), 3, False),
        (48 * HOUR, timedelta(0), 2, False),  # not several
        (48 * HOUR, 30 * HOUR, 3, False),  # it was as silent before
        (60 * HOUR, 30 * HOUR, 3, True),
    ],
)
def test_a_platform_went_silent(quiet: timedelta, longest: timedelta, waiting: int, raised: bool) -> None:
    near = rules.silent(quiet, longest=longest, waiting=waiting, several=3, at_least=DAY)
    assert rules.stands(RuleName.SILENT, near, standing=False) is raised


@pytest.mark.parametrize(
    ("left", "raised"),
    [
        (7 * HOUR, False),
        (6 * HOUR, True),
        (timedelta(0), True),
        (-24 * HOUR, True),
        (-25 * HOUR, False),
    ],
)
def test_a_deadline_nears_and_is_not_forgotten_the_moment_it_passes(left: timedelta, raised: bool) -> None:
    near = rules.nears(left, limit=6 * HOUR)
    assert rules.stands(RuleName.DEADLINE, near, standing=False) is raised


@pytest.mark.parametrize(
    ("rule", "near", "standing", "stands"),
    [
        (RuleName.WAIT, 1.0, False, True),
        (RuleName.WAIT, 0.8, False, False),
        (RuleName.WAIT, 0.8, True, True),
        (RuleName.WAIT, 0.74, True, False),
        (RuleName.SLOWER, 0.76, True, True),
        (RuleName.SLOWER, 0.76, False, False),
        (RuleName.SILENT, 0.6, True, True),
        (RuleName.DANGER, 0.99, True, False),
    ],
)
def test_it_ends_lower_than_it_begins(rule: RuleName, near: float, standing: bool, stands: bool) -> None:
    assert rules.stands(rule, near, standing=standing) is stands


def test_waiting_and_many() -> None:
    assert rules.waits(4 * HOUR, limit=4 * HOUR) == 1.0
    assert rules.waits(-HOUR, limit=4 * HOUR) == 0.0  # clocks that differ
    assert rules.waits(HOUR, limit=timedelta(0)) == 0.0
    assert rules.many(5, limit=10) == 0.5
    assert rules.many(5, limit=0) == 5.0


@given(rule=st.sampled_from(list(RuleName)), near=st.floats(0, 10))
def test_what_is_raised_would_also_stay(rule: RuleName, near: float) -> None:
    if rules.stands(rule, near, standing=False):
        assert rules.stands(rule, near, standing=True)


def test_every_rule_is_read_explained_and_leads_somewhere() -> None:
    read = [rule for names in looking.LOOKS for rule in names]
    assert sorted(read) == sorted(RuleName)
    assert set(rules.RULES) == set(RuleName) == set(desk.PLACES)
    for rule in RuleName:
        assert words.means(rule) and "%(" not in words.means(rule)


def test_the_arrows() -> None:
    assert set(TRANSITIONS) == set(State)
    assert {state for state, to in TRANSITIONS.items() if to} == LIVE
