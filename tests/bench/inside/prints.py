"""`prints KIND COUNT`: COUNT masked fingerprints, of random bits or of drawn shapes; how long near ones take to be found.

Answers the middle of the product's searches and of the scan's in milliseconds, how many near ones there were, and how many
of these the product missed, which must be none.
"""

import hashlib
import io
import json
import random
import sys
import time
from collections.abc import Iterator
from uuid import UUID

from django.db import connection, transaction

from cases.incidents import masking, matching
from cases.incidents.masking import Secret
from tests.bench import shapes
from tests.bench.figures import median
from tests.bench.inside.bulk import without_indexes

DRAWN, SEARCHES, WARM_UP = 2_000, 40, 200
AT_ONCE = 100_000

# A fingerprint needs a report; these hold what the search reads and nothing else.
REPORTS = """
INSERT INTO reports_report (id, status, channel, language, who, age_range, kind, circumstances, submitted_at,
    last_contact_at, contact_via, is_complete, is_retold)
SELECT md5('r' || i)::uuid, 'submitted', 'web', 'fr', 'self', '13-14', 'deepnude', '{}', now(), now(), 'none', true, false
FROM generate_series(1, 1000) AS i
"""


def values(kind: str, secret: Secret, dice: random.Random, drawn: list[int]) -> Iterator[int]:
    """As they stand in the table. Random bits are as random when they are masked, so that is left out."""
    while True:
        yield dice.getrandbits(256) if kind == "random" else near_a_drawing(secret, dice, drawn)


def near_a_drawing(secret: Secret, dice: random.Random, drawn: list[int]) -> int:
    """As the same picture seen again, cut and written upon: from hardly to hardly recognisable."""
    return secret.masked(f"{shapes.near(dice.choice(drawn), dice.randint(0, 90), dice):064x}")


def fill(count: int, some: Iterator[int], *, key_id: str) -> list[int]:
    """Write them; some of the values, to search for."""
    kept = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(REPORTS)
        # Not in the log of changes, ten gigabytes at ten million: reading them is the same.
        cursor.execute("ALTER TABLE incidents_print SET UNLOGGED")
        cursor.execute("CREATE UNLOGGED TABLE bare (id bigserial PRIMARY KEY, masked bit(256))")
        cursor.execute("CREATE UNLOGGED TABLE written (i bigserial, masked text)")
        for start in range(0, count, AT_ONCE):
            lines = io.StringIO()
            for place in range(start, min(start + AT_ONCE, count)):
                value = next(some)
                if place % (count // SEARCHES) == 0:
                    kept.append(value)
                lines.write(masking.written(value) + "\n")
            lines.seek(0)
            cursor.copy_expert("COPY written (masked) FROM STDIN", lines)
        with without_indexes(cursor, ("incidents_print", "reports_fingerprint")):
            cursor.execute(
                "INSERT INTO reports_fingerprint (id, report_id, algorithm) "
                "SELECT md5('f' || i)::uuid, md5('r' || 1 + i % 1000)::uuid, 'pdq' FROM written"
            )
            cursor.execute(
                "INSERT INTO incidents_print (fingerprint_id, key_id, masked) "
                "SELECT md5('f' || i)::uuid, %s, masked::bit(256) FROM written",
                [key_id],
            )
        cursor.execute("INSERT INTO bare (masked) SELECT masked::bit(256) FROM written ORDER BY i")
        cursor.execute("DROP TABLE written")
    with connection.cursor() as cursor:
        for table in ("incidents_print", "reports_fingerprint", "bare"):
            cursor.execute(f"VACUUM ANALYZE {table}")
    return kept


def report_of(number: int) -> UUID:
    """The report of the print that stands in row `number` of the bare table, as `fill` gave them out."""
    return UUID(hashlib.md5(f"r{1 + number % 1000}".encode(), usedforsecurity=False).hexdigest())


def scan(masked: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM bare WHERE bit_count(masked # %s::bit(256)) <= %s",
            [masking.written(masked), masking.NEAR],
        )
        return [number for (number,) in cursor.fetchall()]


def main(kind: str, count: int) -> dict[str, float]:
    dice = random.Random(f"{kind} {count}")
    drawn = list(shapes.fingerprints(DRAWN, dice)) if kind == "shapes" else []
    secret = masking.current()
    key_id, some = secret.key_id, values(kind, secret, dice, drawn)
    kept = fill(count, some, key_id=key_id)
    # Half of the searches are for something that is there, changed a little; half for something new.
    searched = [shapes.near(value, dice.randint(0, masking.NEAR), dice) for value in kept]
    searched += [next(some) for _ in range(SEARCHES // 2)]
    for _ in range(WARM_UP):
        matching.near(next(some), key_id=key_id)
    scan(0)
    times: dict[str, list[float]] = {"product": [], "scan": []}
    found = missed = 0
    for masked in searched:
        began = time.perf_counter()
        near = matching.near(masked, key_id=key_id)
        times["product"].append(time.perf_counter() - began)
        began = time.perf_counter()
        there = scan(masked)
        times["scan"].append(time.perf_counter() - began)
        found += len(there)
        missed += len({report_of(number) for number in there} - near)
    return {name: median(spent) * 1000 for name, spent in times.items()} | {"found": found, "missed": missed}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
