"""A step that stands for several cases and does not leave: each reads of its own, and learns nothing of the others."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client

from cases.ladder import actions, clock, proposing
from cases.ladder.models import Step
from cases.models import Case
from cases.takedowns.actions import WeakNotice, request_takedown
from cases.takedowns.models import Takedown
from cases.takedowns.states import Status
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from reports.states import AgeRange
from tests.cases.ladder.test_actions import add_facts, late
from tests.cases.takedowns.standing import standing

__all__ = ["late"]
pytestmark = pytest.mark.django_db
Desk = Callable[[Staff], Client]
OWN = "What you added says how the young person is called."
ELSEWHERE = "It would lead to somebody else this notice is about."


@pytest.fixture
def both(
    open_case: Callable[..., Case],
    chatter: Platform,
    nour: Staff,
    sacha: Staff,
    noon: datetime,
    late: datetime,
) -> tuple[Takedown, Takedown]:
    """One request of Nour's and Sacha's cases; what was added to it names Sacha's young person."""
    mine = open_case(age_range=AgeRange.ADULT)
    theirs = open_case(by=sacha, age_range=AgeRange.ADULT, answers={"handle": "river.kid"})
    first = standing(Status.SENT, case=mine, by=nour, at=noon)
    [other] = request_takedown(case=theirs, links=list(theirs.report.links.all()), by=sacha, at=noon)
    assert other.notice_id == first.notice_id
    add_facts(first, "Look at River Kid’s wall.")
    clock.set_clocks()
    clock.note_silence(at=late)
    proposing.propose_steps()
    assert Step.objects.count() == 1
    return Takedown.objects.get(pk=first.pk), Takedown.objects.get(pk=other.pk)


def codes(error: pytest.ExceptionInfo[WeakNotice]) -> list[str]:
    return [one.code for one in error.value.findings]


def test_whoever_takes_the_step_learns_of_their_own_case_alone(
    both: tuple[Takedown, Takedown],
    nour: Staff,
    sacha: Staff,
    late: datetime,
) -> None:
    for row, staff, learned in zip(both, (nour, sacha), ("elsewhere", "facts_name"), strict=True):
        Step.objects.update(takedown=row)
        with pytest.raises(WeakNotice) as error:
            actions.escalate(takedown=row, rung="reminder", by=staff, at=late)
        assert codes(error) == [learned]
        with pytest.raises(WeakNotice) as error:
            actions.take(step=Step.objects.get(), by=staff, at=late)
        assert codes(error) == [learned]


def test_the_page_of_each_case_says_why_it_did_not_leave_as_that_case_may_know(
    both: tuple[Takedown, Takedown],
    nour: Staff,
    sacha: Staff,
    desk: Desk,
    late: datetime,
) -> None:
    step = Step.objects.get()
    holder = nour if step.takedown_id == both[0].pk else sacha
    with pytest.raises(WeakNotice):
        actions.take(step=step, by=holder, at=late)
    said = {
        staff: desk(staff).get(f"/staff/takedowns/{row.pk}/").content.decode()
        for staff, row in zip((nour, sacha), both, strict=True)
    }
    assert ELSEWHERE in said[nour] and "how the young person is called" not in said[nour]
    assert "how the young person is called" in said[sacha] and ELSEWHERE not in said[sacha]
    page = desk(holder).get(f"/staff/ladder/steps/{step.pk}/").content.decode()
    assert (ELSEWHERE in page) == (holder == nour)


def test_the_clock_keeps_it_so_too(
    both: tuple[Takedown, Takedown],
    nour: Staff,
    desk: Desk,
    settings: object,
    late: datetime,
) -> None:
    settings.LADDER_REMINDS_ITSELF = True  # type: ignore[attr-defined]
    assert actions.take_reminders(at=late) == 0
    assert Step.objects.get().held_at == late
    page = desk(nour).get(f"/staff/takedowns/{both[0].pk}/").content.decode()
    assert ELSEWHERE in page and "how the young person is called" not in page
