"""Joined, kept apart, added, split, merged – and each undone; what the trail says; two at once."""

from collections.abc import Callable

import pytest

from cases import actions as casework
from cases.incidents import actions, desk, moving, undoing
from cases.incidents.actions import Changed
from cases.incidents.models import Letter
from cases.incidents.states import ForbiddenMove, Step
from cases.incidents.undoing import CannotUndo
from cases.models import Case, Incident, IncidentMember
from cases.states import IncidentStatus, MemberState, Outcome
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from tests.at_once import at_once
from tests.cases.incidents.walls import LATER, WALL, states
from tests.cast import NOON

OpenCase = Callable[..., Case]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


def test_all_proposed_join_in_one_step_and_leave_in_one(
    three: tuple[Incident, list[Case]], nour: Staff
) -> None:
    incident, cases = three
    step = incident.steps.get(what=Step.JOINED)
    assert len(step.changes) == 3
    assert [one.word for one in Letter.objects.order_by("number")] == ["A", "B", "C"]
    undoing.undo(step=step, by=nour, at=LATER)
    assert states(incident) == {case.ref: "proposed" for case in cases}
    assert incident.steps.get(pk=step.pk).undone_by == nour
    before = incident.steps.count()
    undoing.undo(step=step, by=nour, at=LATER)  # a double click
    assert incident.steps.count() == before


def test_a_letter_is_given_once(three: tuple[Incident, list[Case]], nour: Staff, open_case: OpenCase) -> None:
    incident, cases = three
    member = incident.members.get(case=cases[2])
    actions.decide_membership(member=member, joined=False, by=nour, at=LATER)
    actions.add_case(incident=incident, case=open_case(links=()), by=nour, at=LATER)
    actions.decide_membership(member=member, joined=True, by=nour, at=LATER)
    assert sorted(desk.letters_of(incident).values()) == ["A", "B", "C", "D"]
    assert desk.letters_of(incident)[cases[2].pk] == "C"


def test_what_a_colleague_decided_meanwhile_is_not_decided_over(
    three: tuple[Incident, list[Case]], nour: Staff, maud: Staff
) -> None:
    incident, cases = three
    member = incident.members.get(case=cases[0])
    with pytest.raises(Changed) as refused:
        actions.decide_membership(member=member, joined=False, seen="proposed", by=nour, at=LATER)
    assert refused.value.member.state == MemberState.JOINED
    assert states(incident)[cases[0].ref] == "joined"


def test_a_case_is_added_by_hand_and_that_is_undone(
    three: tuple[Incident, list[Case]], nour: Staff, open_case: OpenCase
) -> None:
    incident, _cases = three
    case = open_case(links=())
    step = actions.add_case(incident=incident, case=case, by=nour, at=LATER)
    assert step is not None
    assert states(incident)[case.ref] == "joined"
    assert actions.add_case(incident=incident, case=case, by=nour, at=LATER) is None
    undoing.undo(step=step, by=nour, at=LATER)
    assert case.ref not in states(incident)


def test_split_and_back(three: tuple[Incident, list[Case]], nour: Staff) -> None:
    incident, cases = three
    before = states(incident)
    made = actions.split(incident=incident, cases=cases[1:], by=nour, at=LATER)
    assert states(incident) == {cases[0].ref: "joined"}
    assert states(made) == {case.ref: "joined" for case in cases[1:]}
    undoing.undo(step=incident.steps.get(what=Step.SPLIT), by=nour, at=LATER)
    assert states(incident) == before
    made.refresh_from_db()
    assert (made.status, states(made)) == (IncidentStatus.CLOSED, {})


def test_somebody_stays_when_others_are_split_off(three: tuple[Incident, list[Case]], nour: Staff) -> None:
    incident, cases = three
    with pytest.raises(ForbiddenMove):
        actions.split(incident=incident, cases=cases, by=nour, at=LATER)
    assert Incident.objects.count() == 1


def test_merge_and_back(three: tuple[Incident, list[Case]], nour: Staff, open_case: OpenCase) -> None:
    incident, cases = three
    extra = open_case(links=())
    into = actions.open_incident(cases=[extra, cases[0]], title="Both", by=nour, at=NOON)
    step = actions.merge(incident=incident, into=into, by=nour, at=LATER)
    assert states(into) == {case.ref: "joined" for case in (*cases, extra)}
    incident.refresh_from_db()
    assert incident.status == IncidentStatus.CLOSED
    assert moving.standing(incident) == into
    undoing.undo(step=step, by=nour, at=LATER)
    incident.refresh_from_db()
    assert (incident.status, states(incident)) == ("open", {case.ref: "joined" for case in cases})
    assert states(into) == {extra.ref: "joined", cases[0].ref: "joined"}


def test_closing_one_closes_no_other(three: tuple[Incident, list[Case]], nour: Staff) -> None:
    incident, cases = three
    step = actions.set_open(incident=incident, is_open=False, by=nour, at=LATER)
    assert not Case.objects.filter(status="closed").exists()
    assert step is not None
    undoing.undo(step=step, by=nour, at=LATER)
    incident.refresh_from_db()
    assert incident.status == IncidentStatus.OPEN
    casework.close_case(case=cases[0], outcome=Outcome.ADVICE, by=nour, at=LATER)
    incident.refresh_from_db()
    assert incident.status == IncidentStatus.OPEN
    assert Case.objects.filter(status="closed").count() == 1


def test_what_was_decided_since_is_not_undone(three: tuple[Incident, list[Case]], nour: Staff) -> None:
    incident, cases = three
    made = actions.split(incident=incident, cases=cases[1:], by=nour, at=LATER)
    actions.decide_membership(member=made.members.get(case=cases[1]), joined=False, by=nour, at=LATER)
    with pytest.raises(CannotUndo):
        undoing.undo(step=incident.steps.get(what=Step.SPLIT), by=nour, at=LATER)
    assert states(incident) == {cases[0].ref: "joined"}  # all or nothing


def test_every_step_leaves_a_line_in_the_trail(three: tuple[Incident, list[Case]], nour: Staff) -> None:
    incident, cases = three
    actions.split(incident=incident, cases=cases[1:], by=nour, at=LATER)
    undoing.undo(step=incident.steps.get(what=Step.SPLIT), by=nour, at=LATER)
    verbs = list(AuditRow.objects.filter(verb__startswith="incident.").values_list("verb", flat=True))
    for verb in (
        "incident.proposed",
        "incident.joined",
        "incident.split",
        "incident.moved",
        "incident.undone",
    ):
        assert verb in verbs


@pytest.mark.django_db(transaction=True)
def test_two_who_join_and_split_at_once_lose_nobody(
    three: tuple[Incident, list[Case]], nour: Staff, maud: Staff, open_case: OpenCase
) -> None:
    incident, cases = three
    open_case(links=WALL)
    rest = [one.case for one in incident.members.filter(state="proposed")]
    at_once(
        lambda: actions.split(incident=incident, cases=cases[1:], by=nour, at=LATER),
        lambda: actions.join_proposed(incident=incident, cases=rest, by=maud, at=LATER),
        lambda: undoing.undo(step=incident.steps.get(what=Step.JOINED), by=maud, at=LATER),
    )
    placed = IncidentMember.objects.exclude(state="detached").values_list("case", flat=True)
    assert sorted(placed) == sorted(one.pk for one in (*cases, *rest))


@pytest.mark.django_db(transaction=True)
def test_two_who_undo_at_once_undo_once(three: tuple[Incident, list[Case]], nour: Staff, maud: Staff) -> None:
    incident, cases = three
    actions.split(incident=incident, cases=cases[1:], by=nour, at=LATER)
    step = incident.steps.get(what=Step.SPLIT)
    answers = at_once(
        lambda: undoing.undo(step=step, by=nour, at=LATER),
        lambda: undoing.undo(step=incident.steps.get(pk=step.pk), by=maud, at=LATER),
    )
    assert answers == [None, None]
    assert incident.steps.filter(what=Step.UNDONE).count() == 1
    assert incident.members.count() == 3
