"""Send everything that is due, as the Celery task does, until nothing is left; answers how fast and what became of it."""

import json
import time

from django.db.models import Q
from django.utils import timezone

from cases.takedowns import tasks
from cases.takedowns.models import Attempt, Notice, Takedown
from cases.takedowns.states import Status
from tests.bench.figures import middle_rate

GIVE_UP_AFTER = 120.0

began, at = time.monotonic(), timezone.now()
wanted = set(Notice.objects.exclude(due_at=None).values_list("pk", flat=True))
while Notice.objects.filter(Q(due_at__isnull=False) | Q(lease_until__isnull=False)).exists():
    if time.monotonic() - began > GIVE_UP_AFTER:
        break
    if Notice.objects.filter(due_at__lte=timezone.now()).exists():
        tasks.send_due()
    else:
        time.sleep(0.1)  # whatever was turned away comes due again
tried = Attempt.objects.filter(started_at__gte=at, finished_at__isnull=False)
ended = [(moment, result) for moment, result in tried.values_list("finished_at", "result") if moment]
sent = Takedown.objects.filter(notice__in=wanted, status=Status.SENT)
print(
    json.dumps(
        {
            "rate": middle_rate([moment.timestamp() for moment, _result in ended]),
            "attempts": len(ended),
            "accepted": sum(result == "accepted" for _moment, result in ended),
            "wanted": len(wanted),
            "sent": sent.count(),
            "seconds": time.monotonic() - began,
            "notices": [str(pk) for pk in wanted],
        }
    )
)
