"""Putting aside what may not leave: a visible state with a reason, never a row that waits for nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from cases.takedowns.models import Event, Takedown
from cases.takedowns.reasons import Why, coded
from cases.takedowns.states import Result, Source, Status
from helpline.audit import actions as audit
from reports.states import LinkStatus


@dataclass(frozen=True, slots=True)
class Aside:
    """A notice that stays here: what becomes of its items, why, and a short word more."""

    notice_id: UUID
    status: Status
    why: Why
    more: str = ""
    findings: Sequence[Mapping[str, str]] = ()  # of what is to be mended


def put_aside(stopped: Sequence[Aside], *, now: datetime) -> None:
    """Let go of these notices, which the caller locked, and move what has not left: failed, or to be mended."""
    if not stopped:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE takedowns_notice AS notice SET lease_until = NULL, due_at = NULL, failure = mine.failure "
            "FROM unnest(%s::uuid[], %s::text[]) AS mine(id, failure) WHERE notice.id = mine.id",
            [[one.notice_id for one in stopped], [coded(one.why, one.more) for one in stopped]],
        )
    by_notice = {one.notice_id: one for one in stopped}
    rows = list(
        Takedown.objects.select_for_update(no_key=True)
        .filter(notice__in=by_notice, status__in=[Status.QUEUED, Status.SENDING])
        .exclude(link__status=LinkStatus.WITHDRAWN)  # the sweep of withdrawals says that of them
        .order_by("pk")
    )
    for row in rows:
        one = by_notice[row.notice_id]
        row.move(one.status, at=now)
        if one.status == Status.FAILED:
            row.transport, row.transport_at = Result.NOT_SENT, now
    Takedown.objects.bulk_update(rows, ["status", "status_at", "transport", "transport_at"])
    Event.objects.bulk_create(
        Event(
            takedown=row,
            at=now,
            recorded_at=now,
            source=Source.WORKER,
            what=row.status,
            detail=_detail(by_notice[row.notice_id]),
        )
        for row in rows
    )
    audit.record_many(
        audit.row(
            by=None,
            verb=f"takedown.{row.status}",
            obj=row,
            detail={"why": by_notice[row.notice_id].why.value},
            at=now,
        )
        for row in rows
    )


def _detail(one: Aside) -> dict[str, object]:
    said: dict[str, object] = {"why": coded(one.why, one.more)}
    return said | ({"findings": list(one.findings)} if one.findings else {})
