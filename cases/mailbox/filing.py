"""Requests that a person files by hand: what nobody filed is brought to mind daily, what no form took is said."""

import uuid
from contextlib import suppress
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from cases.actions import check_can_work_on
from cases.takedowns import actions as takedowns
from cases.takedowns.models import Event, Notice, Takedown
from cases.takedowns.reasons import Why
from cases.takedowns.states import ForbiddenMove, Source, Status
from cases.todo import actions as todo
from cases.todo.models import OPEN, Task
from helpline.accounts.models import Staff
from helpline.audit import actions as audit
from helpline.crypto.wrapping import WrongKey
from helpline.web.language import day_in_house, in_house

AGAIN_AFTER = timedelta(days=1)
FILE_IT = gettext_noop("File the request in %(platform)s’s form. It waits since %(day)s.")


@transaction.atomic
def could_not_file(*, takedown: Takedown, why: str, by: Staff, at: datetime) -> None:
    """The platform's form did not take it: `why`, in a colleague's words, sealed with the case's key.

    Raises PermissionDenied, ForbiddenMove unless it was waiting to be filed.
    """
    check_can_work_on(takedown.case, by=by)
    row = takedowns.lock(takedown.pk)
    if row.status != Status.TO_FILE:
        raise ForbiddenMove(f"A takedown that is {row.status} can't be filed by hand.")
    takedowns.lock_cases(row.notice_id)
    for one in takedowns.items_in(row.notice_id, Status.TO_FILE):
        one.move(Status.FAILED, at=at)
        one.save()
        event = Event(takedown=one, at=at, recorded_at=at, source=Source.PERSON, what=Status.FAILED, by=by)
        event.detail = {"why": Why.NOT_FILED}
        # A colleague's words may be about one person: they stay in that person's case.
        if one.pk == row.pk and one.case.key is not None:
            event.words = one.case.box().seal(event, "words", why[:1000])
        event.save(force_insert=True)
        audit.record(by=by, verb="takedown.failed", obj=one, at=at)
    Notice.objects.filter(pk=row.notice_id).update(failure=Why.NOT_FILED)
    takedown.refresh_from_db()


def remind(*, now: datetime, limit: int = 200) -> int:
    """By state: to file, older than HELPLINE_FILING_HOURS, and not brought to mind today. Returns how many notices."""
    since = now - timedelta(hours=settings.FILING_HOURS)
    waiting = Takedown.objects.filter(status=Status.TO_FILE, status_at__lte=since).values("notice")
    not_today = Q(reminded_at=None) | Q(reminded_at__lte=now - AGAIN_AFTER)
    ids = Notice.objects.filter(not_today, pk__in=waiting).order_by("pk").values_list("pk", flat=True)[:limit]
    return sum(_remind(notice_id, now=now) for notice_id in ids)


@transaction.atomic
def _remind(notice_id: uuid.UUID, *, now: datetime) -> bool:
    notice = Notice.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=notice_id).first()
    if notice is None or (notice.reminded_at is not None and notice.reminded_at > now - AGAIN_AFTER):
        return False
    notice.reminded_at = now
    notice.save(update_fields=["reminded_at"])
    rows = notice.takedowns.select_related("case__assignee", "platform").filter(status=Status.TO_FILE)
    seen = set()
    for row in rows.order_by("case_id", "pk"):
        if row.case_id not in seen:
            seen.add(row.case_id)
            _task(row, now=now)
    audit.record(by=None, verb="notice.reminded", obj=notice, at=now)
    return bool(seen)


def _task(row: Takedown, *, now: datetime) -> None:
    """One open task a request: while it stands, another day adds none."""
    holder = row.case.assignee
    if holder is None:
        return  # the desk shows it to the team
    before = [uuid.uuid5(row.pk, f"to file {day}") for day in range((now - row.status_at).days + 1)]
    if Task.objects.filter(OPEN, pk__in=before).exists():
        return
    waits_since = day_in_house(timezone.localdate(row.status_at))
    text = in_house(FILE_IT) % {"platform": row.platform.name, "day": waits_since}
    with suppress(todo.CaseClosed, WrongKey):
        todo.add_task(case=row.case, text=text, due_at=now, for_whom=None, by=holder, at=now, key=before[-1])
