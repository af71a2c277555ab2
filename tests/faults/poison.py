"""**poison** (9): rows that kill whoever touches them, and rows that cannot be read, among many good ones.

The workers run with a connector that ends its process at once (`os._exit`) when it composes a notice that names the poison;
and the sealed words of a few others are damaged. Each must end before a person, with its reason, after no more than five
dead workers; every good one leaves.
"""

import tempfile
from pathlib import Path

from tests.bench.house import House, say
from tests.faults.scene import scene
from tests.faults.verdict import Invariant, Story, none_of
from tests.platforms import receipts
from tests.platforms.simulator import RunningSimulator

SLUG, POISON = "chatter", "poison"
MOST = 5  # dead workers over one row
MOOD: dict[str, object] = {"latency": [0.05, 0.2], "outcomes": {"never": 1.0}, "callbacks": False}
PATIENCE = 300.0


def part(house: House, *, scale: float, seed: int) -> Story:
    """What was done, and what held."""
    good, deadly, damaged = max(60, round(300 * scale)), max(1, round(2 * scale)), max(2, round(5 * scale))
    deadly = min(deadly, 5)
    with tempfile.TemporaryDirectory(prefix="helpline-faults-") as folder:
        died = Path(folder) / "died"
        died.touch()
        with (
            scene(
                house,
                "poison",
                seed=seed,
                application="tests.faults.deadly",
                FAULT_POISON=POISON,
                FAULT_DIED=str(died),
            ) as stage,
            RunningSimulator(Path(folder), seed=seed, config={SLUG: MOOD, POISON: MOOD}) as platform,
        ):
            stage.prepare(good + damaged, platform.base(SLUG), SLUG)
            stage.ask(
                "UPDATE takedowns_notice SET content = set_byte(content, length(content) - 1, "
                "(get_byte(content, length(content) - 1) + 1) %% 256) WHERE id IN "
                "(SELECT id FROM takedowns_notice WHERE content IS NOT NULL AND due_at IS NOT NULL ORDER BY id LIMIT %s)",
                [damaged],
            )
            stage.prepare(deadly, platform.base(POISON), POISON)
            say(
                f"poison: {good} good requests, {deadly} that kill their worker, {damaged} that cannot be read"
            )
            stage.spread_due(0.0)
            stage.peace(patience=PATIENCE)
            rows = stage.ask(
                "SELECT channel.slug, takedown.status, notice.failure, notice.crashes FROM takedowns_takedown AS takedown "
                "JOIN takedowns_notice AS notice ON notice.id = notice_id "
                "JOIN platforms_channel AS channel ON channel.id = channel_id"
            )
            killed = [line for line in died.read_text().splitlines() if line]
            bad = [row for row in rows if row[0] == POISON]
            unreadable = [row for row in rows if row[0] == SLUG and row[1] == "failed"]
            left = sum(row[0] == SLUG and row[1] == "sent" for row in rows)
            words = (
                f"{good} good ones, {deadly} deadly ones over which {len(killed)} processes died "
                f"({sorted({row[2] for row in bad})}), {damaged} damaged ones ({sorted({row[2] for row in unreadable})})"
            )
            return Story(
                words,
                [
                    *none_of(
                        9,
                        {
                            "good ones that did not leave": good - left,
                            "poison that is not shown as failed": sum(row[1] != "failed" for row in bad),
                            "failed without a reason": sum(not row[2] for row in [*bad, *unreadable]),
                            "unreadable ones not shown as failed": damaged - len(unreadable),
                            "poison that left": len(receipts.notices(platform.receipts, POISON)),
                            "delivered more than once (poison)": len(
                                receipts.delivered_more_than_once(platform.receipts)
                            ),
                        },
                    ),
                    Invariant(
                        9,
                        "dead workers over one row",
                        max((killed.count(one) for one in killed), default=0),
                        MOST,
                    ),
                ],
            )
