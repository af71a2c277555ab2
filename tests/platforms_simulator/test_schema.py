"""The published schemas and the simulator's own check say the same about every notice."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from tests.platforms import outcomes, schema
from tests.platforms.behaviour import OUTCOMES
from tests.platforms.ledger import Item, Notice
from tests.platforms.outcomes import REASONS
from tests.platforms.simulator import ROOT
from tests.platforms_simulator.helplines import notice


def published(name: str) -> jsonschema.Draft202012Validator:
    """A schema of the documentation."""
    content = json.loads((ROOT / f"docs/notice-api/{name}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(content)
    return jsonschema.Draft202012Validator(content)


NOTICE = published("takedown-notice-1")
FULL = notice(
    items=[
        {
            "item_id": "0b1b7e1c-9d3a-4d7e-8f1a-5a1f0e6d2c3b",
            "url": "https://chatter.example/p/1",
            "account": "someone",
            "kind": "post",
            "fingerprints": [{"algorithm": "pdq", "value": "ab" * 32, "quality": 100}],
        }
    ],
    callback_url="https://helpline.example/api/v1/inbound/chatter/",
    signature="A. Person",
)
VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 100, 101, 50.0, 50.5, "", " ", "x", "X", "ab", "abc", "zz", [], [None], [1],
    ["x"], ["eu-dsa-16"], ["KEYWORD_X"], ["keyword"], {}, {"x": 1}, {"name": "x", "trusted_flagger": False},
    "x" * 201, "x" * 501, "x" * 2049, "x" * 5001, "x" * 20001, "https://a.example/x", "http://a.example",
    "ftp://a.example/", "https://", "https:///x", "javascript:alert(1)", "https://a.example/a b",
    "takedown-notice/1", "takedown-notice/2", "STATEMENT_CATEGORY_X", "STATEMENT_CATEGORY_",
    "0b1b7e1c-9d3a-4d7e-8f1a-5a1f0e6d2c3b", "0B1B7E1C-9D3A-4D7E-8F1A-5A1F0E6D2C3B",
    "0b1b7e1c9d3a4d7e8f1a5a1f0e6d2c3b", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00+01:00",
    "2026-01-01T00:00:00.123456Z", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00", "2026-01-01",
    FULL["items"], FULL["items"][0], FULL["items"][0]["fingerprints"], FULL["items"][0]["fingerprints"][0],
]  # fmt: skip


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place inside a value."""
    if path:
        yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inside:
        yield from places(part, (*path, name))


def changed(value: Any, path: tuple[str | int, ...], change: Any) -> Any:
    """A copy with another value at this place; `del` takes it out."""
    copied = copy.deepcopy(value)
    at = copied
    for name in path[:-1]:
        at = at[name]
    if change is del_:
        del at[path[-1]]
    else:
        at[path[-1]] = change
    return copied


del_ = object()


def test_a_full_notice_is_one() -> None:
    assert schema.problem(FULL) is None
    NOTICE.validate(FULL)


@pytest.mark.parametrize("path", list(places(FULL)), ids=lambda path: "/".join(map(str, path)))
def test_both_say_the_same_whatever_stands_at_a_place(path: tuple[str | int, ...]) -> None:
    seen = set()
    for value in [*VALUES, del_]:
        tried = changed(FULL, path, value)
        by_hand = schema.problem(tried)
        assert NOTICE.is_valid(tried) == (by_hand is None), (value, by_hand)
        seen.add(by_hand is None)
    assert seen == {True, False}


@pytest.mark.parametrize("path", [(), ("notifier",), ("items", 0), ("items", 0, "fingerprints", 0)])
def test_nothing_unforeseen_travels_with_a_notice(path: tuple[str | int, ...]) -> None:
    tried = changed(FULL, (*path, "age"), 14)
    assert schema.problem(tried) == "/" + "".join(f"{part}/" for part in path) + "age: is not foreseen"
    assert not NOTICE.is_valid(tried)


@pytest.mark.parametrize("value", [None, [], "x", 1])
def test_what_is_no_object_is_no_notice(value: Any) -> None:
    assert schema.problem(value) == "/: must be an object"
    assert not NOTICE.is_valid(value)


def test_a_problem_says_where_it_is() -> None:
    tried = changed(FULL, ("items", 0, "fingerprints", 0, "value"), "not hex")
    assert schema.problem(tried) == "/items/0/fingerprints/0/value: must be hexadecimal"


@pytest.mark.parametrize("outcome", sorted(OUTCOMES))
def test_what_the_simulator_says_is_the_published_schema(outcome: str) -> None:
    told = Notice(
        slug="chatter",
        notice_id=FULL["notice_id"],
        delivery=1,
        channel="notice",
        reference="CHA-1",
        accepted_at=1_767_225_600.0,
        items=[Item(FULL["items"][0]["item_id"], "https://chatter.example/p/1", None, outcome)],
        review_at=1_767_225_601.0,
        decide_at=1_767_225_602.5,
    )
    for now in (1_767_225_600.5, 1_767_225_601.5, 1_767_225_603.0):
        published("takedown-status-1").validate(outcomes.status_object(told, now))
        event = json.loads(outcomes.event(told, "decision", now, now))
        published("takedown-outcome-1").validate(event)


def test_every_status_of_the_schema_can_be_said() -> None:
    item = json.loads((ROOT / "docs/notice-api/takedown-outcome-1.json").read_text())["$defs"]["item"]
    assert set(item["properties"]["status"]["enum"]) == OUTCOMES - {"never"} | {"received", "under_review"}
    assert REASONS.keys() == OUTCOMES - {"never"}


def test_outcome_and_status_describe_an_item_alike() -> None:
    outcome, status = (
        json.loads((ROOT / f"docs/notice-api/takedown-{name}-1.json").read_text())
        for name in ("outcome", "status")
    )
    assert outcome["$defs"] == status["$defs"]
