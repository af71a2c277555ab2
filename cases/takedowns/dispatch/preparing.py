"""Preparing: what was claimed is looked at once more, composed, and its attempt written, before anything leaves."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from cases.takedowns import linting, notices
from cases.takedowns.connectors import Route, connector, route_of
from cases.takedowns.dispatch.aside import Aside, put_aside
from cases.takedowns.dispatch.claiming import Claim, take
from cases.takedowns.models import Event, Notice, Takedown
from cases.takedowns.notices import NoticeContent
from cases.takedowns.reasons import Why
from cases.takedowns.states import Source, Status
from helpline.audit import actions as audit
from helpline.crypto import blind, wrapping
from helpline.crypto.box import settings_box
from helpline.platforms.models import Channel
from reports.states import LinkStatus

log = logging.getLogger(__name__)


def claim(open_routes: Mapping[int, Route], *, limit: int, now: datetime) -> list[Claim]:
    """Take up to `limit` due notices and write their attempts. What may not leave any more is put aside, not returned."""
    taken = take(list(open_routes), limit=limit)
    return prepare(taken, now=now) if taken else []


@transaction.atomic
def prepare(taken: Sequence[Notice], *, now: datetime) -> list[Claim]:
    """Attempts for the rows that are still this worker's and may leave. The channel is read again: it may have changed.

    What stops one row stops no other: it is put aside with its reason.
    """
    ours = _still_ours(taken)
    if not ours:
        return []
    channels = Channel.objects.select_related("platform").in_bulk({one.channel_id for one in ours})
    stopped = [
        Aside(one.id, Status.FAILED, Why.CHANNEL_OFF) for one in ours if not channels[one.channel_id].enabled
    ]
    usable = [one for one in ours if channels[one.channel_id].enabled]
    wanted = _start_sending([one.id for one in usable], now=now)
    box = settings_box()
    opened = {pk: route_of(channel, box) for pk, channel in channels.items() if channel.enabled}
    ready: list[tuple[Notice, NoticeContent, bytes]] = []
    for one in usable:
        if not wanted[one.id]:
            stopped.append(Aside(one.id, Status.FAILED, Why.NOT_WANTED))
            continue
        made = compose(one, channels[one.channel_id], opened[one.channel_id], items=wanted[one.id], now=now)
        if isinstance(made, Aside):
            stopped.append(made)
        else:
            ready.append((one, *made))
    put_aside(stopped, now=now)
    attempts = _begin_attempts([(one, body) for one, _content, body in ready], now=now)
    _note_new_contacts([one for one, _content, _body in ready], channels, now=now)
    return [
        Claim(
            notice_id=one.id,
            fence=one.fence,
            tries=one.tries,
            attempt_id=attempts[one.id],
            started_at=now,
            route=opened[one.channel_id],
            content=content,
            body=body,
        )
        for one, content, body in ready
    ]


def _still_ours(taken: Sequence[Notice]) -> list[Notice]:
    """Those whose fence still holds, locked: a worker may have stalled since it took them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT notice.id FROM takedowns_notice AS notice "
            "JOIN unnest(%s::uuid[], %s::int[]) AS mine(id, fence) ON notice.id = mine.id AND notice.fence = mine.fence "
            "WHERE notice.lease_until IS NOT NULL ORDER BY notice.id FOR NO KEY UPDATE OF notice",
            [[one.id for one in taken], [one.fence for one in taken]],
        )
        held = {row[0] for row in cursor.fetchall()}
    return [one for one in taken if one.id in held]


# What its young person withdrew stays here, and what was seen gone since it was asked for needs nobody's attention any more.
START = """
WITH started AS (
    UPDATE takedowns_takedown AS takedown
    SET status = CASE WHEN link.status = %(gone)s THEN %(cancelled)s ELSE %(sending)s END, status_at = %(now)s
    FROM reports_link AS link
    WHERE takedown.notice_id = ANY(%(notices)s::uuid[]) AND takedown.status = %(queued)s
        AND link.id = takedown.link_id AND link.status <> %(withdrawn)s
    RETURNING takedown.id, takedown.notice_id, COALESCE(takedown.item_id, takedown.id) AS item, takedown.status
), said AS (
    INSERT INTO takedowns_event (id, takedown_id, at, recorded_at, source, what, detail)
    SELECT gen_random_uuid(), id, %(now)s, %(now)s, %(source)s, status, %(detail)s::jsonb FROM started
    WHERE status = %(cancelled)s
)
SELECT notice_id, item, CASE WHEN status = %(cancelled)s THEN id::text END FROM started
"""


def _start_sending(ids: Sequence[UUID], *, now: datetime) -> dict[UUID, set[UUID]]:
    """queued -> sending for what is still wanted, by one person at least. Returns for each notice the items that leave."""
    leaving: dict[UUID, set[UUID]] = {pk: set() for pk in ids}
    gone = []
    with connection.cursor() as cursor:
        cursor.execute(
            START,
            {
                "notices": list(ids),
                "now": now,
                "queued": Status.QUEUED,
                "sending": Status.SENDING,
                "cancelled": Status.CANCELLED,
                "gone": LinkStatus.GONE,
                "withdrawn": LinkStatus.WITHDRAWN,
                "source": Source.WORKER,
                "detail": json.dumps({"why": Why.SEEN_GONE.value}),
            },
        )
        for notice_id, item, cancelled in cursor.fetchall():
            if cancelled:
                gone.append(cancelled)
            else:
                leaving[notice_id].add(item)
    audit.record_alike(
        Takedown, gone, by=None, verb="takedown.cancelled", detail={"why": Why.SEEN_GONE.value}, at=now
    )
    return leaving


def compose(
    one: Notice, channel: Channel, route: Route, *, items: set[UUID] | None = None, now: datetime
) -> tuple[NoticeContent, bytes] | Aside:
    """All that is done with a notice's words before it leaves, whole or these `items` of it; or why it stays here."""
    try:
        content = notices.content_of(one, items=items)
        findings = linting.findings(content, channel=channel, above=True)
        if not findings and notices.unallowed(one, _wanting(one) if notices.is_signed(one) else ()):
            findings = [linting.finding("no_signature")]  # taken back since it was signed
        if findings:
            return Aside(one.id, Status.DRAFT, Why.WEAK, findings[0].code, findings=linting.kept(findings))
        return content, connector(route.kind).compose(content, route, at=now)
    except wrapping.WrongKey as error:
        if one.key is None:
            return Aside(one.id, Status.FAILED, Why.ERASED)
        # Damaged, and not by the young person.
        return Aside(one.id, Status.FAILED, Why.OUR_FAULT, type(error).__name__)
    except Exception as error:  # whatever is wrong with this one, the others of its batch leave
        log.exception("A notice could not be composed.")
        return Aside(one.id, Status.FAILED, Why.OUR_FAULT, type(error).__name__)


def _wanting(one: Notice) -> QuerySet[Takedown]:
    """Its rows that are to leave; asked for only where it is signed."""
    rows = Takedown.objects.filter(notice=one.id, status__in=[Status.QUEUED, Status.SENDING])
    return rows.exclude(link__status=LinkStatus.WITHDRAWN)


BEGIN_ATTEMPTS = """
INSERT INTO takedowns_attempt (notice_id, number, fence, started_at, result, detail, digest)
SELECT mine.id, 1 + (SELECT count(*) FROM takedowns_attempt WHERE notice_id = mine.id), mine.fence, %s, '', '', mine.digest
FROM unnest(%s::uuid[], %s::int[], %s::bytea[]) AS mine(id, fence, digest)
RETURNING notice_id, id
"""


def _begin_attempts(leaving: Sequence[tuple[Notice, bytes]], *, now: datetime) -> dict[UUID, int]:
    """Write an attempt without a result for each of these bodies; its number by notice."""
    if not leaving:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            BEGIN_ATTEMPTS,
            [
                now,
                [one.id for one, _body in leaving],
                [one.fence for one, _body in leaving],
                [proof_of(body) for _one, body in leaving],
            ],
        )
        return dict(cursor.fetchall())


def proof_of(body: bytes) -> bytes:
    """Proves what left to whoever holds the bytes; keyed, so that it tells nothing to who only holds the table."""
    return blind.index("attempt", hashlib.sha256(body).hexdigest()) or b""


def _note_new_contacts(leaving: Sequence[Notice], channels: Mapping[int, Channel], *, now: datetime) -> None:
    """A second person approved another contact since this was asked for: it goes there, and the timeline says so."""
    moved = [
        one.id
        for one in leaving
        if (changed := channels[one.channel_id].changed_at) is not None and changed > one.requested_at
    ]
    if moved:
        Event.objects.bulk_create(
            Event(takedown_id=pk, at=now, recorded_at=now, source=Source.WORKER, what="new_contact")
            for pk in Takedown.objects.filter(notice__in=moved, status=Status.SENDING).values_list(
                "pk", flat=True
            )
        )
