"""The clock of a request that left: until when an answer is due, silence as an event, pausing.

Every sweep asks for a state, never for a time window: after a month without a worker the next one finds all that is due.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from cases.actions import check_can_work_on
from cases.ladder import states
from cases.ladder.models import Step
from cases.ladder.states import ForbiddenMove, StepState
from cases.models import Case, CaseEvent
from cases.states import CaseStatus, Happening
from cases.takedowns import actions as takedowns
from cases.takedowns import deadlines
from cases.takedowns.models import Event, Takedown
from cases.takedowns.states import ENDED, Outcome, Source, Status
from helpline.accounts.models import Staff
from helpline.audit import actions as audit
from reports import actions as reports
from reports.models import Report
from reports.states import AgeRange, LinkStatus, News
from reports.states import Status as ReportStatus

BATCH = 500


def is_urgent(report: Report) -> bool:
    """Does it wait for no office hours: a minor, or a threat with a deadline?"""
    return AgeRange(report.age_range).is_minor or report.deadline_at is not None


def due_of(row: Takedown, *, since: datetime | None = None) -> datetime | None:
    """When an answer to `row` is due, by the rules of today, counted from `since` or from when it left; None before that.

    It needs its notice with channel and its case with report loaded.
    """
    start = since or row.sent_at
    if start is None:
        return None
    channel = row.notice.channel
    return deadlines.answer_due(
        start,
        hours=deadlines.hours_to_answer(
            promised=channel.promised_hours,
            regimes=row.notice.regimes,
            by_regime=settings.ANSWER_HOURS_BY_REGIME,
            otherwise=settings.ANSWER_HOURS_OTHERWISE,
        ),
        urgent_hours=settings.ANSWER_HOURS_URGENT if is_urgent(row.case.report) else None,
        keeps=deadlines.office(channel.office_country, house=settings.TIME_ZONE),
    )


# --- what climbs ----------------------------------------------------------------------------------------

# Taken back by the young person or erased, whether or not the sweep of the takedowns has seen it yet.
NOT_WANTED = (
    Q(status__in=sorted(ENDED))
    | Q(link__status=LinkStatus.WITHDRAWN)
    | Q(case__report__status=ReportStatus.ERASED)
)
# Said gone, and seen there at a later look.
STILL_THERE = Q(
    status__in=sorted(states.SAID_GONE), observed=Outcome.SEEN_THERE, observed_at__gt=F("platform_at")
)


def climbing() -> QuerySet[Takedown]:
    """What a next step is proposed for: nobody answered; or it is still there, or back, after their word and not asked for
    afresh. While the young person wants it, and the case is open.
    """
    afresh = Takedown.objects.filter(
        link=OuterRef("link"), escalates=None, requested_at__gt=OuterRef("requested_at")
    ).exclude(status__in=sorted(ENDED))
    there = (STILL_THERE | Q(status=Status.REAPPEARED)) & ~Exists(afresh)
    rows = Takedown.objects.filter(Q(status__in=sorted(states.CLIMBING)) | there, escalates=None)
    return rows.exclude(NOT_WANTED)


def is_still_there(row: Takedown) -> bool:
    """The platform said that it is gone, and a later look saw it; or it came back."""
    if row.status == Status.REAPPEARED:
        return True
    return (
        row.status in states.SAID_GONE
        and row.observed == Outcome.SEEN_THERE
        and row.observed_at is not None
        and row.platform_at is not None
        and row.observed_at > row.platform_at
    )


def may_stop(row: Takedown) -> bool:
    """Is there a clock to stop: an answer that is awaited, or steps that are due?"""
    return row.status in states.WAITED_FOR | states.CLIMBING or is_still_there(row)


def is_wanted(row: Takedown) -> bool:
    """Does the young person still want it? It needs its link, and its case with report loaded."""
    return (
        row.status not in ENDED
        and row.link.status != LinkStatus.WITHDRAWN
        and row.case.report.status != ReportStatus.ERASED
    )


def same_item(notice: object, item: object, *, of: str = "") -> Q:
    """Who shares that item of that notice; of what was asked for one person alone nobody does. Both may be an OuterRef.

    `of`: where the takedown is, as "takedown__".
    """
    return Q(**{f"{of}notice": notice, f"{of}item_id": item})


def sharing(row: Takedown) -> QuerySet[Takedown]:
    """The takedowns that the same item of the same notice stands for, `row` among them, while they are wanted."""
    same = Takedown.objects.filter(Q(pk=row.pk) | same_item(row.notice_id, row.item))
    return same.exclude(NOT_WANTED).order_by("pk")


# --- until when -----------------------------------------------------------------------------------------

# They began to look after the day had come: that is a word, and from then on they have their hours once more.
LATE_LOOK = Q(status=Status.UNDER_REVIEW, answer_due_at__lte=F("status_at"))


@transaction.atomic
def set_clocks(*, limit: int = BATCH) -> int:
    """Give what left, and has no due date yet, the one its channel, its law and its urgency ask for. Returns how many."""
    found = (
        Takedown.objects.select_for_update(no_key=True, of=("self",), skip_locked=True)
        .select_related("notice__channel", "case__report")
        .filter(status__in=sorted(states.WAITED_FOR), clock_paused_at=None)
        .exclude(sent_at=None)
        .order_by("pk")
    )
    due = {row.pk: due_of(row) for row in found.filter(answer_due_at=None)[:limit]}
    due |= {row.pk: due_of(row, since=row.status_at) for row in found.filter(LATE_LOOK)[:limit]}
    if due:
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {Takedown._meta.db_table} AS t SET answer_due_at = due.at "  # noqa: S608 - a table's name
                "FROM unnest(%s::uuid[], %s::timestamptz[]) AS due (id, at) WHERE t.id = due.id",
                [[str(pk) for pk in due], list(due.values())],
            )
    return len(due)


@transaction.atomic
def note_silence(*, at: datetime, limit: int = 200) -> int:
    """Whose answer is overdue: say so in the timelines, to the young person and to the desk, once. Returns how many.

    Two sweeps at once wait for each other at the notices, and the second finds nothing left to say.
    """
    overdue = Takedown.objects.filter(
        ~LATE_LOOK, status__in=sorted(states.WAITED_FOR), answer_due_at__lte=at, clock_paused_at=None
    ).exclude(NOT_WANTED)
    ids = list(overdue.order_by("answer_due_at", "pk").values_list("pk", flat=True)[:limit])
    locked_rows = takedowns.lock_all(ids)
    # Asked once more, now that they can't change.
    still = set(overdue.filter(pk__in=ids).values_list("pk", flat=True))
    rows = [row for row in locked_rows if row.pk in still]
    if not rows:
        return 0
    cases = _lock_cases({row.case_id for row in rows})
    for row in rows:
        row.move(Status.NO_ANSWER, at=at)
    Takedown.objects.filter(pk__in=[row.pk for row in rows]).update(status=Status.NO_ANSWER, status_at=at)
    Event.objects.bulk_create(
        Event(
            takedown=row,
            at=at,
            recorded_at=at,
            source=Source.CLOCK,
            what=Status.NO_ANSWER,
            detail={"due": _iso(row.answer_due_at)},
        )
        for row in rows
    )
    # A reminder that is not answered either is no news to them: they know that nobody answered, and that we go further.
    told = [
        row for row in rows if row.escalates_id is None and cases[row.case_id].status != CaseStatus.CLOSED
    ]
    reports.post_updates(
        [
            reports.NewsItem(
                report_id=row.case.report_id,
                link_id=row.link_id,
                what=News.NO_ANSWER,
                at=at,
                data={"platform": row.platform.name},
            )
            for row in told
        ]
    )
    CaseEvent.objects.bulk_create(
        CaseEvent(
            case_id=row.case_id,
            what=Happening.OUTCOME,
            by=None,
            at=at,
            data={"status": Status.NO_ANSWER.value, "platform": row.platform.name},
        )
        for row in rows
    )
    Case.objects.filter(pk__in=cases, changed_at__lt=at).update(changed_at=at)
    audit.record_many(
        audit.row(
            by=f"{Source.CLOCK}:{row.platform.slug}", verb="takedown.no_answer", obj=row, detail={}, at=at
        )
        for row in rows
    )
    return len(rows)


def _lock_cases(ids: set[int]) -> dict[int, Case]:
    rows = Case.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=ids).order_by("pk")
    return {case.pk: case for case in rows}


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


# --- pausing --------------------------------------------------------------------------------------------


class NoReason(Exception):
    """A pause without a reason is not taken."""


class TooLate(Exception):
    """The minutes in which a slip can be taken back are over."""


def is_in_time(then: datetime, at: datetime) -> bool:
    """Can what was done at `then` still be taken back?"""
    return at - then <= settings.UNSEND


def _together(row: Takedown, *, by: Staff) -> list[Takedown]:
    """`row`, and those that share its item of the notice in the other cases this person may work on; locked.

    Whoever they may not see runs on: see `proposing.propose_steps` and `actions.take`.
    """
    same = sharing(row).filter(case__in=Case.objects.workable_by(by))
    return lock_rows([row.pk, *same.exclude(pk=row.pk).values_list("pk", flat=True)])


@transaction.atomic
def pause(*, takedown: Takedown, reason: str, by: Staff, at: datetime) -> int:
    """Stop the clock: no silence is noted and no step is due meanwhile. The reason is sealed into the timeline.

    It stops for everybody who shares the request and whose case this person may work on; the reason stays in this case.
    Returns how many cases. Raises PermissionDenied, NoReason, ForbiddenMove where no clock runs, WrongKey once erased.
    """
    if not reason.strip():
        raise NoReason
    check_can_work_on(takedown.case, by=by)
    rows = [row for row in _together(takedown, by=by) if row.clock_paused_at is None and may_stop(row)]
    if takedown.pk not in {row.pk for row in rows}:
        raise ForbiddenMove("No clock runs here.")
    for row in rows:
        row.answer_due_at = row.answer_due_at or due_of(row)
        row.clock_paused_at = at
        row.save(update_fields=["answer_due_at", "clock_paused_at"])
        words = reason if row.pk == takedown.pk else ""
        note(row, "paused", by=by, at=at, words=words, due=_iso(row.answer_due_at))
    takedown.refresh_from_db()
    return len(rows)


def _stopped(takedown: Takedown, *, by: Staff) -> list[Takedown]:
    """Those whose clocks were stopped with this one's, `takedown` first. Raises PermissionDenied, ForbiddenMove."""
    check_can_work_on(takedown.case, by=by)
    rows = {row.pk: row for row in _together(takedown, by=by)}
    own = rows.pop(takedown.pk)
    if own.clock_paused_at is None:
        raise ForbiddenMove("This clock runs.")
    return [own, *(row for row in rows.values() if row.clock_paused_at == own.clock_paused_at)]


@transaction.atomic
def undo_pause(*, takedown: Takedown, by: Staff, at: datetime) -> None:
    """As if it had not been stopped. Raises PermissionDenied, ForbiddenMove, TooLate: then `resume` is the way."""
    for row in _stopped(takedown, by=by):
        if row.clock_paused_at is None or not is_in_time(row.clock_paused_at, at):
            raise TooLate
        row.clock_paused_at = None
        row.save(update_fields=["clock_paused_at"])
        note(row, "unpaused", by=by, at=at)
    takedown.refresh_from_db()


@transaction.atomic
def resume(*, takedown: Takedown, by: Staff, at: datetime) -> int:
    """Let it run on: what was due is due later by exactly the length of the pause. For all that were stopped with it.

    Returns how many cases. Raises PermissionDenied, ForbiddenMove.
    """
    rows = _stopped(takedown, by=by)
    for row in rows:
        since, due = row.clock_paused_at or at, row.answer_due_at
        _shift(row, paused_at=since, span=max(at - since, timedelta()))
        row.clock_paused_at = None
        row.save(update_fields=["answer_due_at", "clock_paused_at"])
        if row.item_id is not None:
            _give_way(row)
        note(
            row, "resumed", by=by, at=at, since=_iso(since), due_before=_iso(due), due=_iso(row.answer_due_at)
        )
    takedown.refresh_from_db()
    return len(rows)


@transaction.atomic
def undo_resume(*, takedown: Takedown, by: Staff, at: datetime) -> None:
    """Stopped again, as if it had not been let run. Raises PermissionDenied, ForbiddenMove, TooLate."""
    check_can_work_on(takedown.case, by=by)
    rows = {row.pk: row for row in _together(takedown, by=by)}
    own = rows.pop(takedown.pk)
    last = _last_of_pause(own)
    if own.clock_paused_at is not None or last is None or last.what != "resumed":
        raise ForbiddenMove("There is no pause to go back to.")
    if not is_in_time(last.at, at):
        raise TooLate
    if not may_stop(own):
        raise ForbiddenMove("An answer came meanwhile.")
    _stop_again(own, last, by=by, at=at)
    for row in rows.values():
        event = _last_of_pause(row)
        together = event is not None and (event.what, event.at) == ("resumed", last.at)
        if event is not None and together and row.clock_paused_at is None and may_stop(row):
            _stop_again(row, event, by=by, at=at)
    takedown.refresh_from_db()


def _give_way(row: Takedown) -> None:
    """Whoever shares it may have climbed on meanwhile: what was only proposed here is proposed afresh, once for all."""
    others = Step.objects.filter(same_item(row.notice_id, row.item, of="takedown__"))
    others = others.exclude(takedown=row.pk).exclude(state=StepState.OVER)
    if others.exists():
        Step.objects.filter(takedown=row, state=StepState.PROPOSED).delete()


def _last_of_pause(row: Takedown) -> Event | None:
    return row.events.filter(what__in=PAUSES).order_by("-at", "-recorded_at").first()


def _stop_again(row: Takedown, last: Event, *, by: Staff, at: datetime) -> None:
    since = datetime.fromisoformat(last.detail["since"])
    _shift(row, paused_at=since, span=-(last.at - since))
    row.answer_due_at = datetime.fromisoformat(due) if (due := last.detail["due_before"]) else None
    row.clock_paused_at = since
    row.save(update_fields=["answer_due_at", "clock_paused_at"])
    note(row, "repaused", by=by, at=at)


PAUSES = ("paused", "unpaused", "resumed", "repaused")


def _shift(row: Takedown, *, paused_at: datetime, span: timedelta) -> None:
    """Move what was still to come when the clock stopped."""
    if row.answer_due_at is not None and row.answer_due_at > paused_at:
        row.answer_due_at = row.answer_due_at + span
    for step in Step.objects.select_for_update().filter(takedown=row, state__in=sorted(states.LIVE)):
        if step.due_at > paused_at:
            step.due_at += span
            step.save(update_fields=["due_at"])


# --- what the actions of the ladder share ---------------------------------------------------------------


def locked(takedown: Takedown, *, by: Staff | None) -> Takedown:
    """The row, its notice first. Raises PermissionDenied; `by` None is the clock."""
    if by is not None:
        check_can_work_on(takedown.case, by=by)
    [row] = lock_rows([takedown.pk])
    return row


def lock_rows(ids: Sequence[UUID]) -> list[Takedown]:
    """Those rows, locked in the one order, with all that a due date needs."""
    takedowns.lock_all(ids)
    rows = Takedown.objects.select_related("case__report", "platform", "notice__channel", "link")
    return list(rows.filter(pk__in=ids).order_by("pk"))


def lock_sharing(row: Takedown) -> list[Takedown]:
    """`row` and all who share it and want it, locked so."""
    return lock_rows(list(sharing(row).values_list("pk", flat=True)))


def note(row: Takedown, what: str, *, by: Staff | None, at: datetime, words: str = "", **detail: Any) -> None:
    """A line of the timeline and of the trail; `words` are sealed with the case's key. Raises WrongKey once erased."""
    source = Source.PERSON if by is not None else Source.CLOCK
    event = Event(takedown=row, at=at, recorded_at=at, source=source, what=what, by=by, detail=detail)
    if words.strip():
        event.words = row.case.box().seal(event, "words", words.strip()[:4000])
    event.save(force_insert=True)
    audit.record(by=by or f"{source}:{row.platform.slug}", verb=f"takedown.{what}", obj=row, at=at)
