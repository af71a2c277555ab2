"""`inbound`: signed callbacks to stored outcomes, beside a plain view that reads the same JSON and inserts one row."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.bench import load
from tests.bench.dispatch import SLUG
from tests.bench.figures import Figure, median, percentile
from tests.bench.house import Broken, House, say
from tests.platforms import signatures

CLIENTS = 8
ROUNDS = 5
SECONDS = 2.0
WARM_UP = 1.0
MOST = 1_200  # callbacks a second that are prepared for
BATCH = 4_000


def bench(house: House) -> list[Figure]:
    """Callbacks a second, the 95th percentile of their time, and whether each one is stored once."""
    database = house.database("bench_inbound")
    house.inside("intake_rows", database=database, DJANGO_SETTINGS_MODULE="tests.bench.bare.settings")
    count = round(MOST * (SECONDS * ROUNDS + WARM_UP))
    say(f"inbound: preparing {count:,} requests that left")
    asked: list[list[str]] = []
    while len(asked) < count:
        asked += house.inside("asked", min(BATCH, count - len(asked)), database=database)
    waiting = iter(asked)
    rates: dict[str, list[float]] = {"bare": [], "ours": []}
    times: dict[str, list[float]] = {"bare": [], "ours": []}
    told = 0
    with (
        house.web("helpline.wsgi", house.environment(database)) as our_port,
        house.web("tests.bench.bare.wsgi", house.environment(database)) as bare_port,
    ):
        for number in range(ROUNDS + 1):
            seconds = SECONDS if number else WARM_UP
            say(f"inbound: round {number} of {ROUNDS}" if number else "inbound: warming up")
            plain = load.run(bare_port, _bare(), clients=CLIENTS, seconds=seconds)
            whole = load.run(our_port, _ours(waiting), clients=CLIENTS, seconds=seconds)
            for name, one, status in (("bare", plain, 201), ("ours", whole, 204)):
                if set(one.statuses) != {status} or one.failures:
                    raise Broken(
                        f"inbound, {name}: answered {sorted(set(one.statuses))}, {one.failures} not at all"
                    )
                if number:
                    rates[name].append(one.rate)
                    times[name].append(percentile(one.latencies, 0.95) * 1000)
            told += len(whole.statuses)
    stored = house.inside("words", database=database)
    rate, limit = median(rates["ours"]), median(rates["bare"])
    return [
        Figure("inbound", rate, "callbacks/s", limit, at_least=0.5),
        Figure("inbound.p95", median(times["ours"]), "ms", median(times["bare"])),
        Figure("inbound.kept", min(stored["events"], stored["removed"]), "callbacks", told, at_least=1),
    ]


def _event(notice: str, item: str) -> bytes:
    decided = datetime.now(UTC) - timedelta(seconds=1)
    said: dict[str, Any] = {
        "schema": "takedown-outcome/1",
        "event_id": str(uuid4()),
        "notice_id": notice,
        "reference": f"CH-{item[:8]}",
        "sent_at": decided.isoformat(),
        "items": [
            {
                "item_id": item,
                "status": "removed",
                "decision_visibility": "DECISION_VISIBILITY_CONTENT_REMOVED",
                "decision_account": None,
                "reason": "It broke our rules.",
                "redress_until": None,
                "decided_at": decided.isoformat(),
            }
        ],
    }
    return json.dumps(said).encode()


def _ours(waiting: Iterator[list[str]]) -> Iterator[bytes]:
    for notice, item in waiting:
        body = _event(notice, item)
        yield load.request(
            "POST",
            f"/api/v1/inbound/{SLUG}/",
            body=body,
            content_type="application/json",
            helpline_signature=signatures.sign(f"in-secret-{SLUG}", body, int(time.time())),
        )
    raise Broken("inbound: more callbacks a second than were prepared for")


def _bare() -> Iterator[bytes]:
    while True:
        body = _event(str(uuid4()), str(uuid4()))
        yield load.request("POST", "/word", body=body, content_type="application/json")
