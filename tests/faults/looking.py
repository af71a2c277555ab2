"""Looks at links while everything breaks: none lost, none counted twice or before its time, and none that leads inside.

A share of what was sent is looked at on a schedule of seconds. The links of a few of those lead to this machine and its
network, in as many spellings; the workers note every address they connect to (tests/faults/watched.py).
"""

import time
from collections.abc import Collection
from pathlib import Path

from tests.faults.scene import Scene
from tests.faults.verdict import Invariant, none_of
from tests.platforms.simulator import RunningSimulator

LOOKS = (4.0, 12.0)  # seconds after it was sent
NEVER = 100_000.0  # the next one comes when the run is long over

# A trigger sees what is counted, and when.
WITNESS = """
CREATE TABLE fault_look (takedown uuid, looks int, at timestamptz DEFAULT clock_timestamp());
CREATE FUNCTION fault_look() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO fault_look (takedown, looks) VALUES (NEW.id, NEW.looks);
    RETURN NULL;
END $$;
CREATE TRIGGER fault_look AFTER UPDATE OF looks ON takedowns_takedown FOR EACH ROW WHEN (NEW.looks <> OLD.looks)
    EXECUTE FUNCTION fault_look();
"""
SHARE = (
    "takedowns_takedown AS takedown JOIN platforms_platform AS platform ON platform.id = takedown.platform_id "
    "WHERE takedown.sent_at IS NOT NULL AND platform.recheck"
)


def environment(platforms: RunningSimulator, book: Path) -> dict[str, str]:
    """What workers need to look at these platforms' pages."""
    return {
        "HELPLINE_RECHECK": "1",
        "HELPLINE_RECHECK_SECONDS": ",".join(map(str, (*LOOKS, NEVER))),
        "HELPLINE_SIMULATOR": platforms.address,
        "FAULT_BOOK": str(book),
    }


def switch_on(stage: Scene, slugs: Collection[str]) -> None:
    """These platforms' pages are looked at, no others."""
    stage.ask(WITNESS)
    stage.ask("UPDATE platforms_platform SET recheck = slug = ANY(%s)", [list(slugs)])


def peace(stage: Scene, *, patience: float) -> None:
    """Wait until every look of the schedule was taken, or for so many seconds."""
    until = time.monotonic() + patience
    while owed(stage) and time.monotonic() < until:
        time.sleep(1)


def owed(stage: Scene) -> int:
    """Of what was sent: not looked at, or with a look to come that the schedule puts into the run."""
    return stage.count(
        f"SELECT count(*) FROM {SHARE} AND (looks = 0 OR next_look_at IS NULL OR next_look_at < now() + interval '1 hour')"
    )


def verdict(stage: Scene, platforms: RunningSimulator, book: Path) -> list[Invariant]:
    """What the schedule says, held against what was counted, and against whom the workers called."""
    early = stage.count(
        "SELECT count(*) FROM fault_look AS look JOIN takedowns_takedown AS takedown ON takedown.id = look.takedown "
        "WHERE look.at < sent_at + make_interval(secs => (%s::float[])[look.looks])",
        [list(LOOKS)],
    )
    called = {tuple(line.split()) for line in book.read_text().splitlines()}
    ours = {("127.0.0.1", str(port)) for port in (platforms.port, platforms.mail_port)}
    return [
        *none_of(2, {"looks at links lost": owed(stage)}),
        *none_of(
            3,
            {
                "looks beyond their schedule": stage.count(
                    f"SELECT count(*) FROM {SHARE} AND looks > %s", [len(LOOKS)]
                ),
                "looks counted before their time": early,
                "looks counted twice": stage.count(
                    "SELECT count(*) - count(DISTINCT (takedown, looks)) FROM fault_look"
                ),
            },
        ),
        *none_of(
            19,
            {
                "addresses called that are nobody's of ours": len(called - ours),
                "a witness that heard no call": int(not called & ours),
            },
        ),
    ]


def colour(stage: Scene) -> str:
    """How many there were."""
    looks = stage.count("SELECT count(*) FROM fault_look")
    refused = stage.count(
        "SELECT count(*) FROM takedowns_event WHERE source = 'recheck' AND what = 'unclear'"
    )
    return f"{looks} looks at links, {refused} refused to lead inside"


__all__ = ["LOOKS", "colour", "environment", "owed", "peace", "switch_on", "verdict"]
