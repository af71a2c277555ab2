"""`python -m tests.faults`: kill, stop, cut off and flood; then count what was lost and what was doubled.

**flood** (`tests/faults/flood.py`): bots by the thousand while some people have something to tell.

**crowd** and **kept** (`tests/faults/reporters.py`): many people at once for ten minutes; reports that come in while web,
worker and database are killed.

**takedowns**: requests leave while things break.
Two workers send to a simulated platform that misbehaves. Meanwhile, at random (reproducible by --seed): a worker is killed
with all its children, a worker is stopped past its lease and goes on, the broker is killed or emptied, the database is
killed. Then everything is left in peace until nothing is under way, and the database is held against the platform's own
receipts. At --scale 1 it takes about three minutes; the figures asked of a release are those of --scale 10.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
import redis

from helpline.embedded import addresses
from helpline.embedded.processes import ROOT, Child, Program, start_and_wait
from tests.bench.house import Broken, House, say
from tests.faults import flood as floods
from tests.faults import reporters
from tests.platforms import receipts
from tests.platforms.simulator import RunningSimulator

SLUG = "chatter"
LEASE = 6.0  # seconds
PATIENCE = 300.0  # seconds in peace until everything must be settled
MOOD: dict[str, object] = {
    "latency": [0.05, 0.3],
    "answers": {
        "503": 0.05,
        "drop": 0.02,
        "500": 0.01,
        "accept_then_timeout": 0.01,
        "accept_then_drop": 0.02,
    },
    "retry_after": 1,
    "callbacks": False,
    "outcomes": {"never": 1.0},
}


@dataclass
class Scene:
    """What can be broken, and how often it was."""

    house: House
    database: str
    workers: list[Child]
    dice: random.Random
    caused: dict[str, int] = field(default_factory=dict)

    def break_something(self) -> None:
        """One fault, drawn by weight."""
        faults = (
            self.kill_worker,
            self.stall_worker,
            self.kill_broker,
            self.empty_broker,
            self.kill_database,
        )
        fault = self.dice.choices(faults, weights=(20, 3, 2, 2, 2))[0]
        fault()
        self.caused[fault.__name__] = self.caused.get(fault.__name__, 0) + 1

    def kill_worker(self) -> None:
        """kill -9 of a worker and its children; it is started again at once."""
        self._kill(self.dice.choice(self.workers))

    def stall_worker(self) -> None:
        """A worker is stopped for longer than its lease and then goes on as if nothing had been."""
        group = self._group(self.dice.choice(self.workers))
        os.killpg(group, signal.SIGSTOP)
        time.sleep(LEASE + 2)
        os.killpg(group, signal.SIGCONT)

    def kill_broker(self) -> None:
        """kill -9 of the broker: what was queued there is gone."""
        self._kill(self.house.children["broker"])

    def empty_broker(self) -> None:
        """The broker forgets everything."""
        redis.Redis.from_url(addresses.cache_url(self.house.var)).flushall()

    def kill_database(self) -> None:
        """kill -9 of the database server; it recovers from its log."""
        self._kill(self.house.children["postgres"])

    def _group(self, child: Child) -> int:
        if not child.running() or child.process is None:
            start_and_wait(child)
        if child.process is None:
            raise Broken(f"{child.name} is not running")
        return child.process.pid

    def _kill(self, child: Child) -> None:
        os.killpg(self._group(child), signal.SIGKILL)
        while child.running():
            time.sleep(0.05)
        start_and_wait(child)

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of the run's database; a server that is just recovering is asked again."""
        at = addresses.database(self.house.var)
        for _ in range(100):
            try:
                line = psycopg2.connect(
                    host=at["HOST"], port=at["PORT"], user=at["USER"], dbname=self.database
                )
            except psycopg2.OperationalError:
                time.sleep(0.2)
                continue
            try:
                with line.cursor() as cursor:
                    cursor.execute(statement)
                    return list(cursor.fetchall())
            finally:
                line.close()
        raise Broken("the database does not come back")

    def under_way(self) -> int:
        """Notices that still want something done."""
        return int(
            self.ask(
                "SELECT count(*) FROM takedowns_notice "
                "WHERE due_at IS NOT NULL OR lease_until IS NOT NULL OR ask_at IS NOT NULL"
            )[0][0]
        )


def start_worker(house: House, number: int, environment: dict[str, str]) -> Child:
    """A Celery worker; the first one brings its own beat."""
    command = [sys.executable, "-m", "celery", "-A", "helpline", "worker", "--concurrency", "2"]
    command += [
        "--loglevel",
        "ERROR",
        "--without-gossip",
        "--without-mingle",
        "-n",
        f"worker{number}@helpline",
    ]
    command += ["--beat", "--schedule", str(house.var / "run" / "beat")] if number == 0 else []
    child = Child(Program(name=f"worker{number}", command=command, environment=environment), house.var)
    start_and_wait(child)
    return child


def verdict(scene: Scene, simulator: RunningSimulator, asked: int) -> dict[str, dict[str, Any]]:
    """Each invariant with its value, its limit and whether it held."""
    by_status = dict(scene.ask("SELECT status, count(*) FROM takedowns_takedown GROUP BY status"))
    sent = [
        str(row[0]) for row in scene.ask("SELECT notice_id FROM takedowns_takedown WHERE sent_at IS NOT NULL")
    ]
    accepted_twice = scene.ask(
        "SELECT count(*) FROM (SELECT 1 FROM takedowns_attempt WHERE result = 'accepted' "
        "GROUP BY notice_id HAVING count(*) > 1) AS twice"
    )
    open_attempts = scene.ask("SELECT count(*) FROM takedowns_attempt WHERE result = ''")
    found = {
        "requests lost": asked - sum(by_status.values()),
        "requests still under way": scene.under_way(),
        "not sent at the end": asked - len(sent) - by_status.get("failed", 0),
        "given up": by_status.get("failed", 0),
        "unknown and not settled": by_status.get("unknown", 0),
        "said sent, never delivered": len(receipts.never_delivered(simulator.receipts, sent)),
        "delivered more than once": len(receipts.delivered_more_than_once(simulator.receipts)),
        "two attempts both accepted": int(accepted_twice[0][0]),
        "attempts without a result": int(open_attempts[0][0]),
    }
    return {name: {"value": value, "limit": 0, "ok": value == 0} for name, value in found.items()}


Invariants = dict[str, dict[str, Any]]


def break_takedowns(house: House, options: argparse.Namespace) -> tuple[str, Invariants]:
    """What was done, in words, and what held."""
    requests, faults = int(1000 * options.scale), int(30 * options.scale)
    with ExitStack() as ending:
        folder = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="helpline-faults-")))
        database = house.database("faults")
        simulator = ending.enter_context(RunningSimulator(folder, seed=options.seed, config={SLUG: MOOD}))
        say(f"preparing {requests} requests")
        house.inside("notices", requests, simulator.base(SLUG), database=database)
        environment = house.environment(
            database,
            HELPLINE_SIMULATOR=simulator.address,
            HELPLINE_SWEEP_SECONDS="1",
            HELPLINE_LEASE_SECONDS=str(LEASE),
            HELPLINE_SENDS_IN_FLIGHT="40",  # so that there is always something on its way to be broken
            HELPLINE_RECHECK="0",
        )
        workers = [start_worker(house, number, environment) for number in range(2)]
        for child in workers:
            ending.callback(child.stop)
        scene = Scene(house, database, workers, random.Random(options.seed))
        for number in range(faults):
            time.sleep(scene.dice.uniform(0.5, 3.0))
            scene.break_something()
            if number % 10 == 9:
                say(f"{number + 1} faults; {scene.under_way()} requests under way")
        say(f"in peace now, after {scene.caused}")
        until = time.monotonic() + PATIENCE
        while scene.under_way() and time.monotonic() < until:
            time.sleep(1)
        return f"{requests} requests, {faults} faults: {scene.caused}", verdict(scene, simulator, requests)


@contextmanager
def beside_a_worker(house: House, name: str) -> Iterator[tuple[str, dict[str, str], Child]]:
    """A database of its own, the environment of processes that use it, and a worker that sorts its queue."""
    database = house.database(name)
    environment = house.environment(database, HELPLINE_SWEEP_SECONDS="1", HELPLINE_RECHECK="0")
    worker = start_worker(house, 0, environment)
    try:
        yield database, environment, worker
    finally:
        worker.stop()


def flood(house: House, options: argparse.Namespace) -> tuple[str, Invariants]:
    """The same for the flood."""
    with beside_a_worker(house, "flood") as (database, environment, _worker):
        return floods.flood(house, environment, database=database, scale=options.scale, seed=options.seed)


def crowd(house: House, options: argparse.Namespace) -> tuple[str, Invariants]:
    """The same for many people at once."""
    with beside_a_worker(house, "crowd") as (database, environment, _worker):
        return reporters.crowd(house, environment, database=database, scale=options.scale)


def kept(house: House, options: argparse.Namespace) -> tuple[str, Invariants]:
    """The same for reports that come in while everything is killed."""
    with beside_a_worker(house, "kept") as (database, environment, worker):
        return reporters.kept(
            house, environment, worker, database=database, scale=options.scale, seed=options.seed
        )


PARTS = {"flood": flood, "crowd": crowd, "kept": kept, "takedowns": break_takedowns}


def main() -> int:
    """0 when every invariant held."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--var", type=Path, default=ROOT / "var", help="where fault.json goes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--scale",
        type=float,
        default=1.0,
        help="1: 20 people in 2,000 bots; ten minutes of a crowd; 5,000 reports; 1,000 requests and 30 faults",
    )
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part called {', '.join(sorted(unknown))}")
    caused: dict[str, str] = {}
    found: Invariants = {}
    with House() as house:
        for name in options.parts or PARTS:
            caused[name], held = PARTS[name](house, options)
            found |= held
    options.var.mkdir(parents=True, exist_ok=True, mode=0o700)
    report = {"seed": options.seed, "scale": options.scale, "caused": caused, "invariants": found}
    (options.var / "fault.json").write_text(json.dumps(report, indent=2) + "\n")
    print()
    for name, words in caused.items():
        print(f"{name}: {words}")
    print()
    for name, row in found.items():
        print(f"  {name:<34}{row['value']:>8}   {'ok' if row['ok'] else 'BROKEN'}")
    return 0 if all(row["ok"] for row in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
