"""**takedowns** (2 to 5): requests leave while everything breaks.

Two workers, a beat and the web; two platforms that misbehave and lose some of their answers: one honours keys and calls
back, the other takes every copy for a new notice and is only ever asked. Meanwhile, dealt from a shuffled deck (reproducible
by --seed): worker, beat or web is killed with all its children, a worker is stopped past its lease and goes on, the
broker is killed or emptied, the database is killed. Then all is left in peace until nothing is under way, and the
database is held against the platforms' own receipts, and against what a trigger saw of results that came with an old
fence.

At --scale 10: 10,000 requests, 200 kills, 50 stalls, 20 restarts of the database and of the broker.
"""

import math
import tempfile
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.bench.house import House, say
from tests.faults.scene import Scene, scene
from tests.faults.verdict import Invariant, Story, none_of
from tests.platforms import receipts
from tests.platforms.simulator import RunningSimulator

REQUESTS = 1000
DECK = {
    "kill_worker": 12,
    "kill_beat": 4,
    "kill_web": 4,
    "stall_worker": 5,
    "kill_database": 2,
    "kill_broker": 2,
    "empty_broker": 1,
}
KEYED, KEYLESS = "chatter", "clipshare"
MOOD: dict[str, object] = {
    "latency": [0.2, 2.5],  # long enough that there is always something on its way to be broken
    "answers": {
        "503": 0.03,
        "500": 0.01,
        "drop": 0.01,
        "accept_then_drop": 0.03,
        "accept_then_timeout": 0.005,
        "accept_then_html": 0.005,
    },
    "retry_after": 1,
    "decide_after": [1, 5],
}
MOODS: dict[str, dict[str, object]] = {
    KEYED: MOOD
    | {"honours_keys": True, "callbacks": True, "callback_duplicates": 0.1, "callback_disorder": 0.1},
    KEYLESS: MOOD | {"honours_keys": False, "callbacks": False, "outcomes": {"never": 1.0}},
}
RECOVERY = 20.0  # seconds until work goes on after a fault, or the next one comes all the same
PATIENCE = 300.0  # seconds in peace until everything must be settled
SHOWN_WITHIN = 300.0

# Who writes a result writes it for the fence it was claimed with. Seen from below, whatever the program believes.
WITNESS = """
CREATE TABLE fault_stale (attempt bigint, was text, becomes text, at timestamptz DEFAULT clock_timestamp());
CREATE FUNCTION fault_stale() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.result <> '' OR NEW.fence <> (SELECT fence FROM takedowns_notice WHERE id = NEW.notice_id) THEN
        INSERT INTO fault_stale (attempt, was, becomes) VALUES (OLD.id, OLD.result, NEW.result);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fault_stale BEFORE UPDATE ON takedowns_attempt FOR EACH ROW EXECUTE FUNCTION fault_stale();
"""


def part(house: House, *, scale: float, seed: int, patience: float = PATIENCE) -> Story:
    """What was done, and what held."""
    requests = max(60, round(REQUESTS * scale))
    with (
        tempfile.TemporaryDirectory(prefix="helpline-faults-") as folder,
        scene(house, "takedowns", seed=seed, web=True) as stage,
        RunningSimulator(Path(folder), seed=seed, config=MOODS) as platforms,
    ):
        deck = [fault for fault, count in DECK.items() for _ in range(math.ceil(count * scale))]
        stage.dice.shuffle(deck)
        stage.ask(WITNESS)
        for slug in (KEYED, KEYLESS):
            say(f"takedowns: preparing {requests // 2} requests to {slug}")
            stage.prepare(requests // 2, platforms.base(slug), slug)
        # Something comes due before every fault, and some of it is on its way: a fault between two starts proves nothing.
        share, idle = math.ceil(requests / len(deck)), 0
        for number, fault in enumerate(deck, start=1):
            stage.let_go(share)
            idle += not stage.let_work(patience=RECOVERY)
            time.sleep(stage.dice.uniform(0.0, 1.0))
            stage.break_something(fault)
            if number % 20 == 0:
                say(f"takedowns: {number} faults of {len(deck)}; {stage.under_way()} requests under way")
        stage.let_go(requests)
        say(f"takedowns: in peace now, after {dict(stage.caused)}")
        stage.peace(patience=patience)
        held = verdict(stage, platforms.receipts, requests // 2 * 2)
        words = (
            f"{requests} requests, {len(deck)} faults ({idle} while nothing moved): {dict(stage.caused)}; "
            f"{colour(stage, platforms.receipts)}"
        )
        return Story(words, held)


def verdict(stage: Scene, book: Path, asked: int) -> list[Invariant]:
    """What the database believes, held against what the platforms received."""
    by_status = dict(stage.ask("SELECT status, count(*) FROM takedowns_takedown GROUP BY status"))
    sent = [
        str(row[0]) for row in stage.ask("SELECT notice_id FROM takedowns_takedown WHERE sent_at IS NOT NULL")
    ]
    keys = receipts.keys_of(book)
    return [
        *none_of(
            2,
            {
                "requests lost": asked - sum(by_status.values()),
                "requests still under way": stage.under_way(),
                "neither sent nor given up": asked - len(sent) - by_status.get("failed", 0),
                "given up": by_status.get("failed", 0),
                "said sent, never delivered": len(receipts.never_delivered(book, sent)),
            },
        ),
        *none_of(
            3,
            {
                "delivered more than once": len(receipts.delivered_more_than_once(book)),
                "notices under more than one key": sum(len(seen) > 1 for seen in keys.values()),
                "two attempts of one notice both accepted": stage.count(
                    "SELECT count(*) FROM (SELECT 1 FROM takedowns_attempt WHERE result = 'accepted' "
                    "GROUP BY notice_id HAVING count(*) > 1) AS twice"
                ),
                "sent again before the platform said no": sent_again_blindly(stage, book),
            },
        ),
        Invariant(
            4,
            "seconds until the slowest unknown was shown",
            slowest_unknown(stage),
            SHOWN_WITHIN,
            is_timed=True,
        ),
        *none_of(
            4,
            {
                "unknown and not settled": by_status.get("unknown", 0),
                "attempts without a result": stage.count(
                    "SELECT count(*) FROM takedowns_attempt WHERE result = ''"
                ),
            },
        ),
        *none_of(5, {"results written with an old fence": stage.count("SELECT count(*) FROM fault_stale")}),
    ]


def slowest_unknown(stage: Scene) -> int:
    """From the beginning of a send to the moment when a colleague could see that nobody knows its end."""
    return stage.count(
        "SELECT ceil(extract(epoch FROM max(finished_at - started_at))) FROM takedowns_attempt WHERE result = 'unknown'"
    )


def sent_again_blindly(stage: Scene, book: Path) -> int:
    """Sends after an unknown one before which the platform did not say that it never had the notice."""
    noes: dict[str, list[datetime]] = {}
    for one in receipts.status_queries(book):
        if one["status"] == 404:
            noes.setdefault(one["notice_id"], []).append(moment(one["at"]))
    again = stage.ask(
        "SELECT one.notice_id::text, one.started_at, next.started_at FROM takedowns_attempt AS one "
        "JOIN takedowns_attempt AS next ON next.notice_id = one.notice_id AND next.number = one.number + 1 "
        "WHERE one.result = 'unknown'"
    )
    # The platform writes its receipt in whole milliseconds.
    little = timedelta(milliseconds=2)
    return sum(
        not any(began - little <= no <= next_began + little for no in noes.get(notice, ()))
        for notice, began, next_began in again
    )


def moment(text: Any) -> datetime:
    """When a receipt was written."""
    return datetime.fromisoformat(str(text).replace("Z", "+00:00"))


def colour(stage: Scene, book: Path) -> str:
    """How much trouble there really was: an invariant that nothing tried is worth nothing."""
    unknown = stage.count("SELECT count(*) FROM takedowns_attempt WHERE result = 'unknown'")
    silent = stage.count("SELECT count(*) FROM takedowns_attempt WHERE detail = 'the worker fell silent'")
    words = stage.count("SELECT count(*) FROM takedowns_takedown WHERE platform_says <> ''")
    return (
        f"{unknown} unknown, {silent} of them because a worker fell silent, {len(receipts.status_queries(book))} questions, "
        f"{len(receipts.replays(book))} replays under one key, {words} words of the platform, callbacks answered "
        f"{dict(Counter(one['status'] for one in receipts.callbacks(book)))}"
    )
