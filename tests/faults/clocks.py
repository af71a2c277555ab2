"""**clocks** (8): two beats, one an hour fast and one an hour slow; nothing is sent twice, and nothing skipped.

What sweeps do when a worker's own clock is wrong, and in the nights when clocks are changed, is tests/faults/test_clocks.py.
"""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.bench.house import House, say
from tests.faults.scene import scene
from tests.faults.verdict import Story, none_of
from tests.platforms import receipts
from tests.platforms.simulator import RunningSimulator

SLUG = "chatter"
HOUR = 3600
MOOD: dict[str, object] = {"latency": [0.05, 0.3], "outcomes": {"never": 1.0}, "callbacks": False}


def part(house: House, *, scale: float, seed: int) -> Story:
    """What was done, and what held."""
    requests = max(60, round(300 * scale))
    spread = max(8.0, min(120.0, 30.0 * scale))
    around = tuple({"FAULT_HOUR": str(hour)} for hour in (HOUR, -HOUR))
    with (
        tempfile.TemporaryDirectory(prefix="helpline-faults-") as folder,
        scene(
            house,
            "clocks",
            seed=seed,
            beats=2,
            around_beats=around,
            beat_application="tests.faults.another_hour",
        ) as stage,
        RunningSimulator(Path(folder), seed=seed, config={SLUG: MOOD}) as platform,
    ):
        stage.prepare(requests, platform.base(SLUG), SLUG)
        stage.spread_due(spread)
        say(f"clocks: {requests} requests over {spread:.0f} s, one beat an hour fast and one an hour slow")
        stage.peace(patience=spread + 180)
        sent = stage.count("SELECT count(*) FROM takedowns_takedown WHERE sent_at IS NOT NULL")
        doubled = receipts.delivered_more_than_once(platform.receipts)
        words = f"{requests} requests came due over {spread:.0f} s, {sent} left"
        return Story(
            words,
            none_of(
                8,
                {
                    "skipped (two beats, two hours apart)": requests - sent,
                    "delivered twice (two beats)": len(doubled),
                },
            ),
        )


def put_back(year: int) -> datetime:
    """When Europe's clocks are put back: the last Sunday of October, 01:00 UTC."""
    last = datetime(year, 10, 31, 1, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)
