"""What changes who has a case, who may see it for a while, and who is here.

Locks: the account of whoever receives, then the case, then the offer, as everywhere.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases import actions as cases
from cases.actions import belongs_to, check_belongs_to, happened
from cases.handover.models import Away, HandOver, HandOverRead, Move, Shift, Transfer, Watch
from cases.handover.states import ForbiddenMove, Status
from cases.models import Case, QueueItem, Share
from cases.reading import box_of
from cases.states import CaseStatus, Happening
from helpline.accounts.models import Staff, Team
from helpline.accounts.permissions import Permission
from helpline.approvals import actions as approvals
from helpline.audit import actions as audit
from helpline.crypto import wrapping
from helpline.crypto.box import settings_box
from helpline.retention import privacy
from reports.states import Status as ReportStatus

MAX_SHARE = timedelta(days=30)
SHIFT_ENDS_AFTER = timedelta(hours=14)  # one that somebody forgot to end
WORDS_KEPT = timedelta(days=3)  # no case is named by a key of its own, so an erasure does not reach them
ROWS_KEPT = timedelta(days=30)
SHIFTS_KEPT = timedelta(days=1)


class Refused(Exception):
    """It can't be done as it is asked. `sentence` is for the person."""

    def __init__(self, sentence: str | Promise) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence


class AlreadyOffered(Exception):
    """The case is on offer: `transfer` says to whom."""

    def __init__(self, transfer: Transfer) -> None:
        super().__init__("This case is on offer already.")
        self.transfer = transfer


class Answered(Exception):
    """The offer waits no more: `transfer` says what became of it, and through whom."""

    def __init__(self, transfer: Transfer) -> None:
        super().__init__(f"This offer is {transfer.status}.")
        self.transfer = transfer


def _lock(case: Case) -> None:
    case.refresh_from_db(from_queryset=Case.objects.select_for_update(no_key=True))


def _locked(transfer: Transfer) -> Transfer:
    """The case first, then the offer."""
    _lock(transfer.case)
    rows = Transfer.objects.select_for_update(of=("self",), no_key=True)
    row = rows.select_related("by", "to_staff", "to_team", "done_by").get(pk=transfer.pk)
    row.case = transfer.case
    return row


# --- an offer ---------------------------------------------------------------------------------------------


@transaction.atomic
def offer(*, case: Case, to: Staff | Team, reason: str, by: Staff, at: datetime) -> Transfer:
    """Offer the case to a colleague or a team. It stays where it is until somebody says yes.

    Raises PermissionDenied, ForbiddenMove for a closed case, AlreadyOffered, Refused, WrongKey once erased.
    """
    if isinstance(to, Staff) and not cases.still_works_here(to):
        raise Refused(_("They don’t work here any more."))
    _lock(case)
    check_belongs_to(case, by)
    if case.status == CaseStatus.CLOSED:
        raise ForbiddenMove("A closed case is handed to nobody.")
    box = box_of(case)
    there = Transfer.objects.filter(case=case, status=Status.OFFERED).first()
    if there is not None and not _settle_if_over(_locked(there), at=at):
        raise AlreadyOffered(there)
    _check_can_receive(to, case=case, by=by, at=at)
    row = Transfer(
        case=case,
        by=by,
        holder=case.assignee,
        to_staff=to if isinstance(to, Staff) else None,
        to_team=to if isinstance(to, Team) else None,
        offered_at=at,
        expires_at=Now() + settings.TRANSFER_LIFE,
    )
    row.reason = box.seal(row, "reason", reason.strip())
    row.save(force_insert=True)
    row.refresh_from_db(fields=["expires_at"])
    _tell(row, by=by, at=at)
    return row


def _check_can_receive(to: Staff | Team, *, case: Case, by: Staff, at: datetime) -> None:
    if isinstance(to, Team):
        members = Staff.objects.select_related("role").filter(memberships__team=to, is_active=True)
        if not any(cases.can_hold_cases(one) for one in members if one.pk not in {case.assignee_id, by.pk}):
            raise Refused(_("There is nobody in this team who could take it."))
        return
    if to.pk == by.pk:
        raise Refused(_("You can take it yourself."))
    if to.pk == case.assignee_id:
        raise Refused(_("They have it already."))
    if not cases.can_hold_cases(to):
        raise Refused(_("They don’t work on cases."))
    if Away.objects.on(timezone.localdate(at)).filter(staff=to).exists():
        raise Refused(_("They are away. Choose somebody who is here."))


@transaction.atomic
def accept(*, transfer: Transfer, words: str, by: Staff, at: datetime) -> None:
    """`by` has the case from now on. Raises PermissionDenied, Answered (somebody was first, or it is over), WrongKey."""
    if not (cases.can_hold_cases(by) and cases.still_works_here(by)):
        raise PermissionDenied
    row = _to_answer(transfer, by=by, at=at)
    cases.hand_to(case=row.case, to=by, by=by, at=at, team=row.to_team)
    _settle(row, Status.ACCEPTED, by=by, at=at, words=words)


@transaction.atomic
def decline(*, transfer: Transfer, words: str, by: Staff, at: datetime) -> None:
    """It stays where it is, and whoever offered it is told why. Raises PermissionDenied, Answered, WrongKey."""
    _settle(_to_answer(transfer, by=by, at=at), Status.DECLINED, by=by, at=at, words=words)


def _to_answer(transfer: Transfer, *, by: Staff, at: datetime) -> Transfer:
    row = _locked(transfer)
    if not row.is_receiver(by):
        raise PermissionDenied
    if row.status != Status.OFFERED or not Transfer.objects.live().filter(pk=row.pk).exists():
        raise Answered(row)
    return row


@transaction.atomic
def take_back(*, transfer: Transfer, by: Staff, at: datetime) -> None:
    """Not offered any more. Raises PermissionDenied unless `by` offered it or the case is theirs, Answered."""
    row = _locked(transfer)
    if row.by_id != by.pk and not belongs_to(row.case, by):
        raise PermissionDenied
    if row.status == Status.TAKEN_BACK:
        return
    if row.status != Status.OFFERED:
        raise Answered(row)
    _settle(row, Status.TAKEN_BACK, by=by, at=at)


@transaction.atomic
def saw_it_come_back(*, transfer: Transfer, by: Staff, at: datetime) -> None:
    """Whoever offered it knows that nobody took it on. Raises PermissionDenied for anybody else."""
    if transfer.by_id != by.pk:
        raise PermissionDenied
    Transfer.objects.came_back(by).filter(pk=transfer.pk).update(seen_at=at)


def settle_overdue(*, at: datetime, limit: int = 200) -> int:
    """Offers that nobody answered in time, or whose case moved on, end where everybody sees it. Returns how many."""
    live = Transfer.objects.live().values("pk")
    over = Transfer.objects.filter(status=Status.OFFERED).exclude(pk__in=live).order_by("pk")
    return sum(_settle_one(row, at=at) for row in over.select_related("case")[:limit])


@transaction.atomic
def _settle_one(transfer: Transfer, *, at: datetime) -> bool:
    return _settle_if_over(_locked(transfer), at=at)


def _settle_if_over(row: Transfer, *, at: datetime) -> bool:
    """True when it waits no longer: it was settled, or is now."""
    if row.status != Status.OFFERED:
        return True
    if Transfer.objects.live().filter(pk=row.pk).exists():
        return False
    in_time = Transfer.objects.filter(pk=row.pk, expires_at__gt=Now()).exists()
    _settle(row, Status.VOID if in_time else Status.EXPIRED, by=None, at=at)
    return True


def _settle(row: Transfer, status: Status, *, by: Staff | None, at: datetime, words: str = "") -> None:
    row.move(status)
    row.done_at, row.done_by = at, by
    if words.strip():
        row.answer = box_of(row.case).seal(row, "answer", words.strip())
    row.save(update_fields=["status", "done_at", "done_by", "answer"])
    _tell(row, by=by, at=at)


def _tell(row: Transfer, *, by: Staff | None, at: datetime) -> None:
    name = str(by) if by is not None and row.status in {Status.ACCEPTED, Status.DECLINED} else row.to_whom
    happened(row.case, Happening.HANDED, by=by, at=at, step=str(row.status), to=name)
    detail: audit.Detail = {"case": row.case.ref, "to": row.to_staff_id, "team": row.to_team_id}
    audit.record(by=by, verb=f"transfer.{row.status}", obj=row, detail=detail, at=at)


@transaction.atomic
def take(*, case: Case, by: Staff, at: datetime) -> None:
    """A case of one's team, or that nobody has: it is `by`'s now. Again changes nothing. Raises PermissionDenied."""
    if not (cases.can_hold_cases(by) and cases.still_works_here(by)):
        raise PermissionDenied
    _lock(case)
    check_belongs_to(case, by)
    if case.assignee_id != by.pk:
        cases.hand_to(case=case, to=by, by=by, at=at)


def record_read(*, transfer: Transfer, by: Staff, at: datetime) -> None:
    """Reading why is an act too."""
    audit.record(by=by, verb="transfer.read", obj=transfer, detail={"case": transfer.case.ref}, at=at)


# --- sharing, watching ------------------------------------------------------------------------------------


@transaction.atomic
def share(
    *, case: Case, to: Staff, may_work: bool, lasts: timedelta, reason: str, by: Staff, at: datetime
) -> Share:
    """`to` reads the case, or works on it, too, for a while by the database's clock. Shared again, the newest counts.

    Raises PermissionDenied, Refused, WrongKey once erased.
    """
    if not cases.still_works_here(to):
        raise Refused(_("They don’t work here any more."))
    _lock(case)
    check_belongs_to(case, by)
    if not timedelta(0) < lasts <= MAX_SHARE:
        raise Refused(_("At most 30 days."))
    if not cases.can_hold_cases(to):
        raise Refused(_("They don’t work on cases."))
    if belongs_to(case, to):
        raise Refused(_("They work on this case already."))
    box = box_of(case)
    Share.objects.filter(case=case, staff=to, ended_at=None).update(ended_at=at, ended_by=by)
    row = Share(case=case, staff=to, may_work=may_work, by=by, at=at, until=Now() + lasts)
    row.reason = box.seal(row, "reason", reason.strip())
    row.save(force_insert=True)
    row.refresh_from_db(fields=["until"])
    happened(case, Happening.SHARED, by=by, at=at, to=str(to), step="work" if may_work else "read")
    detail: audit.Detail = {"to": to.pk, "may_work": may_work, "until": row.until.isoformat()}
    audit.record(by=by, verb="case.shared", obj=case, detail=detail, at=at)
    return row


@transaction.atomic
def end_share(*, share: Share, by: Staff, at: datetime) -> None:
    """Before its time. Twice changes nothing. Raises PermissionDenied unless the case is `by`'s, or it is their own."""
    _lock(share.case)
    if share.staff_id != by.pk and not belongs_to(share.case, by):
        raise PermissionDenied
    if Share.objects.live().filter(pk=share.pk).update(ended_at=at, ended_by=by):
        happened(share.case, Happening.SHARED, by=by, at=at, to=str(share.staff), step="ended")
        audit.record(by=by, verb="case.unshared", obj=share.case, detail={"to": share.staff_id}, at=at)


@transaction.atomic
def watch(*, case: Case, on: bool, by: Staff, at: datetime) -> None:
    """Keep an eye on it, or no more. Raises PermissionDenied for a case that `by` does not see."""
    if not on:
        Watch.objects.filter(case=case, staff=by).delete()
        return
    if not Case.objects.visible_to(by).filter(pk=case.pk).exists():
        raise PermissionDenied
    Watch.objects.bulk_create([Watch(case=case, staff=by, since=at)], ignore_conflicts=True)


# --- somebody leaves, or is away --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reassigned:
    """What was moved at once: how many, and how many were not with that person any more."""

    batch: UUID
    moved: int
    missed: int


@transaction.atomic
def reassign(
    *,
    staff: Staff,
    choices: Mapping[int, Staff | None],
    offers: Mapping[UUID, Staff | None],
    by: Staff,
    at: datetime,
) -> Reassigned:
    """Give cases of `staff` to others, by their ids; None: to nobody, so that the team sees them without anyone. `offers`
    made to `staff` go to somebody else or, with None, back.

    All of it or nothing. Raises PermissionDenied, Refused for whoever can't hold a case.
    """
    if not by.can(Permission.CASES_ALL):
        raise PermissionDenied
    chosen = [one for one in (*choices.values(), *offers.values()) if one is not None]
    for one in sorted(set(chosen), key=lambda person: person.pk):
        if not (cases.can_hold_cases(one) and cases.still_works_here(one)):
            raise Refused(_("They don’t work on cases."))
    made_to = Transfer.objects.filter(pk__in=offers, to_staff=staff, status=Status.OFFERED)
    offered = made_to.select_related("case").order_by("case")
    locked = _lock_cases(Q(pk__in=list(choices), assignee=staff) | Q(pk__in=offered.values("case")))
    batch, moves = uuid4(), []
    for case in locked:
        if case.pk not in choices or case.assignee_id != staff.pk:
            continue
        to = choices[case.pk]
        if to is not None and to.pk == staff.pk:
            continue
        was_team = case.team_id
        cases.hand_to(case=case, to=to, by=by, at=at)
        moves.append(
            Move(
                **{"batch": batch, "case": case, "was": staff, "was_team_id": was_team, "to": to},
                **{"by": by, "at": at, "changed_at": case.changed_at},
            )
        )
    Move.objects.bulk_create(moves)
    for row in offered:
        _redirect(_locked(row), offers[row.pk], by=by, at=at)
    wanted = sum(to is None or to.pk != staff.pk for to in choices.values())
    audit.record(by=by, verb="staff.reassigned", obj=staff, detail={"cases": len(moves)}, at=at)
    return Reassigned(batch, len(moves), wanted - len(moves))


def _lock_cases(found: Q) -> list[Case]:
    rows = Case.objects.select_for_update(no_key=True).filter(found).exclude(status=CaseStatus.CLOSED)
    return list(rows.order_by("pk"))


def _redirect(row: Transfer, to: Staff | None, *, by: Staff, at: datetime) -> None:
    if row.status != Status.OFFERED:
        return
    if to is None or to.pk in {row.by_id, row.case.assignee_id}:
        _settle(row, Status.VOID, by=by, at=at)
        return
    row.to_staff = to
    row.save(update_fields=["to_staff"])
    _tell(row, by=by, at=at)


@transaction.atomic
def undo(*, batch: UUID, by: Staff, at: datetime) -> tuple[int, int]:
    """Give back what `reassign` moved and nobody has touched since: how many, and how many stay. PermissionDenied."""
    if not by.can(Permission.CASES_ALL):
        raise PermissionDenied
    moves = Move.objects.select_related("was__role", "was_team").filter(batch=batch, undone_at=None)
    first = moves.first()
    if first is None:
        return 0, 0
    was = first.was
    is_here = cases.can_hold_cases(was) and cases.still_works_here(was)
    locked = {case.pk: case for case in _lock_cases(Q(pk__in=moves.values("case")))}
    # Read again now that nobody else undoes it at the same moment.
    left = list(moves.all())
    back = 0
    for move in left:
        case = locked.get(move.case_id)
        if (
            case is None
            or not is_here
            or (case.assignee_id, case.changed_at) != (move.to_id, move.changed_at)
        ):
            continue
        cases.hand_to(case=case, to=was, by=by, at=at, team=move.was_team)
        Move.objects.filter(pk=move.pk).update(undone_at=at)
        back += 1
    audit.record(by=by, verb="staff.reassigned_back", obj=was, detail={"cases": back}, at=at)
    return back, len(left) - back


def nothing_stays(*, staff: Staff, by: Staff | None, at: datetime) -> None:
    """The account is being closed: what this person had in hand goes back to their team, or to the supervisors. What they
    shared and what they asked a second person for ends too.

    Called by name (settings.ON_STAFF_LEAVING) in the transaction that closes it, with the account's row locked.
    """
    theirs = Q(to_staff=staff) | Q(by=staff)
    offers = Transfer.objects.filter(theirs, status=Status.OFFERED).order_by("case")
    teams = Team.objects.filter(memberships__staff=staff).order_by("slug")
    pool = teams.first()
    count = 0
    for case in _lock_cases(Q(assignee=staff) | Q(pk__in=offers.values("case"))):
        if case.assignee_id != staff.pk:
            continue
        case.team = case.team or pool
        cases.hand_to(case=case, to=None, by=by, at=at)
        count += 1
    for row in offers.select_related("case"):
        locked = _locked(row)
        if locked.status == Status.OFFERED:
            _settle(locked, Status.VOID, by=by, at=at)
    QueueItem.objects.filter(claimed_by=staff).update(claimed_by=None, claimed_until=None)
    shares = Share.objects.filter(Q(staff=staff) | Q(by=staff), ended_at=None)
    shares.update(ended_at=at, ended_by=by)
    Shift.objects.filter(staff=staff, ended_at=None).update(ended_at=at)
    approvals.withdraw_all_of(staff=staff, by=by, at=at)
    audit.record(by=by, verb="staff.cases_returned", obj=staff, detail={"cases": count}, at=at)


@transaction.atomic
def set_away(*, staff: Staff, first_day: date, last_day: date, by: Staff, at: datetime) -> Away:
    """From one day to another, both included. Why is not asked. Raises PermissionDenied, Refused."""
    _check_speaks_for(staff, by)
    if last_day < first_day:
        raise Refused(_("The last day comes before the first."))
    if last_day < timezone.localdate(at):
        raise Refused(_("These days are over."))
    row = Away.objects.create(staff=staff, first_day=first_day, last_day=last_day, by=by, at=at)
    audit.record(by=by, verb="staff.away", obj=staff, at=at)
    return row


@transaction.atomic
def end_away(*, away: Away, by: Staff, at: datetime) -> None:
    """They are here after all. Raises PermissionDenied."""
    _check_speaks_for(away.staff, by)
    if Away.objects.filter(pk=away.pk).delete()[0]:
        audit.record(by=by, verb="staff.back", obj=away.staff, at=at)


def _check_speaks_for(staff: Staff, by: Staff) -> None:
    if staff.pk != by.pk and not by.can(Permission.CASES_ALL):
        raise PermissionDenied


# --- shifts -----------------------------------------------------------------------------------------------
#
# They leave no line in the trail: it is never shortened, and whoever reads it could add up who was here how long.


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


# --- forgetting -------------------------------------------------------------------------------------------


@transaction.atomic
def follow_erasures(*, at: datetime, limit: int = 200) -> int:
    """Where the young person erased the report, the words about it go and no offer waits. Returns how many offers."""
    erased = Q(case__report__status=ReportStatus.ERASED) | Q(case__key=None)
    Share.objects.filter(erased, reason__isnull=False).update(reason=None)
    says = Q(reason__isnull=False) | Q(answer__isnull=False) | Q(status=Status.OFFERED)
    found = Transfer.objects.filter(erased).filter(says).select_related("case").order_by("case", "pk")
    count = 0
    for one in found[:limit]:
        row = _locked(one)
        names = privacy.blank(row)
        row.save(update_fields=names)
        if row.status == Status.OFFERED:
            _settle(row, Status.VOID, by=None, at=at)
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
