"""`rechecks COUNT`: that many takedowns whose look is due, and one run over them all: claimed, looked at, written down."""

import json
import sys
import time
from datetime import timedelta

from django.utils import timezone

from cases.takedowns import recheck
from cases.takedowns.models import Takedown
from cases.takedowns.states import Outcome, Status
from helpline.crypto.box import Box
from reports.models import Link
from tests.bench.inside import notices
from tests.bench.inside.wire import Far, sites
from tests.bench.recheck import HOSTS


def prepare(count: int) -> None:
    """As many requests as wait in the dispatch bench, sent and seen there once, on many hosts."""
    notices.main(count, "http://127.0.0.1:9")
    now = timezone.now()
    for number, row in enumerate(Takedown.objects.select_related("case", "link").order_by("pk")):
        box: Box = row.case.box()
        row.link.url = box.seal(row.link, "url", f"http://www.site{number % HOSTS}.test/p/{number}")
        Link.objects.filter(pk=row.link_id).update(url=row.link.url)
    Takedown.objects.update(
        status=Status.SENT,
        sent_at=now - timedelta(hours=1),
        observed=Outcome.SEEN_THERE,
        observed_at=now,
        next_look_at=now,
    )


def main(count: int) -> dict[str, float]:
    prepare(count)
    with sites():
        began = time.perf_counter()
        claimed = recheck.run(now=timezone.now(), max_seconds=120, guard=Far)
        spent = time.perf_counter() - began
    return {"rate": claimed / spent, "wanted": count, "looked": Takedown.objects.filter(looks=1).count()}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
