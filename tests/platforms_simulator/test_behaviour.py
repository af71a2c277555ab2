"""Behaviours as data: what may be said about a platform, and what is refused."""

import json
from dataclasses import fields
from typing import Any

import pytest

from tests.platforms import dice
from tests.platforms.behaviour import READERS, BadBehaviour, Behaviour
from tests.platforms.cast import DEFAULT, PROFILES
from tests.platforms.directory import Directory
from tests.platforms.simulator import RunningSimulator
from tests.platforms_simulator.helplines import send


def test_every_field_can_be_changed() -> None:
    assert READERS.keys() == {one.name for one in fields(Behaviour)} - {"slug"}


def test_a_behaviour_reads_back_what_it_writes() -> None:
    for profile in PROFILES:
        for one in Directory(profile).named():
            written = json.loads(json.dumps(one.as_json()))
            assert Behaviour(slug=written.pop("slug")).changed(written) == one


def test_what_is_not_said_is_derived_from_the_slug() -> None:
    one = Behaviour(slug="some-place")
    assert (one.name, one.host, one.mailbox_address) == (
        "Some place",
        "some-place.example",
        "abuse@some-place.example",
    )
    assert (one.token, one.notice_secret, one.callback_secret) == (
        "token-some-place",
        "out-secret-some-place",
        "in-secret-some-place",
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"mood": "bad"},
        {"slug": "other"},
        {"latency": -1},
        {"latency": [2, 1]},
        {"latency": "slow"},
        {"latency": True},
        {"answers": {"418": 1}},
        {"answers": {"429": 0.6, "503": 0.6}},
        {"answers": {"429": 1.5}},
        {"answers": ["429"]},
        {"outcomes": {"forgotten": 1}},
        {"host": "real-platform.com"},
        {"gone_status": 99},
        {"gone_status": 404.0},
        {"callbacks": 1},
        {"mailbox": "explodes"},
        {"reappear_after": -1},
        {"token": ""},
    ],
)
def test_nonsense_is_refused_by_name(changes: dict[str, Any]) -> None:
    with pytest.raises(BadBehaviour, match=f"^{next(iter(changes))}: "):
        Behaviour(slug="x").changed(changes)


def test_the_default_is_changed_for_everyone_not_named() -> None:
    directory = Directory("demo")
    before = directory.of("someone")
    directory.change(DEFAULT, {"gone_status": 410})
    assert before.gone_status == 404
    assert (directory.of("someone").gone_status, directory.of("someone").token) == (410, "token-someone")
    assert directory.of("chatter").gone_status == 404


def test_subdomains_belong_to_their_platform() -> None:
    directory = Directory("demo")
    assert directory.at_host("cdn.silenthost.example").slug == "silent"
    assert directory.at_host("www.instagram.example").slug == "instagram"


def test_control_says_what_is_wrong_and_changes_nothing(simulator: RunningSimulator, slug: str) -> None:
    with pytest.raises(ValueError, match="mood: no such field"):
        simulator.control(slug, mood="bad", gone_status=410)
    assert simulator.ask(f"platforms/{slug}")["gone_status"] == 404
    assert {"chatter", "clipshare", "pixboard", "snaproom", "stubborn", "silent"} <= simulator.ask(
        "platforms"
    ).keys()
    assert send(simulator, "POST", f"/_control/platforms/{slug}", body=b"{").status == 400
    assert send(simulator, "POST", f"/_control/platforms/{slug}", body=b"[]").status == 422
    assert send(simulator, "GET", "/_control/nothing").status == 404
    assert send(simulator, "POST", "/_control/notices/chatter/none", body=b"{}").status == 404


def test_chance_is_repeatable_and_fair() -> None:
    drawn = [dice.fraction("seed", number) for number in range(2000)]
    assert drawn == [dice.fraction("seed", number) for number in range(2000)]
    assert 0.47 < sum(drawn) / 2000 < 0.53
    assert all(0 <= one < 1 for one in drawn)
    picked = [dice.pick({"a": 0.25, "b": 0.25}, one, "rest") for one in drawn]
    assert 0.2 < picked.count("a") / 2000 < 0.3
    assert 0.45 < picked.count("rest") / 2000 < 0.55
