"""Danger that is told of an open case calls until somebody looks, can be told again, and be over."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases import actions, danger, queue, reading
from cases.handover.models import Shift
from cases.models import Case, QueueItem, Share
from cases.queue import Filters
from cases.states import CaseStatus, Happening, Outcome
from helpline.accounts.models import Staff
from helpline.crypto.wrapping import WrongKey
from reports import actions as reports
from reports.models import Report
from reports.states import Circumstance
from tests.cast import NOON

OpenCase = Callable[..., Case]
LATER = NOON + timedelta(hours=1)
MINUTE = timedelta(minutes=1)
DANGER = (Circumstance.IN_DANGER,)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


def tell_danger(case: Case, *, at: Any = LATER) -> QueueItem:
    """They tell it on their page; the sweep finds it."""
    reports.add_circumstances(report=case.report, circumstances=DANGER, at=at)
    queue.refresh_retold(at=at)
    return QueueItem.objects.get(case=case)


def fresh(case: Case) -> Case:
    return Case.objects.select_related("report").get(pk=case.pk)


def called(staff: Staff) -> list[Case | None]:
    return [item.case for item in danger.calling(staff)]


def on_shift(staff: Staff) -> Shift:
    now = timezone.now()
    return Shift.objects.create(staff=staff, started_at=now, ends_by_itself_at=now + timedelta(hours=8))


# --- whom it calls ------------------------------------------------------------------------------------------


def test_danger_told_of_an_open_case_calls_its_people_until_one_looks(
    open_case: OpenCase, nour: Staff, sacha: Staff
) -> None:
    case = open_case()
    assert called(nour) == []

    item = tell_danger(case)

    assert (item.danger, item.danger_since, item.danger_seen_at, item.unread) == (True, LATER, None, True)
    assert called(nour) == [case]
    assert called(sacha) == []

    reading.read_case(case=fresh(case), by=nour, at=LATER + MINUTE)
    item.refresh_from_db()
    assert (item.danger, item.danger_seen_at, item.danger_seen_by) == (True, LATER + MINUTE, nour)
    assert called(nour) == []


def test_told_again_it_calls_again_and_a_second_tap_does_not(open_case: OpenCase, nour: Staff) -> None:
    case = open_case(circumstances=DANGER)
    assert called(nour) == []  # whoever opened it has read it
    monday = tell_danger(case)
    assert called(nour) == [case]

    # Told once more before anybody looked: it has called since the first time.
    assert tell_danger(case, at=LATER + 5 * MINUTE).danger_since == monday.danger_since == LATER

    reading.read_case(case=fresh(case), by=nour, at=LATER + 6 * MINUTE)
    assert called(nour) == []
    reports.add_circumstances(report=case.report, circumstances=DANGER, at=LATER + 5.5 * MINUTE)
    assert queue.refresh_retold(at=LATER + 7 * MINUTE) == 0

    friday = LATER + timedelta(days=4)
    assert tell_danger(case, at=friday).danger_since == friday
    assert called(nour) == [case]


def test_what_is_told_while_somebody_reads_is_not_seen_with_it(open_case: OpenCase, nour: Staff) -> None:
    case = open_case()
    tell_danger(case)
    page = fresh(case)
    item = tell_danger(case, at=LATER + 2 * MINUTE)

    actions.see_danger(case=page, item=item, by=nour, at=LATER + 3 * MINUTE)

    assert called(nour) == [case]


def test_reading_what_was_shared_to_be_read_only_is_no_look(
    open_case: OpenCase, nour: Staff, sacha: Staff
) -> None:
    case = open_case()
    tell_danger(case)
    until = timezone.now() + timedelta(days=1)
    share = Share.objects.create(case=case, staff=sacha, may_work=False, by=nour, at=NOON, until=until)

    assert called(sacha) == []
    reading.read_case(case=fresh(case), by=sacha, at=LATER)
    assert called(nour) == [case]

    Share.objects.filter(pk=share.pk).update(may_work=True)
    assert called(sacha) == [case]
    reading.read_case(case=fresh(case), by=sacha, at=LATER)
    assert called(nour) == []


def test_whoever_sees_all_is_called_where_nobody_of_theirs_is_here_or_nobody_looks(
    open_case: OpenCase, nour: Staff, make_staff: Callable[..., Staff], settings: Any
) -> None:
    boss = make_staff("boss", "supervisor")
    case = open_case()
    tell_danger(case, at=timezone.now())
    assert called(boss) == [case]  # nobody of its team is on shift

    shift = on_shift(nour)
    assert called(boss) == []
    late = timezone.now() - timedelta(minutes=settings.ALERTS_DANGER_MINUTES + 1)
    QueueItem.objects.update(danger_since=late)
    assert called(boss) == [case]

    QueueItem.objects.update(danger_since=timezone.now())
    Shift.objects.filter(pk=shift.pk).update(ended_at=timezone.now())
    assert called(boss) == [case]


def test_a_supervisor_of_the_team_is_one_of_its_people(open_case: OpenCase, nour: Staff, maud: Staff) -> None:
    case = open_case()
    tell_danger(case, at=timezone.now())
    on_shift(nour)
    assert called(maud) == [case]


def test_whoever_is_given_a_case_has_not_looked_yet(
    tell: Callable[..., Any], nour: Staff, maud: Staff
) -> None:
    report, _code = tell(circumstances=DANGER)
    queue.add_new_reports(at=NOON)
    case = actions.open_case(report=report, by=maud, at=NOON, assignee=nour)
    assert called(nour) == [case]


def test_a_closed_case_that_speaks_of_danger_comes_back_and_calls(open_case: OpenCase, nour: Staff) -> None:
    case = open_case()
    actions.close_case(case=case, outcome=Outcome.ADVICE, by=nour, at=NOON)
    tell_danger(case)
    assert called(nour) == []
    actions.bring_back(at=LATER)
    assert called(nour) == [case]


def test_the_queue_hears_of_it_in_its_one_statement(open_case: OpenCase, nour: Staff) -> None:
    case = open_case()
    tell_danger(case)
    nour.team_slugs()
    with CaptureQueriesContext(connection) as asked:
        news = queue.news(staff=nour, filters=Filters())
    assert len(asked) == 1
    assert (news.danger, news.calling, news.counts["danger"]) == ([], [case.report_id], 1)


# --- over, and not over -------------------------------------------------------------------------------------


def test_it_is_over_and_it_is_not(open_case: OpenCase, nour: Staff) -> None:
    case = open_case(circumstances=(Circumstance.IN_DANGER, Circumstance.SCHOOL))
    before = QueueItem.objects.get(case=case)

    actions.end_danger(case=fresh(case), told_at=NOON, reason="Her sister is with her.", by=nour, at=LATER)

    item = QueueItem.objects.get(case=case)
    assert (item.danger, item.score) == (False, before.score - 100)
    assert fresh(case).report.circumstances == ["in-danger", "school"]  # what was told stays told
    note = case.notes.get()
    assert case.box().open(note, "body") == "The danger is over: Her sister is with her."

    actions.take_danger_up_again(case=fresh(case), by=nour, at=LATER + MINUTE)
    item = QueueItem.objects.get(case=case)
    assert (item.danger, item.score, called(nour)) == (True, before.score, [])
    said = [event.data["over"] for event in case.events.filter(what=Happening.DANGER).order_by("id")]
    assert said == [True, False]


def test_told_again_after_it_was_over_it_is_anew(open_case: OpenCase, nour: Staff) -> None:
    case = open_case(circumstances=(Circumstance.SELF_HARM,))
    actions.end_danger(case=fresh(case), told_at=NOON, reason="x", by=nour, at=LATER)

    item = tell_danger(case, at=LATER + timedelta(days=4))

    assert item.danger and called(nour) == [case]
    assert fresh(case).report.circumstances == ["in-danger"]  # the old one is over
    with pytest.raises(actions.ChangedMeanwhile):
        actions.take_danger_up_again(case=fresh(case), by=nour, at=LATER)


def test_what_else_is_told_meanwhile_loses_no_danger(open_case: OpenCase, nour: Staff) -> None:
    case = open_case(circumstances=(Circumstance.IN_DANGER,))
    actions.end_danger(case=fresh(case), told_at=NOON, reason="A slip.", by=nour, at=LATER)
    reports.add_circumstances(report=case.report, circumstances=(Circumstance.SCHOOL,), at=LATER + MINUTE)
    assert not fresh(case).report.is_in_danger
    actions.take_danger_up_again(case=fresh(case), by=nour, at=LATER + 2 * MINUTE)
    assert fresh(case).report.is_in_danger
    assert QueueItem.objects.get(case=case).danger


def test_who_tells_while_a_colleague_says_it_is_over_is_heard(open_case: OpenCase, nour: Staff) -> None:
    """Their tap came a moment before, and waited for the colleague's to be written."""
    case = open_case(circumstances=(Circumstance.IN_DANGER,))
    actions.end_danger(case=fresh(case), told_at=NOON, reason="x", by=nour, at=LATER + MINUTE)
    item = tell_danger(case, at=LATER + MINUTE - timedelta(seconds=1))
    assert item.danger and called(nour) == [case]


def test_what_was_told_meanwhile_is_not_over(open_case: OpenCase, nour: Staff) -> None:
    case = open_case(circumstances=DANGER)
    tell_danger(case)
    with pytest.raises(actions.ChangedMeanwhile):
        actions.end_danger(case=fresh(case), told_at=NOON, reason="x", by=nour, at=LATER)
    assert QueueItem.objects.get(case=case).danger
    assert not case.notes.exists()


def test_only_who_works_on_it_decides_about_danger_and_deadline(open_case: OpenCase, sacha: Staff) -> None:
    case = open_case(circumstances=DANGER)
    for act in (
        lambda: actions.end_danger(case=case, told_at=NOON, reason="x", by=sacha, at=LATER),
        lambda: actions.take_danger_up_again(case=case, by=sacha, at=LATER),
        lambda: actions.set_deadline(case=case, deadline_at=LATER, was=None, by=sacha, at=LATER),
    ):
        with pytest.raises(PermissionDenied):
            act()


def test_nothing_is_decided_about_what_was_erased(open_case: OpenCase, nour: Staff) -> None:
    case = open_case(circumstances=DANGER)
    reports.erase_report(report=case.report, by="young-person", at=LATER)
    with pytest.raises(WrongKey):
        actions.end_danger(case=case, told_at=NOON, reason="x", by=nour, at=LATER)
    actions.follow_erasures(at=LATER)
    report, item = Report.objects.get(), QueueItem.objects.get()
    assert (report.danger_at, item.danger_since) == (None, None)


# --- when a threat runs out ---------------------------------------------------------------------------------


def test_a_deadline_is_set_corrected_and_removed(open_case: OpenCase, nour: Staff) -> None:
    case = open_case()
    calm = QueueItem.objects.get(case=case).score
    tonight, tomorrow = NOON + timedelta(hours=5), NOON + timedelta(hours=20)

    actions.set_deadline(case=fresh(case), deadline_at=tonight, was=None, by=nour, at=NOON)
    item = QueueItem.objects.get(case=case)
    assert (item.deadline_at, item.score) == (tonight, calm + 90)
    assert fresh(case).report.circumstances == ["deadline"]

    with pytest.raises(actions.ChangedMeanwhile):  # from a page that saw none
        actions.set_deadline(case=fresh(case), deadline_at=None, was=None, by=nour, at=NOON)
    actions.set_deadline(case=fresh(case), deadline_at=tomorrow, was=tonight, by=nour, at=NOON)
    assert QueueItem.objects.get(case=case).score == calm + 60
    actions.set_deadline(case=fresh(case), deadline_at=None, was=tomorrow, by=nour, at=NOON)
    item = QueueItem.objects.get(case=case)
    assert (item.deadline_at, item.score, fresh(case).report.circumstances) == (None, calm, [])


# --- what they write ----------------------------------------------------------------------------------------


def test_a_case_that_waits_for_them_goes_on_when_they_write(open_case: OpenCase, nour: Staff) -> None:
    case = open_case()
    actions.set_waiting(case=case, waiting=True, by=nour, at=NOON)
    assert actions.go_on(at=NOON) == 0
    box = case.report.box_for_staff()
    reports.send_message(report=case.report, box=box, text="I am back.", by=None, at=LATER)
    queue.note_unread()

    assert (actions.go_on(at=LATER), actions.go_on(at=LATER)) == (1, 0)

    assert fresh(case).status == CaseStatus.OPEN
    assert QueueItem.objects.get(case=case).unread_since == LATER
    assert case.events.latest("id").data == {"to": "open"}
