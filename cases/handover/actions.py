"""What changes who has a case, and who may see it for a while: offered, taken, shared, watched.

Locks: the account of whoever receives, then the case, then the offer, as everywhere.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases import actions as cases
from cases.actions import belongs_to, check_belongs_to, happened
from cases.handover.models import Away, Transfer, Watch
from cases.handover.states import ForbiddenMove, Status
from cases.models import Case, Share
from cases.reading import box_of
from cases.states import CaseStatus, Happening
from helpline.accounts.models import Staff, Team
from helpline.audit import actions as audit

MAX_SHARE = timedelta(days=30)


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
    if there is not None and not _settle_if_over(locked(there), at=at):
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
    tell(row, by=by, at=at)
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
    settle(row, Status.ACCEPTED, by=by, at=at, words=words)


@transaction.atomic
def decline(*, transfer: Transfer, words: str, by: Staff, at: datetime) -> None:
    """It stays where it is, and whoever offered it is told why. Raises PermissionDenied, Answered, WrongKey."""
    settle(_to_answer(transfer, by=by, at=at), Status.DECLINED, by=by, at=at, words=words)


def _to_answer(transfer: Transfer, *, by: Staff, at: datetime) -> Transfer:
    row = locked(transfer)
    if not row.is_receiver(by):
        raise PermissionDenied
    if row.status != Status.OFFERED or not Transfer.objects.live().filter(pk=row.pk).exists():
        raise Answered(row)
    return row


@transaction.atomic
def take_back(*, transfer: Transfer, by: Staff, at: datetime) -> None:
    """Not offered any more. Raises PermissionDenied unless `by` offered it or the case is theirs, Answered."""
    row = locked(transfer)
    if row.by_id != by.pk and not belongs_to(row.case, by):
        raise PermissionDenied
    if row.status == Status.TAKEN_BACK:
        return
    if row.status != Status.OFFERED:
        raise Answered(row)
    settle(row, Status.TAKEN_BACK, by=by, at=at)


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
    return _settle_if_over(locked(transfer), at=at)


def _settle_if_over(row: Transfer, *, at: datetime) -> bool:
    """True when it waits no longer: it was settled, or is now."""
    if row.status != Status.OFFERED:
        return True
    if Transfer.objects.live().filter(pk=row.pk).exists():
        return False
    in_time = Transfer.objects.filter(pk=row.pk, expires_at__gt=Now()).exists()
    settle(row, Status.VOID if in_time else Status.EXPIRED, by=None, at=at)
    return True


def _lock(case: Case) -> None:
    case.refresh_from_db(from_queryset=Case.objects.select_for_update(no_key=True))


def locked(transfer: Transfer) -> Transfer:
    """As it stands, and nobody else's to change: the case first, then the offer."""
    _lock(transfer.case)
    rows = Transfer.objects.select_for_update(of=("self",), no_key=True)
    row = rows.select_related("by", "to_staff", "to_team", "done_by").get(pk=transfer.pk)
    row.case = transfer.case
    return row


def settle(row: Transfer, status: Status, *, by: Staff | None, at: datetime, words: str = "") -> None:
    """It waits no more: what became of it, and through whom. Takes the row that is `locked`."""
    row.move(status)
    row.done_at, row.done_by = at, by
    if words.strip():
        row.answer = box_of(row.case).seal(row, "answer", words.strip())
    row.save(update_fields=["status", "done_at", "done_by", "answer"])
    tell(row, by=by, at=at)


def tell(row: Transfer, *, by: Staff | None, at: datetime) -> None:
    """The case, and the trail."""
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
