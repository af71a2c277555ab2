"""`claims ours|raw|whole SECONDS`: take due rows and let go of them until none is left; answers how many, between when.

`raw` is the limit: two bare SQL statements over the same rows. `ours` are the statements that the engine claims and releases
with; `whole` is all that a send costs but the wire: composed, attempts, timeline, news, trail.
"""

import json
import sys
import time
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from cases.takedowns import dispatch
from cases.takedowns.connectors import Sent
from cases.takedowns.dispatch.claiming import Claim
from cases.takedowns.dispatch.finishing import Ending, let_go
from cases.takedowns.models import Notice
from cases.takedowns.states import Result, Status
from helpline.platforms.models import Channel, ChannelKind

BATCH = 200
RAW_CLAIM = """
UPDATE takedowns_notice AS notice
SET due_at = NULL, lease_until = now() + interval '60 seconds', fence = fence + 1, tries = tries + 1
FROM (
    SELECT id FROM takedowns_notice WHERE channel_id = %s AND due_at <= now()
    ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED
) AS due
WHERE notice.id = due.id
RETURNING notice.id, channel_id, fence, tries, requested_at, key, content
"""
RAW_FINISH = "UPDATE takedowns_notice SET lease_until = NULL WHERE id = ANY(%s::uuid[])"


def raw(channel: int) -> int:
    """A batch by bare SQL."""
    with connection.cursor() as cursor:
        cursor.execute(RAW_CLAIM, [channel, BATCH])
        rows = cursor.fetchall()
        cursor.execute(RAW_FINISH, [[row[0] for row in rows]])
    return len(rows)


def ours(channel: int) -> int:
    """A batch by the engine's own claim and release."""
    taken = dispatch.take([channel], limit=BATCH)
    ended = [(_claimed(one), SENT, Ending(one.pk, Status.SENT, Result.ACCEPTED)) for one in taken]
    if ended:
        with transaction.atomic():
            let_go(ended)
    return len(taken)


SENT = Sent(Result.ACCEPTED, reference="R-1")
NOW: datetime = timezone.now()


def _claimed(one: Notice) -> Claim:
    nothing: Any = None
    return Claim(one.pk, one.fence, one.tries, 0, NOW, nothing, nothing, b"")


def whole(channel: int) -> int:
    """A batch as it is sent, without a wire."""
    now = timezone.now()
    claims = dispatch.claim(dispatch.routes([ChannelKind.HTTP_API], now=now), limit=BATCH, now=now)
    if claims:
        dispatch.finish([(one, SENT) for one in claims], now=now)
    return len(claims)


def main(how: str, start_at: float) -> None:
    channel = Channel.objects.get(slug="chatter").pk
    batch = {"raw": raw, "ours": ours, "whole": whole}[how]
    connection.ensure_connection()
    time.sleep(max(0.0, start_at - time.time()))
    began, count = time.time(), 0
    while done := batch(channel):
        count += done
    print(json.dumps({"count": count, "began": began, "ended": time.time()}))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
