"""Against a refusal: the window of article 20, a complaint to the platform, then a certified body (article 21).

Children fail these bodies' age rules, so the helpline files, in its own name.
"""

import calendar
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q
from django.template.loader import render_to_string
from django.utils import timezone, translation

from cases.actions import happened
from cases.ladder import pack, reminding, states
from cases.ladder.actions import tell
from cases.ladder.clock import (
    NOT_WANTED,
    TooLate,
    is_in_time,
    is_wanted,
    lock_rows,
    lock_sharing,
    locked,
    note,
    same_item,
)
from cases.ladder.models import Redress
from cases.ladder.reminding import REMIND, SHOWN_FROM, reminder_due
from cases.ladder.states import ForbiddenMove, Kind, RedressState
from cases.states import CaseStatus, Happening
from cases.takedowns import actions as takedowns
from cases.takedowns import notices
from cases.takedowns import states as takedown_states
from cases.takedowns.models import Takedown
from cases.takedowns.states import Outcome, Source, Status
from helpline.accounts.models import Staff
from helpline.audit import actions as audit
from helpline.crypto import wrapping
from helpline.platforms.models import Regime
from reports.states import LinkStatus, News
from reports.states import Status as ReportStatus

MONTHS = 6  # DSA art. 20(1): at least six months from the decision
BODY_DAYS, BODY_DAYS_COMPLEX = 90, 180  # DSA art. 21(4)


# --- when, pure -----------------------------------------------------------------------------------------


def months_later(day: date, months: int) -> date:
    """The same day so many months on, or the last of its month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def window_of(row: Takedown) -> date:
    """The last day for a complaint to the platform: what it said itself, else six months from its decision."""
    if row.redress_until is not None:
        return row.redress_until
    if row.platform_at is None:
        raise ValueError("Only of a decision there is a window.")
    return months_later(timezone.localdate(row.platform_at), MONTHS)


# --- the sweeps -----------------------------------------------------------------------------------------


def open_windows(*, at: datetime, limit: int = 200) -> int:
    """A window for each decision that article 20 lets one contest. Returns how many. Two sweeps at once open one."""
    same = same_item(OuterRef("notice"), OuterRef("item_id"))
    others = Takedown.objects.filter(same, pk__lt=OuterRef("pk")).exclude(NOT_WANTED)
    known = Redress.objects.filter(takedown=OuterRef("pk"), kind=Kind.INTERNAL)
    found = (
        Takedown.objects.filter(status__in=sorted(states.CONTESTABLE), platform_at__isnull=False)
        .filter(notice__regimes__contains=[Regime.EU_DSA_16])
        .exclude(NOT_WANTED)
        .filter(~Exists(known), ~Exists(others))
        .order_by("status_at", "pk")
    )
    made = [
        Redress(
            takedown=row,
            kind=Kind.INTERNAL,
            state_at=at,
            opened_at=max(at, row.platform_at or at),
            decision_at=row.platform_at or at,
            window_until=window_of(row),
        )
        for row in found[:limit]
    ]
    Redress.objects.bulk_create(made, ignore_conflicts=True)
    return len(made)


@transaction.atomic
def remind(*, at: datetime, limit: int = 200) -> int:
    """Bring to mind what closes in 30, 7 and 1 days, each once; what closed is over. Returns how many were touched."""
    today = timezone.localdate(at)
    due = Q()
    for days in REMIND:
        not_yet = Q(reminded=None) | Q(reminded__gt=days)
        due |= not_yet & Q(window_until__lte=today + timedelta(days=days))
    soon = Q(window_until__lte=today + timedelta(days=SHOWN_FROM))
    # What they took back, or erased, is ended by the other sweep.
    wanted = Redress.objects.exclude(takedown__link__status=LinkStatus.WITHDRAWN)
    wanted = wanted.exclude(takedown__case__report__status=ReportStatus.ERASED)
    found = wanted.select_for_update(of=("self",), skip_locked=True).filter(
        soon,
        Q(window_until__lt=today) | due & ~Q(takedown__case__status=CaseStatus.CLOSED),
        state=RedressState.TO_FILE,
    )
    found = found.select_related("takedown__case__report", "takedown__case__assignee", "takedown__platform")
    rows = list(found.order_by("pk")[:limit])
    lapsed = [row for row in rows if row.window_until < today]
    for row in lapsed:
        row.move(RedressState.LAPSED, at=at)
        row.save(update_fields=["state", "state_at"])
        note(row.takedown, "lapsed", by=None, at=at, redress=row.kind)
    reminding.end_reminders([row.pk for row in lapsed], at=at)
    for row in rows:
        days_left = reminder_due(row.window_until, today, row.reminded)
        if row.state == RedressState.TO_FILE and days_left is not None:
            reminding.remind(row, days=days_left, at=at)
    return len(rows)


def is_late(today: date) -> Q:
    """Filed, and the answer was due before today."""
    return Q(state=RedressState.FILED, answer_due_on__lt=today)


# A body decided for us. It binds nobody: the platform has yet to follow.
GRANTED_IN_VAIN = Q(
    kind=Kind.OUT_OF_COURT,
    state__in=[RedressState.OVERTURNED, RedressState.PARTLY],
    takedown__status=Status.CONTESTED,
)


@transaction.atomic
def remind_of_answers(*, at: datetime, limit: int = 200) -> int:
    """Silence after a complaint is an event, too: it is brought to mind, once, of who holds the case. Returns how many."""
    found = Redress.objects.select_for_update(of=("self",), skip_locked=True).filter(
        is_late(timezone.localdate(at)),
        Q(reminded=None) | Q(reminded__gt=reminding.UNANSWERED),
        takedown__case__assignee__isnull=False,  # without one, an alert tells of it
    )
    found = found.exclude(takedown__case__status=CaseStatus.CLOSED)
    found = found.select_related("takedown__case__report", "takedown__case__assignee", "takedown__platform")
    rows = list(found.order_by("answer_due_on", "pk")[:limit])
    for row in rows:
        reminding.remind_of_answer(row, at=at)
    return len(rows)


@transaction.atomic
def end_redress(*, at: datetime, limit: int = 200) -> int:
    """Taken back by the young person, gone, or granted meanwhile: no complaint is needed. Returns how many ended."""
    contested = Takedown.objects.filter(pk=OuterRef("takedown"), status__in=sorted(DISPUTED))
    needed = Exists(contested.exclude(NOT_WANTED))
    found = Redress.objects.filter(~needed, state__in=sorted(states.OPEN)).order_by("pk")
    ids = [row.pk for row in lock_rows(list(found.values_list("takedown", flat=True)[:limit]))]
    # Asked once more, now that they can't change.
    over = Redress.objects.filter(~needed, takedown__in=ids, state__in=sorted(states.OPEN))
    ended = list(over.select_for_update(of=("self",)).values_list("pk", flat=True))
    reminding.end_reminders(ended, at=at)
    return Redress.objects.filter(pk__in=ended).update(state=RedressState.WITHDRAWN, state_at=at)


DISPUTED = states.CONTESTABLE | {Status.CONTESTED, Status.ESCALATED, Status.NOT_FOUND}


# --- what is written ------------------------------------------------------------------------------------


def complaint(redress: Redress) -> str:
    """The drafted complaint, in the language of the notice, from the facts: nothing in it is about the young person.

    Raises WrongKey once erased.
    """
    row = redress.takedown
    if row.case.report.status == ReportStatus.ERASED:
        raise wrapping.WrongKey("This case was erased.")
    content = notices.content_of(row.notice, items={row.item})
    with translation.override(content.language):
        context = {
            "notice": content,
            "row": row,
            "decided": timezone.localdate(redress.decision_at),
            "said": Outcome(row.platform_says).label if row.platform_says else "",
            "until": redress.window_until,
        }
        return render_to_string("ladder/complaint.txt", context).strip() + "\n"


def make_pack(*, redress: Redress, by: Staff, at: datetime) -> bytes:
    """What the out-of-court body gets, as a PDF made now. Raises PermissionDenied, WrongKey once erased."""
    with transaction.atomic():
        row = locked(redress.takedown, by=by)
        if row.case.report.status == ReportStatus.ERASED:
            raise wrapping.WrongKey("This case was erased.")
        if not is_wanted(row) or redress.state in {RedressState.LAPSED, RedressState.WITHDRAWN}:
            raise ForbiddenMove("It is not needed any more.")
    made = pack.for_redress(redress, row, at=at)
    audit.record(
        by=by, verb="redress.pack", obj=redress, detail={"kind": redress.kind, "sha256": made.sha256}, at=at
    )
    return made.body


# --- what a person does ---------------------------------------------------------------------------------


def _locked(redress: Redress, *, by: Staff) -> tuple[Takedown, Redress]:
    row = locked(redress.takedown, by=by)
    return row, Redress.objects.select_for_update().get(pk=redress.pk)


@transaction.atomic
def open_out_of_court(*, takedown: Takedown, by: Staff, at: datetime) -> Redress:
    """A further way, once the platform decided; complaining to it first is usual, not needed.

    Raises PermissionDenied, ForbiddenMove where there is no decision, or this way was opened before.
    """
    row = locked(takedown, by=by)
    if not is_wanted(row):
        raise ForbiddenMove("The young person took this back.")
    if row.status not in states.CONTESTABLE | {Status.CONTESTED} or row.platform_at is None:
        raise ForbiddenMove(f"A takedown that is {row.status} has no decision to contest.")
    if Regime.EU_DSA_16 not in row.notice.regimes:
        raise ForbiddenMove("This way is one of the Digital Services Act.")
    if row.redress.filter(kind=Kind.OUT_OF_COURT).exists():
        raise ForbiddenMove("This way is open already.")
    since = row.redress.filter(decided_at__isnull=False).values_list("decided_at", flat=True).first()
    decision = since or row.platform_at
    made = Redress.objects.create(
        takedown=row,
        kind=Kind.OUT_OF_COURT,
        state_at=at,
        opened_at=max(at, decision),
        decision_at=decision,
        window_until=timezone.localdate(decision) + timedelta(days=settings.OUT_OF_COURT_DAYS),
    )
    note(row, "redress", by=by, at=at, redress=made.kind)
    return made


@transaction.atomic
def file(
    *, redress: Redress, reference: str, body: str = "", is_complex: bool = False, by: Staff, at: datetime
) -> None:
    """It was filed. The takedown is contested, and the young person reads that we did not leave it at the refusal.

    Raises PermissionDenied, ForbiddenMove, WrongKey once erased.
    """
    row, live = _locked(redress, by=by)
    if not is_wanted(row):
        raise ForbiddenMove("The young person took this back.")
    live.move(RedressState.FILED, at=at)
    live.filed_at, live.filed_by = at, by
    live.body, live.is_complex = body.strip()[:120], is_complex
    live.answer_due_on = answer_due_on(live, at)
    live.reference = row.case.box().seal(live, "reference", reference.strip()[:200])
    live.save()
    reminding.end_reminders([live.pk], at=at)
    shared = lock_sharing(row)
    _move(shared, Status.CONTESTED, at=at)
    tell(shared, News.CONTESTED, at=at)
    note(row, "complaint", by=by, at=at, redress=live.kind)
    happened(
        row.case, Happening.OUTCOME, by=by, at=at, status=Status.CONTESTED.value, platform=row.platform.name
    )
    redress.refresh_from_db()


def answer_due_on(redress: Redress, at: datetime) -> date:
    """Until when they should decide: 90 days for a body, 180 where it is complex; for a platform, what the house sets."""
    if redress.kind == Kind.INTERNAL:
        days = settings.COMPLAINT_DAYS
    else:
        days = BODY_DAYS_COMPLEX if redress.is_complex else BODY_DAYS
    return timezone.localdate(at) + timedelta(days=days)


def _move(rows: Sequence[Takedown], status: Status, *, at: datetime) -> None:
    for one in rows:
        if status in takedown_states.TRANSITIONS[Status(one.status)]:
            one.move(status, at=at)
            one.save(update_fields=["status", "status_at"])


@transaction.atomic
def decide(*, redress: Redress, state: RedressState, words: str, by: Staff, at: datetime) -> None:
    """What they decided. What the platform itself overturned enters by the one door, as its word; a body's decision binds
    nobody, so there the platform's own word is still awaited.

    Raises PermissionDenied, ForbiddenMove, WrongKey once erased.
    """
    if state not in states.DECIDED:
        raise ForbiddenMove(f"{state} is no decision.")
    row, live = _locked(redress, by=by)
    if live.state != RedressState.FILED:
        raise ForbiddenMove(f"A complaint that is {live.state} can't be decided.")
    live.move(state, at=at)
    live.decided_at, live.answer_due_on = at, None
    live.words = row.case.box().seal(live, "words", words.strip()[:4000])
    live.save()
    reminding.end_reminders([live.pk], at=at)
    note(row, state, by=by, at=at, redress=live.kind)
    if state == RedressState.UPHELD:
        _back_to_platform_word(row, at=at)
    elif live.kind == Kind.INTERNAL:
        said = Outcome.REMOVED if state == RedressState.OVERTURNED else Outcome.PARTLY_REMOVED
        takedowns.record_outcome(
            takedown=row,
            outcome=said,
            source=Source.PERSON,
            at=at,
            recorded_at=at,
            by=by,
            detail={"redress": live.kind},
        )
    redress.refresh_from_db()


def _back_to_platform_word(row: Takedown, *, at: datetime) -> None:
    """A complaint that failed or was never filed: the platform's decision stands as it did."""
    for one in lock_sharing(row):
        if one.status == Status.CONTESTED and one.platform_says:
            one.move(takedown_states.STATUS_OF[Outcome(one.platform_says)], at=at)
            one.save(update_fields=["status", "status_at"])


@transaction.atomic
def drop(*, redress: Redress, by: Staff, at: datetime) -> None:
    """Nobody complains any more. Raises PermissionDenied, ForbiddenMove."""
    row, live = _locked(redress, by=by)
    was_filed = live.state == RedressState.FILED
    live.move(RedressState.WITHDRAWN, at=at)
    live.save(update_fields=["state", "state_at"])
    reminding.end_reminders([live.pk], at=at)
    if was_filed:
        _back_to_platform_word(row, at=at)
    note(row, "dropped", by=by, at=at, redress=live.kind)
    redress.refresh_from_db()


@transaction.atomic
def undo(*, redress: Redress, by: Staff, at: datetime) -> None:
    """One state back, within minutes. Raises PermissionDenied, TooLate, and ForbiddenMove once the young person was told
    that it was overturned, or the takedown went on from there.
    """
    row, live = _locked(redress, by=by)
    before = live.state_at
    if not is_in_time(before, at):
        raise TooLate
    match live.state:
        case RedressState.FILED:
            live.move(RedressState.TO_FILE, at=at)
            live.filed_at = live.filed_by = live.answer_due_on = live.reference = None
            live.body = ""
            _back_to_platform_word(row, at=at)
        case RedressState.UPHELD:
            live.move(RedressState.FILED, at=at)
            live.decided_at = live.words = None
            live.answer_due_on = answer_due_on(live, live.filed_at or at)
            _move(lock_sharing(row), Status.CONTESTED, at=at)
        case RedressState.OVERTURNED | RedressState.PARTLY if live.kind == Kind.OUT_OF_COURT:
            live.move(RedressState.FILED, at=at)
            live.decided_at = live.words = None
            live.answer_due_on = answer_due_on(live, live.filed_at or at)
        case RedressState.WITHDRAWN if row.status in states.CONTESTABLE:
            live.move(RedressState.FILED if live.filed_at else RedressState.TO_FILE, at=at)
            if live.filed_at:
                _move(lock_sharing(row), Status.CONTESTED, at=at)
        case _:
            raise ForbiddenMove("There is nothing to take back.")
    live.save()
    reminding.bring_back(live, ended_at=before)
    note(row, "undone", by=by, at=at, redress=live.kind)
    redress.refresh_from_db()


# --- how it ends ------------------------------------------------------------------------------------


def decisions(*, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """How contested decisions ended from `since` until before `until`: platform, kind, how many of each. Coarse facts."""
    found = Redress.objects.filter(decided_at__gte=since, decided_at__lt=until)
    counted = found.values("kind", platform=F("takedown__platform__slug")).annotate(
        overturned=Count("pk", filter=Q(state=RedressState.OVERTURNED)),
        partly=Count("pk", filter=Q(state=RedressState.PARTLY)),
        upheld=Count("pk", filter=Q(state=RedressState.UPHELD)),
    )
    return list(counted.order_by("platform", "kind"))
