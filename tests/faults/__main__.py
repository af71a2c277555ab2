"""`python -m tests.faults`: kill, stop, cut off and flood; then count what was lost and what was doubled.

Each part causes faults of one kind and prints what must hold, with the number it has in docs/security.md. The same --seed
deals the same faults; --scale multiplies them. What held is in fault.json after each part: a run that is broken off keeps
what it has, and a part that is run alone replaces its own lines only. The parts say themselves what they do:

  kept       1      reports come in while web, worker and database are killed (tests/faults/reporters.py)
  takedowns  2-5,19 requests leave and links are looked at while everything breaks (tests/faults/takedowns.py)
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
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from helpline.embedded.processes import ROOT, CannotStart, Child
from tests.bench.house import Broken, House, say
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


class Book:
    """fault.json: each part with what was done and what held, as it ended last."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)

    def write(
        self, name: str, story: Story | None, *, words: str, seed: int, scale: float, seconds: float
    ) -> None:
        """One part, in place of what stood there of it. `story` is None for one that did not come to its end."""
        parts = self._read() | {
            name: {
                "at": datetime.now(UTC).isoformat(timespec="seconds"),
                "seed": seed,
                "scale": scale,
                "seconds": round(seconds),
                "caused": words,
                "ok": story is not None and all(one.ok for one in story.held),
                "invariants": {one.name: one.as_json() for one in (story.held if story else ())},
            }
        }
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps({"parts": parts}, indent=2) + "\n")
        new.replace(self._path)

    def _read(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self._path.read_text())["parts"])
        except (FileNotFoundError, ValueError, KeyError):
            return {}


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
        help="1: 1,000 requests and 30 faults, half an hour in all; 10: what a release is asked for, an hour and a quarter",
    )
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part called {', '.join(sorted(unknown))}")
    names = options.parts or list(PARTS)
    book = Book(options.var / "fault.json")
    story: Story | None
    ended: dict[str, Story | None] = {}
    with House() as house:
        for number, name in enumerate(names, start=1):
            say(f"{name}: part {number} of {len(names)}")
            began, story = time.monotonic(), None
            scale = min(1.0, options.scale) if name in OWN_SIZE else options.scale
            try:
                story = PARTS[name](house, scale=scale, seed=options.seed)
            except (Broken, CannotStart) as error:  # the other parts have something to say all the same
                words = f"did not come to its end: {error}"
            else:
                words = story.words
            seconds = time.monotonic() - began
            ended[name] = story
            book.write(name, story, words=words, seed=options.seed, scale=scale, seconds=seconds)
            print(f"\n{name} ({seconds:.0f} s): {words}\n{table(story.held if story else ())}\n", flush=True)
    held = [one for story in ended.values() if story for one in story.held]
    if len(ended) > 1:
        print(f"All of them:\n{table(held)}")
    for name in (name for name, story in ended.items() if story is None):
        print(f"  {name} did not come to its end")
    return 0 if all(ended.values()) and all(one.ok for one in held) else 1


if __name__ == "__main__":
    sys.exit(main())
