"""What platforms tell, when, how often, and that only this machine hears it."""

import json
import time
from functools import partial
from typing import Any

import jsonschema
import pytest

from tests.platforms import receipts, signatures
from tests.platforms.callbacks import Caller
from tests.platforms.directory import Directory
from tests.platforms.simulator import ROOT, RunningSimulator
from tests.platforms.world import World
from tests.platforms_simulator.helplines import Listener, eventually, file_notice, notice

OUTCOME = json.loads((ROOT / "docs/notice-api/takedown-outcome-1.json").read_text())


def filed(simulator: RunningSimulator, slug: str, listener: Listener, **behaviour: Any) -> dict[str, Any]:
    """A notice whose callbacks go to the listener."""
    quick = {"decide_after": 0.2, "callback_after": 0.02, "callback_backoff": 0.05}
    simulator.control(slug, **(quick | behaviour))
    sent = notice(slug, callback_url=f"{listener.url}/api/v1/inbound/{slug}/")
    assert file_notice(simulator, slug, sent).status == 202
    return sent


def statuses(listener: Listener, sent: dict[str, Any]) -> list[str]:
    """What was told about the notice's first item, in the order it came."""
    return [one.statuses[0] for one in listener.about(sent["notice_id"])]


def told_at_least(listener: Listener, number: int) -> bool:
    """Whether so many decisions were told."""
    return sum(one.statuses != ["received"] for one in listener.told) >= number


def test_received_then_review_then_the_decision(
    simulator: RunningSimulator, slug: str, listener: Listener
) -> None:
    sent = filed(simulator, slug, listener, review=True)
    eventually(lambda: len(listener.told) == 3)
    assert statuses(listener, sent) == ["received", "under_review", "removed"]
    moments = [one.event["items"][0]["decided_at"] for one in listener.told]
    assert moments == sorted(moments)
    assert len({one.event["event_id"] for one in listener.told}) == 3
    assert {one.path for one in listener.told} == {f"/api/v1/inbound/{slug}/"}
    for one in listener.told:
        jsonschema.validate(one.event, OUTCOME)


def test_a_callback_is_signed_with_the_callback_secret(
    simulator: RunningSimulator, slug: str, listener: Listener
) -> None:
    filed(simulator, slug, listener)
    eventually(lambda: listener.told)
    told = listener.told[0]
    assert signatures.refusal(f"in-secret-{slug}", told.signature, told.body, time.time()) is None
    assert signatures.refusal(f"out-secret-{slug}", told.signature, told.body, time.time()) == "bad_signature"
    assert abs(int(told.signature.partition(",")[0].removeprefix("t=")) - told.at) < 5


def test_the_page_is_gone_when_the_decision_is_told(
    simulator: RunningSimulator, slug: str, listener: Listener
) -> None:
    sent = filed(simulator, slug, listener)
    eventually(lambda: "removed" in statuses(listener, sent))
    assert simulator.page_status(sent["items"][0]["url"]) == 404


def test_what_the_helpline_cannot_take_now_is_told_again(
    simulator: RunningSimulator, slug: str, listener: Listener
) -> None:
    listener.answers = [500, 503, 429]
    sent = filed(simulator, slug, listener, decide_after=1)
    eventually(lambda: len(listener.told) == 4)
    assert len({one.body for one in listener.told}) == 1
    eventually(lambda: len(receipts.callbacks(simulator.receipts, slug)) == 4)
    seen = [(one["number"], one["status"]) for one in receipts.callbacks(simulator.receipts, slug)]
    assert seen == [(1, 500), (2, 503), (3, 429), (4, 204)]
    assert statuses(listener, sent) == ["received"] * 4


def test_what_the_helpline_refuses_is_not_told_again(
    simulator: RunningSimulator, slug: str, listener: Listener
) -> None:
    listener.answers = [422]
    sent = filed(simulator, slug, listener)
    eventually(lambda: "removed" in statuses(listener, sent))
    assert statuses(listener, sent) == ["received", "removed"]


def test_a_helpline_that_is_down_hears_it_when_it_is_back(simulator: RunningSimulator, slug: str) -> None:
    listener = Listener()
    port_of_nobody = listener.url
    listener.close()
    simulator.control(slug, callback_after=0, callback_backoff=0.05, callback_tries=3, decide_after=9)
    file_notice(simulator, slug, notice(slug, callback_url=f"{port_of_nobody}/x"))
    tries = eventually(
        lambda: found if len(found := receipts.callbacks(simulator.receipts, slug)) == 3 else None
    )
    assert [one["status"] for one in tries] == [None, None, None]


def test_duplicates_carry_the_same_event_id(
    simulator: RunningSimulator, slug: str, listener: Listener
) -> None:
    sent = filed(simulator, slug, listener, callback_duplicates=1)
    eventually(lambda: len(listener.told) == 4)
    told = listener.about(sent["notice_id"])
    assert len({one.event["event_id"] for one in told}) == 2
    assert len({one.body for one in told}) == 2


def test_out_of_order_is_told_by_decided_at(
    simulator: RunningSimulator, slug: str, listener: Listener
) -> None:
    sent = filed(simulator, slug, listener, callback_disorder=1, decide_after=0.1)
    eventually(lambda: len(listener.told) == 2)
    assert statuses(listener, sent) == ["removed", "received"]
    first, second = (one.event["items"][0]["decided_at"] for one in listener.told)
    assert second < first


def test_a_platform_without_callbacks_says_nothing(
    simulator: RunningSimulator, slug: str, listener: Listener
) -> None:
    sent = filed(simulator, slug, listener, callbacks=False, decide_after=0)
    eventually(lambda: simulator.page_status(sent["items"][0]["url"]) == 404)
    time.sleep(0.1)
    assert not listener.told


def test_a_decision_by_hand_is_told_as_a_new_event(
    simulator: RunningSimulator, slug: str, listener: Listener
) -> None:
    sent = filed(simulator, slug, listener, outcomes={"never": 1})
    for number, outcome in enumerate(("refused", "removed"), start=1):
        simulator.decide(slug, sent["notice_id"], outcome)
        eventually(partial(told_at_least, listener, number))
    eventually(lambda: len(listener.told) == 3)
    assert sorted(statuses(listener, sent)) == ["received", "refused", "removed"]
    assert len({one.event["event_id"] for one in listener.told}) == 3


def test_an_event_under_way_is_not_begun_again(
    simulator: RunningSimulator, slug: str, listener: Listener
) -> None:
    listener.answers = [503]
    sent = filed(simulator, slug, listener, outcomes={"never": 1}, callback_backoff=0.4)
    eventually(lambda: listener.told)  # and is being tried again when the decision comes
    simulator.decide(slug, sent["notice_id"])
    eventually(lambda: len(listener.told) == 3)
    assert sorted(statuses(listener, sent)) == ["received", "received", "removed"]
    seen = eventually(
        lambda: found if len(found := receipts.callbacks(simulator.receipts, slug)) == 3 else None
    )
    assert sorted((one["event"], one["number"]) for one in seen) == [
        ("decision", 1),
        ("received", 1),
        ("received", 2),
    ]


@pytest.mark.parametrize(
    ("base", "callback_url", "destination"),
    [
        (None, "http://127.0.0.1:8000/x", "http://127.0.0.1:8000/x"),
        (None, "http://localhost:8000/x", "http://localhost:8000/x"),
        (None, "https://helpline.example/x", None),
        (None, "http://127.0.0.1.example/x", None),
        (None, "http://127.0.0.1@helpline.example/x", None),
        ("http://127.0.0.1:8000/", "https://helpline.example/x", "http://127.0.0.1:8000/x"),
        ("https://helpline.example", "https://helpline.example/x", None),
    ],
)
def test_callbacks_never_leave_this_machine(
    base: str | None, callback_url: str, destination: str | None
) -> None:
    caller = Caller(World(directory=Directory("kind")), base)
    assert caller.destination(callback_url) == destination
