"""What was erased is forgotten, and what was merged long ago."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from cases.incidents import actions, desk, forgetting, school, undoing
from cases.incidents.states import Step
from cases.incidents.undoing import CannotUndo
from cases.models import Case, Incident, IncidentMember
from helpline.accounts.models import Staff
from reports import actions as reports
from tests.cases.incidents.walls import LATER
from tests.cast import NOON

OpenCase = Callable[..., Case]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


def test_when_all_were_erased_the_words_go(
    three: tuple[Incident, list[Case]], nour: Staff, maud: Staff
) -> None:
    incident, cases = three
    actions.set_title(incident=incident, text="The wall", by=nour, at=NOON)
    school.write_worksheet(incident=incident, version=0, words={"agreed": "Monday"}, by=nour, at=NOON)
    school.make_code(incident=incident, by=maud, at=NOON)
    for number, case in enumerate(cases):
        incident.refresh_from_db()
        assert incident.key is not None
        reports.erase_report(report=case.report, by="young-person", at=LATER)
        assert forgetting.follow_erasures(at=LATER) == (1 if number == 2 else 0)
    incident.refresh_from_db()
    assert (incident.key, incident.title) == (None, None)
    assert incident.worksheet.agreed is None
    assert incident.codes.get().index is None
    assert desk.opened_title(incident) == ""
    assert forgetting.follow_erasures(at=LATER) == 0


def test_words_go_though_a_case_that_was_taken_out_lives_on(
    three: tuple[Incident, list[Case]], nour: Staff
) -> None:
    incident, cases = three
    actions.set_title(incident=incident, text="The wall", by=nour, at=NOON)
    actions.decide_membership(member=incident.members.get(case=cases[2]), joined=False, by=nour, at=NOON)
    reports.erase_report(report=cases[0].report, by="young-person", at=LATER)
    assert forgetting.follow_erasures(at=LATER) == 0
    reports.erase_report(report=cases[1].report, by="young-person", at=LATER)
    assert forgetting.follow_erasures(at=LATER) == 1
    assert desk.opened_title(Incident.objects.get()) == ""


def test_words_stay_while_nobody_of_those_kept_apart_erased(
    three: tuple[Incident, list[Case]], nour: Staff
) -> None:
    """All were taken out, and any of it can be undone."""
    incident, cases = three
    for case in cases:
        actions.decide_membership(member=incident.members.get(case=case), joined=False, by=nour, at=NOON)
    assert forgetting.follow_erasures(at=LATER + timedelta(days=90)) == 0
    assert Incident.objects.exclude(key=None).exists()


@pytest.fixture
def merged(
    three: tuple[Incident, list[Case]], open_case: OpenCase, nour: Staff
) -> tuple[Incident, Incident, list[Case]]:
    """One incident with a name and a worksheet that went into another; and all cases of both."""
    incident, cases = three
    extra = open_case(links=())
    into = actions.open_incident(cases=[extra], title="Both", by=nour, at=NOON)
    actions.set_title(incident=incident, text="The wall", by=nour, at=NOON)
    school.write_worksheet(incident=incident, version=0, words={"agreed": "Monday"}, by=nour, at=NOON)
    actions.merge(incident=incident, into=into, by=nour, at=NOON)
    return incident, into, [*cases, extra]


def test_what_was_merged_is_forgotten_with_what_it_went_into(
    merged: tuple[Incident, Incident, list[Case]],
) -> None:
    incident, into, cases = merged
    assert forgetting.follow_erasures(at=LATER) == 0
    for case in cases:
        reports.erase_report(report=case.report, by="young-person", at=LATER)
    assert forgetting.follow_erasures(at=LATER) == 2
    for one in (incident, into):
        one.refresh_from_db()
        assert (one.key, one.title) == (None, None)
    assert incident.worksheet.agreed is None


def test_what_was_merged_a_month_ago_is_forgotten_and_its_code_works_on(
    merged: tuple[Incident, Incident, list[Case]], maud: Staff, nour: Staff, open_case: OpenCase
) -> None:
    incident, into, cases = merged
    step = incident.steps.get(what=Step.MERGED)
    undoing.undo(step=step, by=nour, at=NOON)
    incident.refresh_from_db()
    code = desk.shown(school.make_code(incident=incident, by=maud, at=NOON), incident)
    again = actions.merge(incident=incident, into=into, by=nour, at=NOON)
    assert forgetting.follow_erasures(at=NOON + timedelta(days=29)) == 0
    assert forgetting.follow_erasures(at=NOON + timedelta(days=31)) == 1
    incident.refresh_from_db()
    assert (incident.key, incident.codes.get().code) == (None, None)
    assert IncidentMember.objects.get(case=open_case(links=(), school=code)).incident == into
    with pytest.raises(CannotUndo):
        undoing.undo(step=again, by=nour, at=NOON + timedelta(days=31))
    for case in Case.objects.all():
        reports.erase_report(report=case.report, by="young-person", at=LATER)
    assert forgetting.follow_erasures(at=NOON + timedelta(days=32)) == 1
    assert incident.codes.get().index is None
    assert {case.pk for case in cases} < set(into.members.values_list("case", flat=True))
