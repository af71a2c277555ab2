"""Who reads which waiting report just now, so that two never read the same one.

A claim is a lease by the database's clock. Nobody sweeps: one that has run out holds nothing. It is no act on the report,
so only taking one over leaves a line in the trail; that somebody reads the report is recorded by the reading.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from cases.models import QueueItem
from cases.queue import ORDER
from cases.states import QueueState
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.audit import actions as audit
from reports.models import Report

# By name, for it stands above: what is offered to this colleague only when nothing else waits; None: nothing.
PASSED_OVER = "cases.wellbeing.actions.passed_over"
FREE = Q(claimed_until=None) | Q(claimed_until__lte=Now())


class Claimed(Exception):
    """A colleague reads this report at this moment: `by` says who."""

    def __init__(self, by: Staff) -> None:
        super().__init__("A colleague reads this report at this moment.")
        self.by = by


def _lease() -> Any:
    return Now() + settings.CLAIM


def claim(*, report: Report, by: Staff) -> bool:
    """`by` reads it: for `settings.CLAIM` nobody else is offered it. Again before it ends, the time begins anew.

    False when a colleague reads it, or when it waits no longer.
    """
    free = QueueItem.objects.filter(FREE | Q(claimed_by=by), report=report, state=QueueState.WAITING)
    return bool(free.update(claimed_by=by, claimed_until=_lease()))


def release(*, report: Report, by: Staff) -> bool:
    """Give it back to everyone. False when `by` had not claimed it."""
    mine = QueueItem.objects.filter(report=report, claimed_by=by)
    return bool(mine.update(claimed_by=None, claimed_until=None))


@transaction.atomic
def take_over(*, report: Report, by: Staff, at: datetime) -> bool:
    """A supervisor reads it instead of whoever does. False when it waits no longer. Raises PermissionDenied."""
    if not by.can(Permission.CASES_ALL):
        raise PermissionDenied
    item = (
        QueueItem.objects.select_for_update(no_key=True)
        .filter(report=report, state=QueueState.WAITING)
        .first()
    )
    if item is None:
        return False
    QueueItem.objects.filter(pk=item.pk).update(claimed_by=by, claimed_until=_lease())
    audit.record(by=by, verb="report.taken_over", obj=report, detail={"from": item.claimed_by_id}, at=at)
    return True


@transaction.atomic
def next_for(*, staff: Staff) -> UUID | None:
    """Claim the most urgent report that waits and that nobody reads; its id, or None when there is none.

    Two who ask at once get two: what one is being given, the other passes over. To whoever carried much today lighter ones
    are offered first, but for what speaks of danger.
    """
    waiting = QueueItem.objects.select_for_update(no_key=True, skip_locked=True, of=("self",)).filter(
        FREE, state=QueueState.WAITING
    )
    heavy: Q | None = import_string(PASSED_OVER)(staff)
    lighter = waiting.exclude(heavy).order_by(*ORDER).first() if heavy is not None else None
    item = lighter or waiting.order_by(*ORDER).first()
    if item is None:
        return None
    QueueItem.objects.filter(pk=item.pk).update(claimed_by=staff, claimed_until=_lease())
    return item.report_id


def check_nobody_else_reads(*, report: Report, allowed: Iterable[Staff]) -> None:
    """Raises Claimed when somebody other than `allowed` reads it. Its line stays locked, so that nobody begins now."""
    item = QueueItem.objects.select_for_update(no_key=True).filter(report=report).first()
    if item is None or item.claimed_by_id is None or item.claimed_by_id in {one.pk for one in allowed}:
        return
    live = QueueItem.objects.filter(pk=item.pk, claimed_until__gt=Now()).select_related("claimed_by").first()
    if live is not None and live.claimed_by is not None:
        raise Claimed(live.claimed_by)
