"""Two people who press at the same moment: one of them has it, and nothing is lost."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.core.exceptions import PermissionDenied

from cases import actions as casework
from cases.handover import actions, leaving, shifts
from cases.handover.actions import Answered, Refused
from cases.handover.models import Move, Shift, Transfer
from cases.handover.states import Status
from cases.models import Case, QueueItem
from cases.states import CaseStatus
from helpline.accounts import actions as accounts
from helpline.accounts.models import Staff, Team
from tests.at_once import at_once
from tests.cast import NOON

OpenCase = Callable[..., Case]
LATER = NOON + timedelta(hours=1)
ROUNDS = 5
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("chatter")]


def fresh(row: Transfer) -> Transfer:
    return Transfer.objects.select_related("case__report").get(pk=row.pk)


def me(staff: Staff) -> Staff:
    return Staff.objects.select_related("role").get(pk=staff.pk)


def test_two_of_a_team_say_yes_at_once(
    open_case: OpenCase, nour: Staff, sacha: Staff, make_staff: Callable[..., Staff]
) -> None:
    day = Team.objects.get(slug="day")
    lou = make_staff("lou", "counsellor", [day])
    for _round in range(ROUNDS):
        there = actions.offer(case=open_case(), to=day, reason="x", by=nour, at=LATER)
        answers = at_once(
            *(
                partial(actions.accept, transfer=fresh(there), words="", by=me(one), at=LATER)
                for one in (sacha, lou)
            )
        )
        (refused,) = [one for one in answers if one is not None]
        assert isinstance(refused, Answered)
        case = Case.objects.get(pk=there.case_id)
        assert case.assignee in {sacha, lou}
        assert refused.transfer.done_by == case.assignee
        assert QueueItem.objects.get(case=case).holder == case.assignee


def test_yes_and_taking_back_at_once(open_case: OpenCase, nour: Staff, sacha: Staff) -> None:
    for _round in range(ROUNDS):
        there = actions.offer(case=open_case(), to=sacha, reason="x", by=nour, at=LATER)
        answers = at_once(
            partial(actions.accept, transfer=fresh(there), words="", by=me(sacha), at=LATER),
            partial(actions.take_back, transfer=fresh(there), by=me(nour), at=LATER),
        )
        row = fresh(there)
        (refused,) = [one for one in answers if one is not None]
        assert isinstance(refused, Answered)
        expected = {Status.ACCEPTED: sacha, Status.TAKEN_BACK: nour}[Status(row.status)]
        assert row.case.assignee == expected


@pytest.mark.parametrize("way", ["assign", "accept", "open", "reassign"])
def test_an_account_is_closed_while_it_is_given_a_case(
    way: str,
    open_case: OpenCase,
    tell: Callable[..., tuple[object, str]],
    nour: Staff,
    maud: Staff,
    anouk: Staff,
    make_staff: Callable[..., Staff],
) -> None:
    for number in range(ROUNDS):
        leaver = make_staff(f"leaver{number}", "counsellor", [Team.objects.get(slug="night")])
        if way == "open":
            report, _code = tell()
            give = partial(casework.open_case, report=report, by=me(maud), at=LATER, assignee=me(leaver))
        else:
            case = open_case()
            there = actions.offer(case=case, to=leaver, reason="x", by=nour, at=LATER)
            give = {
                "assign": partial(
                    casework.assign, case=Case.objects.get(pk=case.pk), to=me(leaver), by=me(maud), at=LATER
                ),
                "accept": partial(actions.accept, transfer=fresh(there), words="", by=me(leaver), at=LATER),
                "reassign": partial(
                    leaving.reassign,
                    staff=nour,
                    choices={case.pk: me(leaver)},
                    offers={},
                    by=me(maud),
                    at=LATER,
                ),
            }[way]
        answers = at_once(give, partial(accounts.disable, staff=me(leaver), by=me(anouk), at=LATER))
        assert answers[1] is None, answers
        if isinstance(answers[0], Exception):
            assert isinstance(answers[0], PermissionDenied | Refused | Answered)
        assert not Case.objects.filter(assignee=leaver).exclude(status=CaseStatus.CLOSED).exists()
        assert not QueueItem.objects.filter(holder=leaver).exists()
        assert not Transfer.objects.filter(to_staff=leaver, status=Status.OFFERED).exists()


def test_two_supervisors_reassign_and_undo_at_once(
    open_case: OpenCase, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    cases = [open_case() for _ in range(3)]
    choices: dict[int, Staff | None] = {one.pk: sacha for one in cases}
    give = partial(leaving.reassign, staff=nour, choices=choices, offers={}, by=me(maud), at=LATER)
    answers = at_once(give, give)
    assert sorted(one.moved for one in answers) == [0, 3]  # type: ignore[attr-defined]
    batch = Move.objects.values_list("batch", flat=True).distinct().get()
    back = partial(leaving.undo, batch=batch, by=me(maud), at=LATER)
    assert sorted(at_once(back, back)) == [(0, 0), (3, 0)]  # type: ignore[type-var]
    assert Case.objects.filter(assignee=nour).count() == 3


def test_two_clicks_begin_one_shift(nour: Staff) -> None:
    begin = partial(shifts.start_shift, by=me(nour), at=LATER)
    assert sorted(at_once(begin, begin)) == [False, True]  # type: ignore[type-var]
    assert Shift.objects.count() == 1


def test_two_who_offer_at_once_make_one_offer(
    open_case: OpenCase, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    case = open_case()
    answers = at_once(
        *(
            partial(
                actions.offer, case=Case.objects.get(pk=case.pk), to=sacha, reason="x", by=me(by), at=LATER
            )
            for by in (nour, maud)
        )
    )
    assert sorted(type(one).__name__ for one in answers) == ["AlreadyOffered", "Transfer"]
