"""What changes a referral. Nothing leaves without a ground: consent that is recorded, or a second person's yes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.actions import check_can_work_on, happened, write_to_young_person
from cases.models import Case
from cases.reading import box_of
from cases.referrals import dossier, recipients, states
from cases.referrals.models import Referral, ReferralEvent
from cases.referrals.states import Basis, ForbiddenMove, Outcome, Part, RecipientKind, Status, Step
from cases.states import Happening
from helpline.accounts.models import Staff
from helpline.approvals import actions as approvals
from helpline.approvals.actions import ApprovalRefused
from helpline.approvals.models import Approval
from helpline.approvals.states import Status as ApprovalStatus
from helpline.audit import actions as audit
from helpline.crypto.box import Box
from helpline.retention import privacy
from reports.states import Status as ReportStatus

WITHOUT_CONSENT = "referral-without-consent"
DOSSIER_FROM = frozenset({Status.READY, Status.SENT}) | states.ANSWERED
Sentence = str | Promise


class Refused(Exception):
    """It does not hold as it is: `findings` say why, by the name of the fact."""

    def __init__(self, findings: Mapping[str, Sentence]) -> None:
        super().__init__("; ".join(findings))
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Facts:
    """What a colleague says of a referral. Which of them are needed depends on the basis."""

    recipient: str = ""
    contact: str = field(default="", repr=False)
    basis: str = ""
    consent_by: str = ""
    consent_at: datetime | None = None
    consent_how: str = ""
    consent_limits: str = field(default="", repr=False)
    article: str = ""
    reason: str = field(default="", repr=False)
    included: tuple[str, ...] = ()


def check_facts(kind: str, facts: Facts, *, at: datetime) -> None:
    """Raises Refused when what is said does not hold together. A draft may leave its basis open."""
    accepted, found = recipients.of_kind(kind), dict[str, Sentence]()
    if facts.basis and facts.basis not in accepted.bases:
        found["basis"] = _("This recipient is not told anything on this ground.")
    elif facts.basis == Basis.CONSENT:
        if not facts.consent_by:
            found["consent_by"] = _("Say who agreed.")
        if facts.consent_at is None:
            found["consent_at"] = _("Say when they agreed.")
        elif facts.consent_at > at:
            found["consent_at"] = _("This moment is still to come.")
        if not facts.consent_how:
            found["consent_how"] = _("Say how it was recorded.")
    elif facts.basis == Basis.LEGAL_DUTY and facts.article not in {one.code for one in accepted.articles}:
        found["article"] = _("Name the article.")
    if facts.basis in {Basis.LEGAL_DUTY, Basis.VITAL_INTEREST} and not facts.reason.strip():
        found["reason"] = _("Say why. A second person reads it before anything is sent.")
    if found:
        raise Refused(found)


# --- preparing ------------------------------------------------------------------------------------------


@transaction.atomic
def prepare(*, case: Case, kind: RecipientKind, facts: Facts, by: Staff, at: datetime) -> Referral:
    """A draft; nothing leaves. Raises PermissionDenied, Refused, WrongKey once erased."""
    check_can_work_on(case, by=by)
    check_facts(kind, facts, at=at)
    referral = Referral(case=case, kind=kind, status_at=at, prepared_at=at, prepared_by=by)
    _write(referral, facts, box=box_of(case))
    referral.save(force_insert=True)
    _note(referral, Step.PREPARED, by=by, at=at)
    _note_pictures(referral, before=(), by=by, at=at)
    _tell_case(referral, by=by, at=at)
    return referral


@transaction.atomic
def change(*, referral: Referral, facts: Facts, by: Staff, at: datetime) -> None:
    """Other facts. What was ready or approved is a draft again; a question to the second person is taken back.

    Raises PermissionDenied (also for a question of somebody else's), ForbiddenMove once it left, Refused, WrongKey.
    """
    check_can_work_on(referral.case, by=by)
    check_facts(referral.kind, facts, at=at)
    _take_back(referral, by=by, at=at)
    row = _locked(referral, by=by)
    if row.status not in states.CHANGEABLE:
        raise ForbiddenMove(f"A referral that is {row.status} can't be changed.")
    before = tuple(row.included)
    if row.status != Status.DRAFT:
        row.move(Status.DRAFT, at=at)
    row.approval, row.asked_by, row.approved_at, row.approved_by = "", None, None, None
    _write(row, facts, box=box_of(row.case))
    row.save()
    _note(row, Step.CHANGED, by=by, at=at)
    _note_pictures(row, before=before, by=by, at=at)
    referral.refresh_from_db()


def _take_back(referral: Referral, *, by: Staff, at: datetime) -> None:
    """Withdraw the question that waits, if there is one; `not_allowed` then makes the referral a draft.

    Before the referral itself is locked: whoever decides locks the question first, too. Raises PermissionDenied for a
    question of somebody else's, ForbiddenMove when it is being answered this moment.
    """
    waiting = approvals.waiting_on(what=WITHOUT_CONSENT, obj=referral)
    if waiting is None:
        return
    try:
        approvals.withdraw(approval=waiting, by=by, at=at)
    except ApprovalRefused as error:
        raise ForbiddenMove("The second person answers this moment.") from error


def _write(row: Referral, facts: Facts, *, box: Box) -> None:
    """In memory: only what belongs to the basis is kept."""
    consent, duty = facts.basis == Basis.CONSENT, facts.basis == Basis.LEGAL_DUTY
    row.recipient, row.basis = facts.recipient.strip(), facts.basis
    row.consent_by = facts.consent_by if consent else ""
    row.consent_at = facts.consent_at if consent else None
    row.consent_how = facts.consent_how if consent else ""
    row.article = facts.article if duty else ""
    row.included = [part.value for part in Part if part in facts.included]
    row.contact = box.seal(row, "contact", facts.contact.strip())
    row.consent_limits = box.seal(row, "consent_limits", facts.consent_limits.strip() if consent else "")
    row.reason = box.seal(row, "reason", facts.reason.strip())


@transaction.atomic
def make_ready(*, referral: Referral, by: Staff, at: datetime) -> None:
    """With consent, nobody else is asked. Raises PermissionDenied, ForbiddenMove, Refused without recorded consent."""
    row = _locked(referral, by=by)
    if row.status != Status.DRAFT:
        raise ForbiddenMove(f"A referral that is {row.status} can't be made ready.")
    if not row.basis:
        raise Refused({"basis": _("Say on what ground. Without one nothing is sent.")})
    if row.needs_a_second_person:
        raise Refused({"basis": _("Without consent, a second person has to agree first.")})
    row.move(Status.READY, at=at)
    row.save()
    _note(row, Step.READY, by=by, at=at)
    referral.refresh_from_db()


# --- the second person ----------------------------------------------------------------------------------


@transaction.atomic
def ask_approval(*, referral: Referral, by: Staff, at: datetime) -> Approval:
    """Ask a second person whether it may leave without consent.

    Raises PermissionDenied, ForbiddenMove, Refused, WrongKey.
    """
    row = _locked(referral, by=by)
    if row.status != Status.DRAFT:
        raise ForbiddenMove(f"A referral that is {row.status} can't be asked about.")
    if not row.basis:
        raise Refused({"basis": _("Say on what ground. Without one nothing is sent.")})
    if not row.needs_a_second_person:
        raise Refused({"basis": _("They agreed, so nobody else has to.")})
    reason = box_of(row.case).open(row, "reason")
    approval = approvals.ask(what=WITHOUT_CONSENT, obj=row, by=by, reason=reason, at=at)
    row.move(Status.WAITING, at=at)
    row.approval, row.asked_by = str(approval.pk), approval.asked_by
    row.save()
    _note(row, Step.ASKED, by=by, at=at)
    referral.refresh_from_db()
    return approval


@transaction.atomic
def allowed_without_consent(*, referral: Referral, approval: Approval, by: Staff, at: datetime) -> None:
    """A second person said yes. Raises PermissionDenied, ForbiddenMove when it waits for no answer, or for another's."""
    row = _lock(referral)
    if by.pk == row.asked_by_id:
        raise PermissionDenied
    if row.status != Status.WAITING or row.approval != str(approval.pk):
        raise ForbiddenMove("This referral does not wait for this answer.")
    row.move(Status.READY, at=at)
    row.approved_at, row.approved_by = at, by
    row.save()
    _note(row, Step.APPROVED, by=by, at=at)
    referral.refresh_from_db()


@transaction.atomic
def not_allowed(*, referral: Referral, approval: Approval, by: Staff | None, at: datetime) -> None:
    """Refused, taken back or run out: a draft again. Without effect where it does not wait for this answer."""
    row = _lock(referral)
    if row.status != Status.WAITING or row.approval != str(approval.pk):
        return
    row.move(Status.DRAFT, at=at)
    row.approval, row.asked_by = "", None
    row.save()
    refused = approval.status == ApprovalStatus.REFUSED
    _note(row, Step.REFUSED if refused else Step.UNASKED, by=by, at=at)
    referral.refresh_from_db()


# --- sending, and what comes back -----------------------------------------------------------------------


def make_dossier(*, referral: Referral, by: Staff, at: datetime) -> bytes:
    """The PDF of what was ticked, as of `at`. It is kept nowhere; that it was made, and its SHA-256, is in the trail.

    Raises PermissionDenied, ForbiddenMove while it has no ground to leave on, WrongKey once erased.
    """
    check_can_work_on(referral.case, by=by)
    if referral.status not in DOSSIER_FROM:
        raise ForbiddenMove(f"A referral that is {referral.status} has no dossier.")
    made = dossier.make(referral, box_of(referral.case), by=by, at=at)
    with transaction.atomic():
        row = _locked(referral, by=by)
        if row.status not in DOSSIER_FROM or row.included != referral.included:
            raise ForbiddenMove("It was changed while the dossier was made.")
        pictures = made.pictures
        _note(
            row,
            Step.DOSSIER,
            by=by,
            at=at,
            verb="referral.dossier_made",
            sha256=made.sha256,
            pictures=pictures,
        )
    return made.body


@transaction.atomic
def mark_sent(*, referral: Referral, receipt: str, by: Staff, at: datetime) -> None:
    """It was handed over. The day to ask again comes from the recipients' data.

    Raises PermissionDenied, ForbiddenMove unless it was ready, WrongKey.
    """
    row = _locked(referral, by=by)
    row.move(Status.SENT, at=at)
    row.sent_at, row.sent_by = at, by
    row.receipt = box_of(row.case).seal(row, "receipt", receipt.strip())
    row.follow_up_at = timezone.localdate(at) + timedelta(days=recipients.of_kind(row.kind).follow_up_days)
    row.save()
    _note(row, Step.SENT, by=by, at=at)
    _tell_case(row, by=by, at=at)
    referral.refresh_from_db()


@transaction.atomic
def record_answer(*, referral: Referral, accepted: bool, words: str, by: Staff, at: datetime) -> None:
    """They take it on, or do not; `words` are theirs. Raises PermissionDenied, ForbiddenMove, WrongKey."""
    row = _locked(referral, by=by)
    row.move(Status.ACCEPTED if accepted else Status.DECLINED, at=at)
    row.answered_at = at
    row.save()
    step = Step.ACCEPTED if accepted else Step.DECLINED
    _note(row, step, by=by, at=at, words=words.strip())
    _tell_case(row, by=by, at=at)
    referral.refresh_from_db()


@transaction.atomic
def set_follow_up(*, referral: Referral, on: date, by: Staff, at: datetime) -> None:
    """The day to ask again. Raises PermissionDenied, ForbiddenMove once it ended."""
    row = _locked(referral, by=by)
    if row.status in states.ENDED:
        raise ForbiddenMove(f"A referral that is {row.status} is not asked about again.")
    row.follow_up_at = on
    row.save(update_fields=["follow_up_at"])
    _note(row, Step.FOLLOW_UP, by=by, at=at, on=on.isoformat())
    referral.refresh_from_db()


@transaction.atomic
def close(*, referral: Referral, outcome: Outcome, by: Staff, at: datetime) -> None:
    """What came of it. Raises PermissionDenied, ForbiddenMove unless it was sent."""
    row = _locked(referral, by=by)
    row.move(Status.CLOSED, at=at)
    row.outcome, row.ended_at, row.follow_up_at = outcome, at, None
    row.save()
    _note(row, Step.CLOSED, by=by, at=at, outcome=outcome.value)
    _tell_case(row, by=by, at=at)
    referral.refresh_from_db()


@transaction.atomic
def cancel(*, referral: Referral, by: Staff, at: datetime) -> None:
    """Not to be sent after all. A question to the second person is taken back, or, when a colleague asked it, void.

    Raises PermissionDenied, ForbiddenMove once it left.
    """
    check_can_work_on(referral.case, by=by)
    if referral.asked_by_id == by.pk:
        _take_back(referral, by=by, at=at)
    row = _locked(referral, by=by)
    _cancel(row, at=at)
    row.save()
    _note(row, Step.CANCELLED, by=by, at=at)
    _tell_case(row, by=by, at=at)
    referral.refresh_from_db()


def _cancel(row: Referral, *, at: datetime) -> None:
    row.move(Status.CANCELLED, at=at)
    row.ended_at, row.follow_up_at = at, None


@transaction.atomic
def tell_young_person(*, referral: Referral, text: str, by: Staff, at: datetime) -> None:
    """A message a colleague chose to write. Nothing else ever tells them. Raises PermissionDenied, WrongKey."""
    row = _locked(referral, by=by)
    box_of(row.case)
    write_to_young_person(case=row.case, text=text, by=by, at=at)
    _note(row, Step.TOLD, by=by, at=at)
    referral.refresh_from_db()


def record_read(*, referral: Referral, by: Staff, at: datetime) -> None:
    """Reading one is an act too."""
    audit.record(by=by, verb="referral.read", obj=referral, detail={"case": referral.case.ref}, at=at)


# --- forgetting -----------------------------------------------------------------------------------------


@transaction.atomic
def follow_erasures(*, at: datetime, limit: int = 200) -> int:
    """Where the young person erased the report: blank the words, and stop what has not left. Returns how many."""
    words = Q(recipient="")
    for name in privacy.classification(Referral).sealed:
        words &= Q(**{name: None})
    found = (
        Referral.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("case")
        .filter(Q(case__report__status=ReportStatus.ERASED) | Q(case__key=None))
        .filter(~words | Q(status__in=states.CHANGEABLE) | Q(events__words__isnull=False))
    )
    # `events` may name a row twice, and what is locked can't be made distinct.
    rows = {row.pk: row for row in found.order_by("pk")[:limit]}
    for row in rows.values():
        privacy.blank(row)
        if row.status in states.CHANGEABLE:
            _cancel(row, at=at)
        row.save()
        row.events.filter(words__isnull=False).update(words=None)
        _note(row, Step.ERASED, by=None, at=at)
    return len(rows)


# --- what they share ------------------------------------------------------------------------------------


def _lock(referral: Referral) -> Referral:
    rows = Referral.objects.select_for_update(of=("self",)).select_related("case__report")
    return rows.get(pk=referral.pk)


def _locked(referral: Referral, *, by: Staff) -> Referral:
    row = _lock(referral)
    check_can_work_on(row.case, by=by)
    return row


def _note(
    row: Referral,
    step: Step,
    *,
    by: Staff | None,
    at: datetime,
    words: str = "",
    verb: str = "",
    **detail: str | int | bool | None,
) -> None:
    event = ReferralEvent(referral=row, at=at, by=by, what=step, detail=detail)
    if words:
        event.words = box_of(row.case).seal(event, "words", words[:4000])
    event.save(force_insert=True)
    coarse: audit.Detail = {"case": row.case.ref, "kind": row.kind, "basis": row.basis, **detail}
    audit.record(by=by, verb=verb or f"referral.{step}", obj=row, detail=coarse, at=at)


def _note_pictures(row: Referral, *, before: tuple[str, ...], by: Staff, at: datetime) -> None:
    """That somebody let pictures into a dossier is a line of its own."""
    if Part.PICTURES in row.included and Part.PICTURES not in before:
        audit.record(by=by, verb="referral.pictures_allowed", obj=row, detail={"case": row.case.ref}, at=at)


def _tell_case(row: Referral, *, by: Staff, at: datetime) -> None:
    happened(row.case, Happening.REFERRED, by=by, at=at, to=row.kind, status=row.status)
