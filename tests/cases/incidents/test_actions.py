"""Joined, kept apart, added, split, merged – and each undone; who may; two at once; what is forgotten."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from cases import actions as casework
from cases.incidents import actions, desk
from cases.incidents.actions import CannotUndo, Changed, Stale
from cases.incidents.models import Compared, IncidentStep, Letter
from cases.incidents.states import ForbiddenMove, Step
from cases.models import Case, Incident, IncidentMember
from cases.states import IncidentStatus, MemberState, Outcome
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from reports import actions as reports
from reports.actions import LinkFacts
from tests.at_once import at_once
from tests.cast import NOON

OpenCase = Callable[..., Case]
LATER = NOON + timedelta(hours=1)
WALL = (LinkFacts(url="https://chatter.example/p/wall"),)
OTHER = (LinkFacts(url="https://chatter.example/p/other"),)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


def states(incident: Incident) -> dict[str, str]:
    return dict(incident.members.values_list("case__ref", "state"))


@pytest.fixture
def three(open_case: OpenCase, nour: Staff) -> tuple[Incident, list[Case]]:
    """An incident of three joined cases."""
    cases = [open_case(links=WALL) for _ in range(3)]
    incident = Incident.objects.get()
    actions.join_proposed(incident=incident, cases=cases, by=nour, at=NOON)
    return incident, cases


# --- finding ------------------------------------------------------------------------------------------


def test_what_is_told_later_is_compared_by_the_sweep(open_case: OpenCase) -> None:
    first, second = open_case(links=WALL), open_case(links=())
    box = second.box()
    reports.add_links(report=second.report, box=box, facts=WALL, by="young-person", at=LATER)
    assert not Incident.objects.exists()
    assert actions.compare_again(at=LATER) == 1
    assert states(Incident.objects.get()) == {first.ref: "proposed", second.ref: "proposed"}
    assert actions.compare_again(at=LATER) == 0


def test_a_closed_or_erased_case_is_not_compared_again(open_case: OpenCase, nour: Staff) -> None:
    closed, erased = open_case(links=()), open_case(links=())
    casework.close_case(case=closed, outcome=Outcome.ADVICE, by=nour, at=NOON)
    reports.erase_report(report=erased.report, by="young-person", at=NOON)
    Compared.objects.all().delete()
    assert actions.compare_again(at=LATER) == 0


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
    assert step.by is None and actions.may_undo(step)
    actions.undo(step=step, by=nour, at=LATER)
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
    actions.undo(step=step, by=nour, at=LATER)
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


# --- deciding -----------------------------------------------------------------------------------------


def test_all_proposed_join_in_one_step_and_leave_in_one(
    three: tuple[Incident, list[Case]], nour: Staff
) -> None:
    incident, cases = three
    step = incident.steps.get(what=Step.JOINED)
    assert len(step.changes) == 3
    assert [one.word for one in Letter.objects.order_by("number")] == ["A", "B", "C"]
    actions.undo(step=step, by=nour, at=LATER)
    assert states(incident) == {case.ref: "proposed" for case in cases}
    assert incident.steps.get(pk=step.pk).undone_by == nour
    before = incident.steps.count()
    actions.undo(step=step, by=nour, at=LATER)  # a double click
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
    actions.undo(step=step, by=nour, at=LATER)
    assert case.ref not in states(incident)


def test_split_and_back(three: tuple[Incident, list[Case]], nour: Staff) -> None:
    incident, cases = three
    before = states(incident)
    made = actions.split(incident=incident, cases=cases[1:], by=nour, at=LATER)
    assert states(incident) == {cases[0].ref: "joined"}
    assert states(made) == {case.ref: "joined" for case in cases[1:]}
    actions.undo(step=incident.steps.get(what=Step.SPLIT), by=nour, at=LATER)
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
    assert actions.standing(incident) == into
    actions.undo(step=step, by=nour, at=LATER)
    incident.refresh_from_db()
    assert (incident.status, states(incident)) == ("open", {case.ref: "joined" for case in cases})
    assert states(into) == {extra.ref: "joined", cases[0].ref: "joined"}


def test_what_was_decided_since_is_not_undone(three: tuple[Incident, list[Case]], nour: Staff) -> None:
    incident, cases = three
    made = actions.split(incident=incident, cases=cases[1:], by=nour, at=LATER)
    actions.decide_membership(member=made.members.get(case=cases[1]), joined=False, by=nour, at=LATER)
    with pytest.raises(CannotUndo):
        actions.undo(step=incident.steps.get(what=Step.SPLIT), by=nour, at=LATER)
    assert states(incident) == {cases[0].ref: "joined"}  # all or nothing


def test_closing_one_closes_no_other(three: tuple[Incident, list[Case]], nour: Staff) -> None:
    incident, cases = three
    step = actions.set_open(incident=incident, is_open=False, by=nour, at=LATER)
    assert not Case.objects.filter(status="closed").exists()
    assert step is not None
    actions.undo(step=step, by=nour, at=LATER)
    incident.refresh_from_db()
    assert incident.status == IncidentStatus.OPEN
    casework.close_case(case=cases[0], outcome=Outcome.ADVICE, by=nour, at=LATER)
    incident.refresh_from_db()
    assert incident.status == IncidentStatus.OPEN
    assert Case.objects.filter(status="closed").count() == 1


# --- who may ------------------------------------------------------------------------------------------


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
        lambda: actions.undo(step=incident.steps.get(what=Step.JOINED), by=nour, at=LATER),
        lambda: actions.set_title(incident=other, text="x", by=sacha, at=LATER),
        lambda: actions.set_open(incident=other, is_open=False, by=sacha, at=LATER),
        lambda: actions.write_worksheet(incident=other, version=0, words={}, by=sacha, at=LATER),
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
    assert incident in actions.visible_to(sacha)
    actions.decide_membership(member=incident.members.get(case=theirs), joined=False, by=sacha, at=LATER)
    assert incident not in actions.visible_to(sacha)
    for act in (
        lambda: actions.set_title(incident=incident, text="x", by=sacha, at=LATER),
        lambda: actions.set_open(incident=incident, is_open=False, by=sacha, at=LATER),
    ):
        with pytest.raises(PermissionDenied):
            act()


def test_every_step_leaves_a_line_in_the_trail(three: tuple[Incident, list[Case]], nour: Staff) -> None:
    incident, cases = three
    actions.split(incident=incident, cases=cases[1:], by=nour, at=LATER)
    actions.undo(step=incident.steps.get(what=Step.SPLIT), by=nour, at=LATER)
    verbs = list(AuditRow.objects.filter(verb__startswith="incident.").values_list("verb", flat=True))
    for verb in (
        "incident.proposed",
        "incident.joined",
        "incident.split",
        "incident.moved",
        "incident.undone",
    ):
        assert verb in verbs


# --- two at once --------------------------------------------------------------------------------------


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
        lambda: actions.undo(step=incident.steps.get(what=Step.JOINED), by=maud, at=LATER),
    )
    placed = IncidentMember.objects.exclude(state="detached").values_list("case", flat=True)
    assert sorted(placed) == sorted(one.pk for one in (*cases, *rest))


@pytest.mark.django_db(transaction=True)
def test_two_who_undo_at_once_undo_once(three: tuple[Incident, list[Case]], nour: Staff, maud: Staff) -> None:
    incident, cases = three
    actions.split(incident=incident, cases=cases[1:], by=nour, at=LATER)
    step = incident.steps.get(what=Step.SPLIT)
    answers = at_once(
        lambda: actions.undo(step=step, by=nour, at=LATER),
        lambda: actions.undo(step=incident.steps.get(pk=step.pk), by=maud, at=LATER),
    )
    assert answers == [None, None]
    assert incident.steps.filter(what=Step.UNDONE).count() == 1
    assert incident.members.count() == 3


# --- words, and forgetting ----------------------------------------------------------------------------


def test_the_worksheet_keeps_both_versions(
    three: tuple[Incident, list[Case]], nour: Staff, maud: Staff
) -> None:
    incident, _cases = three
    row = actions.write_worksheet(incident=incident, version=0, words={"agreed": "Monday"}, by=nour, at=NOON)
    assert b"Monday" not in bytes(row.agreed or b"")
    with pytest.raises(Stale) as refused:
        actions.write_worksheet(incident=incident, version=0, words={"agreed": "Tuesday"}, by=maud, at=LATER)
    assert refused.value.worksheet.changed_by == nour
    # The same words, sent twice, are kept once.
    again = actions.write_worksheet(
        incident=incident, version=0, words={"agreed": "Monday"}, by=nour, at=NOON
    )
    assert again.version == 1
    actions.write_worksheet(incident=incident, version=1, words={"agreed": "Tuesday"}, by=maud, at=LATER)


def test_when_all_were_erased_the_words_go(
    three: tuple[Incident, list[Case]], nour: Staff, maud: Staff
) -> None:
    incident, cases = three
    actions.set_title(incident=incident, text="The wall", by=nour, at=NOON)
    actions.write_worksheet(incident=incident, version=0, words={"agreed": "Monday"}, by=nour, at=NOON)
    actions.make_code(incident=incident, by=maud, at=NOON)
    for number, case in enumerate(cases):
        incident.refresh_from_db()
        assert incident.key is not None
        reports.erase_report(report=case.report, by="young-person", at=LATER)
        assert actions.follow_erasures(at=LATER) == (1 if number == 2 else 0)
    incident.refresh_from_db()
    assert (incident.key, incident.title) == (None, None)
    assert incident.worksheet.agreed is None
    assert incident.codes.get().index is None
    assert actions.opened_title(incident) == ""
    assert actions.follow_erasures(at=LATER) == 0


def test_words_go_though_a_case_that_was_taken_out_lives_on(
    three: tuple[Incident, list[Case]], nour: Staff
) -> None:
    incident, cases = three
    actions.set_title(incident=incident, text="The wall", by=nour, at=NOON)
    actions.decide_membership(member=incident.members.get(case=cases[2]), joined=False, by=nour, at=NOON)
    reports.erase_report(report=cases[0].report, by="young-person", at=LATER)
    assert actions.follow_erasures(at=LATER) == 0
    reports.erase_report(report=cases[1].report, by="young-person", at=LATER)
    assert actions.follow_erasures(at=LATER) == 1
    assert actions.opened_title(Incident.objects.get()) == ""


def test_words_stay_while_nobody_of_those_kept_apart_erased(
    three: tuple[Incident, list[Case]], nour: Staff
) -> None:
    """All were taken out, and any of it can be undone."""
    incident, cases = three
    for case in cases:
        actions.decide_membership(member=incident.members.get(case=case), joined=False, by=nour, at=NOON)
    assert actions.follow_erasures(at=LATER + timedelta(days=90)) == 0
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
    actions.write_worksheet(incident=incident, version=0, words={"agreed": "Monday"}, by=nour, at=NOON)
    actions.merge(incident=incident, into=into, by=nour, at=NOON)
    return incident, into, [*cases, extra]


def test_what_was_merged_is_forgotten_with_what_it_went_into(
    merged: tuple[Incident, Incident, list[Case]],
) -> None:
    incident, into, cases = merged
    assert actions.follow_erasures(at=LATER) == 0
    for case in cases:
        reports.erase_report(report=case.report, by="young-person", at=LATER)
    assert actions.follow_erasures(at=LATER) == 2
    for one in (incident, into):
        one.refresh_from_db()
        assert (one.key, one.title) == (None, None)
    assert incident.worksheet.agreed is None


def test_what_was_merged_a_month_ago_is_forgotten_and_its_code_works_on(
    merged: tuple[Incident, Incident, list[Case]], maud: Staff, nour: Staff, open_case: OpenCase
) -> None:
    incident, into, cases = merged
    step = incident.steps.get(what=Step.MERGED)
    actions.undo(step=step, by=nour, at=NOON)
    incident.refresh_from_db()
    code = desk.shown(actions.make_code(incident=incident, by=maud, at=NOON), incident)
    again = actions.merge(incident=incident, into=into, by=nour, at=NOON)
    assert actions.follow_erasures(at=NOON + timedelta(days=29)) == 0
    assert actions.follow_erasures(at=NOON + timedelta(days=31)) == 1
    incident.refresh_from_db()
    assert (incident.key, incident.codes.get().code) == (None, None)
    assert IncidentMember.objects.get(case=open_case(links=(), school=code)).incident == into
    with pytest.raises(CannotUndo):
        actions.undo(step=again, by=nour, at=NOON + timedelta(days=31))
    for case in Case.objects.all():
        reports.erase_report(report=case.report, by="young-person", at=LATER)
    assert actions.follow_erasures(at=NOON + timedelta(days=32)) == 1
    assert incident.codes.get().index is None
    assert {case.pk for case in cases} < set(into.members.values_list("case", flat=True))


def test_joining_lets_nobody_in_among_cases_of_others(
    open_case: OpenCase, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    mine, theirs = open_case(links=WALL), open_case(links=WALL, by=sacha)
    incident = Incident.objects.get()
    member = incident.members.get(case=theirs)
    actions.join_proposed(incident=incident, cases=[mine], by=nour, at=NOON)  # a new one: nobody is in it
    assert incident in actions.open_to(nour) and incident not in actions.open_to(sacha)
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
        actions.undo(step=step, by=sacha, at=LATER)
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
    assert incident in actions.visible_to(sacha) and incident not in actions.open_to(sacha)
