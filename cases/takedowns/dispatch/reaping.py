"""Reaping: what workers that died left behind, and what waits on a channel that carries nothing any more."""

import logging
import random
from collections.abc import Callable, Collection
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from cases.takedowns.connectors import CONNECTORS, connector, route_of
from cases.takedowns.dispatch.aside import Aside, put_aside
from cases.takedowns.dispatch.breaker import pause
from cases.takedowns.dispatch.claiming import BATCH, TAKEN, taken_rows
from cases.takedowns.dispatch.finishing import Ending, move_sending
from cases.takedowns.dispatch.preparing import compose
from cases.takedowns.models import Attempt, Notice
from cases.takedowns.reasons import MAX_CRASHES, SILENT, Why
from cases.takedowns.states import Result, Status
from helpline.crypto.box import settings_box
from helpline.platforms.models import Channel

log = logging.getLogger(__name__)


@transaction.atomic
def reap(*, now: datetime, limit: int = BATCH, jitter: Callable[[], float] = random.random) -> int:
    """Leases that ran out. Returns how many.

    With an attempt that never got a result, nobody knows whether it left: unknown. Without one, nothing left: it is due
    again, to be tried alone; whoever had `MAX_CRASHES` workers die over it is put aside, for a person to see.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM takedowns_notice WHERE lease_until < now() ORDER BY lease_until LIMIT %s "
            "FOR UPDATE SKIP LOCKED",
            [limit],
        )
        ids = [row[0] for row in cursor.fetchall()]
    unknown: list[Notice] = []
    dead: list[Aside] = []
    for notice in Notice.objects.filter(pk__in=ids).select_related("channel"):
        began = Attempt.objects.filter(notice=notice, fence=notice.fence, result="")
        left = began.update(result=Result.UNKNOWN, finished_at=now, detail=SILENT)
        notice.lease_until = None
        notice.fence += 1  # whatever the old holder still says is not written
        if left:
            notice.failure = SILENT
            notice.ask_at = now if connector(notice.channel.kind).can_ask else notice.ask_at
            unknown.append(notice)
        else:
            notice.crashes += 1
            notice.tries = max(0, notice.tries - 1)
            if notice.crashes < MAX_CRASHES:
                # The first time it may be a neighbour's fault, so it does not wait.
                notice.due_at = now + pause(notice.crashes, jitter() if notice.crashes > 1 else 0.0)
            else:
                dead.append(Aside(notice.pk, Status.FAILED, Why.CRASHED))
        notice.save(update_fields=["lease_until", "fence", "failure", "ask_at", "due_at", "crashes", "tries"])
    put_aside(dead, now=now)
    move_sending([Ending(one.pk, Status.UNKNOWN, Result.UNKNOWN, SILENT) for one in unknown], now=now)
    return len(ids)


TAKE_SUSPECT = f"""
UPDATE takedowns_notice AS notice
SET due_at = NULL, lease_until = now() + make_interval(secs => %s), fence = fence + 1
WHERE id = (
    SELECT id FROM takedowns_notice WHERE channel_id = ANY(%s) AND due_at <= now() AND crashes > 0
    ORDER BY crashes, due_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING {", ".join(TAKEN)}
"""  # noqa: S608  our own names


def try_suspects(kinds: Collection[str], *, limit: int = BATCH) -> int:
    """Prepare, one by one and sending nothing, the rows over which a worker died. Returns how many stood the trial.

    One that kills this process, too, kills nothing else with it; all others join the queue again. Call it while nothing
    else is in this process's hands.
    """
    box = settings_box()
    channels = {one.pk: one for one in Channel.objects.in_use().filter(kind__in=kinds)}
    stood = 0
    while channels and stood < limit:
        with connection.cursor() as cursor:
            cursor.execute(TAKE_SUSPECT, [settings.LEASE.total_seconds(), list(channels)])
            taken = taken_rows(cursor)
        if not taken:
            break
        [suspect] = taken
        route = route_of(channels[suspect.channel_id], box)
        # What can be caught is not what killed: preparing puts it aside with its reason.
        if isinstance(compose(suspect, channels[suspect.channel_id], route, now=timezone.now()), Aside):
            log.info("A suspect can't be composed; preparing says why.")
        Notice.objects.filter(pk=suspect.pk, fence=suspect.fence).update(
            crashes=0, lease_until=None, due_at=timezone.now()
        )
        stood += 1
    return stood


@transaction.atomic
def strand(*, now: datetime, limit: int = BATCH) -> int:
    """What is due on a channel that was switched off, or is worked by hand now, waits for nobody: it is put aside, for a
    person to send another way. Returns how many.
    """
    by_machine = [kind for kind in CONNECTORS if not connector(kind).by_hand]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT notice.id FROM platforms_channel AS channel CROSS JOIN LATERAL ("
            "SELECT id FROM takedowns_notice WHERE channel_id = channel.id AND due_at IS NOT NULL "
            "LIMIT %s FOR UPDATE SKIP LOCKED) AS notice "
            "WHERE NOT channel.enabled OR channel.kind <> ALL(%s) LIMIT %s",
            [limit, by_machine, limit],
        )
        ids = [row[0] for row in cursor.fetchall()]
    put_aside([Aside(pk, Status.FAILED, Why.CHANNEL_OFF) for pk in ids], now=now)
    return len(ids)
