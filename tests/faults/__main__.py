"""`python -m tests.faults`: kill, stop, cut off and flood; then count what was lost and what was doubled.

Each part causes faults of one kind and prints what must hold, with the number it has in docs/security.md. The same --seed
deals the same faults; --scale multiplies them. The parts say themselves what they do:

  kept       1      reports come in while web, worker and database are killed (tests/faults/reporters.py)
  takedowns  2-5    requests leave while everything breaks (tests/faults/takedowns.py)
  broker     6      the broker is away, and comes back empty (tests/faults/broker.py)
  silence    7      a platform, then the broker, stands still (tests/faults/silence.py)
  clocks     8      beats an hour fast and slow (tests/faults/clocks.py)
  poison     9      rows that kill their worker (tests/faults/poison.py)
  death      10     a worker that nobody starts again (tests/faults/death.py)
  crowd      11     two hundred people at once for ten minutes (tests/faults/reporters.py)
  flood      12     bots by the thousand (tests/faults/flood.py)
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from helpline.embedded.processes import ROOT, Child
from tests.bench.house import House, say
from tests.faults import broker, clocks, death, poison, reporters, silence, takedowns
from tests.faults import flood as floods
from tests.faults.scene import scene
from tests.faults.verdict import Story, table

Part = Callable[..., Story]


@contextmanager
def beside_a_worker(house: House, name: str, seed: int) -> Iterator[tuple[str, dict[str, str], Child]]:
    """A database of its own, the environment of processes that use it, and a worker that sorts its queue."""
    with scene(house, name, seed=seed, workers=1) as stage:
        environment = house.environment(stage.database, HELPLINE_SWEEP_SECONDS="1", HELPLINE_RECHECK="0")
        yield stage.database, environment, stage.workers[0]


def flood(house: House, *, scale: float, seed: int) -> Story:
    """The same for the flood."""
    with beside_a_worker(house, "flood", seed) as (database, environment, _worker):
        return floods.flood(house, environment, database=database, scale=scale, seed=seed)


def crowd(house: House, *, scale: float, seed: int) -> Story:
    """The same for many people at once."""
    with beside_a_worker(house, "crowd", seed) as (database, environment, _worker):
        return reporters.crowd(house, environment, database=database, scale=scale)


def kept(house: House, *, scale: float, seed: int) -> Story:
    """The same for reports that come in while everything is killed."""
    with beside_a_worker(house, "kept", seed) as (database, environment, worker):
        return reporters.kept(house, environment, worker, database=database, scale=scale, seed=seed)


PARTS: dict[str, Part] = {
    "kept": kept,
    "takedowns": takedowns.part,
    "broker": broker.part,
    "silence": silence.part,
    "clocks": clocks.part,
    "poison": poison.part,
    "death": death.part,
    "crowd": crowd,
    "flood": flood,
}
# What is called a flood and a crowd has its size by name: --scale 10 makes neither ten times as large.
OWN_SIZE = frozenset({"flood", "crowd", "kept"})


def main() -> int:
    """0 when every invariant held."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--var", type=Path, default=ROOT / "var", help="where fault.json goes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--scale",
        type=float,
        default=1.0,
        help="1: 1,000 requests and 30 faults, 25 minutes in all; 10: what a release is asked for, an hour",
    )
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part called {', '.join(sorted(unknown))}")
    stories: dict[str, Story] = {}
    took: dict[str, float] = {}
    with House() as house:
        for name in options.parts or PARTS:
            began = time.monotonic()
            scale = min(1.0, options.scale) if name in OWN_SIZE else options.scale
            stories[name] = partial(PARTS[name], house, scale=scale, seed=options.seed)()
            took[name] = time.monotonic() - began
            say(f"{name}: {stories[name].words}")
    held = [one for story in stories.values() for one in story.held]
    options.var.mkdir(parents=True, exist_ok=True, mode=0o700)
    report = {
        "seed": options.seed,
        "scale": options.scale,
        "seconds": {name: round(seconds) for name, seconds in took.items()},
        "caused": {name: story.words for name, story in stories.items()},
        "invariants": {one.name: one.as_json() for one in held},
    }
    (options.var / "fault.json").write_text(json.dumps(report, indent=2) + "\n")
    print()
    for name, story in stories.items():
        print(f"{name} ({took[name]:.0f} s): {story.words}")
    print(f"\n{table(held)}")
    return 0 if all(one.ok for one in held) else 1


if __name__ == "__main__":
    sys.exit(main())
