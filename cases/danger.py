"""Danger that was told of a case in somebody's hands. It calls until somebody who may work on the case has looked at it.

What waits in the queue calls by waiting there; this is about the rest: told late, or told again.
"""

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from cases.models import Case, QueueItem
from cases.states import QueueState
from helpline.accounts.models import Membership, Staff
from helpline.accounts.permissions import Permission
from reports.models import Report

# By name: shifts stand above. Answers the shifts that run.
ON_SHIFT = "cases.handover.desk.on_shift"
UNSEEN = Q(state=QueueState.OPEN, danger=True, danger_seen_at=None)
SHOWN = 5


def calling(staff: Staff) -> QuerySet[QueueItem]:
    """Open cases that call this person: their own, their team's, shared ones; whoever may see all is called to the others
    where nobody of theirs is on shift, or nobody has looked within the minutes of the alert.
    """
    unseen = QueueItem.objects.filter(UNSEEN)
    if not staff.can(Permission.CASES_ALL):
        return unseen.filter(case__in=Case.objects.workable_by(staff))
    theirs = Q(holder=staff) | Q(case__team__in=Membership.objects.filter(staff=staff).values("team"))
    late = Q(danger_since__lte=Now() - timedelta(minutes=settings.ALERTS_DANGER_MINUTES))
    its_people = Q(staff=OuterRef("holder")) | Q(staff__memberships__team=OuterRef("case__team"))
    nobody_here = ~Exists(import_string(ON_SHIFT)().filter(its_people))
    return unseen.filter(theirs | late | nobody_here)


def weigh(item: QueueItem, report: Report) -> None:
    """Does the danger of this item, weighed just now, call again? Unsaved.

    What nobody has looked at yet calls since it was told first: told again, it is not later.
    """
    told = report.danger_at or report.submitted_at
    if not item.danger:
        item.danger_since = None
    elif item.danger_seen_at is not None and told > item.danger_seen_at:
        item.danger_since, item.danger_seen_at, item.danger_seen_by = told, None, None
    else:
        item.danger_since = item.danger_since or told


FIELDS = ("danger_since", "danger_seen_at", "danger_seen_by")
