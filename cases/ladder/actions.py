"""What climbs the ladder: taking a rung, leaving it out, noting what came of it. Nothing leaves but by a takedown.

Where several people share one item of a notice, it is asked once more for all of them, and one step stands for all.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy

from cases.actions import check_can_work_on, happened
from cases.ladder import again, holding, pack, rungs, states
from cases.ladder.clock import (
    TooLate,
    is_in_time,
    is_wanted,
    lock_rows,
    lock_sharing,
    locked,
    note,
)
from cases.ladder.models import Redress, Step
from cases.ladder.proposing import channels_of, facts_of, possible_for, steps_of
from cases.ladder.states import ForbiddenMove, Rung, StepOutcome, StepState
from cases.states import CaseStatus, Happening
from cases.takedowns import states as takedown_states
from cases.takedowns.actions import AlreadyRequested, NoChannel, WeakNotice
from cases.takedowns.linting import Judged
from cases.takedowns.models import Notice, Takedown
from cases.takedowns.notices import Finding
from cases.takedowns.states import Status
from helpline.accounts.models import Staff
from helpline.audit import actions as audit
from helpline.crypto import wrapping
from helpline.retention import privacy
from reports import actions as reports
from reports.states import News
from reports.states import Status as ReportStatus

NO_WAY = Finding(
    "no_channel",
    gettext_lazy("No channel in use leads there any more."),
    gettext_lazy("Leave this step out, or write by hand."),
)


class NoRung(Exception):
    """This rung is not there for this request, or was climbed already."""


# --- taking a step --------------------------------------------------------------------------------------


def take(*, step: Step, by: Staff | None, at: datetime) -> list[Takedown]:
    """One click: what a channel can carry leaves, what needs a person is theirs from now on. `by` None is the clock.

    Raises PermissionDenied, ForbiddenMove when somebody did it before, AlreadyRequested, NoChannel, WeakNotice, WrongKey.
    A notice that would not hold, or no channel: nothing leaves, and the step stays open with the reason.
    """
    try:
        return _take(step=step, by=by, at=at)
    except again.WouldNotHold as error:
        _hold(step, error.judged, at=at)
        raise
    except NoChannel:
        _hold(step, Judged([NO_WAY], {}), at=at)
        raise


def _hold(step: Step, judged: Judged, *, at: datetime) -> None:
    open_still = Step.objects.filter(pk=step.pk, state=StepState.PROPOSED)
    open_still.update(held_at=at, findings=holding.kept(judged))


@transaction.atomic
def _take(*, step: Step, by: Staff | None, at: datetime) -> list[Takedown]:
    row = locked(step.takedown, by=by)
    live = Step.objects.select_for_update().get(pk=step.pk)
    if live.state != StepState.PROPOSED:
        raise ForbiddenMove(f"A step that is {live.state} can't be taken.")
    if row.clock_paused_at is not None:
        raise ForbiddenMove("The clock stands still.")
    made: list[Takedown] = []
    shared = _who_asks(row)
    if live.by_machine:
        same, second, host = channels_of(row)
        channel = {Rung.REMINDER: same, Rung.SECOND: second, Rung.HOST: host}[Rung(live.rung)]
        if channel is None:
            raise NoChannel(row.platform)
        made = again.ask_again(shared, channel=channel, rung=Rung(live.rung), by=by, at=at)
    live.status_before = row.status
    live.by, live.held_at, live.findings = by, None, []
    live.move(StepState.DONE if live.by_machine else StepState.TAKEN, at=at)
    live.made = next((one for one in made if one.escalates_id == row.pk), None)
    live.save()
    if live.rung not in {Rung.REMINDER, Rung.DECIDE}:
        _escalate(shared, at=at)
    note(row, live.rung, by=by, at=at, step=str(live.pk), state=live.state)
    if made:
        happened(row.case, Happening.REQUESTED, by=by, at=at, platform=row.platform.name, count=1)
    step.refresh_from_db()
    return made


def _who_asks(row: Takedown) -> list[Takedown]:
    """`row` and all who share it, locked; without whose clock stands still, and who see it gone already.

    Raises ForbiddenMove once the young person of `row` took it back.
    """
    shared = lock_sharing(row)
    if row.pk not in {one.pk for one in shared}:
        raise ForbiddenMove("The young person took this back.")
    return [
        one
        for one in shared
        if one.pk == row.pk or (one.clock_paused_at is None and one.status in states.MAY_ESCALATE)
    ]


def _escalate(rows: Sequence[Takedown], *, at: datetime) -> None:
    for one in rows:
        if Status.ESCALATED in takedown_states.TRANSITIONS[Status(one.status)]:
            one.move(Status.ESCALATED, at=at)
            one.save(update_fields=["status", "status_at"])


@transaction.atomic
def escalate(*, takedown: Takedown, rung: str | None, by: Staff, at: datetime) -> Step:
    """Take the next rung now, or the one that is named: before its day, or of a request that was refused.

    Raises as `take`; NoRung where that rung is not there, ForbiddenMove before it left or once it is over.
    """
    check_can_work_on(takedown.case, by=by)
    [row] = lock_rows([takedown.escalates_id or takedown.pk])
    if row.status not in states.MAY_ESCALATE:
        raise ForbiddenMove(f"A takedown that is {row.status} can't be taken further.")
    steps = steps_of(row)
    live = next((step for step in steps if step.state in states.LIVE), None)
    if live is not None and rung in {None, live.rung}:
        take(step=live, by=by, at=at)
        return live
    left = possible_for(row, steps)
    wanted = rung or next(iter(left), None)
    if wanted not in left:
        raise NoRung(f"There is no such rung here: {wanted}.")
    if live is not None:
        if live.state == StepState.TAKEN:
            raise ForbiddenMove("A colleague works on another step just now.")
        # What was only proposed gives way, and is proposed again when its turn comes.
        live.delete()
    facts = facts_of(row)
    step = Step(
        takedown=row, rung=wanted, by_machine=rungs.by_machine(Rung(wanted), facts), state_at=at, due_at=at
    )
    step.save(force_insert=True)
    take(step=step, by=by, at=at)
    return step


def take_reminders(*, at: datetime, limit: int = 100) -> int:
    """Where the operator lets the machine remind: take each reminder that is due. Returns how many left.

    What does not leave waits for a person, with the reason.
    """
    if not settings.LADDER_REMINDS_ITSELF:
        return 0
    due = Step.objects.in_hand().filter(
        state=StepState.PROPOSED,
        rung=Rung.REMINDER,
        due_at__lte=at,
        takedown__clock_paused_at=None,
        takedown__notice__channel__platform__paused_at=None,
        takedown__notice__channel__platform__merged_into__paused_at=None,
        held_at=None,
    )
    taken = 0
    for step in due.select_related("takedown__case", "takedown__platform").order_by("due_at", "pk"):
        try:
            take(step=step, by=None, at=at)
            taken += 1
        except (ForbiddenMove, AlreadyRequested, NoChannel, WeakNotice, NoRung, wrapping.WrongKey):
            continue
        if taken == limit:
            break
    return taken


# --- what a person does ---------------------------------------------------------------------------------


def _locked_step(step: Step, *, by: Staff) -> tuple[Takedown, Step]:
    row = locked(step.takedown, by=by)
    return row, Step.objects.select_for_update().get(pk=step.pk)


@transaction.atomic
def mark_done(*, step: Step, reference: str, follow_up_on: date | None, by: Staff, at: datetime) -> None:
    """A person filed it. Tells the young person that it went further. Raises PermissionDenied, ForbiddenMove, WrongKey."""
    row, live = _locked_step(step, by=by)
    if live.by_machine:
        raise ForbiddenMove("A channel carries this one.")
    if live.state == StepState.PROPOSED:
        live.status_before = row.status
    if not is_wanted(row):
        raise ForbiddenMove("The young person took this back.")
    live.move(StepState.DONE, at=at)
    live.by = by
    live.reference = row.case.box().seal(live, "reference", reference.strip()[:200])
    live.follow_up_on = None if live.rung == Rung.DECIDE else follow_up_on or _follow_up(live.rung, at)
    live.save()
    shared = lock_sharing(row)
    if live.rung != Rung.DECIDE:
        _escalate(shared, at=at)
        tell(shared, News.TAKEN_FURTHER, at=at)
    note(row, live.rung, by=by, at=at, step=str(live.pk), state=live.state)
    step.refresh_from_db()


def _follow_up(rung: str, at: datetime) -> date | None:
    known = rungs.authority(rung)
    return timezone.localdate(at) + timedelta(days=known.follow_up_days) if known else None


def tell(rows: Sequence[Takedown], what: News, *, at: datetime) -> None:
    """The same news to everybody who shares it, but to whom a closed case belongs."""
    reports.post_updates(
        [
            reports.NewsItem(
                report_id=row.case.report_id,
                link_id=row.link_id,
                what=what,
                at=at,
                data={"platform": row.platform.name},
            )
            for row in rows
            if row.case.status != CaseStatus.CLOSED
        ]
    )


@transaction.atomic
def skip(*, step: Step, reason: str, by: Staff, at: datetime) -> None:
    """Leave this rung out; the next is proposed. Raises PermissionDenied, ForbiddenMove, WrongKey."""
    row, live = _locked_step(step, by=by)
    live.move(StepState.SKIPPED, at=at)
    live.by = by
    live.words = row.case.box().seal(live, "words", reason.strip()[:4000])
    live.save()
    note(row, live.rung, by=by, at=at, step=str(live.pk), state=live.state, words=reason)
    step.refresh_from_db()


@transaction.atomic
def undo(*, step: Step, by: Staff, at: datetime) -> None:
    """One state back: what a machine sent while it has not left, what a person noted within minutes, what they took on
    at any time. Raises PermissionDenied, TooLate, ForbiddenMove when it left, or the ladder went on from there.
    """
    check_can_work_on(step.takedown.case, by=by)
    # Both notices at once, in the one order.
    rows = {row.pk: row for row in lock_rows([pk for pk in (step.takedown_id, step.made_id) if pk])}
    row, live = rows[step.takedown_id], Step.objects.select_for_update(of=("self",)).get(pk=step.pk)
    if live.made_id != step.made_id:
        raise ForbiddenMove("It changed this moment.")
    if live.state not in {StepState.TAKEN, StepState.DONE, StepState.SKIPPED}:
        raise ForbiddenMove("There is nothing to take back.")
    if live.state != StepState.TAKEN and not is_in_time(live.state_at, at):
        raise TooLate
    if row.status not in states.CLIMBING | {live.status_before, ""}:
        raise ForbiddenMove("An answer came meanwhile.")
    later = Step.objects.select_for_update().filter(takedown=row).exclude(pk=live.pk)
    if later.filter(state__in={StepState.TAKEN, StepState.DONE}, state_at__gt=live.state_at).exists():
        raise ForbiddenMove("The ladder went on from there.")
    later.filter(state=StepState.PROPOSED).delete()
    if live.made_id is not None:
        _take_back_sent(live, by=by, at=at)
    was_noted = live.state == StepState.DONE and not live.by_machine
    to = StepState.TAKEN if was_noted else StepState.PROPOSED
    live.made = None
    live.move(to, at=at)
    live.by = by if to == StepState.TAKEN else None
    live.reference, live.words, live.follow_up_on = None, None, None
    live.save()
    went_further = later.filter(state=StepState.DONE).exclude(rung=Rung.REMINDER).exists()
    if to == StepState.PROPOSED and live.status_before and not went_further:
        for one in lock_sharing(row):
            if one.status == Status.ESCALATED and live.status_before != Status.ESCALATED:
                one.move_back(Status(live.status_before), at=at)
                one.save(update_fields=["status", "status_at"])
    if was_noted:
        audit.record(by=by, verb="step.undone", obj=live, at=at)
    note(row, live.rung, by=by, at=at, step=str(live.pk), state=live.state, undone=True)
    step.refresh_from_db()


def _take_back_sent(live: Step, *, by: Staff, at: datetime) -> None:
    made = live.made
    if made is None:
        return
    for one in lock_sharing(made):
        if one.status not in {Status.QUEUED, Status.TO_FILE, Status.DRAFT}:
            raise ForbiddenMove("It left already.")
        one.move(Status.CANCELLED, at=at)
        one.next_look_at = None
        one.save()
        note(one, Status.CANCELLED, by=by, at=at)
    Notice.objects.filter(pk=made.notice_id).update(due_at=None, ask_at=None)


@transaction.atomic
def record_outcome(
    *, step: Step, outcome: StepOutcome, words: str, follow_up_on: date | None, by: Staff, at: datetime
) -> None:
    """What whoever was written to did. "They took it up" may be asked about again.

    Raises PermissionDenied, ForbiddenMove, WrongKey once erased.
    """
    row, live = _locked_step(step, by=by)
    if live.state != StepState.DONE or live.by_machine:
        raise ForbiddenMove("Only of what was filed by a person is there an outcome.")
    live.outcome, live.outcome_at = outcome, at
    live.words = row.case.box().seal(live, "words", words.strip()[:4000])
    live.follow_up_on = follow_up_on if outcome == StepOutcome.TAKEN_UP else None
    live.save()
    note(row, live.rung, by=by, at=at, step=str(live.pk), outcome=outcome.value, words=words)
    step.refresh_from_db()


def make_pack(*, step: Step, by: Staff, at: datetime) -> bytes:
    """The complaint as a PDF, made now and kept nowhere. That it was made is in the trail, with its digest.

    Raises PermissionDenied, ForbiddenMove for what a machine sends, WrongKey once erased.
    """
    row, live = step.takedown, step
    with transaction.atomic():
        row = locked(row, by=by)
        if live.by_machine or live.rung == Rung.DECIDE:
            raise ForbiddenMove("There is nothing to file here.")
        if row.case.report.status == ReportStatus.ERASED:
            raise wrapping.WrongKey("This case was erased.")
        if not is_wanted(row) or live.state in {StepState.SKIPPED, StepState.OVER}:
            raise ForbiddenMove("It is not needed any more.")
    made = pack.for_step(live, row, at=at)
    audit.record(by=by, verb="step.pack", obj=live, detail={"rung": live.rung, "sha256": made.sha256}, at=at)
    return made.body


# --- forgetting -----------------------------------------------------------------------------------------


@transaction.atomic
def follow_erasures(*, limit: int = 200) -> int:
    """Where the young person erased the report: blank the words. Returns how many rows."""
    count = 0
    erased = Q(takedown__case__report__status=ReportStatus.ERASED) | Q(takedown__case__key=None)
    for model in (Step, Redress):
        written = Q(reference__isnull=False) | Q(words__isnull=False)
        found = model.objects.select_for_update(of=("self",), skip_locked=True).filter(erased, written)
        for row in found.order_by("pk")[:limit]:
            row.save(update_fields=privacy.blank(row))
            count += 1
    return count
