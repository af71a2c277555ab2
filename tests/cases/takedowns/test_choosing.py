"""Which channel: a table."""

from datetime import timedelta
from typing import Any

import pytest

from cases.takedowns import choosing
from helpline.platforms.models import Channel, ChannelKind, Regime
from tests.cast import NOON

API, MAIL, FORM = ChannelKind.HTTP_API, ChannelKind.EMAIL, ChannelKind.WEB_FORM
DSA, US = Regime.EU_DSA_16.value, Regime.US_TAKE_IT_DOWN.value
BOUNCED = {"last_bounce_at": NOON}
STALE = {"verified_at": NOON - timedelta(days=200)}
OPEN = {"paused_until": NOON + timedelta(minutes=1)}
OVER = {"paused_until": NOON - timedelta(minutes=1)}


def way(name: str, kind: ChannelKind, **facts: Any) -> Channel:
    known: dict[str, Any] = {"enabled": True, "approved_at": NOON, "verified_at": NOON - timedelta(days=1)}
    return Channel(slug=name, kind=kind, address="x", **(known | facts))


@pytest.mark.parametrize(
    ("ways", "asked", "order"),
    [
        ([way("a", MAIL), way("b", API), way("c", FORM)], {}, "bac"),
        # the law
        ([way("a", API, regimes=[US]), way("b", MAIL, regimes=[DSA])], {"regimes": [DSA]}, "b"),
        ([way("a", API, regimes=[US]), way("b", MAIL)], {"regimes": [DSA]}, "b"),
        ([way("a", API, regimes=[DSA]), way("b", MAIL, regimes=[DSA, US])], {"regimes": [DSA, US]}, "b"),
        # health
        ([way("a", API, **BOUNCED), way("b", MAIL)], {}, "ba"),
        ([way("a", API, **STALE), way("b", FORM)], {}, "ba"),
        ([way("a", API, verified_at=None), way("b", FORM)], {}, "ba"),
        ([way("a", API, **OPEN), way("b", MAIL, **BOUNCED), way("c", FORM, **STALE)], {}, "cba"),
        ([way("a", API, **OVER), way("b", MAIL)], {}, "ab"),
        # how many: fewer forms for a person first, then fewer notices
        ([way("a", FORM, max_items=1), way("b", FORM, max_items=10)], {"items": 12}, "ba"),
        ([way("a", MAIL, max_items=1), way("b", MAIL, max_items=10)], {"items": 12}, "ba"),
        ([way("a", API, max_items=1), way("b", MAIL, max_items=50)], {"items": 12}, "ab"),
        # not in use, or of a kind that nothing carries
        ([way("a", API, enabled=False), way("b", MAIL)], {}, "b"),
        ([way("a", API, enabled=False)], {}, ""),
        ([], {}, ""),
    ],
)
def test_the_order_in_which_they_are_taken(ways: list[Channel], asked: dict[str, Any], order: str) -> None:
    found = choosing.ranked(ways, at=NOON, **asked)
    assert "".join(one.slug for one in found) == order
    assert choosing.best(ways, at=NOON, **asked) == (found[0] if found else None)
