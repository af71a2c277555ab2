"""`growth`: what a worker holds after 100,000 sends, and the web after 10,000 reports, beside what they held after a tenth.

The hundred thousand take about four minutes on a quiet machine; BENCH_GROWTH_SENDS asks for fewer.
"""

import os

from tests.bench import load
from tests.bench.dispatch import SLUG
from tests.bench.figures import Figure, median
from tests.bench.house import Broken, House, say
from tests.bench.intake import Reports
from tests.bench.memory import children_of, of_process
from tests.platforms.simulator import RunningSimulator

SENDS = int(os.environ.get("BENCH_GROWTH_SENDS") or 100_000)
SUBMITS = max(1_000, SENDS // 10)
ROUNDS = 20  # the first tenth is the warm-up
MOST = 1.05


def bench(house: House) -> list[Figure]:
    """Megabytes at the end beside megabytes after the first tenth."""
    return [*_worker(house), *_web(house)]


def _worker(house: House) -> list[Figure]:
    database, each = house.database("bench_growth"), SENDS // ROUNDS
    with RunningSimulator(bench=True) as simulator:
        say(f"growth: preparing {each:,} requests, to be sent {ROUNDS} times over")
        house.inside("notices", each, simulator.base(SLUG), database=database)
        simulator.control(SLUG, latency=0.02)
        say(f"growth: {SENDS:,} sends by one worker")
        done = house.inside("grow", ROUNDS, database=database, HELPLINE_RECHECK="0")
    if done["sent"] < each * ROUNDS:
        raise Broken(f"growth: {done['sent']} of {each * ROUNDS} were sent")
    after, end = done["memory"][1], median(done["memory"][-3:])
    return [Figure("growth.worker", end, "MB", after, at_most=MOST)]


def _web(house: House) -> list[Figure]:
    database = house.database("bench_growth_web")
    public = house.environment(database, HELPLINE_FACE="public", HELPLINE_TRUSTED_PROXIES="1")
    house.inside("intake_rows", database=database, DJANGO_SETTINGS_MODULE="tests.bench.bare.settings")
    reports = Reports()
    with house.web("helpline.wsgi", public) as port:
        web = list(house.children.values())[-1]
        say(f"growth: {SUBMITS:,} reports through the web")
        held = []
        for most in (SUBMITS // 10, SUBMITS - SUBMITS // 10):
            reports.meet(load.run(port, reports, clients=8, most=most, answered=reports.answered))
            held.append(sum(map(of_process, children_of(web.process.pid if web.process else 0))))
    after, end = held
    return [Figure("growth.web", end, "MB", after, at_most=MOST)]
