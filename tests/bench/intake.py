"""`intake_submit`: a whole report through the public face, beside a plain form that inserts one row."""

import json
import random
from collections.abc import Iterator
from urllib.parse import urlencode

from tests.bench import load
from tests.bench.figures import Figure, median, percentile
from tests.bench.house import Broken, House, say

CLIENTS = (8, 32)
ROUNDS = 5
SECONDS = 2.0
WARM_UP = 1.0
SAMPLE = 200
# So many people write at once. Each address stays below the limit of settings.INTAKE_PER_MINUTE, so the gate counts
# every one of them and turns nobody away. They stand in a header only; nothing is sent there.
ADDRESSES = 16_384
STORY = (
    "Somebody made a picture of me that is not real and sends it round at school, and I don't know what to do. "
    * 5
)[:500]


def bench(house: House) -> list[Figure]:
    """Reports a second and the 95th percentile of their time, at 8 and at 32 clients."""
    database = house.database("bench_intake")
    house.inside("intake_rows", database=database, DJANGO_SETTINGS_MODULE="tests.bench.bare.settings")
    # As deployed: the public face alone, behind one proxy that says where people come from.
    public = house.environment(database, HELPLINE_FACE="public", HELPLINE_TRUSTED_PROXIES="1")
    ours, bare = Reports(), _bare()
    rates: dict[tuple[str, int], list[float]] = {}
    times: dict[tuple[str, int], list[float]] = {}
    with (
        house.web("helpline.wsgi", public) as our_port,
        house.web("tests.bench.bare.wsgi", house.environment(database)) as bare_port,
    ):
        say("intake_submit: warming up")
        ours.meet(load.run(our_port, ours, clients=8, seconds=WARM_UP, answered=ours.answered))
        load.run(bare_port, bare, clients=8, seconds=WARM_UP)
        for number in range(ROUNDS):
            say(f"intake_submit: round {number + 1} of {ROUNDS}")
            for clients in CLIENTS:
                plain = load.run(bare_port, bare, clients=clients, seconds=SECONDS)
                if set(plain.statuses) != {201} or plain.failures:
                    raise Broken(f"the bare form answered {sorted(set(plain.statuses))}")
                whole = load.run(our_port, ours, clients=clients, seconds=SECONDS, answered=ours.answered)
                ours.meet(whole)
                for name, one in (("bare", plain), ("ours", whole)):
                    rates.setdefault((name, clients), []).append(one.rate)
                    times.setdefault((name, clients), []).append(percentile(one.latencies, 0.95) * 1000)
        say("intake_submit: opening receipts and counting rows")
        opened = ours.open_sample(our_port)
    lost, doubled = ours.compare(house.inside("count_reports", database=database))
    figures = []
    for clients in CLIENTS:
        name = "intake_submit" if clients == CLIENTS[0] else f"intake_submit.{clients}"
        rate, limit = (median(rates[who, clients]) for who in ("ours", "bare"))
        figures.append(Figure(name, rate, "reports/s", limit, at_least=0.8))
        time, limit = (median(times[who, clients]) for who in ("ours", "bare"))
        figures.append(Figure(f"{name}.p95", time, "ms", limit, at_most=1.25))
    kept = len(ours.codes)
    return [
        *figures,
        Figure("intake_submit.kept", kept - lost, "reports", kept, at_least=1),
        Figure("intake_submit.once", kept - doubled, "reports", kept, at_least=1),
        Figure("intake_submit.opened", opened, "receipts", min(SAMPLE, kept), at_least=1),
    ]


class Reports:
    """The requests of the program, each with links of its own, and what became of them."""

    def __init__(self) -> None:
        self._random = random.Random(1)
        self._sent = 0
        self.codes: dict[str, str] = {}  # receipt code -> the link that was sent with it
        self._links: list[str] = []
        self._first = 0
        self.refused = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        number, self._sent = self._sent, self._sent + 1
        link = f"https://chatter.example/p/{number}"
        self._links.append(link)
        report = {
            "channel": "web",
            "language": "fr",
            "who": "self",
            "age_range": "13-14",
            "kind": "deepnude",
            "circumstances": ["blackmail"],
            "story": STORY,
            "school": "a school",
            "links": [
                {"url": link, "seen_at": "2026-03-02T12:00:00Z", "reported_before": True},
                {"url": f"https://pixboard.example/i/{number}?lang=fr", "account": f"someone{number}"},
            ],
            "fingerprints": [
                {"algorithm": "pdq", "value": f"{self._random.getrandbits(256):064x}", "quality": 90}
            ],
            "safe_contact": {"via": "none"},
        }
        place = number % ADDRESSES
        return load.request(
            "POST",
            "/api/v1/reports/",
            body=json.dumps(report).encode(),
            content_type="application/json",
            x_forwarded_for=f"9.9.{place >> 8}.{place & 255}",
        )

    def answered(self, number: int, status: int, body: bytes) -> None:
        if status == 201:
            self.codes[json.loads(body)["receipt_code"]] = self._links[self._first + number]
        else:
            self.refused += 1

    def meet(self, done: load.Load) -> None:
        """End a run: the next one counts its requests anew. Raises Broken when one was turned away."""
        self._first = self._sent
        if done.failures or set(done.statuses) != {201}:
            raise Broken(f"the intake answered {sorted(set(done.statuses))}, {done.failures} not at all")

    def open_sample(self, port: int) -> int:
        """How many of a sample of receipts open and show the link they were given for."""
        sample = self._random.sample(sorted(self.codes), min(SAMPLE, len(self.codes)))
        right = 0

        def look(number: int, status: int, body: bytes) -> None:
            nonlocal right
            seen = json.loads(body) if status == 200 else {"links": []}
            found = [one["url"] for one in seen["links"]]
            right += len(found) == 2 and found[0] == self.codes[sample[number]]

        asked = (
            load.request("GET", "/api/v1/follow/", receipt_code=code, x_forwarded_for="9.9.9.9")
            for code in sample
        )
        load.run(port, asked, clients=4, answered=look)
        return right

    def compare(self, stored: dict[str, int]) -> tuple[int, int]:
        """(lost, doubled): receipts without a report, and reports beyond one a receipt."""
        wanted = len(self.codes)
        lost = max(0, wanted - stored["reports"], wanted - stored["different"] // 2)
        return lost, max(0, stored["reports"] - wanted, stored["links"] // 2 - wanted)


def _bare() -> Iterator[bytes]:
    number = 0
    while True:
        number += 1
        fields = {
            "language": "fr",
            "who": "self",
            "age_range": "13-14",
            "kind": "deepnude",
            "blackmail": "on",
            "story": STORY,
            "school": "a school",
            "first_url": f"https://chatter.example/p/{number}",
            "first_seen_at": "2026-03-02 12:00:00",
            "first_reported_before": "on",
            "second_url": f"https://pixboard.example/i/{number}?lang=fr",
            "second_account": f"someone{number}",
            "fingerprint": f"{number:064x}",
            "quality": "90",
            "contact_via": "none",
        }
        yield load.request(
            "POST",
            "/submit",
            body=urlencode(fields).encode(),
            content_type="application/x-www-form-urlencoded",
        )
