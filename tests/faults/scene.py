"""The scene: workers, beats and a web server in real processes on one database, and what can be done to them."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg2
import redis

from helpline.embedded import addresses
from helpline.embedded.processes import ROOT, Child, Program, start_and_wait
from tests.bench.house import Broken, House, say

LEASE = 6.0  # seconds
HELD = 86_400.0  # seconds
START = 180.0  # seconds until workers and beats do their work, on a busy machine


@dataclass
class Scene:
    """What can be broken, and how often it was."""

    house: House
    database: str
    dice: random.Random
    workers: list[Child] = field(default_factory=list)
    beats: list[Child] = field(default_factory=list)
    web: Child | None = None
    port: int = 0  # where the web listens
    caused: Counter[str] = field(default_factory=Counter)

    # --- faults ---------------------------------------------------------------------------------------

    def kill_worker(self) -> None:
        """kill -9 of a worker and its children; it is started again at once."""
        kill(self.dice.choice(self.workers))

    def kill_beat(self) -> None:
        """kill -9 of a beat."""
        kill(self.dice.choice(self.beats))

    def kill_web(self) -> None:
        """kill -9 of the web server and its children."""
        if self.web is not None:
            kill(self.web)

    def stall_worker(self) -> None:
        """A worker is stopped for longer than its lease and then goes on as if nothing had been."""
        with stopped(self.dice.choice(self.workers)):
            time.sleep(LEASE + 2)

    def kill_broker(self) -> None:
        """kill -9 of the broker: what was queued there is gone."""
        kill(self.house.children["broker"])

    def empty_broker(self) -> None:
        """The broker forgets everything."""
        redis.Redis.from_url(addresses.cache_url(self.house.var)).flushall()

    def kill_database(self) -> None:
        """kill -9 of the database server; it recovers from its log."""
        kill(self.house.children["postgres"])

    def break_something(self, fault: str) -> None:
        """One fault, by its name above."""
        getattr(self, fault)()
        self.caused[fault] += 1

    # --- looking --------------------------------------------------------------------------------------

    def ask(self, statement: str, values: Any = None) -> list[tuple[Any, ...]]:
        """Rows of the run's database; a server that is just recovering is asked again."""
        at = addresses.database(self.house.var)
        for _ in range(150):
            try:
                line = psycopg2.connect(
                    host=at["HOST"], port=at["PORT"], user=at["USER"], dbname=self.database
                )
            except psycopg2.OperationalError:
                time.sleep(0.2)
                continue
            try:
                with line, line.cursor() as cursor:
                    cursor.execute(statement, values)
                    return list(cursor.fetchall()) if cursor.description else []
            finally:
                line.close()
        raise Broken("the database does not come back")

    def count(self, statement: str, values: Any = None) -> int:
        """The one number that this statement answers."""
        return int(self.ask(statement, values)[0][0] or 0)

    def under_way(self) -> int:
        """Notices that still want something done."""
        return self.count(
            "SELECT count(*) FROM takedowns_notice "
            "WHERE due_at IS NOT NULL OR lease_until IS NOT NULL OR ask_at IS NOT NULL"
        )

    def peace(self, *, patience: float) -> None:
        """Wait until nothing is under way, or for so many seconds."""
        until = time.monotonic() + patience
        while self.under_way() and time.monotonic() < until:
            time.sleep(1)

    def prepare(self, count: int, address: str, slug: str) -> None:
        """So many requests to this platform, held back: not due before they are let go."""
        self.house.inside("notices", count, address, slug, HELD, database=self.database)

    def prepare_all(
        self, asked: Sequence[tuple[int, str, str]], *, lead_inside: int = 0, of: Collection[str] = ()
    ) -> None:
        """The same for several at once; so many links of these platforms lead to this machine and its network."""
        words = [HELD, lead_inside, ",".join(of), *(word for one in asked for word in one)]
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults.asked", *map(str, words)],
            cwd=ROOT,
            env=self.house.environment(self.database),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Broken(f"requests could not be prepared:\n{done.stdout}{done.stderr}")

    def let_go(self, count: int) -> None:
        """So many of what was held back are due now."""
        self.ask(
            "UPDATE takedowns_notice SET due_at = now() WHERE id IN (SELECT id FROM takedowns_notice "
            "WHERE due_at > now() + interval '1 hour' ORDER BY id LIMIT %s)",
            [count],
        )

    def let_work(self, *, patience: float) -> bool:
        """Wait until some more was sent, or for so many seconds. Whether it was."""
        ended = "SELECT count(*) FROM takedowns_attempt WHERE result <> ''"
        before, until = self.count(ended), time.monotonic() + patience
        while self.count(ended) == before:
            if time.monotonic() > until:
                return False
            time.sleep(0.2)
        return True

    def spread_due(self, seconds: float, *, slug: str = "%", after: float = 0.0) -> None:
        """What was held back comes due little by little over the next seconds."""
        self.ask(
            "UPDATE takedowns_notice AS notice SET due_at = now() + make_interval(secs => %s + random() * %s) "
            "FROM platforms_channel AS channel WHERE channel.id = channel_id AND due_at IS NOT NULL "
            "AND channel.slug LIKE %s",
            [after, seconds, slug],
        )


@contextmanager
def scene(
    house: House,
    name: str,
    *,
    seed: int,
    workers: int = 2,
    beats: int = 1,
    web: bool = False,
    application: str = "helpline",
    beat_application: str = "helpline",
    around_beats: tuple[Mapping[str, str], ...] = (),
    **changes: str,
) -> Iterator[Scene]:
    """A scene on a database of its own. `around_beats`: more of each beat's environment. All its processes end with it."""
    database = house.database(name)
    environment = house.environment(
        database,
        **(
            {
                "HELPLINE_SWEEP_SECONDS": "1",
                "HELPLINE_LEASE_SECONDS": str(LEASE),
                "HELPLINE_SENDERS": "2",  # who is stopped in the middle of sending must not hold up the other
                "HELPLINE_SENDS_IN_FLIGHT": "40",
                "HELPLINE_RECHECK": "0",
            }
            | changes
        ),
    )
    found = Scene(house, database, random.Random(seed))
    with ExitStack() as ending:
        if web:
            found.port = ending.enter_context(house.web("helpline.wsgi", environment))
            environment["HELPLINE_PUBLIC_URL"] = f"http://127.0.0.1:{found.port}"  # where platforms call back
            found.web = [child for key, child in house.children.items() if key.startswith("web")][-1]
        for number in range(workers):
            found.workers.append(worker(house, f"{name}-worker{number}", environment, application))
            ending.callback(found.workers[-1].stop)
        for number in range(beats):
            more = around_beats[number] if number < len(around_beats) else {}
            found.beats.append(beat(house, f"{name}-beat{number}", environment | more, beat_application))
            ending.callback(found.beats[-1].stop)
        if workers and beats:  # what is broken before it works proves nothing
            alive = "SELECT count(*) FROM health_heartbeat WHERE name = 'worker'"
            wait_for(lambda: found.count(alive), patience=START, what="the first heartbeat")
        yield found


def worker(house: House, name: str, environment: Mapping[str, str], application: str = "helpline") -> Child:
    """A Celery worker with two processes."""
    command = [sys.executable, "-m", "celery", "-A", application, "worker", "--concurrency", "2"]
    command += ["--loglevel", "ERROR", "--without-gossip", "--without-mingle", "-n", f"{name}@helpline"]
    child = Child(Program(name=name, command=command, environment=environment), house.var)
    start_and_wait(child)
    return child


def beat(house: House, name: str, environment: Mapping[str, str], application: str = "helpline") -> Child:
    """A beat with a schedule of its own."""
    command = [sys.executable, "-m", "celery", "-A", application, "beat", "--loglevel", "ERROR", "--pidfile="]
    command += ["--schedule", str(house.var / "run" / name)]
    child = Child(Program(name=name, command=command, environment=environment), house.var)
    start_and_wait(child)
    return child


def group(child: Child) -> int:
    """Its process group; it is started if it is not there."""
    if not child.running() or child.process is None:
        start_and_wait(child)
    if child.process is None:
        raise Broken(f"{child.name} is not running")
    return child.process.pid


def kill(child: Child, *, again: bool = True) -> None:
    """kill -9 of it and all it started; it is started again unless it is to stay dead."""
    os.killpg(group(child), signal.SIGKILL)
    while child.running():
        time.sleep(0.05)
    if again:
        start_and_wait(child)


@contextmanager
def stopped(child: Child) -> Iterator[None]:
    """Everything it is stands still for a while."""
    pid = group(child)
    os.killpg(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(pid, signal.SIGCONT)


def wait_for(met: Any, *, patience: float, what: str) -> float:
    """Ask until the answer is true; the seconds that took, or Broken after so many."""
    began = time.monotonic()
    while not met():
        if time.monotonic() - began > patience:
            raise Broken(f"{what} did not happen within {patience:.0f} s")
        time.sleep(0.2)
    return time.monotonic() - began


__all__ = ["LEASE", "Scene", "beat", "kill", "say", "scene", "stopped", "wait_for", "worker"]
