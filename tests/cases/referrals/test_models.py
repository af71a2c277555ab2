"""The database itself refuses what has no ground, whoever writes: no action stands between these tests and the tables."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from cases.models import Case
from cases.referrals.models import Referral, ReferralEvent
from cases.referrals.states import (
    LEFT,
    STANDING,
    Basis,
    ConsentBy,
    ConsentHow,
    Outcome,
    RecipientKind,
    Status,
)
from helpline.accounts.models import Staff
from helpline.retention import privacy
from tests.cast import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]
Write = Callable[..., Referral]

CONSENT = {
    "basis": Basis.CONSENT,
    "consent_by": ConsentBy.BOTH,
    "consent_at": NOON,
    "consent_how": ConsentHow.PHONE,
}


@pytest.fixture
def write(open_case: Callable[..., Case], nour: Staff) -> Write:
    """Write a row past every action."""
    case = open_case()

    def make(**columns: Any) -> Referral:
        given: dict[str, Any] = {
            "case": case,
            "kind": RecipientKind.SCHOOL,
            "status_at": NOON,
            "prepared_at": NOON,
            "prepared_by": nour,
        }
        with transaction.atomic():
            return Referral.objects.create(**(given | columns))

    return make


def left(status: Status, nour: Staff) -> dict[str, Any]:
    """The dates and people that a status wants, so that only the ground is in question."""
    columns: dict[str, Any] = {"status": status}
    if status in LEFT:
        columns |= {"sent_at": NOON, "sent_by": nour}
    if status in {Status.ACCEPTED, Status.DECLINED}:
        columns |= {"answered_at": NOON}
    if status == Status.CLOSED:
        columns |= {"ended_at": NOON, "outcome": Outcome.ADVICE}
    return columns


def refused(write: Write, constraint: str, **columns: Any) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        write(**columns)


@pytest.mark.parametrize("status", sorted(STANDING | {Status.WAITING}))
def test_nothing_stands_without_a_basis(status: Status, write: Write, nour: Staff, maud: Staff) -> None:
    approved = {"asked_by": nour, "approved_by": maud, "approved_at": NOON}
    refused(write, "referral_stands_on_a_basis", **left(status, nour), **approved)
    assert write(**left(status, nour), **approved, basis=Basis.VITAL_INTEREST).pk


@pytest.mark.parametrize("status", sorted(STANDING))
def test_nothing_stands_without_consent_or_a_second_person(
    status: Status, write: Write, nour: Staff, maud: Staff
) -> None:
    duty = {"basis": Basis.LEGAL_DUTY, "article": "434-3-cp"}
    refused(write, "referral_without_consent_is_approved", **left(status, nour), **duty)
    refused(write, "referral_without_consent_is_approved", **left(status, nour), **duty, asked_by=nour)
    approved = {"approved_by": maud, "approved_at": NOON}
    refused(write, "referral_without_consent_is_approved", **left(status, nour), **duty, **approved)
    assert write(**left(status, nour), **duty, asked_by=nour, **approved).pk
    assert write(**left(status, nour), **CONSENT).pk


@pytest.mark.parametrize("missing", ["consent_by", "consent_at", "consent_how"])
def test_consent_is_recorded_or_there_is_none(missing: str, write: Write) -> None:
    nothing = None if missing == "consent_at" else ""
    refused(write, "referral_consent_is_recorded", **(CONSENT | {missing: nothing}))
    assert write(**CONSENT).pk


def test_a_duty_names_its_article(write: Write) -> None:
    refused(write, "referral_duty_names_its_article", basis=Basis.LEGAL_DUTY)


def test_the_second_person_is_another_one(write: Write, nour: Staff, maud: Staff) -> None:
    vital = {"basis": Basis.VITAL_INTEREST, "asked_by": nour}
    refused(write, "referral_approved_by_another", **vital, approved_by=nour, approved_at=NOON)
    refused(write, "referral_approved_by_another", **vital, approved_by=maud)
    refused(write, "referral_approved_by_another", **vital, approved_at=NOON)


@pytest.mark.parametrize("status", sorted(LEFT))
def test_what_left_says_when_and_by_whom(status: Status, write: Write, nour: Staff) -> None:
    whole = left(status, nour) | CONSENT
    refused(write, "referral_sent_when_and_by_whom", **(whole | {"sent_at": None}))
    refused(write, "referral_sent_when_and_by_whom", **(whole | {"sent_by": None}))
    refused(write, "referral_sent_when_and_by_whom", **CONSENT, sent_at=NOON, sent_by=nour)


def test_an_answer_has_a_date_and_an_end_has_all_of_it(write: Write, nour: Staff) -> None:
    refused(
        write, "referral_answered_when", **(left(Status.ACCEPTED, nour) | CONSENT | {"answered_at": None})
    )
    closed = left(Status.CLOSED, nour) | CONSENT
    refused(write, "referral_ended_when_and_how", **(closed | {"outcome": ""}))
    refused(write, "referral_ended_when_and_how", **(closed | {"ended_at": None}))
    refused(write, "referral_ended_when_and_how", **(closed | {"follow_up_at": date(2026, 4, 1)}))
    refused(write, "referral_ended_when_and_how", status=Status.CANCELLED)
    refused(write, "referral_ended_when_and_how", outcome=Outcome.ADVICE)


def test_an_update_is_refused_like_a_new_row(write: Write, nour: Staff) -> None:
    row = write(basis=Basis.VITAL_INTEREST)
    with pytest.raises(IntegrityError, match="without_consent_is_approved"), transaction.atomic():
        Referral.objects.filter(pk=row.pk).update(status=Status.SENT, sent_at=NOON, sent_by=nour)


def test_every_field_is_classified() -> None:
    assert privacy.gaps(Referral) == privacy.gaps(ReferralEvent) == []
