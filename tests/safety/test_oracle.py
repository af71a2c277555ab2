"""Nobody learns from a wrong code whether it ever was one: not by what is answered, and not by when."""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from helpline.audit.actions import YOUNG_PERSON
from reports import actions, receipts
from reports.models import Draft, Report
from tests.safety import timings

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

Codes = dict[str, str]
# What differs from page to page whatever was typed: the token of the form, and the words typed themselves.
TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]+"')


@pytest.fixture
def codes(tell: Callable[..., tuple[Report, str]]) -> Codes:
    """One code of each kind that opens nothing, beside things that are there."""
    now = timezone.now()
    for _one in range(20):
        tell(at=now)
    erased, erased_code = tell(at=now)
    actions.erase_report(report=erased, by=YOUNG_PERSON, at=now)
    mistyped = tell(at=now)[1]
    mistyped = ("0" if mistyped[0] != "0" else "1") + mistyped[1:]
    expired_code = receipts.new_code()
    long_ago = now - actions.DRAFT_LIFE - timedelta(days=1)
    actions.start_draft(language="en", code=expired_code, answers={"who": "self"}, at=long_ago)
    actions.purge_expired_drafts(now=now)
    assert not Draft.objects.exists()
    never = receipts.new_code()
    return {
        "never given": never,
        "mistyped": mistyped,
        "erased": erased_code,
        "an expired draft's": expired_code,
    }


def by_call(code: str) -> Any:
    """GET /api/v1/follow/."""
    return Client().get("/api/v1/follow/", headers={"receipt-code": code})


def at_the_door(code: str) -> Any:
    """The form of /follow/."""
    return Client().post("/follow/", {"code": code}, headers={"cookie": "lang=en"})


@pytest.mark.parametrize("ask", [by_call, at_the_door])
def test_every_wrong_code_is_answered_with_the_same_bytes(ask: Callable[[str], Any], codes: Codes) -> None:
    seen = set()
    for code in (*codes.values(), "UUUU UUUU UUUU UUUU"[: len(receipts.grouped(codes["erased"]))]):
        answer = ask(code)
        body = TOKEN.sub(b"", answer.content).replace(code.encode(), b"")
        names = {cookie: (one["max-age"], one["path"]) for cookie, one in answer.cookies.items()}
        headers = {name: value for name, value in answer.headers.items() if name != "Content-Length"}
        seen.add((answer.status_code, body, str(sorted(headers.items())), str(sorted(names.items()))))
    assert len(seen) == 1


@pytest.mark.parametrize("ask", [by_call, at_the_door])
def test_every_wrong_code_takes_the_same_time(ask: Callable[[str], Any], codes: Codes) -> None:
    acts = {name: lambda code=code: ask(code) for name, code in codes.items()}
    timings.interleaved(acts, samples=20, seed=0)  # warm

    assert timings.told_apart(acts) == []


def test_this_measurement_sees_a_twentieth_more(codes: Codes) -> None:
    code = codes["never given"]

    def a_twentieth_slower() -> None:
        began = time.perf_counter()
        by_call(code)
        until = began + (time.perf_counter() - began) * 1.05
        while time.perf_counter() < until:
            pass

    found = timings.told_apart({"usual": lambda: by_call(code), "slower": a_twentieth_slower})

    assert [one.partition(":")[0] for one in found] == ["slower"]


def test_the_rank_test_knows_alike_from_different() -> None:
    up, down = [float(one) for one in range(100)], [float(one) for one in reversed(range(100))]
    assert timings.rank_p(up, up) == 1.0
    assert timings.rank_p(up, down) == pytest.approx(1.0)
    # Twenty pairs that all differ one way: W = 210, z = 105 / sqrt(717.5) = 3.92.
    assert timings.rank_p(up[:20], [one * 1.5 + 1 for one in up[:20]]) == pytest.approx(8.9e-5, rel=0.02)
    assert timings.gap(up, [one + 9.9 for one in up]) == pytest.approx(0.2)
