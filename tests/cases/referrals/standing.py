"""Referrals brought to a state by the actions themselves."""

from datetime import datetime
from typing import Any

from cases.models import Case
from cases.referrals import actions
from cases.referrals.actions import Facts
from cases.referrals.models import Referral
from cases.referrals.states import Basis, ConsentBy, ConsentHow, Outcome, Part, RecipientKind, Status
from helpline.accounts.models import Staff
from helpline.approvals import actions as approvals

EVERY_PLAIN_PART = (Part.FACTS, Part.LINKS, Part.TIMELINE, Part.FINGERPRINTS, Part.SCREENSHOTS, Part.OFFENCES)


def agreed(at: datetime, **changes: Any) -> Facts:
    """They said yes, and everything is recorded."""
    facts: dict[str, Any] = {
        "recipient": "Pole of the north",
        "contact": "desk@north.example",
        "basis": Basis.CONSENT,
        "consent_by": ConsentBy.YOUNG_PERSON,
        "consent_at": at,
        "consent_how": ConsentHow.MESSAGES,
        "consent_limits": "not my class",
        "included": EVERY_PLAIN_PART,
    }
    return Facts(**(facts | changes))


def duty(**changes: Any) -> Facts:
    """Nobody was asked: the law says so."""
    facts: dict[str, Any] = {
        "basis": Basis.LEGAL_DUTY,
        "article": "434-3-cp",
        "reason": "an adult asks for more",
        "included": EVERY_PLAIN_PART,
    }
    return Facts(**(facts | changes))


def standing(
    status: Status,
    *,
    case: Case,
    by: Staff,
    at: datetime,
    second: Staff | None = None,
    facts: Facts | None = None,
    kind: RecipientKind = RecipientKind.PROSECUTOR,
) -> Referral:
    """A referral of `case` that stands at `status`; without consent where a `second` person is named or it waits."""
    if facts is None:
        facts = duty() if second or status == Status.WAITING else agreed(at)
    row = actions.prepare(case=case, kind=kind, facts=facts, by=by, at=at)
    if status == Status.DRAFT:
        return row
    if status == Status.CANCELLED:
        actions.cancel(referral=row, by=by, at=at)
        return row
    if facts.basis == Basis.CONSENT:
        actions.make_ready(referral=row, by=by, at=at)
    else:
        approval = actions.ask_approval(referral=row, by=by, at=at)
        if status == Status.WAITING:
            return row
        assert second is not None
        approvals.decide(approval=approval, granted=True, by=second, at=at)
        row.refresh_from_db()
    if status == Status.READY:
        return row
    actions.mark_sent(referral=row, receipt="N-77", by=by, at=at)
    if status in {Status.ACCEPTED, Status.DECLINED}:
        accepted = status == Status.ACCEPTED
        actions.record_answer(referral=row, accepted=accepted, words="we look at it", by=by, at=at)
    if status == Status.CLOSED:
        actions.close(referral=row, outcome=Outcome.PROCEDURE, by=by, at=at)
    return row
