"""`asked COUNT`: that many requests that left for the platform and wait for its word; answers notice and item of each."""

import json
import sys

from django.utils import timezone

from cases.takedowns.models import Notice, Takedown
from cases.takedowns.states import Result, Status
from tests.bench.inside import notices

NOWHERE = "http://127.0.0.1:9"


def main(count: int) -> None:
    began = timezone.now()
    notices.main(count, NOWHERE)
    fresh = Notice.objects.filter(requested_at__gte=began)
    at = timezone.now()
    Takedown.objects.filter(notice__in=fresh).update(
        status=Status.SENT, status_at=at, sent_at=at, transport=Result.ACCEPTED, transport_at=at
    )
    fresh.update(due_at=None)
    rows = Takedown.objects.filter(notice__in=fresh).values_list("notice_id", "pk")
    print(json.dumps([[str(notice), str(item)] for notice, item in rows]))


if __name__ == "__main__":
    main(int(sys.argv[1]))
