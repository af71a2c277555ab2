"""**silence** (7): one of two platforms stands still (SIGSTOP: it takes connections and says nothing), then the broker does.

The other platform's notices must leave as fast as before; the silent one's breaker opens, carries single trials while half
open, and closes when it speaks again; nothing is lost and nothing sent twice.

How fast is told by rounds, each a calm and right behind it a silence, with the same stream of notices: from the moment when
a notice is due to the moment when its result is written down. What waits behind a silent platform waits in that time, too.
"""

import math
import os
import signal
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.figures import percentile
from tests.bench.house import Broken, House, say
from tests.faults.broker import People
from tests.faults.scene import Scene, scene, stopped, wait_for
from tests.faults.verdict import Invariant, Story, none_of
from tests.platforms import receipts
from tests.platforms.simulator import RunningSimulator

QUICK, SILENT = "chatter", "clipshare"
SHARE = 110  # per cent of what it is without a silent one
MOOD: dict[str, object] = {"latency": [0.4, 0.6], "outcomes": {"never": 1.0}, "callbacks": False}
CARRIED = 15  # by the silent platform at once
CHANNEL = "SELECT faults, paused_until > now() FROM platforms_channel WHERE slug = %s"
THRESHOLD = 6  # faults in a row: cases/takedowns/dispatch/breaker.py
LEFT = (
    "SELECT count(*) FROM takedowns_notice "
    "WHERE due_at < now() + interval '1 hour' OR lease_until IS NOT NULL OR ask_at IS NOT NULL"
)
WAITED = (
    "SELECT extract(epoch FROM attempt.finished_at - due.due_at) FROM fault_due AS due "
    "JOIN takedowns_attempt AS attempt ON attempt.notice_id = due.notice AND attempt.result = 'accepted' "
    "JOIN takedowns_notice AS notice ON notice.id = due.notice "
    "JOIN platforms_channel AS channel ON channel.id = notice.channel_id "
    "WHERE channel.slug = %s AND due.due_at >= %s AND due.due_at < %s"
)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How long, how often and how much."""

    calm: float
    silent: float
    rounds: int
    a_second: float  # notices to the quick one; to the silent one, one

    @classmethod
    def of(cls, scale: float) -> "Sizes":
        """At 1 and above the silence outlasts a connection's patience, and the breaker opens and tries."""
        return cls(
            calm=max(4.0, min(40.0, 40.0 * scale)),
            silent=max(8.0, min(60.0, 60.0 * scale)),
            rounds=max(1, min(3, round(2 * scale))),
            a_second=20.0 if scale >= 1 else 10.0,
        )

    @property
    def is_whole(self) -> bool:
        return self.silent >= 60.0


@dataclass(slots=True)
class Seen:
    """What the rounds showed."""

    opened: int = 0
    trials: int = 0
    calm: list[list[float]] = field(default_factory=list)  # seconds from due to written down, by round
    silent: list[list[float]] = field(default_factory=list)


def part(house: House, *, scale: float, seed: int) -> Story:
    """What was done, and what held."""
    sizes, seen = Sizes.of(scale), Seen()
    with ExitStack() as ending:
        folders = [
            Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="helpline-faults-")))
            for _ in range(2)
        ]
        # A lease as long as the program's own: what hangs is still carried, and fills its channel's room.
        stage = ending.enter_context(
            scene(house, "silence", seed=seed, web=True, HELPLINE_LEASE_SECONDS="60")
        )
        quick, other = (
            ending.enter_context(RunningSimulator(folder, seed=seed, config={slug: MOOD}))
            for folder, slug in zip(folders, (QUICK, SILENT), strict=True)
        )
        together = sizes.calm + sizes.silent
        quick_count = math.ceil(sizes.a_second * together) * sizes.rounds
        silent_count = math.ceil(together) * sizes.rounds
        say(f"silence: preparing {quick_count + silent_count} requests")
        stage.prepare_all(
            [(quick_count, quick.base(QUICK), QUICK), (silent_count, other.base(SILENT), SILENT)]
        )
        stage.ask("UPDATE platforms_channel SET max_in_flight = %s WHERE slug = %s", [CARRIED, SILENT])
        stage.ask("CREATE TABLE fault_due (notice uuid PRIMARY KEY, due_at timestamptz)")
        for number in range(1, sizes.rounds + 1):
            one_round(stage, sizes, seen, other, name=f"{number} of {sizes.rounds}")
        say("silence: it speaks again; now the broker stands still for a while")
        people = People(stage.port)
        with stopped(house.children["broker"]):
            time.sleep(5)
        told = people.stop()
        [(faults, is_paused)] = stage.ask(CHANNEL, [SILENT])
        asked = quick_count + silent_count
        sent = stage.count("SELECT count(*) FROM takedowns_takedown WHERE sent_at IS NOT NULL")
        doubled = [receipts.delivered_more_than_once(one.receipts) for one in (quick, other)]
    before, during = (p95([one for part in parts for one in part]) for parts in (seen.calm, seen.silent))
    if not (before and during):
        raise Broken("nothing was sent to the quick platform, so there is nothing to compare")
    words = (
        f"p95 of the quick platform, from due to written down, {before:.3f} s before and {during:.3f} s while the other was "
        f"silent ({sum(map(len, seen.calm))} and {sum(map(len, seen.silent))} sends in {sizes.rounds} rounds of "
        f"{sizes.calm:.0f} and {sizes.silent:.0f} s: {by_round(seen)}); the breaker was seen open {seen.opened} times, then "
        f"at most {seen.trials} at once; {told.taken} reports while the broker stood still, the slowest answer after "
        f"{told.slowest:.1f} s"
    )
    held = [
        Invariant(
            7, "p95 of the others, % of their own calm", round(100 * during / before, 1), SHARE, is_timed=True
        ),
        *none_of(
            7,
            {
                "not sent (a silent platform)": asked - sent,
                "delivered more than once (a silent platform)": sum(map(len, doubled)),
                "a breaker still open at the end": int(bool(is_paused) or faults >= THRESHOLD),
                "reports refused while the broker stood still": told.refused,
            },
        ),
    ]
    if sizes.is_whole:
        held += [
            *none_of(7, {"the breaker never opened": int(not seen.opened)}),
            Invariant(7, "trials at once while half open", seen.trials, 1),
        ]
    return Story(words, held)


def one_round(stage: Scene, sizes: Sizes, seen: Seen, other: RunningSimulator, *, name: str) -> None:
    """A calm, a silence right behind it, and then patience until nothing of the round is left."""
    together = sizes.calm + sizes.silent
    began = now(stage)
    come_due(stage, QUICK, math.ceil(sizes.a_second * together), seconds=together)
    come_due(stage, SILENT, math.ceil(together), seconds=together)
    say(f"silence: round {name}, {sizes.calm:.0f} s of calm")
    time.sleep(sizes.calm)
    quiet = now(stage)
    say(f"silence: one platform stands still for {sizes.silent:.0f} s")
    os.kill(other.pid, signal.SIGSTOP)
    try:
        until = time.monotonic() + sizes.silent
        while time.monotonic() < until:
            time.sleep(0.5)
            [(faults, is_paused)] = stage.ask(CHANNEL, [SILENT])
            seen.opened += bool(is_paused and faults >= THRESHOLD)
            if faults >= THRESHOLD:
                seen.trials = max(seen.trials, leased_since_opening(stage, quiet))
        spoke = now(stage)
    finally:
        os.kill(other.pid, signal.SIGCONT)
    wait_for(lambda: not stage.count(LEFT), patience=300, what="everything that waited")
    for found, first, last in ((seen.calm, began, quiet), (seen.silent, quiet, spoke)):
        found.append([float(row[0]) for row in stage.ask(WAITED, [QUICK, first, last])])


def come_due(stage: Scene, slug: str, count: int, *, seconds: float) -> None:
    """So many of what is held back for this platform come due over the next seconds. When is kept: a claim forgets it."""
    stage.ask(
        "WITH mine AS (SELECT notice.id FROM takedowns_notice AS notice "
        "JOIN platforms_channel AS channel ON channel.id = channel_id "
        "WHERE channel.slug = %s AND due_at > now() + interval '1 hour' ORDER BY notice.id LIMIT %s), due AS ("
        "UPDATE takedowns_notice AS notice SET due_at = clock_timestamp() + make_interval(secs => random() * %s) "
        "FROM mine WHERE mine.id = notice.id RETURNING notice.id, due_at) INSERT INTO fault_due SELECT id, due_at FROM due",
        [slug, count, seconds],
    )


def p95(waited: list[float]) -> float:
    """Of none, 0."""
    return percentile(waited, 0.95) if waited else 0.0


def by_round(seen: Seen) -> str:
    """The two of each round beside each other: how far rounds alone are apart says what a difference is worth."""
    return ", ".join(
        f"{p95(calm):.3f}/{p95(silent):.3f}" for calm, silent in zip(seen.calm, seen.silent, strict=True)
    )


def now(stage: Scene) -> object:
    """The database's clock."""
    return stage.ask("SELECT clock_timestamp()")[0][0]


def leased_since_opening(stage: Scene, since: object) -> int:
    """Notices on their way to the silent platform that left after its breaker opened in this round."""
    return stage.count(
        "SELECT count(*) FROM takedowns_notice AS notice JOIN platforms_channel AS channel ON channel.id = channel_id "
        "JOIN takedowns_attempt AS attempt ON attempt.notice_id = notice.id AND attempt.fence = notice.fence "
        "WHERE channel.slug = %s AND lease_until IS NOT NULL AND attempt.result = '' AND attempt.started_at > "
        "(SELECT min(at) FROM audit_auditrow WHERE verb = 'channel.paused' AND at > %s)",
        [SILENT, since],
    )
