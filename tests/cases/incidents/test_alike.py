"""What a report that is no case yet shares with others, and those opened together."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases import actions, claims, queue
from cases.incidents import matching
from cases.models import Case, Incident, QueueItem
from helpline.accounts.models import Staff
from reports import actions as reports
from reports.actions import FingerprintFacts
from reports.models import Report
from tests.cases.incidents.walls import OTHER, WALL
from tests.cast import NOON

Tell = Callable[..., tuple[Report, str]]
OpenCase = Callable[..., Case]
Desk = Callable[[Staff], Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]

SECRET = "Nobody but us may read this."


def address(report: Report) -> str:
    return f"/staff/reports/{report.pk}/"


def wait(tell: Tell, count: int, **facts: Any) -> list[Report]:
    """So many who tell of the wall, in the queue."""
    told = [tell(**({"links": WALL, "story": SECRET} | facts))[0] for _ in range(count)]
    queue.add_new_reports(at=NOON)
    return told


def pdq(*flipped: int) -> tuple[FingerprintFacts, ...]:
    value = int("9d" * 32, 16)
    for place in flipped:
        value ^= 1 << place
    return (FingerprintFacts(algorithm="pdq", value=f"{value:064x}", quality=90),)


def test_a_report_resembles_others_before_it_is_a_case(tell: Tell, open_case: OpenCase) -> None:
    first, waits = wait(tell, 2, school="Lycée du Port", fingerprints=pdq())
    edge = wait(tell, 1, links=(), fingerprints=pdq(*range(9)))[0]
    in_case = open_case(links=(), fingerprints=pdq(3))
    at_school = wait(tell, 1, links=OTHER, school=" lycée du  port")[0]

    found = matching.similar_to_report(first.pk, box=first.box_for_staff())

    assert found == {
        waits.pk: ["url", "fingerprint", "school"],
        in_case.report_id: ["near"],
        at_school.pk: ["school"],
    }
    assert edge.pk not in found  # a picture of somebody who waits is not opened to be compared
    assert set(matching.similar_to_report(waits.pk, limit=1)) <= set(found) | {first.pk}


def test_the_page_counts_them_and_shows_nothing_of_theirs(
    tell: Tell, open_case: OpenCase, desk: Desk, sacha: Staff, nour: Staff
) -> None:
    cases = [open_case(links=WALL) for _ in range(3)]
    incident = Incident.objects.get()
    first, *others = wait(tell, 12)

    for staff in (nour, sacha):
        page = desk(staff).get(address(first)).content.decode()
        assert "Others tell of the same" in page
        said = " ".join(page.split())
        assert "<li>The same link: 3 cases, 11 waiting reports</li>" in said
        assert said.count('type="checkbox" name="report"') == 11
        assert all(str(one.pk) in page for one in others)
        assert page.count(SECRET) == 1  # its own
        for case in cases:
            assert (case.ref in page) is (staff == nour)
        assert (incident.ref in page) is (staff == nour)
        assert ("incident of colleagues" in page) is (staff == sacha)
        claims.release(report=first, by=staff)


def test_whoever_is_alone_reads_nothing_of_others(tell: Tell, desk: Desk, nour: Staff) -> None:
    wait(tell, 2)
    [alone] = wait(tell, 1, links=OTHER)
    assert "Others tell of the same" not in desk(nour).get(address(alone)).content.decode()


def test_the_same_school_ticks_nobody(tell: Tell, desk: Desk, nour: Staff) -> None:
    first, other = (wait(tell, 1, links=(), school="Lycée du Port")[0] for _ in range(2))
    page = desk(nour).get(address(first)).content.decode()
    assert f'name="report" value="{other.pk}">' in page


def test_the_page_costs_the_same_for_two_and_for_twelve(
    tell: Tell, open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    first = wait(tell, 1, fingerprints=pdq())[0]
    client = desk(nour)

    def cost() -> int:
        client.get(address(first))  # the session's half hour is moved on, at most once a minute
        with CaptureQueriesContext(connection) as asked:
            client.get(address(first))
        return len(asked)

    wait(tell, 1, fingerprints=pdq(1))
    for _ in range(2):  # an incident
        open_case(links=WALL, fingerprints=pdq(2))
    few = cost()
    wait(tell, 10, fingerprints=pdq(1))
    for _ in range(5):
        open_case(links=WALL, fingerprints=pdq(2))
    assert cost() == few


@pytest.mark.parametrize("who", ["nour", "maud"])
def test_those_ticked_are_opened_and_proposed_as_one_incident(
    who: str, tell: Tell, desk: Desk, request: pytest.FixtureRequest
) -> None:
    staff = request.getfixturevalue(who)
    first, *others = wait(tell, 4)
    facts = {"report": [one.pk for one in others[:2]], "assign-to": staff.pk}

    answer = desk(staff).post(f"{address(first)}together/", facts)

    incident = Incident.objects.get()
    assert answer["Location"] == f"/staff/incidents/{incident.ref}/"
    opened = Case.objects.filter(assignee=staff, memberships__incident=incident)
    assert {case.report_id for case in opened} == {first.pk, others[0].pk, others[1].pk}
    assert set(incident.members.values_list("state", flat=True)) == {"proposed"}
    assert QueueItem.objects.get(report=others[2]).state == "waiting"
    # each has a key of its own
    assert len({bytes(case.key or b"") for case in opened}) == 3

    again = desk(staff).post(f"{address(first)}together/", facts, follow=True)
    assert Case.objects.count() == 3
    assert f"It is case {Case.objects.get(report=first).ref} already." in again.content.decode()


def test_each_that_could_not_be_opened_is_named(
    tell: Tell, desk: Desk, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    first, read, taken, erased, free = wait(tell, 5)
    [strange] = wait(tell, 1, links=OTHER)
    theirs = actions.open_case(report=taken, by=sacha, at=NOON)
    claims.claim(report=read, by=maud)
    reports.erase_report(report=erased, by="young-person", at=NOON)
    wanted = [one.pk for one in (read, taken, erased, free, strange)]

    answer = desk(nour).post(
        f"{address(first)}together/",
        {"report": [*wanted, uuid4(), "x"], "assign-to": nour.pk},
        follow=True,
    )

    page = answer.content.decode()
    assert {case.report_id for case in Case.objects.filter(assignee=nour)} == {first.pk, free.pk}
    assert "Maud is reading it." in page
    assert "A colleague took this report in hand before you." in page
    assert theirs.ref not in page
    assert "3 reports share nothing with this one any more" in page
    assert QueueItem.objects.get(report=strange).state == "waiting"


def test_nothing_is_opened_from_a_case_of_colleagues(
    tell: Tell, desk: Desk, nour: Staff, sacha: Staff
) -> None:
    first, other = wait(tell, 2)
    case = actions.open_case(report=first, by=nour, at=NOON)
    answer = desk(sacha).post(
        f"{address(first)}together/", {"report": [other.pk], "assign-to": sacha.pk}, follow=True
    )
    assert "before you" in answer.content.decode()
    assert case.ref not in answer.content.decode()
    assert Case.objects.count() == 1


@pytest.mark.parametrize(
    ("ticked", "words"), [(False, "Tick at least one report"), (True, "Choose who works")]
)
def test_nothing_ticked_or_nobody_chosen_opens_nothing(
    ticked: bool, words: str, tell: Tell, desk: Desk, nour: Staff
) -> None:
    first, other = wait(tell, 2)
    wanted: list[UUID] = [other.pk] if ticked else []
    answer = desk(nour).post(f"{address(first)}together/", {"report": wanted}, follow=True)
    assert words in answer.content.decode()
    assert not Case.objects.exists()


@pytest.mark.parametrize("who", ["anouk", "theo"])
def test_who_works_on_no_case_opens_none(
    who: str, tell: Tell, desk: Desk, request: pytest.FixtureRequest
) -> None:
    first, other = wait(tell, 2)
    staff = request.getfixturevalue(who)
    answer = desk(staff).post(f"{address(first)}together/", {"report": [other.pk], "assign-to": staff.pk})
    assert answer.status_code == 403
    assert not Case.objects.exists()
