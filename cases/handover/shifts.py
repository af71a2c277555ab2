"""Who is here, and what they leave to the next shift.

Shifts leave no line in the trail: it is never shortened, and whoever reads it could add up who was here how long.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from cases import actions as cases
from cases.handover.models import Away, HandOver, HandOverRead, Shift
from helpline.accounts.models import Staff
from helpline.audit import actions as audit
from helpline.crypto import wrapping
from helpline.crypto.box import settings_box

SHIFT_ENDS_AFTER = timedelta(hours=14)  # one that somebody forgot to end


@transaction.atomic
def start_shift(*, by: Staff, at: datetime) -> bool:
    """Here from now on, and not away any more. False when it had begun."""
    cases.still_works_here(by)  # two clicks at once begin one shift
    if Shift.objects.running().filter(staff=by).exists():
        return False
    Shift.objects.filter(staff=by, ended_at=None).update(ended_at=at)
    Shift.objects.create(staff=by, started_at=at, ends_by_itself_at=Now() + SHIFT_ENDS_AFTER)
    today = timezone.localdate(at)
    Away.objects.on(today).filter(staff=by).delete()
    return True


@transaction.atomic
def end_shift(*, by: Staff, words: str, at: datetime) -> HandOver | None:
    """Gone from now on. `words` are for whoever begins next. None when there are none, or it had ended."""
    if not Shift.objects.filter(staff=by, ended_at=None).update(ended_at=at):
        return None
    if not words.strip():
        return None
    row = HandOver(by=by, at=at)
    row.words = settings_box().seal(row, "words", words.strip())
    row.save(force_insert=True)
    return row


def words_of(*, handovers: Iterable[HandOver], by: Staff, at: datetime) -> dict[UUID, str]:
    """Open what was left to the next shift, and say so in the trail. '' where its key is gone."""
    rows = [one for one in handovers if one.words]
    audit.record_many(audit.row(by=by, verb="handover.read", obj=one, at=at) for one in rows)
    return {one.pk: _opened(one) for one in rows}


def _opened(row: HandOver) -> str:
    try:
        return settings_box().open(row, "words")
    except wrapping.WrongKey:
        return ""


def mark_read(*, handover: HandOver, by: Staff, at: datetime) -> None:
    """`by` knows. Twice is once."""
    HandOverRead.objects.bulk_create(
        [HandOverRead(handover=handover, staff=by, at=at)], ignore_conflicts=True
    )
