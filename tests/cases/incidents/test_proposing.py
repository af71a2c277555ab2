"""What the machine proposes: compared again, two guesses made one, two at once."""

from collections.abc import Callable
from typing import Any

import pytest

from cases import actions as casework
from cases.incidents import actions, proposing, undoing
from cases.incidents.models import Compared, IncidentStep
from cases.incidents.states import Step
from cases.models import Case, Incident, IncidentMember
from cases.states import IncidentStatus, Outcome
from helpline.accounts.models import Staff
from reports import actions as reports
from reports.actions import LinkFacts
from tests.at_once import at_once
from tests.cases.incidents.walls import LATER, OTHER, WALL, states
from tests.cast import NOON

OpenCase = Callable[..., Case]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


def test_what_is_told_later_is_compared_by_the_sweep(open_case: OpenCase) -> None:
    first, second = open_case(links=WALL), open_case(links=())
    box = second.box()
    reports.add_links(report=second.report, box=box, facts=WALL, by="young-person", at=LATER)
    assert not Incident.objects.exists()
    assert proposing.compare_again(at=LATER) == 1
    assert states(Incident.objects.get()) == {first.ref: "proposed", second.ref: "proposed"}
    assert proposing.compare_again(at=LATER) == 0


def test_a_closed_or_erased_case_is_not_compared_again(open_case: OpenCase, nour: Staff) -> None:
    closed, erased = open_case(links=()), open_case(links=())
    casework.close_case(case=closed, outcome=Outcome.ADVICE, by=nour, at=NOON)
    reports.erase_report(report=erased.report, by="young-person", at=NOON)
    Compared.objects.all().delete()
    assert proposing.compare_again(at=LATER) == 0


def test_what_binds_two_guesses_makes_them_one(open_case: OpenCase) -> None:
    """Two pairs nobody decided about, and a fifth that resembles both."""
    for links in (WALL, WALL, OTHER, OTHER):
        open_case(links=links)
    assert Incident.objects.filter(status=IncidentStatus.OPEN).count() == 2
    open_case(links=WALL + OTHER)
    assert [one.members.count() for one in Incident.objects.filter(status=IncidentStatus.OPEN)] == [5]


def test_two_guesses_made_one_are_parted_by_a_person_and_stay_so(open_case: OpenCase, nour: Staff) -> None:
    for links in (WALL, WALL, OTHER, OTHER):
        open_case(links=links)
    before = {one.pk: states(one) for one in Incident.objects.all()}
    bridge = open_case(links=WALL + OTHER)
    step = IncidentStep.objects.get(what=Step.MERGED)
    assert step.by is None and undoing.can_undo(step)
    undoing.undo(step=step, by=nour, at=LATER)
    assert {one.pk: states(one) | {bridge.ref: "proposed"} for one in Incident.objects.all()} == {
        pk: found | {bridge.ref: "proposed"} for pk, found in before.items()
    }
    assert set(Incident.objects.values_list("status", flat=True)) == {IncidentStatus.OPEN}
    open_case(links=WALL + OTHER)  # what a person parted is not made one again
    assert Incident.objects.filter(status=IncidentStatus.OPEN).count() == 2


def test_a_case_in_both_guesses_comes_back_to_both(open_case: OpenCase, nour: Staff) -> None:
    for links in (WALL, WALL, OTHER, OTHER):
        open_case(links=links)
    first, second = Incident.objects.order_by("pk")
    twin = first.members.order_by("pk")[0].case
    IncidentMember.objects.create(incident=second, case=twin, reasons=["url"], proposed_at=NOON)
    open_case(links=WALL + OTHER)
    step = IncidentStep.objects.get(what=Step.MERGED)
    assert IncidentMember.objects.filter(case=twin).count() == 1
    undoing.undo(step=step, by=nour, at=LATER)
    assert set(IncidentMember.objects.filter(case=twin).values_list("incident", flat=True)) == {
        first.pk,
        second.pk,
    }


@pytest.mark.parametrize("besides", [(LinkFacts(account="mean.one", platform="chatter"),), WALL])
def test_a_school_that_anybody_can_type_makes_no_two_guesses_one(
    open_case: OpenCase, besides: tuple[LinkFacts, ...]
) -> None:
    for _ in range(2):
        open_case(links=besides)
    for _ in range(2):
        open_case(links=(), school="The Dunes")
    open_case(links=besides, school="The Dunes")
    assert sorted(one.members.count() for one in Incident.objects.filter(status="open")) == [2, 3]


def test_two_accounts_that_anybody_can_type_make_no_two_guesses_one(open_case: OpenCase) -> None:
    mean, meaner = ((LinkFacts(account=name, platform="chatter"),) for name in ("mean.one", "meaner.one"))
    for links in (mean, mean, meaner, meaner, mean + meaner):
        open_case(links=links)
    assert sorted(one.members.count() for one in Incident.objects.filter(status="open")) == [2, 3]


def test_what_people_decided_is_not_folded(open_case: OpenCase, nour: Staff) -> None:
    for links in (WALL, WALL, OTHER, OTHER):
        open_case(links=links)
    for incident in Incident.objects.all():
        cases = [one.case for one in incident.members.all()]
        actions.join_proposed(incident=incident, cases=cases, by=nour, at=NOON)
    open_case(links=WALL + OTHER)
    assert sorted(one.members.count() for one in Incident.objects.all()) == [2, 3]


def test_a_new_case_is_offered_to_a_closed_incident_before_a_new_one(
    open_case: OpenCase, three: tuple[Incident, list[Case]], nour: Staff
) -> None:
    incident, _cases = three
    actions.set_open(incident=incident, is_open=False, by=nour, at=NOON)
    case = open_case(links=WALL)
    assert IncidentMember.objects.get(case=case).incident == incident


@pytest.mark.django_db(transaction=True)
def test_two_cases_opened_at_once_find_each_other(tell: Callable[..., Any], nour: Staff, maud: Staff) -> None:
    (one, _code), (two, _code) = tell(links=WALL), tell(links=WALL)
    at_once(
        lambda: casework.open_case(report=one, by=nour, at=NOON),
        lambda: casework.open_case(report=two, by=maud, at=NOON),
    )
    assert IncidentMember.objects.count() == 2
    assert Incident.objects.count() == 1
