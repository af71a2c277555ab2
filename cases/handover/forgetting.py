"""What young people erased goes, and what is past."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from cases.handover import actions
from cases.handover.models import Away, HandOver, Move, Shift, Transfer
from cases.handover.states import Status
from cases.models import Share
from helpline.retention import privacy
from reports.states import Status as ReportStatus

WORDS_KEPT = timedelta(days=3)  # no case is named by a key of its own, so an erasure does not reach them
ROWS_KEPT = timedelta(days=30)
SHIFTS_KEPT = timedelta(days=1)


@transaction.atomic
def follow_erasures(*, at: datetime, limit: int = 200) -> int:
    """Where the young person erased the report, the words about it go and no offer waits. Returns how many offers."""
    erased = Q(case__report__status=ReportStatus.ERASED) | Q(case__key=None)
    Share.objects.filter(erased, reason__isnull=False).update(reason=None)
    says = Q(reason__isnull=False) | Q(answer__isnull=False) | Q(status=Status.OFFERED)
    found = Transfer.objects.filter(erased).filter(says).select_related("case").order_by("case", "pk")
    count = 0
    for one in found[:limit]:
        row = actions.locked(one)
        names = privacy.blank(row)
        row.save(update_fields=names)
        if row.status == Status.OFFERED:
            actions.settle(row, Status.VOID, by=None, at=at)
        count += 1
    return count


@transaction.atomic
def forget_the_past(*, at: datetime) -> None:
    """Shifts of past days, days away that are over, old words to the next shift. Nobody can add them up."""
    Shift.objects.filter(ended_at=None, ends_by_itself_at__lte=Now()).update(ended_at=at)
    Shift.objects.filter(ended_at__lt=at - SHIFTS_KEPT).delete()
    Away.objects.filter(last_day__lt=timezone.localdate(at)).delete()
    HandOver.objects.filter(at__lt=at - WORDS_KEPT).delete()
    Move.objects.filter(at__lt=at - ROWS_KEPT).delete()
