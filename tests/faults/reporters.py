"""People who tell, for a long time and all at once; and people who tell while everything around them is killed.

**crowd**: so many at once open the first page, send a report and look what became of it, at a steady rate of reports a
second; a few go through the forms page by page meanwhile. No fault of ours, and nothing that lets them wait.

**kept**: reports come in while web workers, the worker and the database are killed with -9. Whoever was given a code finds
the report behind it; whoever got an error may have to send again, and nobody is told something that is not so.
"""

import http.client
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from helpline.embedded.processes import Child, start_and_wait
from tests.bench.figures import percentile
from tests.bench.house import House, say
from tests.faults.verdict import Invariant, Story, none_of
from tests.walker import Person

REPORTERS, A_SECOND, LASTS = 200, 20.0, 600.0
BY_FORMS = 20  # one in so many, because a person who reads pages in Python costs more than the pages
REPORT = {
    "who": "self",
    "age_range": "13-14",
    "kind": "deepnude",
    "story": "told again " * 40,
    "links": [{"url": "https://chatter.example/p/1"}],
}
SLOW = 0.8  # seconds that 95 of 100 pages take at most
REPORTS, WRITERS, KILLS = 5000, 8, 40


# --- many at once -------------------------------------------------------------------------------------


class _Timed(Person):
    """Notes how long each page took."""

    times: list[float]

    def tell_at_once(self) -> str:
        """The first page, a whole report, and what became of it, as an app would do it. Answers the code."""
        self.go("/")
        code = str(self._call("POST", "/api/v1/reports/", json.dumps(REPORT))["receipt_code"])
        self._call("GET", "/api/v1/follow/", code=code)
        return code

    def _call(self, method: str, path: str, body: str | None = None, *, code: str = "") -> Any:
        began = time.perf_counter()
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            line.request(method, path, body, {"Content-Type": "application/json", "Receipt-Code": code})
            answer = line.getresponse()
            said = answer.read()
        finally:
            line.close()
            self.times.append(time.perf_counter() - began)
        self.statuses.append(answer.status)
        if answer.status >= 400:
            raise AssertionError(f"{path} answered {answer.status}")
        return json.loads(said)

    def _once(self, path: str, data: list[tuple[str, str]] | None) -> str | None:
        began = time.perf_counter()
        try:
            return super()._once(path, data)
        finally:
            self.times.append(time.perf_counter() - began)


def crowd(house: House, environment: dict[str, str], *, database: str, scale: float) -> Story:
    """What came, and what held."""
    public = environment | {"HELPLINE_FACE": "public"}
    until = time.monotonic() + max(20.0, LASTS * scale)
    codes: list[str] = []
    times: list[float] = []
    statuses: Counter[int] = Counter()
    lost: list[str] = []

    def report_again_and_again(port: int, number: int) -> None:
        # Each begins at another moment of the interval, and keeps to it: a steady stream.
        due = time.monotonic() + number / A_SECOND
        while due < until:
            time.sleep(max(0.0, due - time.monotonic()))
            due += REPORTERS / A_SECOND
            person = _Timed(port)
            person.times = []
            try:
                codes.append(person.tell() if number % BY_FORMS == 0 else person.tell_at_once())
            except (AssertionError, OSError, http.client.HTTPException) as error:
                lost.append(str(error)[:200])
            times.extend(person.times)
            statuses.update(person.statuses)

    with house.web("helpline.wsgi", public) as port, ThreadPoolExecutor(REPORTERS) as hands:
        say(f"crowd: {REPORTERS} people, {A_SECOND:.0f} reports a second")
        began = time.monotonic()
        for done in [hands.submit(report_again_and_again, port, number) for number in range(REPORTERS)]:
            done.result()
        seconds = time.monotonic() - began
    found = house.inside("in_queue", *codes, database=database)
    p95 = percentile(times, 0.95)
    words = (
        f"{len(codes)} reports in {seconds:.0f} s ({len(codes) / seconds:.1f} a second), {len(times)} pages, "
        f"p95 {p95 * 1000:.0f} ms" + (f"; the first lost: {lost[0]}" if lost else "")
    )
    return Story(
        words,
        [
            *none_of(
                11,
                {
                    "our own faults, 5xx (crowd)": sum(n for code, n in statuses.items() if code >= 500),
                    "people without a code (crowd)": len(lost),
                    "codes without a report (crowd)": len(codes) - found["stored"],
                },
            ),
            Invariant(11, "p95 of a page, ms", round(p95 * 1000), SLOW * 1000, is_timed=True),
        ],
    )


# --- while everything is killed -------------------------------------------------------------------------


def kept(
    house: House, environment: dict[str, str], worker: Child, *, database: str, scale: float, seed: int
) -> Story:
    """What was killed, and what held. `worker` sorts the queue meanwhile, and is killed, too."""
    wanted, kills = max(200, round(REPORTS * scale)), max(6, round(KILLS * scale))
    dice, stopped = random.Random(seed), threading.Event()
    codes: list[str] = []
    errors: Counter[str] = Counter()

    def write(port: int) -> None:
        while not stopped.is_set():
            body = json.dumps(
                {"who": "self", "age_range": "13-14", "kind": "deepnude", "story": f"told {time.time_ns()}"}
            )
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            try:
                line.request("POST", "/api/v1/reports/", body, {"Content-Type": "application/json"})
                answer = line.getresponse()
                told = json.loads(answer.read()) if answer.status == 201 else {}
            except (OSError, http.client.HTTPException, ValueError) as error:
                errors[type(error).__name__] += 1
                time.sleep(0.05)
            else:
                if answer.status == 201:
                    codes.append(told["receipt_code"])
                else:
                    errors[str(answer.status)] += 1
                    time.sleep(0.05)
            finally:
                line.close()

    killed: Counter[str] = Counter()
    with house.web("helpline.wsgi", environment) as port, ThreadPoolExecutor(WRITERS) as hands:
        web = next(child for name, child in reversed(house.children.items()) if name.startswith("web"))
        writers = [hands.submit(write, port) for _ in range(WRITERS)]
        say(f"kept: {wanted} reports, {kills} kills")
        for number in range(1, kills + 1):
            while len(codes) < wanted * number / (kills + 1):
                time.sleep(0.02)
            what = dice.choices(("web worker", "web", "worker", "database"), weights=(12, 2, 3, 3))[0]
            killed[what] += 1
            if what == "web worker":
                for pid in dice.sample(children := _children(web), min(1, len(children))):
                    _kill_one(pid)
            else:
                _kill_group({"web": web, "worker": worker, "database": house.children["postgres"]}[what])
        while len(codes) < wanted:
            time.sleep(0.02)
        stopped.set()
        for done in writers:
            done.result()
    found = house.inside("in_queue", *codes, database=database)
    until = time.monotonic() + 60
    while found["queued"] < len(codes) and time.monotonic() < until:
        time.sleep(1)
        found = house.inside("in_queue", *codes, database=database)
    words = f"{len(codes)} reports with a code, killed {dict(killed)}, errors meanwhile {dict(errors)}"
    return Story(
        words,
        none_of(
            1,
            {
                "codes without a report": len(codes) - found["stored"],
                "codes given twice": len(codes) - len(set(codes)),
                "not in the queue in time": len(codes) - found["queued"],
            },
        ),
    )


def _children(child: Child) -> list[int]:
    """The processes that this one started: gunicorn's workers."""
    pid = child.process.pid if child.process else 0
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(one) for one in listed.split()]


def _kill_one(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _kill_group(child: Child) -> None:
    if child.process is not None and child.running():
        os.killpg(child.process.pid, signal.SIGKILL)
    while child.running():
        time.sleep(0.05)
    start_and_wait(child)
