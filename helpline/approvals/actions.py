"""Asking for a second person, deciding, taking back. Each checks, writes, leaves a line in the trail."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Model, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from helpline.accounts.models import Staff
from helpline.approvals import handlers
from helpline.approvals.models import DECIDED, Approval
from helpline.approvals.states import Status
from helpline.audit import actions as audit
from helpline.crypto.box import settings_box
from helpline.crypto.wrapping import WrongKey

REFUSALS: dict[str, Promise] = {
    "same_person": _("You asked for it. Somebody else has to decide."),
    "not_waiting": _("It was settled before. Nothing changed."),
    "expired": _("It waited too long. It has to be asked for again."),
    "gone": _("What it was about is not there any more."),
    "asker_gone": _("Whoever asked may not ask for it any more. Say no; then somebody else can ask again."),
    "not_taken_back": _("This question can’t be taken back: a second person answers it."),
}


class ApprovalRefused(Exception):
    """This can't be done to the approval as it stands. `code` is stable, `sentence` is for the person."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def sentence(self) -> str:
        """What to say."""
        return str(REFUSALS[self.code])


# --- reading --------------------------------------------------------------------------------------------


def waiting_for(staff: Staff) -> QuerySet[Approval]:
    """What waits for this person's decision: of the kinds they may decide, and asked by somebody else."""
    waiting = Approval.objects.filter(status=Status.WAITING, what__in=handlers.decided_by(staff))
    return waiting.exclude(asked_by=staff)


def seen_by(staff: Staff) -> QuerySet[Approval]:
    """What this person asked, and what they decided or may decide."""
    return Approval.objects.filter(
        Q(asked_by=staff) | Q(decided_by=staff) | Q(what__in=handlers.decided_by(staff))
    )


def decided_lately(staff: Staff) -> QuerySet[Approval]:
    """What was granted or refused, of the kinds this person may decide."""
    return Approval.objects.filter(status__in=DECIDED, what__in=handlers.decided_by(staff))


def waiting_on(*, what: str, obj: Model) -> Approval | None:
    """The question about `obj` that nobody has answered yet."""
    return Approval.objects.filter(what=what, object_id=str(obj.pk), status=Status.WAITING).first()


def granted_to(*, what: str, obj: Model, by: Staff, since: datetime) -> Approval | None:
    """The last yes that `by` was given about `obj` since then: for what is done on demand, not by the yes itself."""
    found = Approval.objects.filter(what=what, object_id=str(obj.pk), asked_by=by, status=Status.GRANTED)
    return found.filter(done_at__gt=since).order_by("-done_at").first()


def reasons_of(*, approvals: Iterable[Approval], by: Staff, at: datetime) -> dict[UUID, str]:
    """Open the reasons, and say so in the trail. '' where it was forgotten, or its key is gone."""
    rows = [one for one in approvals if one.reason]
    audit.record_many(_line(one, "approval.read", by=by, at=at) for one in rows)
    return {one.pk: _opened(one) for one in rows}


def _opened(approval: Approval) -> str:
    try:
        return settings_box().open(approval, "reason")
    except WrongKey:
        return ""


# --- changing -------------------------------------------------------------------------------------------


@transaction.atomic
def ask(
    *,
    what: str,
    obj: Model,
    by: Staff,
    reason: str,
    at: datetime,
    why: str = "",
    proposal: Mapping[str, Any] | None = None,
) -> Approval:
    """Ask for a second person. While one question about `obj` waits, that one is answered and nothing is written.

    `why` is a word of the handler's list, where it has one; `proposal` is what would be set, coarse, for kinds that set
    something: whoever decides sees exactly that, and exactly that is done. Raises PermissionDenied, CannotBeDone, and
    LookupError for a kind or a word that is none.
    """
    handler = handlers.of(what)
    if why not in (handler.whys or {""}):
        raise LookupError(f"{what} knows no reason {why!r}.")
    handler.check_can_ask(obj, by=by)
    there = waiting_on(what=what, obj=obj)
    if there is not None and there.is_over(at):
        _lock(there)
        if there.is_over(at):
            _settle_over(there, at=at)
        there = None
    if there is not None:
        return there
    approval = Approval(
        what=what,
        object_type=obj._meta.model_name or "",
        object_id=str(obj.pk),
        belongs_to=handler.belongs_to(obj),
        asked_by=by,
        asked_at=at,
        expires_at=at + handler.life if handler.life else None,
        why=why,
        proposal=dict(proposal or {}),
    )
    approval.reason = settings_box().seal(approval, "reason", reason)
    try:
        with transaction.atomic():
            approval.save(force_insert=True)
    except IntegrityError:  # somebody asked the same at this moment
        return Approval.objects.get(what=what, object_id=str(obj.pk), status=Status.WAITING)
    _record(approval, "approval.asked", by=by, at=at)
    handler.asked(approval, obj, by=by, at=at)
    return approval


def check_can_decide(approval: Approval, *, by: Staff) -> None:
    """Raises PermissionDenied for whoever can't be the second person for this kind, ApprovalRefused for who asked."""
    if approval.what not in handlers.decided_by(by):
        raise PermissionDenied
    if approval.asked_by_id == by.pk:
        raise ApprovalRefused("same_person")


def can_decide(approval: Approval, *, by: Staff) -> bool:
    """May `by` be the second person for it, and does it still wait?"""
    try:
        check_can_decide(approval, by=by)
    except (PermissionDenied, ApprovalRefused):
        return False
    return approval.status == Status.WAITING


@transaction.atomic
def decide(*, approval: Approval, granted: bool, by: Staff, at: datetime) -> None:
    """The second person answers. Granted, it is done at once, in the same transaction: done and written, or neither.

    Raises PermissionDenied; ApprovalRefused for who asked, and when it was settled before, waited too long, what it was
    about is gone, or, for a yes, whoever asked may not ask any more; and whatever the doing raises.
    """
    _lock(approval)
    check_can_decide(approval, by=by)
    if approval.status != Status.WAITING:
        raise ApprovalRefused("not_waiting")
    if approval.is_over(at):
        raise ApprovalRefused("expired")
    handler, obj = handlers.of(approval.what), _object(approval)
    if obj is not None:
        handler.check_can_decide(obj, by=by)
    elif granted:
        raise ApprovalRefused("gone")
    if granted:
        _check_can_still_ask(approval, handler, obj)
    approval.decided_by, approval.decided_at = by, at
    _settle(approval, Status.GRANTED if granted else Status.REFUSED, by=by, at=at)
    if granted:
        handler.granted(approval, obj, by=by, at=at)
    elif obj is not None:
        handler.not_granted(approval, obj, at=at)


@transaction.atomic
def withdraw(*, approval: Approval, by: Staff, at: datetime) -> None:
    """Whoever asked takes the question back. Raises PermissionDenied for others, ApprovalRefused when it is settled, and
    for a kind that is always answered."""
    _lock(approval)
    if approval.asked_by_id != by.pk:
        raise PermissionDenied
    if approval.status != Status.WAITING:
        raise ApprovalRefused("not_waiting")
    if not handlers.can_be_taken_back(approval.what):
        raise ApprovalRefused("not_taken_back")
    _settle(approval, Status.WITHDRAWN, by=by, at=at)
    _tell_not_granted(approval, at=at)


@transaction.atomic
def withdraw_all_of(*, staff: Staff, by: Staff | None, at: datetime) -> int:
    """This person's account is closed: nothing they asked is done any more. Returns how many questions were taken back.

    What is always answered still waits, and can only be refused. One that is being decided at this moment is left to it.
    """
    kinds = [what for what in handlers.kinds() if handlers.can_be_taken_back(what)]
    waiting = Approval.objects.filter(asked_by=staff, status=Status.WAITING, what__in=kinds)
    rows = list(waiting.order_by("pk").select_for_update(skip_locked=True))
    for approval in rows:
        _settle(approval, Status.WITHDRAWN, by=by, at=at)
        _tell_not_granted(approval, at=at)
    return len(rows)


@transaction.atomic
def expire(*, at: datetime, limit: int = 200) -> int:
    """Settle what waited too long. Returns how many."""
    over = Approval.objects.select_for_update(skip_locked=True).filter(
        status=Status.WAITING, expires_at__lte=at
    )
    rows = list(over.order_by("expires_at")[:limit])
    for approval in rows:
        _settle_over(approval, at=at)
    return len(rows)


@transaction.atomic
def forget(*, approvals: QuerySet[Approval], at: datetime) -> int:
    """What these were about was erased: nobody decides any more, and the reasons go. Who asked and decided stays.

    Returns how many reasons were emptied.
    """
    for approval in approvals.filter(status=Status.WAITING).select_for_update(skip_locked=True):
        _settle(approval, Status.EXPIRED, by=None, at=at)
    return approvals.exclude(reason=None).update(reason=None)


def _check_can_still_ask(approval: Approval, handler: handlers.Handler[Any], obj: Any) -> None:
    """A question stands on whoever asked it: a yes counts only while they might ask it themselves."""
    asker = Staff.objects.select_related("role").get(pk=approval.asked_by_id)
    if not asker.is_active:
        raise ApprovalRefused("asker_gone")
    try:
        handler.check_can_ask(obj, by=asker)
    except PermissionDenied as no:
        raise ApprovalRefused("asker_gone") from no


def _lock(approval: Approval) -> None:
    approval.refresh_from_db(from_queryset=Approval.objects.select_for_update())


def _settle(approval: Approval, status: Status, *, by: Staff | None, at: datetime) -> None:
    approval.move(status)
    approval.done_at = at
    approval.save(update_fields=["status", "decided_by", "decided_at", "done_at"])
    _record(approval, f"approval.{status}", by=by, at=at)


def _settle_over(approval: Approval, *, at: datetime) -> None:
    _settle(approval, Status.EXPIRED, by=None, at=at)
    _tell_not_granted(approval, at=at)


def _tell_not_granted(approval: Approval, *, at: datetime) -> None:
    if approval.what not in handlers.kinds():
        return
    obj = _object(approval)
    if obj is not None:
        handlers.of(approval.what).not_granted(approval, obj, at=at)


def _object(approval: Approval) -> Any | None:
    return handlers.of(approval.what).find([approval.object_id]).get(approval.object_id)


def _record(approval: Approval, verb: str, *, by: Staff | None, at: datetime) -> None:
    audit.record_many([_line(approval, verb, by=by, at=at)])


def _line(approval: Approval, verb: str, *, by: Staff | None, at: datetime) -> Any:
    """Both people are in every line: who acts, and who asked."""
    detail: audit.Detail = {
        "what": approval.what,
        "object": approval.object_id,
        "asked_by": approval.asked_by_id,
    }
    return audit.row(by=by, verb=verb, obj=approval, detail=detail, at=at)
