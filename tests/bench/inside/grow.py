"""`grow ROUNDS`: send all that is due, and make it due again, so many times over in this one process.

Answers the memory of this process after each round, and how much was sent.
"""

import gc
import json
import os
import sys
import time

from django.db.models import Q
from django.utils import timezone

from cases.takedowns import tasks
from cases.takedowns.models import Attempt, Notice, Takedown
from cases.takedowns.states import Status
from tests.bench.memory import of_process

PATIENCE = 120.0  # seconds for one round


def send_all() -> None:
    """As a worker does it, sweep after sweep."""
    until = time.monotonic() + PATIENCE
    while Notice.objects.filter(Q(due_at__isnull=False) | Q(lease_until__isnull=False)).exists():
        if time.monotonic() > until:
            raise SystemExit("a round does not end")
        if Notice.objects.filter(due_at__lte=timezone.now()).exists():
            tasks.send_due()
        else:
            time.sleep(0.05)


def main(rounds: int) -> None:
    memory = []
    for number in range(rounds):
        if number:
            Takedown.objects.update(status=Status.QUEUED)
            Notice.objects.update(due_at=timezone.now(), lease_until=None, tries=0, reference="")
        send_all()
        gc.collect()
        memory.append(of_process(os.getpid()))
    print(json.dumps({"memory": memory, "sent": Attempt.objects.filter(result="accepted").count()}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
