"""`upkeep WRITES ROUNDS`: outcomes stored a second by `record_outcome`, with the figures kept and with their triggers off.

Where they are kept, the folds that take every mark in are paid within the time, though in use another process folds.
By turns, so that both meet the same minutes. Answers the rates, the longest a change waits for its fold, and how many
sums are wrong.
"""

import json
import sys
import time

from django.conf import settings
from django.db import connection
from django.utils import timezone

from cases.dashboards import folding, tasks
from cases.dashboards.models import Stale
from cases.takedowns import actions
from cases.takedowns.models import Takedown
from cases.takedowns.states import Outcome, Source, Status
from tests.bench.inside import asked

TABLES = ("takedowns_takedown", "takedowns_event")
TRIGGERS = "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname LIKE 'dashboards%%'"


def fold_all() -> None:
    while folding.fold(now=timezone.now()):
        pass


def switch(word: str) -> None:
    """ENABLE or DISABLE what marks."""
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(TRIGGERS, [table])
            for (name,) in cursor.fetchall():
                cursor.execute(f"ALTER TABLE {table} {word} TRIGGER {name}")


def store(rows: list[Takedown]) -> float:
    """Seconds it takes to learn that these are removed."""
    began = time.perf_counter()
    for row in rows:
        at = timezone.now()
        actions.record_outcome(
            takedown=row, outcome=Outcome.REMOVED, source=Source.CALLBACK, at=at, recorded_at=at
        )
    return time.perf_counter() - began


def main(writes: int, rounds: int) -> None:
    asked.main(2 * writes * rounds)
    fold_all()
    waiting = list(Takedown.objects.filter(status=Status.SENT).order_by("pk"))
    rates: dict[str, list[float]] = {"bare": [], "kept": []}
    longest = 0.0
    for _round in range(rounds):
        batch, waiting = waiting[:writes], waiting[writes:]
        switch("DISABLE")
        rates["bare"].append(len(batch) / store(batch))
        switch("ENABLE")
        # What was stored unmarked is marked now, and folded outside the time.
        Stale.objects.bulk_create(Stale(source="takedown", row=row.pk) for row in batch)
        fold_all()
        batch, waiting = waiting[:writes], waiting[writes:]
        spent = store(batch)
        began = time.perf_counter()
        fold_all()
        folded = time.perf_counter() - began
        longest = max(longest, folded)
        rates["kept"].append(len(batch) / (spent + folded))
    [entry] = [one for one in settings.CELERY_BEAT_SCHEDULE.values() if one["task"] == tasks.fold.name]
    print(
        json.dumps(
            {
                **rates,
                "fresh_s": entry["schedule"].total_seconds() + longest,
                "differences": folding.differences(),
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
