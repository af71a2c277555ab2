"""Takedowns brought to a state by the arrows themselves, for the desk's tests."""

from datetime import datetime, timedelta

from cases.models import Case
from cases.takedowns import actions
from cases.takedowns.models import Event, Notice, Takedown
from cases.takedowns.states import STATUS_OF, Outcome, Result, Source, Status
from helpline.accounts.models import Staff
from reports.models import Link

SAID = {status: outcome for outcome, status in STATUS_OF.items()}


def standing(status: Status, *, case: Case, by: Staff, at: datetime, link: Link | None = None) -> Takedown:
    """A request of `case` that stands at `status`, asked at `at`; about its first link when none is named."""
    links = [link] if link is not None else list(case.report.links.order_by("position")[:1])
    [asked] = actions.request_takedown(case=case, links=links, by=by, at=at)
    if status in {Status.QUEUED, Status.TO_FILE}:
        return asked
    if status == Status.CANCELLED:
        actions.cancel(takedown=asked, by=by, at=at)
        return asked
    row = Takedown.objects.get(pk=asked.pk)
    if status == Status.DRAFT:
        row.move(Status.DRAFT, at=at)
        row.save()
        Notice.objects.filter(pk=row.notice_id).update(due_at=None)
        return row
    row.move(Status.SENDING, at=at)
    Notice.objects.filter(pk=row.notice_id).update(due_at=None)
    if status in {Status.UNKNOWN, Status.FAILED}:
        result = Result.UNKNOWN if status == Status.UNKNOWN else Result.REFUSED
        row.move(status, at=at)
        row.transport, row.transport_at = result, at
        Event.objects.create(takedown=row, at=at, recorded_at=at, source=Source.WORKER, what=result)
    elif status != Status.SENDING:
        actions.mark_sent(row, at=at, started_at=at)
        Event.objects.create(takedown=row, at=at, recorded_at=at, source=Source.WORKER, what=Status.SENT)
    row.save()
    if status == Status.CONTESTED:
        _learn(row, Outcome.REFUSED, at=at)
        row.refresh_from_db()
    if status in {Status.NO_ANSWER, Status.ESCALATED, Status.CONTESTED}:
        row.move(status, at=at)
        row.save()
    if status in SAID:
        _learn(row, SAID[status], at=at)
    if status in {Status.GONE, Status.REAPPEARED}:
        _learn(row, Outcome.SEEN_GONE, at=at)
    if status == Status.REAPPEARED:
        _learn(row, Outcome.SEEN_THERE, at=at + timedelta(hours=1))
    if status == Status.WITHDRAWN:
        row.move(Status.WITHDRAWN, at=at)
        row.save()
    return Takedown.objects.get(pk=row.pk)


def _learn(row: Takedown, outcome: Outcome, *, at: datetime) -> None:
    source = Source.RECHECK if outcome in {Outcome.SEEN_GONE, Outcome.SEEN_THERE} else Source.CALLBACK
    actions.record_outcome(takedown=row, outcome=outcome, source=source, at=at, recorded_at=at)
