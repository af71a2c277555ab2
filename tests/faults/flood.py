"""A flood of bots, from one address and from everywhere; meanwhile some people have something to tell.

Two processes of the public face take what comes, behind one proxy that says where it comes from. The bots send whole
reports to the API and first answers to the forms, without pause, at least a hundred for each person, and none does
any work. The people go through the forms page by page; some share the bots' address, and some write by a program
from there, with the riddle solved. Each must have a code, and stand in the queue, within a minute.
"""

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from urllib.parse import urlencode

from tests.bench import load
from tests.bench.house import House, say
from tests.faults.verdict import Story, none_of
from tests.riddles import solve
from tests.walker import ANSWERS, Person, forms_of

PEOPLE, PROGRAMS, BOTS_EACH = 20, 5, 100
BOTS_AT_ONCE = 32
WITHIN = 60.0
BOTS_ADDRESS = "8.8.8.8"
SURELY_OVER = 30
REPORT = {
    "language": "en",
    "who": "self",
    "age_range": "13-14",
    "kind": "deepnude",
    "story": "the same again " * 30,
    "links": [{"url": "https://chatter.example/p/1"}],
}


class Bots:
    """Requests without end, until they are told to stop; what they were answered is counted."""

    def __init__(self, port: int, dice: random.Random) -> None:
        self.dice = dice
        self.stopped = threading.Event()
        self.answers: Counter[int] = Counter()
        self.held: Counter[str] = Counter()  # by door: over the limit there
        self.sent = 0
        self._doors: list[str] = []
        visitor = Person(port, address=BOTS_ADDRESS)
        form = forms_of(visitor.go("/report/"))[0]
        self._form = urlencode(form.filled(ANSWERS)).encode(), form.action
        self._cookie = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())

    def __iter__(self) -> Iterator[bytes]:
        while not self.stopped.is_set():
            self.sent += 1
            yield self._one()

    def _one(self) -> bytes:
        address = BOTS_ADDRESS
        if self.dice.random() < 0.5:  # from everywhere
            address = (
                f"{self.dice.choice((9, 17, 44))}.{'.'.join(str(self.dice.randrange(256)) for _ in range(3))}"
            )
        door = "forms" if self.dice.random() < (0.2 if address != BOTS_ADDRESS else 0.6) else "calls"
        self._doors.append(door)
        if door == "forms":
            body, action = self._form
            return load.request(
                "POST",
                action,
                body=body,
                cookie=self._cookie,
                content_type="application/x-www-form-urlencoded",
                x_forwarded_for=address,
                sec_fetch_site="same-origin",
            )
        return load.request(
            "POST",
            "/api/v1/reports/",
            body=json.dumps(REPORT).encode(),
            content_type="application/json",
            x_forwarded_for=address,
        )

    def answered(self, number: int, status: int, body: bytes) -> None:
        """Told by the load client."""
        self.answers[status] += 1
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            self.held[self._doors[number]] += 1

    @property
    def are_over_their_limit(self) -> bool:
        """At both doors, in both processes, nearly for certain."""
        return min(self.held["forms"], self.held["calls"]) >= SURELY_OVER


class Told:
    """What came of one person's report."""

    def __init__(self, code: str, seconds: float, statuses: list[int], held: int) -> None:
        self.code, self.seconds, self.statuses, self.held = code, seconds, statuses, held


def _by_forms(port: int, address: str, delay: float) -> Told:
    time.sleep(delay)
    began = time.monotonic()
    person = Person(port, address=address)
    try:
        code = person.tell()
    except (AssertionError, OSError, http.client.HTTPException) as error:
        say(f"somebody was lost: {error}")
        code = ""
    return Told(code, time.monotonic() - began, person.statuses, person.held)


def _by_program(port: int, delay: float) -> Told:
    time.sleep(delay)
    began, statuses = time.monotonic(), []
    headers = {"Content-Type": "application/json", "X-Forwarded-For": BOTS_ADDRESS}
    for _try in range(10):
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=WITHIN)
        line.request("POST", "/api/v1/reports/", json.dumps(REPORT), headers)
        answer = line.getresponse()
        body = json.loads(answer.read() or b"{}")
        line.close()
        statuses.append(answer.status)
        if answer.status == 201:
            return Told(body["receipt_code"], time.monotonic() - began, statuses, len(statuses) - 1)
        riddle = body.get("proof_of_work")
        if riddle:
            headers[riddle["header"]] = solve(riddle["challenge"], riddle["bits"])
    return Told("", time.monotonic() - began, statuses, len(statuses))


def flood(house: House, environment: dict[str, str], *, database: str, scale: float, seed: int) -> Story:
    """What came, and what held.

    A worker must be sorting the queue meanwhile.
    """
    people, programs = max(4, round(PEOPLE * scale)), max(2, round(PROGRAMS * scale))
    public = environment | {"HELPLINE_FACE": "public", "HELPLINE_TRUSTED_PROXIES": "1"}
    with house.web("helpline.wsgi", public) as port, ThreadPoolExecutor(people + programs + 1) as hands:
        bots = Bots(port, random.Random(seed))
        say(f"flood: the bots begin; {people} people and {programs} programs have something to tell")
        running = hands.submit(load.run, port, iter(bots), clients=BOTS_AT_ONCE, answered=bots.answered)
        until = time.monotonic() + WITHIN
        while not bots.are_over_their_limit and time.monotonic() < until:
            time.sleep(0.1)
        went = [
            hands.submit(
                _by_forms, port, BOTS_ADDRESS if number % 5 < 2 else f"17.5.{number}.9", number * 0.5
            )
            for number in range(people)
        ]
        went += [hands.submit(_by_program, port, number * 2.0) for number in range(programs)]
        told = [one.result() for one in went]
        codes, finished = [one.code for one in told if one.code], time.monotonic()
        while bots.sent < BOTS_EACH * people:
            time.sleep(0.2)
        found = house.inside("in_queue", *codes, database=database)
        while found["queued"] < len(codes) and time.monotonic() < finished + WITHIN:
            time.sleep(1)
            found = house.inside("in_queue", *codes, database=database)
        waited = time.monotonic() - finished
        bots.stopped.set()
        done = running.result()
    slowest = max((one.seconds for one in told), default=0.0)
    statuses = Counter(status for one in told for status in one.statuses) + bots.answers
    held = sum(one.held for one in told)
    words = (
        f"{bots.sent} requests of bots, answered {dict(bots.answers)}; {people} people and {programs} programs, the "
        f"slowest after {slowest:.0f} s, {held} times one was held; all in the queue {waited:.0f} s after the last"
    )
    values = {
        "people without a code": people + programs - len(codes),
        "codes without a report": len(codes) - found["stored"],
        "not in the queue in time": len(codes) - found["queued"],
        "slower than a minute": sum(one.seconds > WITHIN for one in told),
        "our own faults (5xx)": sum(n for status, n in statuses.items() if status >= 500),
        "nobody answered": done.failures,
        "bots let in over the limit": int(not bots.are_over_their_limit),
        "nobody had to do any work": int(not held),
    }
    return Story(words, none_of(12, {f"{name} (flood)": value for name, value in values.items()}))
