"""The score as a table: which facts give which reasons, and how waiting weighs against urgency."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import triage
from cases.triage import POINTS, Facts, Reason, Score
from reports.states import AgeRange, Circumstance, Kind
from tests.cast import NOON


def facts(**changes: Any) -> Facts:
    known: dict[str, Any] = {
        "kind": Kind.UNSURE,
        "age_range": AgeRange.ADULT,
        "circumstances": (),
        "submitted_at": NOON,
    }
    return Facts(**(known | changes))


def score(told: Facts, *, after: timedelta = timedelta(0), **more: Any) -> Score:
    """The score of a report at a moment after it was submitted."""
    return triage.score(told, at=told.submitted_at + after, **more)


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({}, set()),
        ({"age_range": AgeRange.FROM_15}, {Reason.MINOR}),
        ({"age_range": AgeRange.UNKNOWN}, {Reason.MINOR}),
        ({"age_range": AgeRange.UNDER_13}, {Reason.MINOR, Reason.UNDER_13}),
        ({"kind": Kind.THREAT}, {Reason.THREAT}),
        ({"kind": Kind.REAL_IMAGE}, {Reason.REAL_IMAGE}),
        ({"circumstances": (Circumstance.BLACKMAIL,)}, {Reason.BLACKMAIL}),
        ({"circumstances": (Circumstance.DEADLINE,)}, {Reason.DEADLINE}),
        ({"deadline_at": NOON + timedelta(hours=24)}, {Reason.DEADLINE_SOON}),
        ({"deadline_at": NOON + timedelta(hours=25)}, {Reason.DEADLINE}),
        (
            {"circumstances": (Circumstance.DEADLINE,), "deadline_at": NOON + timedelta(hours=2)},
            {Reason.DEADLINE_NOW},
        ),
        (
            {"circumstances": (Circumstance.SELF_HARM, Circumstance.ADULT)},
            {Reason.SELF_HARM, Reason.ADULT},
        ),
    ],
)
def test_facts_give_these_reasons(changes: dict[str, Any], reasons: set[Reason]) -> None:
    assert {reason for reason, _points in score(facts(**changes)).reasons} == reasons


def test_every_circumstance_is_a_reason_with_points() -> None:
    said = score(facts(circumstances=tuple(Circumstance)))
    assert {reason.value for reason, _points in said.reasons} >= {one.value for one in Circumstance}
    assert set(POINTS) == set(Reason)


@pytest.mark.parametrize("circumstance", Circumstance)
def test_only_a_life_at_stake_is_danger(circumstance: Circumstance) -> None:
    danger = score(facts(circumstances=(circumstance,))).danger
    assert danger is (circumstance in {Circumstance.IN_DANGER, Circumstance.SELF_HARM})


def test_the_heaviest_reason_comes_first() -> None:
    points = [points for _reason, points in score(facts(circumstances=tuple(Circumstance))).reasons]
    assert points == sorted(points, reverse=True)
    assert sum(points) == score(facts(circumstances=tuple(Circumstance))).points


def test_an_operator_weighs_otherwise() -> None:
    said = score(facts(kind=Kind.THREAT), points={**POINTS, Reason.THREAT: 99})
    assert said.reasons == ((Reason.THREAT, 99),)


def test_a_quiet_report_overtakes_a_loud_one_that_came_hours_later() -> None:
    quiet = score(facts(submitted_at=NOON))
    loud = score(facts(circumstances=(Circumstance.BLACKMAIL,), submitted_at=NOON + timedelta(hours=5)))
    soon_after = score(facts(circumstances=(Circumstance.BLACKMAIL,), submitted_at=NOON + timedelta(hours=3)))
    assert soon_after.rank_at < quiet.rank_at < loud.rank_at


@pytest.mark.parametrize(
    ("left", "reason"),
    [
        (timedelta(days=3), Reason.DEADLINE),
        (timedelta(hours=24, seconds=1), Reason.DEADLINE),
        (timedelta(hours=24), Reason.DEADLINE_SOON),
        (timedelta(hours=6, seconds=1), Reason.DEADLINE_SOON),
        (timedelta(hours=6), Reason.DEADLINE_NOW),
        (timedelta(0), Reason.DEADLINE_NOW),
        (timedelta(days=-2), Reason.DEADLINE_NOW),  # what was threatened may be happening
    ],
)
def test_a_deadline_weighs_more_the_nearer_it_is(left: timedelta, reason: Reason) -> None:
    told = facts(deadline_at=NOON + timedelta(days=5))
    now = score(told, after=timedelta(days=5) - left)
    assert now.reasons == ((reason, POINTS[reason]),)
    assert now.rank_at == NOON - POINTS[reason] * triage.WAIT_PER_POINT


def test_thresholds_are_in_order_and_weigh_more_and_more() -> None:
    nears = list(triage.NEARING)
    assert nears == sorted(nears)
    weights = [*(POINTS[reason] for reason in triage.NEARING.values()), POINTS[Reason.DEADLINE]]
    assert weights == sorted(weights, reverse=True)


@given(
    circumstances=st.sets(st.sampled_from(list(Circumstance))),
    more=st.sampled_from(list(Circumstance)),
    age=st.sampled_from(list(AgeRange)),
    kind=st.sampled_from(list(Kind)),
)
def test_a_circumstance_more_never_lowers_the_score(
    circumstances: set[Circumstance], more: Circumstance, age: AgeRange, kind: Kind
) -> None:
    before = score(facts(circumstances=circumstances, age_range=age, kind=kind))
    after = score(facts(circumstances=circumstances | {more}, age_range=age, kind=kind))
    assert after.points >= before.points
    assert after.rank_at <= before.rank_at
    assert timedelta(0) < triage.WAIT_PER_POINT
