"""One asks, another decides, and only then it happens: once, or not at all."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils.functional import Promise

from helpline.accounts.models import Staff, Team
from helpline.approvals import actions, handlers, states
from helpline.approvals.actions import ApprovalRefused
from helpline.approvals.models import DECIDED, Approval
from helpline.approvals.states import ForbiddenMove, Status
from helpline.approvals.tasks import expire
from helpline.audit.models import AuditRow
from tests.at_once import at_once
from tests.cast import NOON
from tests.helpline.approvals.conftest import ABOUT, Rename

Ask = Callable[..., Approval]
LATER = NOON + timedelta(hours=1)
MUCH_LATER = NOON + timedelta(days=3)
pytestmark = pytest.mark.django_db


def lines() -> list[tuple[str, str, dict[str, Any]]]:
    rows = AuditRow.objects.filter(verb__startswith="approval.").order_by("id")
    return list(rows.values_list("verb", "actor", "detail"))


def name_of(team: Team) -> str:
    return Team.objects.get(pk=team.pk).name


def settled(approval: Approval, status: Status, *, by: Staff) -> Approval:
    """The row as it is in this state."""
    decided = {"decided_by": by, "decided_at": LATER} if status in DECIDED else {}
    done = {} if status == Status.WAITING else {"done_at": LATER}
    Approval.objects.filter(pk=approval.pk).update(status=status, **decided, **done)
    return Approval.objects.get(pk=approval.pk)


# --- asking ---------------------------------------------------------------------------------------------


def test_asked_it_waits_with_a_sealed_reason_and_a_line(ask: Ask, nour: Staff, night_team: Team) -> None:
    approval = ask()

    row = Approval.objects.get()
    assert (row.what, row.object_type, row.object_id, row.status) == ("rename", "team", "night", "waiting")
    assert (row.asked_by, row.asked_at, row.expires_at) == (nour, NOON, NOON + timedelta(days=2))
    assert (row.decided_by, row.decided_at, row.done_at, row.belongs_to) == (None, None, None, ABOUT)
    assert b"Nobody likes it." not in bytes(row.reason)
    assert actions.reasons_of(approvals=[row], by=nour, at=LATER) == {row.pk: "Nobody likes it."}
    about = {"what": "rename", "object": "night", "asked_by": nour.pk}
    assert lines() == [
        ("approval.asked", f"staff:{nour.pk}", about),
        ("approval.read", f"staff:{nour.pk}", about),
    ]
    assert name_of(night_team) == "asked"
    assert approval == row


def test_asked_again_while_it_waits_it_is_the_same(ask: Ask, maud: Staff) -> None:
    first = ask()

    assert ask(by=maud, reason="Me, too.", at=LATER) == first
    assert Approval.objects.get().asked_by == first.asked_by
    assert [verb for verb, _by, _detail in lines()] == ["approval.asked"]


def test_settled_it_can_be_asked_again(ask: Ask, maud: Staff) -> None:
    first = ask()
    actions.decide(approval=first, granted=False, by=maud, at=LATER)

    assert ask(at=LATER) != first


def test_one_that_waited_too_long_gives_way(ask: Ask) -> None:
    first = ask()

    second = ask(at=MUCH_LATER)

    first.refresh_from_db()
    assert (first.status, first.done_at, second.status) == ("expired", MUCH_LATER, "waiting")


def test_who_may_not_ask_asks_nothing(ask: Ask, anouk: Staff) -> None:
    with pytest.raises(PermissionDenied):
        ask(by=anouk)
    assert not Approval.objects.exists()


def test_a_word_of_the_list_where_there_is_one(ask: Ask) -> None:
    assert ask(what="choosy", why="old").why == "old"
    for wrong in ({"what": "choosy"}, {"what": "choosy", "why": "rude"}, {"why": "old"}, {"what": "nothing"}):
        with pytest.raises(LookupError):
            ask(**wrong)
    assert Approval.objects.get().expires_at is None


# --- deciding -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("granted", "name"), [(True, "done"), (False, "not done")])
def test_decided_by_another_both_names_stay(
    ask: Ask, nour: Staff, maud: Staff, night_team: Team, granted: bool, name: str
) -> None:
    actions.decide(approval=ask(), granted=granted, by=maud, at=LATER)

    row = Approval.objects.get()
    assert row.status == ("granted" if granted else "refused")
    assert (row.asked_by, row.decided_by, row.decided_at, row.done_at) == (nour, maud, LATER, LATER)
    assert name_of(night_team) == name
    verb, actor, detail = lines()[-1]
    assert (verb, actor, detail["asked_by"]) == (f"approval.{row.status}", f"staff:{maud.pk}", nour.pk)


@pytest.mark.parametrize("granted", [True, False])
def test_nobody_answers_themselves(ask: Ask, maud: Staff, night_team: Team, granted: bool) -> None:
    approval = ask(by=maud)

    with pytest.raises(ApprovalRefused) as refused:
        actions.decide(approval=approval, granted=granted, by=maud, at=LATER)

    assert refused.value.code == "same_person"
    assert (Approval.objects.get().status, name_of(night_team)) == ("waiting", "asked")
    assert not actions.can_decide(approval, by=maud)


@pytest.mark.parametrize("who", ["sacha", "anouk"])
def test_who_is_no_second_person_for_it_decides_nothing(
    ask: Ask, who: str, request: pytest.FixtureRequest
) -> None:
    """Sacha does not hold APPROVE; Anouk does, and not what this kind asks for besides."""
    approval = ask()

    with pytest.raises(PermissionDenied):
        actions.decide(approval=approval, granted=True, by=request.getfixturevalue(who), at=LATER)
    assert Approval.objects.get().status == "waiting"


def test_the_kind_may_still_say_no_about_this_one(ask: Ask, maud: Staff, night_team: Team) -> None:
    approval = ask()
    Team.objects.filter(pk=night_team.pk).update(name="Not yours")

    with pytest.raises(PermissionDenied):
        actions.decide(approval=approval, granted=True, by=maud, at=LATER)


def test_what_is_gone_can_be_refused_and_not_granted(ask: Ask, maud: Staff) -> None:
    gone = Team.objects.create(slug="gone", name="Gone")
    approval = ask(obj=gone)
    Team.objects.filter(pk="gone").delete()

    with pytest.raises(ApprovalRefused) as refused:
        actions.decide(approval=approval, granted=True, by=maud, at=LATER)
    assert refused.value.code == "gone"
    actions.decide(approval=approval, granted=False, by=maud, at=LATER)
    assert Approval.objects.get().status == "refused"


def test_too_late_nothing_is_granted(ask: Ask, maud: Staff, night_team: Team) -> None:
    with pytest.raises(ApprovalRefused) as refused:
        actions.decide(approval=ask(), granted=True, by=maud, at=MUCH_LATER)
    assert (refused.value.code, name_of(night_team)) == ("expired", "asked")


def test_what_goes_wrong_half_way_did_not_happen(
    ask: Ask, maud: Staff, night_team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a handler that fails after it wrote, then neither its writing nor the answer is there."""
    approval = ask()
    monkeypatch.setattr(Rename, "fails", True)

    with pytest.raises(RuntimeError):
        actions.decide(approval=approval, granted=True, by=maud, at=LATER)

    row = Approval.objects.get()
    assert (row.status, row.decided_by, row.done_at) == ("waiting", None, None)
    assert name_of(night_team) == "asked"
    assert [verb for verb, _by, _detail in lines()] == ["approval.asked"]


# --- every action × every state -------------------------------------------------------------------------

ACTIONS: dict[str, tuple[Callable[[Approval, Staff, Staff], object], Status]] = {
    "grant": (
        lambda row, _asker, other: actions.decide(approval=row, granted=True, by=other, at=LATER),
        Status.GRANTED,
    ),
    "refuse": (
        lambda row, _asker, other: actions.decide(approval=row, granted=False, by=other, at=LATER),
        Status.REFUSED,
    ),
    "withdraw": (
        lambda row, asker, _other: actions.withdraw(approval=row, by=asker, at=LATER),
        Status.WITHDRAWN,
    ),
    "expire": (lambda _row, _asker, _other: actions.expire(at=MUCH_LATER), Status.EXPIRED),
    "forget": (
        lambda row, _asker, _other: actions.forget(approvals=Approval.objects.filter(pk=row.pk), at=LATER),
        Status.EXPIRED,
    ),
}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_in_every_state(
    ask: Ask, nour: Staff, maud: Staff, night_team: Team, action: str, status: Status
) -> None:
    approval = settled(ask(), status, by=maud)
    do, after = ACTIONS[action]
    Team.objects.filter(pk=night_team.pk).update(name="untouched")

    if status == Status.WAITING:
        do(approval, nour, maud)
        assert Approval.objects.get().status == after
        return
    try:
        do(approval, nour, maud)
    except ApprovalRefused as refused:
        assert refused.code == "not_waiting"
    else:
        assert action in {"expire", "forget"}  # which look for what waits, and find nothing
    assert (Approval.objects.get().status, name_of(night_team)) == (status, "untouched")


@pytest.mark.parametrize("start", Status)
@pytest.mark.parametrize("end", Status)
def test_it_moves_along_its_arrows_only(start: Status, end: Status) -> None:
    row = Approval(status=start)
    if end in states.TRANSITIONS[start]:
        row.move(end)
        assert row.status == end
    else:
        with pytest.raises(ForbiddenMove):
            row.move(end)


def test_only_the_one_who_asked_takes_it_back(ask: Ask, maud: Staff, nour: Staff, night_team: Team) -> None:
    approval = ask()

    with pytest.raises(PermissionDenied):
        actions.withdraw(approval=approval, by=maud, at=LATER)
    actions.withdraw(approval=approval, by=nour, at=LATER)

    row = Approval.objects.get()
    assert (row.status, row.decided_by, row.done_at) == ("withdrawn", None, LATER)
    assert name_of(night_team) == "not done"


def test_the_sweep_ends_what_waited_too_long(ask: Ask, night_team: Team) -> None:
    ask()
    forever = ask(what="choosy", why="old")

    assert actions.expire(at=NOON + timedelta(days=1)) == 0
    expire()  # by the clock on the wall, which is later than the test's

    assert set(Approval.objects.values_list("what", "status")) == {
        ("rename", "expired"),
        ("choosy", "waiting"),
    }
    assert name_of(night_team) == "not done"
    assert not forever.is_over(MUCH_LATER)


def test_a_kind_that_is_no_more_still_ends(ask: Ask, settings: Any, maud: Staff) -> None:
    ask()
    settings.APPROVAL_HANDLERS = {}

    assert actions.expire(at=MUCH_LATER) == 1
    assert list(actions.seen_by(maud)) == []


# --- what the database keeps ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "granted", "decided_by": "nour", "decided_at": LATER, "done_at": LATER},  # by themselves
        {"status": "granted", "decided_at": LATER, "done_at": LATER},
        {"status": "refused", "decided_by": "maud", "done_at": LATER},
        {"status": "granted", "decided_by": "maud", "decided_at": LATER},
        {"status": "waiting", "decided_by": "maud", "decided_at": LATER},
        {"status": "waiting", "done_at": LATER},
        {"status": "expired"},
        {"status": "withdrawn", "decided_by": "maud", "decided_at": LATER, "done_at": LATER},
    ],
)
def test_the_database_refuses(ask: Ask, nour: Staff, maud: Staff, wrong: dict[str, Any]) -> None:
    approval = ask()
    people = {"nour": nour, "maud": maud}
    changes = wrong | ({"decided_by": people[wrong["decided_by"]]} if "decided_by" in wrong else {})

    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.filter(pk=approval.pk).update(**changes)


def test_the_database_lets_one_wait_for_each_object(ask: Ask, nour: Staff) -> None:
    ask()

    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.create(
            what="rename", object_type="team", object_id="night", asked_by=nour, asked_at=NOON
        )
    ask(what="choosy", why="old")
    assert Approval.objects.count() == 2


# --- lists ----------------------------------------------------------------------------------------------


def test_what_waits_for_whom(ask: Ask, nour: Staff, maud: Staff, anouk: Staff, sacha: Staff) -> None:
    mine, others = ask(by=maud), ask(what="choosy", why="old")

    assert list(actions.waiting_for(maud)) == [others]
    assert list(actions.waiting_for(anouk)) == [others]
    assert list(actions.waiting_for(nour)) == list(actions.waiting_for(sacha)) == []
    assert set(actions.seen_by(maud)) == {mine, others}
    assert list(actions.seen_by(nour)) == [others]
    assert list(actions.seen_by(sacha)) == []
    actions.decide(approval=others, granted=True, by=anouk, at=LATER)
    assert list(actions.waiting_for(maud)) == []
    assert list(actions.decided_lately(maud)) == [others]
    assert list(actions.decided_lately(nour)) == []


def test_forgotten_the_reason_is_gone_and_the_names_stay(ask: Ask, maud: Staff) -> None:
    approval = ask()
    actions.decide(approval=approval, granted=True, by=maud, at=LATER)

    about = Approval.objects.filter(belongs_to=ABOUT)
    assert actions.forget(approvals=about, at=LATER) == 1
    assert actions.forget(approvals=about, at=LATER) == 0

    row = Approval.objects.get()
    assert (row.reason, row.decided_by) == (None, maud)
    assert actions.reasons_of(approvals=[row], by=maud, at=LATER) == {}


def test_a_reason_whose_key_is_gone_is_empty(ask: Ask, maud: Staff) -> None:
    row = ask()
    row.reason = bytes(row.reason)[:-1] + b"x"

    assert actions.reasons_of(approvals=[row], by=maud, at=LATER) == {row.pk: ""}


def test_every_refusal_has_words() -> None:
    for code, words in actions.REFUSALS.items():
        assert isinstance(words, Promise)
        assert ApprovalRefused(code).sentence == str(words)


def test_the_kinds_of_this_project_are_there() -> None:
    from helpline import settings

    for path in settings.APPROVAL_HANDLERS.values():
        assert isinstance(handlers._at(path), handlers.Handler)


# --- two at once ----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_two_deciders_one_is_too_late(
    ask: Ask, maud: Staff, night_team: Team, make_staff: Callable[..., Staff]
) -> None:
    """Given a yes and a no at the same moment, then one counts and the other is told."""
    approval, ines = ask(), make_staff("ines", "supervisor")

    def answer(by: Staff, *, granted: bool) -> Callable[[], object]:
        row = Approval.objects.get(pk=approval.pk)
        return lambda: actions.decide(approval=row, granted=granted, by=by, at=LATER)

    answers = at_once(answer(maud, granted=True), answer(ines, granted=False))

    refused = [one for one in answers if isinstance(one, ApprovalRefused)]
    assert [one.code for one in refused] == ["not_waiting"]
    assert answers.count(None) == 1
    row = Approval.objects.get()
    assert (row.decided_by, row.status) == ((maud, "granted") if answers[0] is None else (ines, "refused"))
    assert name_of(night_team) == ("done" if row.status == "granted" else "not done")
    assert len([verb for verb, _by, _detail in lines() if verb != "approval.asked"]) == 1


@pytest.mark.django_db(transaction=True)
def test_asked_twice_at_once_it_is_one_question(ask: Ask, nour: Staff, maud: Staff) -> None:
    answers = at_once(lambda: ask(by=nour), lambda: ask(by=maud))

    row = Approval.objects.get()
    assert answers == [row, row]
    assert [verb for verb, _by, _detail in lines()] == ["approval.asked"]
