"""Who may decide, see and join; nobody is let in among cases of others."""

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied

from cases.incidents import access, actions, school, undoing
from cases.incidents.states import Step
from cases.models import Case, Incident
from helpline.accounts.models import Staff
from tests.cases.incidents.walls import LATER, WALL, states
from tests.cast import NOON

OpenCase = Callable[..., Case]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


def test_nobody_decides_about_a_case_of_others(
    open_case: OpenCase, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    mine, theirs = open_case(links=WALL), open_case(links=WALL, by=sacha)
    incident = Incident.objects.get()
    actions.join_proposed(incident=incident, cases=[mine, theirs], by=maud, at=NOON)
    other = actions.open_incident(cases=[open_case(links=())], title="", by=nour, at=NOON)
    refused: list[Callable[[], object]] = [
        lambda: actions.decide_membership(
            member=incident.members.get(case=theirs), joined=False, by=nour, at=LATER
        ),
        lambda: actions.join_proposed(incident=incident, cases=[theirs], by=nour, at=LATER),
        lambda: actions.add_case(incident=other, case=theirs, by=nour, at=LATER),
        lambda: actions.open_incident(cases=[mine, theirs], title="", by=nour, at=LATER),
        lambda: actions.split(incident=incident, cases=[theirs], by=nour, at=LATER),
        lambda: actions.merge(incident=incident, into=other, by=nour, at=LATER),
        lambda: undoing.undo(step=incident.steps.get(what=Step.JOINED), by=nour, at=LATER),
        lambda: actions.set_title(incident=other, text="x", by=sacha, at=LATER),
        lambda: actions.set_open(incident=other, is_open=False, by=sacha, at=LATER),
        lambda: school.write_worksheet(incident=other, version=0, words={}, by=sacha, at=LATER),
    ]
    before = states(incident)
    for act in refused:
        with pytest.raises(PermissionDenied):
            act()
    assert states(incident) == before
    actions.merge(incident=incident, into=other, by=maud, at=LATER)


def test_a_case_that_was_taken_out_gives_no_access(
    three: tuple[Incident, list[Case]], nour: Staff, sacha: Staff, open_case: OpenCase, maud: Staff
) -> None:
    incident, _cases = three
    theirs = open_case(links=WALL, by=sacha)
    assert incident in access.visible_to(sacha)
    actions.decide_membership(member=incident.members.get(case=theirs), joined=False, by=sacha, at=LATER)
    assert incident not in access.visible_to(sacha)
    for act in (
        lambda: actions.set_title(incident=incident, text="x", by=sacha, at=LATER),
        lambda: actions.set_open(incident=incident, is_open=False, by=sacha, at=LATER),
    ):
        with pytest.raises(PermissionDenied):
            act()


def test_joining_lets_nobody_in_among_cases_of_others(
    open_case: OpenCase, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    mine, theirs = open_case(links=WALL), open_case(links=WALL, by=sacha)
    incident = Incident.objects.get()
    member = incident.members.get(case=theirs)
    actions.join_proposed(incident=incident, cases=[mine], by=nour, at=NOON)  # a new one: nobody is in it
    assert incident in access.open_to(nour) and incident not in access.open_to(sacha)
    for act in (
        lambda: actions.decide_membership(member=member, joined=True, by=sacha, at=LATER),
        lambda: actions.join_proposed(incident=incident, cases=[theirs], by=sacha, at=LATER),
        lambda: actions.add_case(incident=incident, case=open_case(links=(), by=sacha), by=sacha, at=LATER),
        lambda: actions.split(incident=incident, cases=[theirs], by=sacha, at=LATER),
    ):
        with pytest.raises(PermissionDenied):
            act()
    actions.decide_membership(member=member, joined=True, by=maud, at=LATER)
    step = actions.decide_membership(member=member, joined=False, by=sacha, at=LATER)
    assert step is not None
    with pytest.raises(PermissionDenied):
        undoing.undo(step=step, by=sacha, at=LATER)
    assert states(incident) == {mine.ref: "joined", theirs.ref: "detached"}


def test_an_incident_that_others_left_opens_to_nobody_who_was_only_proposed(
    open_case: OpenCase, nour: Staff, sacha: Staff
) -> None:
    mine = open_case(links=WALL)
    open_case(links=WALL, by=sacha)
    incident = Incident.objects.get()
    actions.join_proposed(incident=incident, cases=[mine], by=nour, at=NOON)
    actions.set_title(incident=incident, text="The wall", by=nour, at=NOON)
    actions.decide_membership(member=incident.members.get(case=mine), joined=False, by=nour, at=NOON)
    assert incident in access.visible_to(sacha) and incident not in access.open_to(sacha)
