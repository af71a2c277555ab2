"""`dispatch_http`: whole sends by one worker process, beside a bare loop to the same platform."""

from tests.bench.figures import Figure, median
from tests.bench.house import Broken, House, say
from tests.platforms import receipts
from tests.platforms.simulator import RunningSimulator

SLUG = "chatter"
ROUNDS = 3
SENDS = 6_000
IN_FLIGHT = 400
LATENCY = 0.2


def bench(house: House) -> list[Figure]:
    """Sends a second over the middle of each round, what was lost and what was delivered twice."""
    database = house.database("bench_dispatch")
    ours: list[float] = []
    loop: list[float] = []
    lost = 0
    wanted: list[str] = []
    environment = {"HELPLINE_SENDS_IN_FLIGHT": str(IN_FLIGHT), "HELPLINE_RECHECK": "0"}
    with RunningSimulator(bench=True) as simulator:
        for number in range(ROUNDS + 1):
            warming = number == 0
            count = 1000 if warming else SENDS
            say(f"dispatch_http: {'warming up' if warming else f'round {number} of {ROUNDS}'}, preparing")
            house.inside("notices", count, simulator.base(SLUG), database=database)
            simulator.restart()  # it remembers every notice, and would grow slower from round to round
            plain = house.inside("loop", count, simulator.base(SLUG), database=database)
            simulator.restart()
            say("dispatch_http: sending")
            done = house.inside("sends", database=database, **environment)
            if done["wanted"] != count:
                raise Broken(f"{count} notices were prepared, and {done['wanted']} were due")
            wanted += done["notices"]
            lost += done["wanted"] - done["sent"]
            if not warming:
                ours.append(done["rate"])
                loop.append(plain["rate"])
            say(f"dispatch_http: {done['rate']:,.0f}/s, the bare loop {plain['rate']:,.0f}/s")
        lost = max(lost, len(receipts.never_delivered(simulator.receipts, wanted)))
        doubled = len(receipts.delivered_more_than_once(simulator.receipts))
    rate, all_sent = median(ours), len(wanted)
    return [
        Figure("dispatch_http", rate, "sends/s", IN_FLIGHT / LATENCY, at_least=0.6),
        Figure("dispatch_http.loop", rate, "sends/s", median(loop)),
        Figure("dispatch_http.kept", all_sent - lost, "notices", all_sent, at_least=1),
        Figure("dispatch_http.once", all_sent - doubled, "notices", all_sent, at_least=1),
    ]
