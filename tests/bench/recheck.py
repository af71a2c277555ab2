"""`recheck`: looks at links through the guard, beside the same loop without one; and whole re-checks, with the database."""

from tests.bench.figures import Figure, median
from tests.bench.house import House, say

ROUNDS = 3
LOOKS = 6_000
IN_FLIGHT = 400
LATENCY = 0.2
HOSTS = 400


def bench(house: House) -> list[Figure]:
    """Looks a second over the middle of each round, and what a whole run makes of as many rows."""
    database = house.database("bench_recheck")
    guarded: list[float] = []
    bare: list[float] = []
    for number in range(ROUNDS + 1):
        found = house.inside("looks", 1_000 if number == 0 else LOOKS, database=database)
        say(
            f"recheck: {'warming up' if number == 0 else f'round {number} of {ROUNDS}'}: "
            f"{found['guarded']:,.0f}/s, the bare loop {found['bare']:,.0f}/s"
        )
        if number:
            guarded.append(found["guarded"])
            bare.append(found["bare"])
    whole = house.inside("rechecks", LOOKS, database=database)
    say(f"recheck: whole re-checks {whole['rate']:,.0f}/s, {whole['looked']:,} of {whole['wanted']:,}")
    return [
        Figure("recheck", median(guarded), "looks/s", median(bare), at_least=0.7),
        Figure("recheck.whole", whole["rate"], "looks/s", median(bare)),
        Figure("recheck.kept", whole["looked"], "looks", whole["wanted"], at_least=1),
    ]
