"""**takedowns** (2 to 5, and 19): requests leave while everything breaks.

Two workers, a beat and the web; four platforms that misbehave and lose some of their answers: one honours keys and calls
back, one takes every copy for a new notice and is only ever asked, one is written to by mail and one by X-ARF reports in
mail: those honour no key and cannot be asked, so that what is unknown there has to stay so, before a person. Pages of all
but the first are looked at again meanwhile (tests/faults/looking.py).

Dealt from a shuffled deck (reproducible by --seed): worker, beat or web is killed with all its children, a worker is
stopped past its lease and goes on, the broker is killed or emptied, the database is killed. Then all is left in peace until
nothing is under way, and the database is held against the platforms' own receipts, and against what triggers saw of whoever
wrote what was no longer theirs (tests/faults/witness.py).

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
from tests.faults import looking, witness
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
KEYED, KEYLESS, POST, HOST = "chatter", "clipshare", "postbox", "hoster"
SHARES = {KEYED: 0.3, KEYLESS: 0.3, POST: 0.25, HOST: 0.15}
BY_MAIL = (POST, HOST)
LOOKED_AT = (KEYLESS, POST, HOST)
LEAD_INSIDE = 40  # of what is looked at
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
MUTE: dict[str, object] = {"callbacks": False, "outcomes": {"never": 1.0}, "page_latency": 0.05}
MAIL: dict[str, object] = {
    "channel": "email",
    "latency": [0.1, 1.0],  # a few lines carry it all
    "answers": {"503": 0.03, "drop": 0.02, "accept_then_drop": 0.04, "accept_then_timeout": 0.005},
}
MOODS: dict[str, dict[str, object]] = {
    KEYED: MOOD
    | {"honours_keys": True, "callbacks": True, "callback_duplicates": 0.1, "callback_disorder": 0.1},
    KEYLESS: MOOD | MUTE | {"honours_keys": False},
    POST: MAIL | MUTE,
    HOST: MAIL | MUTE,
}
RECOVERY = 20.0  # seconds until work goes on after a fault, or the next one comes all the same
PATIENCE = 300.0  # seconds in peace until everything must be settled
SHOWN_WITHIN = 300.0

# What was asked for by mail, and what of it nobody knows the end of.
MAILED = (
    "takedowns_takedown AS takedown JOIN takedowns_notice AS notice ON notice.id = notice_id "
    "JOIN platforms_channel AS channel ON channel.id = channel_id WHERE channel.kind IN ('email', 'xarf')"
)
UNKNOWN_ONCE = "EXISTS (SELECT FROM takedowns_attempt WHERE notice_id = notice.id AND result = 'unknown')"


def part(house: House, *, scale: float, seed: int, patience: float = PATIENCE) -> Story:
    """What was done, and what held."""
    counts = {slug: round(max(60, REQUESTS * scale) * share) for slug, share in SHARES.items()}
    requests = sum(counts.values())
    with (
        tempfile.TemporaryDirectory(prefix="helpline-faults-") as folder,
        RunningSimulator(Path(folder), seed=seed, config=MOODS) as platforms,
    ):
        book = Path(folder) / "called"
        book.touch()
        changes = looking.environment(platforms, book) | mail(platforms)
        with scene(
            house, "takedowns", seed=seed, web=True, application="tests.faults.watched", **changes
        ) as stage:
            deck = [fault for fault, count in DECK.items() for _ in range(math.ceil(count * scale))]
            stage.dice.shuffle(deck)
            stage.ask(witness.WITNESS)
            say(f"takedowns: preparing {requests} requests")
            stage.prepare_all(
                [
                    (count, f"abuse@{slug}.example" if slug in BY_MAIL else platforms.base(slug), slug)
                    for slug, count in counts.items()
                ],
                lead_inside=max(12, round(LEAD_INSIDE * scale)),
                of=LOOKED_AT,
            )
            stage.ask("UPDATE platforms_channel SET kind = 'xarf' WHERE slug = %s", [HOST])
            looking.switch_on(stage, LOOKED_AT)
            # Something comes due before every fault, and some of it is on its way: a fault between two starts proves
            # nothing.
            share, idle = math.ceil(requests / len(deck)), 0
            for number, fault in enumerate(deck, start=1):
                stage.let_go(share)
                idle += not stage.let_work(patience=RECOVERY)
                time.sleep(stage.dice.uniform(0.0, 1.0))
                stage.break_something(fault)
                if number % 20 == 0:
                    say(
                        f"takedowns: {number} faults of {len(deck)}; {stage.under_way()} requests under way or held back"
                    )
            stage.let_go(requests)
            say(f"takedowns: in peace now, after {dict(stage.caused)}")
            stage.peace(patience=patience)
            looking.peace(stage, patience=patience)
            held = [
                *verdict(stage, platforms.receipts, requests),
                *by_mail(stage, platforms.receipts, counts),
                *witness.verdict(stage),
                *looking.verdict(stage, platforms, book),
            ]
            words = (
                f"{requests} requests, {len(deck)} faults ({idle} while nothing moved): {dict(stage.caused)}; "
                f"{colour(stage, platforms.receipts)}; {looking.colour(stage)}"
            )
            return Story(words, held)


def mail(platforms: RunningSimulator) -> dict[str, str]:
    """What workers need to write to these platforms."""
    return {
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(platforms.mail_port),
        "HELPLINE_MAIL_RETURN": "notices+*@helpline.example",
    }


def verdict(stage: Scene, book: Path, asked: int) -> list[Invariant]:
    """What the database believes, held against what the platforms received."""
    by_status = dict(stage.ask("SELECT status, count(*) FROM takedowns_takedown GROUP BY status"))
    by_status["unknown"] = by_status.get("unknown", 0) - unknown_by_mail(stage)
    sent = {
        str(row[0]) for row in stage.ask("SELECT notice_id FROM takedowns_takedown WHERE sent_at IS NOT NULL")
    }
    keys = receipts.keys_of(book)
    return [
        *none_of(
            2,
            {
                "requests lost": asked - sum(by_status.values()) - unknown_by_mail(stage),
                "requests still under way": stage.under_way(),
                "neither sent nor given up": asked
                - len(sent)
                - by_status.get("failed", 0)
                - unknown_by_mail(stage),
                "given up": by_status.get("failed", 0),
                "said sent, never delivered": len(sent - arrived(book)),
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
                "unknown and not settled": by_status["unknown"],
                "attempts without a result": stage.count(
                    "SELECT count(*) FROM takedowns_attempt WHERE result = ''"
                ),
            },
        ),
    ]


def by_mail(stage: Scene, book: Path, counts: dict[str, int]) -> list[Invariant]:
    """Of what went by mail, where nobody can be asked: nothing lost or doubled, and the unknown stays before a person."""
    asked = sum(counts[slug] for slug in BY_MAIL)
    there = stage.count(f"SELECT count(*) FROM {MAILED} AND status IN ('sent', 'unknown')")
    copies = Counter(notice_of(one["notice_id"]) for slug in BY_MAIL for one in receipts.mails(book, slug))
    return [
        *none_of(2, {"neither sent nor shown as unknown (mail)": asked - there}),
        *none_of(
            3,
            {
                "letters that arrived twice (mail)": sum(many > 1 for many in copies.values()),
                "sent again while nobody knew (mail)": stage.count(
                    f"SELECT count(*) FROM {MAILED} AND EXISTS (SELECT FROM takedowns_attempt AS one "
                    "JOIN takedowns_attempt AS next ON next.notice_id = one.notice_id AND next.number > one.number "
                    "WHERE one.notice_id = notice.id AND one.result = 'unknown')"
                ),
            },
        ),
        *none_of(
            4,
            {
                "unknown, and said to be something else (mail)": stage.count(
                    f"SELECT count(*) FROM {MAILED} AND status <> 'unknown' AND {UNKNOWN_ONCE}"
                ),
                "unknown without a line in its timeline (mail)": stage.count(
                    f"SELECT count(*) FROM {MAILED} AND status = 'unknown' AND NOT EXISTS (SELECT FROM takedowns_event "
                    "WHERE takedown_id = takedown.id AND source = 'worker' AND what = 'unknown')"
                ),
                "a mailbox that was asked (mail)": stage.count(f"SELECT count(*) FROM {MAILED} AND asks > 0"),
            },
        ),
    ]


def unknown_by_mail(stage: Scene) -> int:
    """How many wait for a person to say what became of them."""
    return stage.count(f"SELECT count(*) FROM {MAILED} AND status = 'unknown'")


def arrived(book: Path) -> set[str]:
    """The notices that a platform took, however they came."""
    return {notice_of(one) for _slug, one in receipts.deliveries(book)}


def notice_of(name: str) -> str:
    """A notice's id is what an API calls it, and how its Message-ID begins."""
    return name.removeprefix("<").partition(".")[0]


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
    words = stage.count("SELECT count(*) FROM takedowns_takedown WHERE platform_says <> ''")
    left_open = stage.ask(f"SELECT notice_id::text FROM {MAILED} AND status = 'unknown'")
    came = arrived(book)
    answered = dict(Counter(one["status"] for one in receipts.callbacks(book)))
    return (
        f"{unknown} unknown, {witness.fell_silent(stage)} of them because a worker fell silent, "
        f"{len(receipts.status_queries(book))} questions, {len(receipts.replays(book))} replays under one key, {words} "
        f"words of the platform, callbacks answered {answered}; by mail "
        f"{len(left_open)} are left unknown, of which {sum(one in came for (one,) in left_open)} had arrived"
    )
