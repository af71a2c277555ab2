"""The ledger: what is written, what is offered, who is told, and that it is forgotten."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from cases import claims, queue, reading
from cases.models import Case
from cases.wellbeing import actions
from cases.wellbeing.models import Ease, Exposure, Talk
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from reports.actions import erase_report
from reports.models import Report
from reports.states import AgeRange, Circumstance
from tests.at_once import at_once
from tests.cast import NOON

pytestmark = pytest.mark.django_db
Tell = Callable[..., tuple[Report, str]]
HEAVY = {"circumstances": (Circumstance.VIOLENCE,)}
VERY_HEAVY = {"age_range": AgeRange.UNDER_13, "circumstances": (Circumstance.ADULT,)}


def read(report: Report, by: Staff, at: datetime = NOON) -> None:
    reading.read_report(report=report, by=by, at=at)


def test_reading_something_heavy_counts_once_a_day(tell: Tell, nour: Staff) -> None:
    report, _code = tell(**HEAVY)
    for _again in range(3):
        read(report, nour)
    row = Exposure.objects.get()
    assert (row.staff, row.day, row.seen, row.weight) == (nour, NOON.date(), "case", 2)
    read(report, nour, NOON + timedelta(days=1))
    assert Exposure.objects.count() == 2


def test_what_is_light_is_not_written_down(tell: Tell, nour: Staff, open_case: Callable[..., Case]) -> None:
    read(tell()[0], nour)
    reading.read_case(case=open_case(), by=nour, at=NOON)
    assert not Exposure.objects.exists()


def test_an_erased_report_weighs_nothing(tell: Tell, nour: Staff) -> None:
    report, _code = tell(**VERY_HEAVY)
    erase_report(report=report, by=None, at=NOON)
    read(Report.objects.get(pk=report.pk), nour)
    assert not Exposure.objects.exists()


def test_a_case_counts_as_its_report(open_case: Callable[..., Case], nour: Staff) -> None:
    case = open_case(**HEAVY)
    read(case.report, nour)
    reading.read_case(case=case, by=nour, at=NOON)
    assert Exposure.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_tabs_at_once_count_once(tell: Tell, nour: Staff) -> None:
    report, _code = tell(**HEAVY)
    answers = at_once(*[lambda: actions.note_reading(report=report, by=nour, seen="case", at=NOON)] * 2)
    assert answers == [None, None]
    assert Exposure.objects.count() == 1


# --- gentle caps -------------------------------------------------------------------------------------------


def carry(staff: Staff, weight: int, *, days_ago: int = 0, at: datetime | None = None) -> None:
    day = timezone.localdate(at) - timedelta(days=days_ago)
    Exposure.objects.create(staff=staff, day=day, seen="case", weight=weight)


def test_caps_of_a_day_and_of_a_week(nour: Staff, settings: Any) -> None:
    settings.WELLBEING_DAY_CAP, settings.WELLBEING_WEEK_CAP = 10, 20
    now = timezone.now()
    carry(nour, 10)
    assert not actions.prefers_lighter(nour, at=now)
    carry(nour, 5, days_ago=6)
    carry(nour, 50, days_ago=7)  # a week ago counts no more
    assert not actions.prefers_lighter(nour, at=now)
    carry(nour, 6, days_ago=1)
    assert actions.standing(nour, at=now).is_over


def test_lighter_ones_come_first_but_nothing_is_blocked(tell: Tell, nour: Staff, settings: Any) -> None:
    """Given two heavy ones that wait the longest and a lighter one, then who carried much gets the lighter one first, and
    the heavy ones when no other waits."""
    heavy, _c = tell(at=NOON - timedelta(hours=9), **HEAVY)
    young, _c = tell(at=NOON - timedelta(hours=9), age_range=AgeRange.UNDER_13)
    light, _c = tell(at=NOON)
    queue.add_new_reports(at=NOON)
    settings.WELLBEING_DAY_CAP = 1
    carry(nour, 2)
    given = [claims.next_for(staff=nour) for _ in range(4)]
    assert given[0] == light.pk
    assert {given[1], given[2]} == {heavy.pk, young.pk}
    assert given[3] is None


def test_without_a_cap_the_order_is_as_always(tell: Tell, nour: Staff) -> None:
    heavy, _c = tell(at=NOON - timedelta(hours=9), **HEAVY)
    tell(at=NOON)
    queue.add_new_reports(at=NOON)
    assert claims.next_for(staff=nour) == heavy.pk


def test_danger_comes_before_anybodys_rest(tell: Tell, nour: Staff) -> None:
    danger, _c = tell(at=NOON, circumstances=(Circumstance.IN_DANGER, Circumstance.VIOLENCE))
    tell(at=NOON)
    queue.add_new_reports(at=NOON)
    actions.ease(staff=nour, at=timezone.now())
    assert claims.next_for(staff=nour) == danger.pk


def test_a_wish_for_lighter_ones_ends_at_midnight(nour: Staff) -> None:
    until = actions.ease(staff=nour, at=NOON)  # 13:00 in Paris
    assert until == datetime(2026, 3, 2, 23, 0, tzinfo=NOON.tzinfo)
    assert actions.prefers_lighter(nour, at=NOON + timedelta(hours=10))
    assert not actions.prefers_lighter(nour, at=NOON + timedelta(hours=12))
    actions.end_ease(staff=nour)
    assert not actions.prefers_lighter(nour, at=NOON)


# --- talking -----------------------------------------------------------------------------------------------


def test_after_something_very_heavy_it_is_offered_once_a_day(tell: Tell, nour: Staff) -> None:
    for number in range(3):
        read(tell(at=NOON + timedelta(minutes=number), **VERY_HEAVY)[0], nour)
    talk = Talk.objects.get()
    assert (talk.why, talk.answer) == ("heavy", "")
    assert actions.standing(nour, at=NOON).offer == talk.pk
    assert list(actions.wanted()) == []


def test_after_a_streak_it_is_offered(tell: Tell, nour: Staff) -> None:
    for number in range(actions.STREAK - 1):
        read(tell(at=NOON + timedelta(minutes=number), **HEAVY)[0], nour)
    assert not Talk.objects.exists()
    read(tell(at=NOON + timedelta(hours=1), **HEAVY)[0], nour)
    assert Talk.objects.get().why == "streak"


def test_a_no_is_told_to_nobody_and_a_yes_to_the_supervisors(nour: Staff, maud: Staff, sacha: Staff) -> None:
    talk = Talk.objects.create(staff=nour, day=NOON.date(), why="heavy")
    assert not actions.answer(talk_id=talk.pk, staff=sacha, wants=True)  # not hers
    actions.answer(talk_id=talk.pk, staff=nour, wants=False)
    assert not actions.wanted().exists()
    assert actions.standing(nour, at=NOON).offer is None  # asked once
    actions.answer(talk_id=talk.pk, staff=nour, wants=True)
    assert list(actions.wanted()) == [talk]
    actions.answer(talk_id=talk.pk, staff=nour, wants=False)
    assert not actions.talked(talk_id=talk.pk, by=maud, at=NOON)  # taken back in time


def test_only_a_supervisor_notes_that_they_talked_and_not_with_themselves(
    nour: Staff, maud: Staff, sacha: Staff
) -> None:
    actions.ask_to_talk(staff=nour, at=NOON)
    actions.ask_to_talk(staff=maud, at=NOON)
    his, hers = actions.wanted().get(staff=nour), actions.wanted().get(staff=maud)
    with pytest.raises(PermissionDenied):
        actions.talked(talk_id=his.pk, by=sacha, at=NOON)
    assert not actions.talked(talk_id=hers.pk, by=maud, at=NOON)
    assert actions.talked(talk_id=his.pk, by=maud, at=NOON)
    assert not actions.answer(talk_id=his.pk, staff=nour, wants=False)  # it has been


@pytest.mark.django_db(transaction=True)
def test_two_supervisors_who_note_it_at_once_note_it_once(
    nour: Staff, maud: Staff, make_staff: Callable[..., Staff]
) -> None:
    other = make_staff("other", "supervisor")
    actions.ask_to_talk(staff=nour, at=NOON)
    talk = Talk.objects.get()
    answers = at_once(
        lambda: actions.talked(talk_id=talk.pk, by=maud, at=NOON),
        lambda: actions.talked(talk_id=talk.pk, by=other, at=NOON),
    )
    assert sorted(map(bool, answers)) == [False, True]


# --- forgetting --------------------------------------------------------------------------------------------


def test_it_is_forgotten(nour: Staff, tell: Tell, settings: Any) -> None:
    settings.WELLBEING_DAYS = timedelta(days=30)
    read(tell(**VERY_HEAVY)[0], nour)
    actions.ease(staff=nour, at=NOON)
    actions.forget(at=NOON + timedelta(days=1))
    assert Exposure.objects.get().report_id is not None
    actions.forget(at=NOON + timedelta(days=2))
    assert Exposure.objects.get().report_id is None
    actions.forget(at=NOON + timedelta(days=29))
    assert Exposure.objects.exists() and Talk.objects.exists() and not Ease.objects.exists()
    actions.forget(at=NOON + timedelta(days=30))
    assert not Exposure.objects.exists() and not Talk.objects.exists()


def test_a_person_forgets_what_is_theirs_at_once(nour: Staff, sacha: Staff) -> None:
    for person in (nour, sacha):
        carry(person, 3)
        actions.ask_to_talk(staff=person, at=NOON)
    actions.forget_mine(staff=nour)
    assert {row.staff_id for row in Exposure.objects.all()} == {sacha.pk}
    assert {row.staff_id for row in Talk.objects.all()} == {sacha.pk}


def test_the_trail_knows_nothing_of_it(nour: Staff, maud: Staff) -> None:
    """The trail is read by others and never forgets: wellbeing is not in it."""
    before = AuditRow.objects.count()
    actions.ask_to_talk(staff=nour, at=NOON)
    actions.talked(talk_id=Talk.objects.get().pk, by=maud, at=NOON)
    actions.ease(staff=nour, at=NOON)
    actions.forget_mine(staff=nour)
    assert AuditRow.objects.count() == before
