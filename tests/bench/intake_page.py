"""`intake_page`: a question of the interview with a draft behind it, beside the same page written by hand."""

from itertools import repeat

from tests.bench import load
from tests.bench.figures import Figure, median, percentile
from tests.bench.house import Broken, House, say
from tests.walker import Person

CLIENTS = 8
ROUNDS = 7
SECONDS = 1.5


def bench(house: House) -> list[Figure]:
    """Pages a second, the 95th percentile of their time, and the queries of one."""
    database = house.database("bench_page")
    house.inside("intake_rows", database=database, DJANGO_SETTINGS_MODULE="tests.bench.bare.settings")
    public = house.environment(database, HELPLINE_FACE="public", HELPLINE_TRUSTED_PROXIES="1")
    rates: dict[str, list[float]] = {"ours": [], "bare": []}
    times: dict[str, list[float]] = {"ours": [], "bare": []}
    with (
        house.web("helpline.wsgi", public) as our_port,
        house.web("tests.bench.bare.wsgi", house.environment(database)) as bare_port,
    ):
        person = Person(our_port, address="9.9.9.9")
        person.go("/report/")
        person.send()
        person.send()  # who, safe; the third page asks for the age
        place = person.place
        cookies = "; ".join(f"{name}={value}" for name, value in (person.cookies | {"lang": "en"}).items())
        asked = {
            "ours": (our_port, load.request("GET", place, cookie=cookies)),
            "bare": (bare_port, load.request("GET", "/question")),
        }
        say("intake_page: warming up")
        for name, (port, wanted) in asked.items():
            load.run(port, repeat(wanted), clients=CLIENTS, most=100, answered=_a_question(name))
        say("intake_page: reading")
        for _ in range(ROUNDS):
            for name, (port, wanted) in asked.items():
                done = load.run(
                    port, repeat(wanted), clients=CLIENTS, seconds=SECONDS, answered=_a_question(name)
                )
                rates[name].append(done.rate)
                times[name].append(percentile(done.latencies, 0.95) * 1000)
    queries = house.inside("queries", f"note={person.cookies['note']}", place, database=database)
    return [
        Figure("intake_page", median(rates["ours"]), "pages/s", median(rates["bare"]), at_least=0.8),
        Figure("intake_page.p95", median(times["ours"]), "ms", median(times["bare"])),
        Figure("intake_page.queries", max(queries), "queries", 1, at_most=1),
    ]


def _a_question(name: str) -> load.Answered:
    def look(number: int, status: int, body: bytes) -> None:
        if status != 200 or body.count(b'type="radio"') < 4:
            raise Broken(f"the page {name!r} answered {status}: {body[:500]!r}")

    return look
