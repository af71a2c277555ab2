"""**silence** (7): one of two platforms stands still (SIGSTOP: it takes connections and says nothing), then the broker does.

The other platform's notices must leave as fast as before; the silent one's breaker opens, carries single trials while half
open, and closes when it speaks again; nothing is lost and nothing sent twice.
"""

import os
import signal
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.bench.house import Broken, House, say
from tests.faults.broker import People
from tests.faults.scene import Scene, scene, stopped, wait_for
from tests.faults.verdict import Invariant, Story, none_of
from tests.platforms import receipts
from tests.platforms.simulator import RunningSimulator

QUICK, SILENT = "chatter", "clipshare"
A_SECOND = 5.0  # notices to the quick one
FLOOR = 0.15  # seconds: a machine that does other things, too, is no slow helpline
SHARE = 1.1
MOOD: dict[str, object] = {"latency": [0.15, 0.25], "outcomes": {"never": 1.0}, "callbacks": False}
# From due to written down: what a platform waits for.
P95 = (
    "SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM attempt.finished_at - attempt.started_at)), "
    "count(*) FROM takedowns_attempt AS attempt JOIN takedowns_notice AS notice ON notice.id = notice_id "
    "JOIN platforms_channel AS channel ON channel.id = notice.channel_id "
    "WHERE channel.slug = %s AND attempt.result = 'accepted' AND attempt.started_at BETWEEN %s AND %s"
)
CHANNEL = "SELECT faults, paused_until > now() FROM platforms_channel WHERE slug = %s"
THRESHOLD = 6  # faults in a row: cases/takedowns/dispatch/breaker.py


def part(house: House, *, scale: float, seed: int) -> Story:
    """What was done, and what held. The silence is as long as a connection's patience and a breaker's pauses need."""
    calm, silent = max(5.0, min(60.0, 20.0 * scale)), max(8.0, min(300.0, 90.0 * scale))
    is_whole = silent > 60  # long enough for the breaker to open and try
    with ExitStack() as ending:
        folders = [
            Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="helpline-faults-")))
            for _ in range(2)
        ]
        stage = ending.enter_context(scene(house, "silence", seed=seed, web=True))
        quick, other = (
            ending.enter_context(RunningSimulator(folder, seed=seed, config={slug: MOOD}))
            for folder, slug in zip(folders, (QUICK, SILENT), strict=True)
        )
        long = calm + silent + 10
        quick_count = round(A_SECOND * long)
        silent_count = max(20, round(long))
        for slug, platform, count in ((QUICK, quick, quick_count), (SILENT, other, silent_count)):
            stage.prepare(count, platform.base(slug), slug)
        stage.ask("UPDATE platforms_channel SET max_in_flight = 15 WHERE slug = %s", [SILENT])
        stage.spread_due(long)
        stage.let_work(patience=60)
        began = now(stage)
        say(f"silence: {calm:.0f} s of calm")
        time.sleep(calm)
        quiet = now(stage)
        say(f"silence: one platform stands still for {silent:.0f} s")
        opened = 0
        trials = 0
        os.kill(other.pid, signal.SIGSTOP)
        try:
            until = time.monotonic() + silent
            while time.monotonic() < until:
                time.sleep(0.5)
                [(faults, is_paused)] = stage.ask(CHANNEL, [SILENT])
                opened += bool(is_paused and faults >= THRESHOLD)
                if faults >= THRESHOLD:
                    trials = max(trials, leased_since_opening(stage))
        finally:
            os.kill(other.pid, signal.SIGCONT)
        spoke = now(stage)
        say("silence: it speaks again; now the broker stands still for a while")
        people = People(stage.port)
        with stopped(house.children["broker"]):
            time.sleep(5)
        told = people.stop()
        wait_for(lambda: not stage.under_way(), patience=300, what="everything that waited")
        [(before, many)] = stage.ask(P95, [QUICK, began, quiet])
        [(during, more)] = stage.ask(P95, [QUICK, quiet, spoke])
        can_compare = before is not None and during is not None
        if is_whole and not can_compare:
            raise Broken("nothing was sent to the quick platform, so there is nothing to compare")
        [(faults, is_paused)] = stage.ask(CHANNEL, [SILENT])
        asked = quick_count + silent_count
        sent = stage.count("SELECT count(*) FROM takedowns_takedown WHERE sent_at IS NOT NULL")
        doubled = [receipts.delivered_more_than_once(one.receipts) for one in (quick, other)]
        before, during = float(before or 0), float(during or 0)
        words = (
            f"p95 of the quick platform {before:.3f} s ({many} sends) before, {during:.3f} s ({more}) while "
            f"the other was silent for {silent:.0f} s; the breaker was seen open {opened} times, then at most {trials} at "
            f"once; {told.taken} reports while the broker stood still, the slowest answer after {told.slowest:.1f} s"
        )
        allowed = round(max(before * SHARE, before + FLOOR), 3)
        p95 = Invariant(7, "p95 of the others, seconds", round(during, 3), allowed, is_timed=True)
        held = [
            *([p95] if can_compare else []),
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
        if is_whole:
            held += [
                *none_of(7, {"the breaker never opened": int(not opened)}),
                Invariant(7, "trials at once while half open", trials, 1),
            ]
        return Story(words, held)


def now(stage: Scene) -> object:
    """The database's clock."""
    return stage.ask("SELECT clock_timestamp()")[0][0]


def leased_since_opening(stage: Scene) -> int:
    """Notices on their way to the silent platform that left after its breaker opened."""
    return stage.count(
        "SELECT count(*) FROM takedowns_notice AS notice JOIN platforms_channel AS channel ON channel.id = channel_id "
        "JOIN takedowns_attempt AS attempt ON attempt.notice_id = notice.id AND attempt.fence = notice.fence "
        "WHERE channel.slug = %s AND lease_until IS NOT NULL AND attempt.result = '' AND attempt.started_at > "
        "(SELECT min(at) FROM audit_auditrow WHERE verb = 'channel.paused')",
        [SILENT],
    )
