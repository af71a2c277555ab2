"""What may be done to a referral, when, by whom; and what is left after the young person erased."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from cases import reading
from cases.models import Case, CaseEvent
from cases.referrals import actions, recipients, tasks
from cases.referrals.actions import Facts, Refused
from cases.referrals.models import Referral, ReferralEvent
from cases.referrals.states import (
    Basis,
    ForbiddenMove,
    Outcome,
    Part,
    RecipientKind,
    Status,
    Step,
)
from cases.states import Happening
from helpline.accounts.models import Staff
from helpline.approvals import actions as approvals
from helpline.approvals.handlers import CannotBeDone
from helpline.approvals.models import Approval
from helpline.audit.models import AuditRow
from helpline.crypto.wrapping import WrongKey
from reports import actions as reports
from reports.models import Message
from tests.cases.referrals.standing import agreed, duty, standing
from tests.cast import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]
OpenCase = Callable[..., Case]
LATER = NOON + timedelta(hours=2)


@pytest.fixture
def stand(open_case: OpenCase, nour: Staff, maud: Staff) -> Callable[..., Referral]:
    """`stand(Status.SENT)`: a referral of a case of Nour's that stands there, with consent."""

    def make(status: Status, **facts: Any) -> Referral:
        return standing(status, case=open_case(), by=nour, at=NOON, **facts)

    return make


Stand = Callable[..., Referral]
ACTS: dict[str, tuple[Callable[[Referral, Staff], Any], set[Status]]] = {
    "change": (
        lambda row, by: actions.change(referral=row, facts=agreed(NOON), by=by, at=LATER),
        {Status.DRAFT, Status.WAITING, Status.READY},
    ),
    "make_ready": (lambda row, by: actions.make_ready(referral=row, by=by, at=LATER), {Status.DRAFT}),
    "mark_sent": (
        lambda row, by: actions.mark_sent(referral=row, receipt="", by=by, at=LATER),
        {Status.READY},
    ),
    "accepted": (
        lambda row, by: actions.record_answer(referral=row, accepted=True, words="", by=by, at=LATER),
        {Status.SENT, Status.DECLINED},
    ),
    "declined": (
        lambda row, by: actions.record_answer(referral=row, accepted=False, words="", by=by, at=LATER),
        {Status.SENT, Status.ACCEPTED},
    ),
    "close": (
        lambda row, by: actions.close(referral=row, outcome=Outcome.ADVICE, by=by, at=LATER),
        {Status.SENT, Status.ACCEPTED, Status.DECLINED},
    ),
    "cancel": (
        lambda row, by: actions.cancel(referral=row, by=by, at=LATER),
        {Status.DRAFT, Status.WAITING, Status.READY},
    ),
    "set_follow_up": (
        lambda row, by: actions.set_follow_up(referral=row, on=date(2026, 5, 1), by=by, at=LATER),
        set(Status) - {Status.CLOSED, Status.CANCELLED},
    ),
    "make_dossier": (
        lambda row, by: actions.make_dossier(referral=row, by=by, at=LATER),
        {Status.READY, Status.SENT, Status.ACCEPTED, Status.DECLINED},
    ),
}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("act", ACTS)
def test_every_act_in_every_state(act: str, status: Status, stand: Stand, nour: Staff) -> None:
    do, allowed = ACTS[act]
    row = stand(status)
    trail = AuditRow.objects.count()
    if status in allowed:
        do(row, nour)
        assert AuditRow.objects.count() > trail
    else:
        with pytest.raises(ForbiddenMove):
            do(row, nour)
        assert Referral.objects.get(pk=row.pk).status == status
        assert AuditRow.objects.count() == trail


@pytest.mark.parametrize("act", [*ACTS, "ask_approval", "tell"])
def test_a_counsellor_of_another_team_does_none_of_it(act: str, stand: Stand, sacha: Staff) -> None:
    row = stand(Status.READY)
    more: dict[str, Callable[[Referral, Staff], Any]] = {
        "ask_approval": lambda row, by: actions.ask_approval(referral=row, by=by, at=LATER),
        "tell": lambda row, by: actions.tell_young_person(referral=row, text="x", by=by, at=LATER),
    }
    do = more[act] if act in more else ACTS[act][0]
    with pytest.raises(PermissionDenied):
        do(row, sacha)
    assert Referral.objects.get(pk=row.pk).status == Status.READY


def test_another_team_can_prepare_none(open_case: OpenCase, sacha: Staff) -> None:
    with pytest.raises(PermissionDenied):
        actions.prepare(case=open_case(), kind=RecipientKind.SCHOOL, facts=Facts(), by=sacha, at=NOON)
    assert not Referral.objects.exists()


# --- the ground -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "facts", "wrong"),
    [
        (RecipientKind.SCHOOL, agreed(NOON, consent_by=""), "consent_by"),
        (RecipientKind.SCHOOL, agreed(NOON, consent_at=None), "consent_at"),
        (RecipientKind.SCHOOL, agreed(NOON + timedelta(days=1)), "consent_at"),
        (RecipientKind.SCHOOL, agreed(NOON, consent_how=""), "consent_how"),
        (RecipientKind.SCHOOL, duty(), "basis"),  # a school accepts no legal duty
        (RecipientKind.PARTNER, Facts(basis=Basis.VITAL_INTEREST, reason="x"), "basis"),
        (RecipientKind.PROSECUTOR, duty(article=""), "article"),
        (RecipientKind.PROSECUTOR, duty(article="phare"), "article"),
        (RecipientKind.PROSECUTOR, duty(reason="  "), "reason"),
        (RecipientKind.HEALTH, Facts(basis=Basis.VITAL_INTEREST), "reason"),
    ],
)
def test_what_does_not_hold_is_not_even_a_draft(
    kind: RecipientKind, facts: Facts, wrong: str, open_case: OpenCase, nour: Staff
) -> None:
    with pytest.raises(Refused) as refused:
        actions.prepare(case=open_case(), kind=kind, facts=facts, by=nour, at=NOON)
    assert list(refused.value.findings) == [wrong]
    assert not Referral.objects.exists()


def test_without_a_ground_it_stays_a_draft(stand: Stand, nour: Staff) -> None:
    row = stand(Status.DRAFT, facts=Facts())
    for act in (actions.make_ready, actions.ask_approval):
        with pytest.raises(Refused):
            act(referral=row, by=nour, at=LATER)
    assert Referral.objects.get(pk=row.pk).status == Status.DRAFT


def test_only_what_belongs_to_the_ground_is_kept(stand: Stand, nour: Staff) -> None:
    row = stand(Status.DRAFT)
    everything = replace(agreed(NOON), basis=Basis.LEGAL_DUTY, article="434-3-cp", reason="so")
    actions.change(referral=row, facts=everything, by=nour, at=LATER)
    assert (row.consent_by, row.consent_at, row.consent_how, row.consent_limits) == ("", None, "", None)
    assert row.article == "434-3-cp"


# --- the second person ----------------------------------------------------------------------------------


def test_without_consent_a_second_person_decides(stand: Stand, nour: Staff, maud: Staff) -> None:
    row = stand(Status.DRAFT, facts=duty())
    with pytest.raises(Refused):
        actions.make_ready(referral=row, by=nour, at=NOON)
    approval = actions.ask_approval(referral=row, by=nour, at=NOON)
    assert (row.status, row.asked_by) == (Status.WAITING, nour)
    assert approval.belongs_to == row.case.report_id
    approvals.decide(approval=approval, granted=True, by=maud, at=LATER)
    row.refresh_from_db()
    assert (row.status, row.approved_by, row.approved_at) == (Status.READY, maud, LATER)
    actions.mark_sent(referral=row, receipt="", by=nour, at=LATER)
    assert row.status == Status.SENT


def test_a_no_makes_it_a_draft_again(stand: Stand, maud: Staff) -> None:
    row = stand(Status.WAITING)
    approvals.decide(approval=Approval.objects.get(), granted=False, by=maud, at=LATER)
    row.refresh_from_db()
    assert (row.status, row.asked_by, row.approval) == (Status.DRAFT, None, "")
    assert row.events.filter(what=Step.REFUSED, by=maud).exists()


def test_who_asked_is_never_the_second_person(open_case: OpenCase, maud: Staff) -> None:
    row = standing(Status.WAITING, case=open_case(), by=maud, at=NOON)
    with pytest.raises(PermissionDenied):
        actions.allowed_without_consent(referral=row, approval=Approval.objects.get(), by=maud, at=LATER)


def test_a_yes_holds_for_what_was_asked_and_for_nothing_else(stand: Stand, nour: Staff, maud: Staff) -> None:
    row = stand(Status.WAITING)
    asked = Approval.objects.get()
    actions.change(referral=row, facts=duty(reason="another"), by=nour, at=LATER)
    assert row.status == Status.DRAFT
    assert row.events.filter(what=Step.UNASKED).exists()
    again = actions.ask_approval(referral=row, by=nour, at=LATER)
    assert again.pk != asked.pk
    with pytest.raises(ForbiddenMove):
        actions.allowed_without_consent(referral=row, approval=asked, by=maud, at=LATER)


def test_what_was_approved_and_then_changed_is_approved_no_more(
    stand: Stand, nour: Staff, maud: Staff
) -> None:
    row = stand(Status.READY, second=maud)
    actions.change(referral=row, facts=duty(included=(Part.STORY,)), by=nour, at=LATER)
    assert (row.status, row.approved_by, row.approved_at, row.asked_by) == (Status.DRAFT, None, None, None)
    with pytest.raises(ForbiddenMove):
        actions.mark_sent(referral=row, receipt="", by=nour, at=LATER)


def test_only_who_asked_takes_the_question_back(stand: Stand, maud: Staff) -> None:
    row = stand(Status.WAITING)
    with pytest.raises(PermissionDenied):
        actions.change(referral=row, facts=duty(), by=maud, at=LATER)
    assert Referral.objects.get(pk=row.pk).status == Status.WAITING


def test_who_asked_and_cancels_takes_the_question_back(stand: Stand, nour: Staff, maud: Staff) -> None:
    row = stand(Status.WAITING)
    actions.cancel(referral=row, by=nour, at=LATER)
    assert row.status == Status.CANCELLED
    assert not approvals.waiting_for(maud).exists()


def test_a_yes_for_what_a_colleague_cancelled_is_refused(
    stand: Stand, maud: Staff, make_staff: Callable[..., Staff]
) -> None:
    row = stand(Status.WAITING)
    actions.cancel(referral=row, by=maud, at=LATER)
    other = make_staff("ines", "supervisor")
    with pytest.raises(CannotBeDone):
        approvals.decide(approval=Approval.objects.get(), granted=True, by=other, at=LATER)
    approvals.decide(approval=Approval.objects.get(), granted=False, by=other, at=LATER)
    assert Referral.objects.get(pk=row.pk).status == Status.CANCELLED


def test_a_question_that_ran_out_makes_it_a_draft_again(stand: Stand) -> None:
    row = stand(Status.WAITING)
    approvals.expire(at=NOON + timedelta(days=8))
    row.refresh_from_db()
    assert (row.status, row.asked_by) == (Status.DRAFT, None)
    assert row.events.filter(what=Step.UNASKED).exists()


def test_what_is_being_answered_is_not_changed(
    stand: Stand, nour: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = stand(Status.WAITING)
    answered = Approval.objects.get()
    Approval.objects.filter(pk=answered.pk).update(status="withdrawn", done_at=NOON)
    monkeypatch.setattr(approvals, "waiting_on", lambda **_which: answered)
    with pytest.raises(ForbiddenMove):
        actions.change(referral=row, facts=duty(), by=nour, at=LATER)


# --- sent, answered, asked again ------------------------------------------------------------------------


def test_sending_sets_the_day_from_the_data(stand: Stand, nour: Staff) -> None:
    row = stand(Status.SENT)
    days = recipients.of_kind(RecipientKind.PROSECUTOR).follow_up_days
    assert row.follow_up_at == NOON.date() + timedelta(days=days)
    assert row.case.box().open(row, "receipt") == "N-77"
    assert (row.sent_at, row.sent_by) == (NOON, nour)


def test_the_case_tells_and_the_young_person_is_told_only_by_hand(stand: Stand, nour: Staff) -> None:
    row = stand(Status.ACCEPTED)
    said = CaseEvent.objects.filter(case=row.case, what=Happening.REFERRED).order_by("id")
    assert [event.data["status"] for event in said] == ["draft", "sent", "accepted"]
    assert not Message.objects.exists()
    actions.tell_young_person(referral=row, text="News.", by=nour, at=LATER)
    assert Message.objects.count() == 1
    assert row.events.filter(what=Step.TOLD).count() == 1


def test_the_trail_holds_no_words(stand: Stand) -> None:
    row = stand(Status.ACCEPTED)
    lines = AuditRow.objects.filter(object_id=str(row.pk)).order_by("pk")
    assert [line.verb for line in lines] == [
        "referral.prepared",
        "referral.ready",
        "referral.sent",
        "referral.accepted",
    ]
    text = str([line.detail for line in lines])
    for word in ("north", "class", "N-77", "we look"):
        assert word not in text


def test_pictures_in_a_dossier_are_a_line_of_their_own(stand: Stand, nour: Staff) -> None:
    row = stand(Status.DRAFT)
    assert not AuditRow.objects.filter(verb="referral.pictures_allowed").exists()
    for _again in range(2):
        actions.change(referral=row, facts=agreed(NOON, included=(Part.PICTURES,)), by=nour, at=LATER)
    assert AuditRow.objects.filter(verb="referral.pictures_allowed", actor=f"staff:{nour.pk}").count() == 1


# --- erasure --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", Status)
def test_erased_words_are_gone_and_coarse_facts_stay(status: Status, stand: Stand, nour: Staff) -> None:
    row = stand(status)
    before = Referral.objects.get(pk=row.pk)
    reports.erase_report(report=row.case.report, by=None, at=LATER)
    fresh = Referral.objects.select_related("case__report").get(pk=row.pk)
    with pytest.raises(WrongKey):
        reading.box_of(fresh.case)  # from that moment, before any sweep
    tasks.follow_erasures()
    row = Referral.objects.get(pk=row.pk)
    assert (row.contact, row.consent_limits, row.reason, row.receipt, row.recipient) == (None,) * 4 + ("",)
    assert not ReferralEvent.objects.exclude(words=None).exists()
    stopped = status in {Status.DRAFT, Status.WAITING, Status.READY}
    assert row.status == (Status.CANCELLED if stopped else before.status)
    assert (row.kind, row.basis, row.included) == (before.kind, before.basis, before.included)
    assert (row.sent_at, row.outcome) == (before.sent_at, before.outcome)
    assert actions.follow_erasures(at=LATER) == 0  # told once


def test_nothing_is_added_to_what_was_erased(stand: Stand, nour: Staff) -> None:
    row = stand(Status.READY)
    reports.erase_report(report=row.case.report, by=None, at=LATER)
    case = Case.objects.select_related("report").get(pk=row.case_id)
    row = Referral.objects.select_related("case__report").get(pk=row.pk)
    for act in (
        lambda: actions.prepare(case=case, kind=RecipientKind.CRIP, facts=Facts(), by=nour, at=LATER),
        lambda: actions.mark_sent(referral=row, receipt="", by=nour, at=LATER),
        lambda: actions.make_dossier(referral=row, by=nour, at=LATER),
        lambda: actions.tell_young_person(referral=row, text="x", by=nour, at=LATER),
    ):
        with pytest.raises(WrongKey):
            act()
    assert Referral.objects.get().status == Status.READY
