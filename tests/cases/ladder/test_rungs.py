"""Which rung comes next, from facts alone; and the file the rungs stand in."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.ladder import rungs
from cases.ladder.rungs import BadFile, Facts, Past, next_rung, possible
from cases.ladder.states import Rung
from cases.takedowns.states import Rung as Known

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RULES = rungs.current().rules


def facts(**changes: Any) -> Facts:
    """An adult on a platform of the directory with one channel, under the DSA."""
    plain: dict[str, Any] = {
        "regimes": frozenset({"eu-dsa-16"}),
        "channel_kind": "email",
        "is_minor": False,
        "is_urgent": False,
        "is_site": False,
        "can_remind": True,
        "has_second": False,
        "has_host": False,
        "silent_at": NOON,
    }
    return Facts(**(plain | changes))


def climbed(some: Facts) -> list[str]:
    """Every rung, taken the moment it is due."""
    history: list[Past] = []
    while (one := next_rung(RULES, some, history)) is not None:
        history.append(Past(one.rung, one.due_at))
    return [one.rung for one in history]


anything = st.builds(
    Facts,
    regimes=st.frozensets(st.sampled_from(["eu-dsa-16", "us-take-it-down", "fr-lcen"])),
    channel_kind=st.sampled_from(["email", "http_api", "web_form", "xarf"]),
    is_minor=st.booleans(),
    is_urgent=st.booleans(),
    is_site=st.booleans(),
    can_remind=st.booleans(),
    has_second=st.booleans(),
    has_host=st.booleans(),
    silent_at=st.just(NOON),
)
histories = st.lists(
    st.builds(
        Past,
        rung=st.sampled_from([one.value for one in Known]),
        at=st.datetimes(datetime(2026, 1, 1), datetime(2026, 6, 1), timezones=st.just(UTC)),
    ),
    max_size=8,
)


@given(anything, histories)
def test_no_rung_is_proposed_twice_nor_before_the_silence_nor_before_the_last(
    some: Facts, history: list[Past]
) -> None:
    one = next_rung(RULES, some, history)
    if one is None:
        assert Known.DECIDE in {past.rung for past in history}
        return
    assert one.rung not in {past.rung for past in history}
    assert one.due_at >= max([NOON, *(past.at for past in history)])


@given(anything)
def test_every_ladder_ends_with_a_person_who_decides(some: Facts) -> None:
    order = climbed(some)
    assert order[-1] == Rung.DECIDE
    assert len(order) == len(set(order))


@given(anything)
def test_what_is_urgent_climbs_no_slower(some: Facts) -> None:
    from dataclasses import replace

    calm = next_rung(RULES, replace(some, is_urgent=False), [])
    quick = next_rung(RULES, replace(some, is_urgent=True), [])
    assert calm is not None and quick is not None
    assert quick.due_at <= calm.due_at


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["reminder", "coordinator", "decide"]),
        ({"has_second": True}, ["reminder", "second", "coordinator", "decide"]),
        ({"can_remind": False}, ["coordinator", "decide"]),
        ({"is_minor": True}, ["reminder", "pharos", "coordinator", "decide"]),
        ({"is_site": True}, ["reminder", "host", "registrar", "coordinator", "decide"]),
        ({"regimes": frozenset({"us-take-it-down"})}, ["reminder", "ftc", "decide"]),
        ({"regimes": frozenset({"fr-lcen"})}, ["reminder", "decide"]),
    ],
)
def test_the_ladder_of_each(changes: dict[str, Any], expected: list[str]) -> None:
    assert climbed(facts(**changes)) == expected


def test_a_rung_that_was_jumped_over_is_not_gone_back_to_but_can_be_chosen() -> None:
    some, history = facts(has_second=True), [Past("coordinator", NOON)]
    after = next_rung(RULES, some, history)
    assert after is not None and after.rung == Rung.DECIDE
    assert possible(RULES, some, history) == [Rung.REMINDER, Rung.SECOND]


def test_a_host_with_a_channel_is_asked_by_machine_and_one_without_by_a_person() -> None:
    assert rungs.by_machine(Rung.HOST, facts(has_host=True))
    assert not rungs.by_machine(Rung.HOST, facts())
    assert not rungs.by_machine(Rung.COORDINATOR, facts(has_host=True))


def test_waits_run_from_the_rung_before() -> None:
    later = NOON + timedelta(days=3)
    one = next_rung(RULES, facts(), [Past("reminder", later)])
    assert one is not None and one.due_at == later + timedelta(hours=72)


# --- the file


def shipped() -> dict[str, Any]:
    body: dict[str, Any] = json.loads((Path(rungs.__file__).parent / "data/ladder.json").read_text())
    return body


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: body.update(layout="ladder/9"),
        lambda body: body["rungs"].append(body["rungs"][0]),
        lambda body: body["rungs"][0].update(rung="decide"),
        lambda body: body["rungs"][0].update(rung="moon"),
        lambda body: body["rungs"][0].update(wait_hours=-1),
        lambda body: body["rungs"][0].update(wait_hours="soon"),
        lambda body: body["rungs"][0].update(only=["rich"]),
        lambda body: body["rungs"][0].update(regimes=["moon-law"]),
        lambda body: body["rungs"][0].update(channels=["pigeon"]),
        lambda body: body["authorities"].pop(),
        lambda body: body["authorities"][0].update(form="http://plain.example/"),
        lambda body: body["authorities"][0].update(follow_up_days=0),
        lambda body: body["authorities"][0].update(says={}),
        lambda body: body.pop("rungs"),
    ],
)
def test_a_file_that_does_not_hold_is_said_at_the_start(spoil: Any, tmp_path: Path, settings: Any) -> None:
    body = shipped()
    spoil(body)
    path = tmp_path / "ladder.json"
    path.write_text(json.dumps(body))
    settings.LADDER_FILE = str(path)
    with pytest.raises(BadFile):
        rungs.current()
    assert [error.id for error in rungs.check_file()] == ["ladder.E001"]


def test_a_file_that_is_not_there_is_said(settings: Any) -> None:
    settings.LADDER_FILE = "/nowhere.json"
    assert [error.id for error in rungs.check_file()] == ["ladder.E001"]


def test_every_authority_speaks_both_languages() -> None:
    assert all(set(one["says"]) == {"en", "fr"} for one in shipped()["authorities"])
    assert rungs.check_file() == []
