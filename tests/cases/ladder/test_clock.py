"""Due dates that are stored, silence that is an event once, and a clock that can be stopped."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Q, QuerySet
from django.test.utils import CaptureQueriesContext

from cases.ladder import actions, clock, proposing, tasks
from cases.ladder.clock import NoReason, TooLate
from cases.ladder.models import Step
from cases.ladder.states import ForbiddenMove
from cases.models import Case, CaseEvent
from cases.takedowns import actions as takedowns
from cases.takedowns.actions import follow_withdrawals, record_outcome, request_takedown
from cases.takedowns.models import Event, Notice, Takedown
from cases.takedowns.states import LEAVING, Outcome, Source, Status
from helpline.accounts.models import Staff, Team
from helpline.audit.models import AuditRow
from helpline.platforms.models import Channel, Platform
from reports import actions as reports
from reports.actions import LinkFacts
from reports.models import Link, Update
from reports.states import AgeRange, LinkStatus, News
from tests.at_once import at_once
from tests.cases.takedowns.standing import standing

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def due_of(takedown: Takedown) -> datetime | None:
    clock.set_clocks()
    takedown.refresh_from_db()
    return takedown.answer_due_at


def silences(takedown: Takedown) -> int:
    return Event.objects.filter(takedown=takedown, what=Status.NO_ANSWER, source=Source.CLOCK).count()


# --- until when


def test_what_left_gets_the_hours_of_its_law_once(sent: Takedown, noon: datetime) -> None:
    assert due_of(sent) == noon + 72 * HOUR
    assert clock.set_clocks() == 0


def test_a_promise_of_the_channel_wins(sent: Takedown, noon: datetime) -> None:
    Channel.objects.filter(pk=sent.notice.channel_id).update(promised_hours=5)
    assert due_of(sent) == noon + 5 * HOUR


def test_a_minor_waits_a_day_and_no_office_hours(
    open_case: Callable[..., Case], chatter: Platform, nour: Staff, noon: datetime
) -> None:
    Channel.objects.filter(platform=chatter).update(office_country="FR", promised_hours=100)
    case = open_case(age_range=AgeRange.FROM_15)
    assert due_of(standing(Status.SENT, case=case, by=nour, at=noon)) == noon + 24 * HOUR


def test_a_threat_with_a_deadline_is_urgent_at_any_age(case: Case, sent: Takedown, noon: datetime) -> None:
    case.report.deadline_at = noon + timedelta(days=3)
    case.report.save(update_fields=["deadline_at"])
    assert due_of(sent) == noon + 24 * HOUR


def test_a_channel_with_office_hours_keeps_its_weekends(
    case: Case, chatter: Platform, nour: Staff, noon: datetime
) -> None:
    Channel.objects.filter(platform=chatter).update(office_country="FR")
    friday = noon + timedelta(days=4)
    assert due_of(standing(Status.SENT, case=case, by=nour, at=friday)) == friday + 120 * HOUR


@pytest.mark.parametrize("status", [Status.QUEUED, Status.UNKNOWN, Status.REMOVED, Status.REFUSED])
def test_what_did_not_leave_or_was_answered_has_no_clock(
    status: Status, case: Case, nour: Staff, noon: datetime
) -> None:
    assert due_of(standing(status, case=case, by=nour, at=noon)) is None


# --- silence


def test_silence_is_told_to_the_young_person_to_the_desk_and_to_the_trail(
    sent: Takedown, noon: datetime
) -> None:
    due_of(sent)
    assert clock.note_silence(at=noon + 71 * HOUR) == 0

    assert clock.note_silence(at=noon + 73 * HOUR) == 1

    sent.refresh_from_db()
    assert (sent.status, sent.status_at) == (Status.NO_ANSWER, noon + 73 * HOUR)
    assert Update.objects.get(link=sent.link_id, what=News.NO_ANSWER).data == {"platform": "Chatter"}
    assert CaseEvent.objects.filter(case=sent.case_id, data__status=Status.NO_ANSWER).count() == 1
    assert AuditRow.objects.filter(verb="takedown.no_answer", object_id=str(sent.pk)).exists()


def test_a_second_sweep_says_nothing(sent: Takedown, noon: datetime) -> None:
    due_of(sent)
    late = noon + timedelta(days=4)
    assert [clock.note_silence(at=late), clock.note_silence(at=late)] == [1, 0]
    assert silences(sent) == 1


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_the_same_moment_say_it_once(sent: Takedown, noon: datetime) -> None:
    due_of(sent)
    late = noon + timedelta(days=4)

    def both() -> int:
        return clock.note_silence(at=late) + proposing.propose_steps()

    answers = at_once(both, both)

    assert all(isinstance(one, int) for one in answers), answers
    assert silences(sent) == 1
    assert Update.objects.filter(link=sent.link_id, what=News.NO_ANSWER).count() == 1
    proposing.propose_steps()
    assert Step.objects.filter(takedown=sent).count() == 1


def test_a_month_without_a_worker_heals_in_one_sweep(sent: Takedown, noon: datetime) -> None:
    # The whole task, by the machine's own clock: noon was long ago.
    tasks.sweep()
    tasks.sweep()

    sent.refresh_from_db()
    assert sent.status == Status.NO_ANSWER
    assert sent.answer_due_at == noon + 72 * HOUR
    assert silences(sent) == 1
    assert Step.objects.get().rung == "reminder"


@pytest.mark.parametrize("slip", [-HOUR, timedelta(), HOUR])
def test_a_clock_that_is_an_hour_off_shifts_the_event_and_doubles_nothing(
    slip: timedelta, sent: Takedown, noon: datetime
) -> None:
    due_of(sent)
    for hours in (70, 71, 72, 73, 74):
        clock.note_silence(at=noon + hours * HOUR + slip)
        clock.note_silence(at=noon + hours * HOUR - slip)
    assert silences(sent) == 1


def test_an_answer_in_time_is_no_silence_and_a_late_one_ends_it(sent: Takedown, noon: datetime) -> None:
    due_of(sent)
    late = noon + timedelta(days=4)
    clock.note_silence(at=late)
    proposing.propose_steps()
    record_outcome(
        takedown=sent,
        outcome=Outcome.REMOVED,
        source=Source.CALLBACK,
        at=late + HOUR,
        recorded_at=late + HOUR,
    )
    assert proposing.end_climbs(at=late + HOUR) == 1

    sent.refresh_from_db()
    assert sent.status == Status.REMOVED
    assert [step.state for step in Step.objects.all()] == ["over"]
    assert proposing.propose_steps() == 0


def test_who_begins_to_look_late_has_the_hours_once_more(sent: Takedown, noon: datetime) -> None:
    due_of(sent)
    late = noon + timedelta(days=4)
    clock.note_silence(at=late)
    record_outcome(
        takedown=sent, outcome=Outcome.UNDER_REVIEW, source=Source.CALLBACK, at=late, recorded_at=late
    )
    assert clock.note_silence(at=late + HOUR) == 0
    assert due_of(sent) == late + 72 * HOUR
    assert clock.note_silence(at=late + 71 * HOUR) == 0
    assert clock.note_silence(at=late + 72 * HOUR) == 1
    assert silences(sent) == 2


def test_nobody_is_told_of_a_closed_case(case: Case, sent: Takedown, noon: datetime) -> None:
    due_of(sent)
    Case.objects.filter(pk=case.pk).update(status="closed", closed_at=noon, outcome="other")
    clock.note_silence(at=noon + timedelta(days=4))
    assert not Update.objects.filter(what=News.NO_ANSWER).exists()
    assert proposing.propose_steps() == 0


def test_withdrawn_by_the_young_person_is_never_silent(sent: Takedown, noon: datetime) -> None:
    due_of(sent)
    link = Link.objects.get(pk=sent.link_id)
    reports.withdraw(report=sent.case.report, links=[link], at=noon)
    follow_withdrawals(at=noon)
    assert clock.note_silence(at=noon + timedelta(days=9)) == 0


def test_the_sweeps_ask_few_questions_however_many_rows_there_are(
    open_case: Callable[..., Case], chatter: Platform, nour: Staff, noon: datetime
) -> None:
    counts = []
    for size in (2, 6):
        Takedown.objects.update(status=Status.REMOVED)
        for number in range(size):
            links = (LinkFacts(url=f"https://chatter.example/p/{size}{number}"),)
            case = open_case(age_range=AgeRange.ADULT, links=links)
            standing(Status.SENT, case=case, by=nour, at=noon)
        with CaptureQueriesContext(connection) as asked:
            assert clock.set_clocks() == size
            assert clock.note_silence(at=noon + timedelta(days=9)) == size
        counts.append(len(asked))
    assert counts[0] == counts[1]


# --- stopping it


def test_a_stopped_clock_is_silent_and_a_pause_adds_exactly_its_length(
    sent: Takedown, nour: Staff, noon: datetime
) -> None:
    due = due_of(sent)
    assert due is not None
    clock.pause(takedown=sent, reason="They asked us to wait for their lawyer.", by=nour, at=noon + HOUR)
    assert clock.note_silence(at=noon + timedelta(days=9)) == 0

    clock.resume(takedown=sent, by=nour, at=noon + timedelta(days=9))

    assert sent.answer_due_at == due + timedelta(days=9) - HOUR
    paused = Event.objects.get(what="paused")
    assert b"lawyer" not in bytes(paused.words or b"")
    assert sent.case.box().open(paused, "words") == "They asked us to wait for their lawyer."


def test_a_pause_before_the_clock_was_set_counts_from_the_same_start(
    sent: Takedown, nour: Staff, noon: datetime
) -> None:
    clock.pause(takedown=sent, reason="Why", by=nour, at=noon + HOUR)
    assert clock.set_clocks() == 0
    clock.resume(takedown=sent, by=nour, at=noon + 3 * HOUR)
    assert sent.answer_due_at == noon + 74 * HOUR


def test_a_pause_moves_the_step_that_waits(sent: Takedown, nour: Staff, noon: datetime) -> None:
    due_of(sent)
    late = noon + timedelta(days=4)
    clock.note_silence(at=late)
    proposing.propose_steps()
    Step.objects.update(due_at=late + 2 * HOUR)
    clock.pause(takedown=sent, reason="Why", by=nour, at=late + HOUR)
    clock.resume(takedown=sent, by=nour, at=late + 6 * HOUR)
    assert Step.objects.get().due_at == late + 7 * HOUR
    clock.undo_resume(takedown=sent, by=nour, at=late + 6 * HOUR)
    assert Step.objects.get().due_at == late + 2 * HOUR


def test_a_pause_needs_a_reason(sent: Takedown, nour: Staff, noon: datetime) -> None:
    with pytest.raises(NoReason):
        clock.pause(takedown=sent, reason="  ", by=nour, at=noon)
    assert not Event.objects.filter(what="paused").exists()


def test_pausing_and_resuming_are_undone_within_minutes(sent: Takedown, nour: Staff, noon: datetime) -> None:
    due = due_of(sent)
    clock.pause(takedown=sent, reason="Why", by=nour, at=noon)
    clock.undo_pause(takedown=sent, by=nour, at=noon + timedelta(minutes=1))
    assert (sent.clock_paused_at, sent.answer_due_at) == (None, due)

    clock.pause(takedown=sent, reason="Why", by=nour, at=noon)
    clock.resume(takedown=sent, by=nour, at=noon + HOUR)
    clock.undo_resume(takedown=sent, by=nour, at=noon + HOUR + timedelta(minutes=1))
    assert (sent.clock_paused_at, sent.answer_due_at) == (noon, due)

    with pytest.raises(TooLate):
        clock.undo_pause(takedown=sent, by=nour, at=noon + HOUR)
    clock.resume(takedown=sent, by=nour, at=noon + 2 * HOUR)
    with pytest.raises(TooLate):
        clock.undo_resume(takedown=sent, by=nour, at=noon + 4 * HOUR)


def test_what_does_not_fit_is_refused(sent: Takedown, nour: Staff, sacha: Staff, noon: datetime) -> None:
    with pytest.raises(ForbiddenMove):
        clock.resume(takedown=sent, by=nour, at=noon)
    with pytest.raises(ForbiddenMove):
        clock.undo_pause(takedown=sent, by=nour, at=noon)
    with pytest.raises(ForbiddenMove):
        clock.undo_resume(takedown=sent, by=nour, at=noon)
    clock.pause(takedown=sent, reason="Why", by=nour, at=noon)
    with pytest.raises(ForbiddenMove):
        clock.pause(takedown=sent, reason="Why", by=nour, at=noon)
    for act in (clock.undo_pause, clock.resume, clock.undo_resume):
        with pytest.raises(PermissionDenied):
            act(takedown=sent, by=sacha, at=noon)


@pytest.mark.parametrize("status", [Status.QUEUED, Status.REMOVED, Status.REFUSED])
def test_only_a_clock_that_runs_can_be_stopped(
    status: Status, case: Case, nour: Staff, noon: datetime
) -> None:
    with pytest.raises(ForbiddenMove):
        clock.pause(takedown=standing(status, case=case, by=nour, at=noon), reason="Why", by=nour, at=noon)


# --- one request, several cases


@pytest.fixture
def shared(
    open_case: Callable[..., Case], sent: Takedown, nour: Staff, noon: datetime
) -> tuple[Takedown, Takedown]:
    """Two more cases share the request that left; of the last the counsellor knows nothing."""
    rows = []
    for _number in range(2):
        other = open_case(age_range=AgeRange.ADULT)
        rows += request_takedown(case=other, links=list(other.report.links.all()), by=nour, at=noon)
    team = Team.objects.create(name="Elsewhere", slug="elsewhere")
    Case.objects.filter(pk=rows[1].case_id).update(team=team, assignee=None)
    clock.set_clocks()
    return rows[0], rows[1]


def stands_still(takedown: Takedown) -> bool:
    takedown.refresh_from_db()
    return takedown.clock_paused_at is not None


def test_a_clock_stops_for_all_who_share_it_whose_case_one_may_work_on(
    sent: Takedown, shared: tuple[Takedown, Takedown], nour: Staff, noon: datetime
) -> None:
    mine, theirs = shared
    assert clock.pause(takedown=mine, reason="Lea’s lawyer asked.", by=nour, at=noon + HOUR) == 2
    assert [stands_still(one) for one in (sent, mine, theirs)] == [True, True, False]
    # What was written stays with the case it was written in.
    assert Event.objects.get(takedown=mine, what="paused").words is not None
    assert Event.objects.get(takedown=sent, what="paused").words is None

    clock.undo_pause(takedown=sent, by=nour, at=noon + HOUR)
    assert not stands_still(sent) and not stands_still(mine)
    clock.pause(takedown=mine, reason="Why", by=nour, at=noon + HOUR)
    assert clock.resume(takedown=sent, by=nour, at=noon + 5 * HOUR) == 2
    mine.refresh_from_db()
    assert mine.answer_due_at == sent.answer_due_at == noon + 76 * HOUR
    clock.undo_resume(takedown=mine, by=nour, at=noon + 5 * HOUR)
    assert stands_still(sent) and stands_still(mine) and not stands_still(theirs)


def test_whose_clock_runs_climbs_on_and_asks_for_nobody_else(
    sent: Takedown, shared: tuple[Takedown, Takedown], nour: Staff, noon: datetime
) -> None:
    late = noon + timedelta(days=4)
    clock.note_silence(at=late)
    assert proposing.propose_steps() == 1
    clock.pause(takedown=sent, reason="Why", by=nour, at=late)
    proposing.propose_steps()

    waiting = Step.objects.get(takedown__clock_paused_at=None)
    assert waiting.takedown_id == shared[1].pk
    made = actions.take(step=waiting, by=None, at=late)
    assert [one.escalates_id for one in made] == [shared[1].pk]
    for held in Step.objects.filter(takedown__clock_paused_at__isnull=False):
        with pytest.raises(ForbiddenMove):
            actions.take(step=held, by=nour, at=late)


def test_after_the_pause_no_rung_is_climbed_twice(
    sent: Takedown, shared: tuple[Takedown, Takedown], nour: Staff, noon: datetime
) -> None:
    late = noon + timedelta(days=4)
    clock.note_silence(at=late)
    proposing.propose_steps()
    clock.pause(takedown=sent, reason="Why", by=nour, at=late)
    proposing.propose_steps()
    actions.take(step=Step.objects.get(takedown__clock_paused_at=None), by=None, at=late)
    proposing.propose_steps()

    clock.resume(takedown=sent, by=nour, at=late + HOUR)
    proposing.propose_steps()

    [waiting] = Step.objects.filter(state="proposed")
    assert waiting.rung == "coordinator"


def test_said_removed_and_still_there_has_a_clock_to_stop(case: Case, nour: Staff, noon: datetime) -> None:
    one = standing(Status.REMOVED, case=case, by=nour, at=noon)
    with pytest.raises(ForbiddenMove):
        clock.pause(takedown=one, reason="Why", by=nour, at=noon)
    record_outcome(
        takedown=one,
        outcome=Outcome.SEEN_THERE,
        source=Source.RECHECK,
        at=noon + HOUR,
        recorded_at=noon + HOUR,
    )
    proposing.propose_steps()
    clock.pause(takedown=one, reason="Why", by=nour, at=noon + HOUR)
    clock.resume(takedown=one, by=nour, at=noon + 2 * HOUR)
    assert one.clock_paused_at is None


# --- what is asked of rows, and of one row


def test_taken_back_between_the_question_and_the_lock_is_told_no_silence(
    sent: Takedown, monkeypatch: pytest.MonkeyPatch, noon: datetime
) -> None:
    lock_all = takedowns.lock_all

    def taken_back_first(ids: Any) -> list[Takedown]:
        reports.withdraw(report=sent.case.report, links=[sent.link], at=noon)
        return lock_all(ids)

    clock.set_clocks()
    monkeypatch.setattr(takedowns, "lock_all", taken_back_first)
    assert clock.note_silence(at=noon + timedelta(days=4)) == 0
    assert not Update.objects.filter(link=sent.link, what=News.NO_ANSWER).exists()


def test_of_a_row_the_same_is_said_as_of_all_rows(sent: Takedown, nour: Staff, noon: datetime) -> None:
    """`is_wanted` and `is_still_there` beside the filters that the sweeps ask."""
    said = [(None, None), (noon, Outcome.REMOVED)]
    looks = [(None, ""), *((noon + hours * HOUR, seen) for hours in (-1, 0, 1) for seen in SEEN)]
    leaving = Notice.objects.get()
    rows = [
        Takedown(
            notice=leaving,
            case=sent.case,
            link=sent.link,
            platform=sent.platform,
            status=status,
            status_at=noon,
            requested_at=noon,
            platform_at=at,
            platform_says=word or "",
            observed_at=looked,
            observed=seen,
        )
        for status in Status
        if status not in LEAVING
        for at, word in said
        for looked, seen in looks
    ]
    Takedown.objects.bulk_create(rows)
    loaded = Takedown.objects.select_related("link", "case__report")
    there = Q(status=Status.REAPPEARED) | clock.STILL_THERE
    assert agree(loaded, there, clock.is_still_there) == {True, False}
    for status in LinkStatus:
        Link.objects.update(status=status)
        answers = agree(loaded, ~clock.NOT_WANTED, clock.is_wanted)
        assert answers == ({False} if status == LinkStatus.WITHDRAWN else {True, False})
    reports.erase_report(report=sent.case.report, by=nour, at=noon)
    Link.objects.update(status=LinkStatus.SENT)
    assert agree(loaded, ~clock.NOT_WANTED, clock.is_wanted) == {False}


SEEN = (Outcome.SEEN_THERE, Outcome.SEEN_GONE)


def agree(rows: QuerySet[Takedown], asked: Q, answer: Callable[[Takedown], bool]) -> set[bool]:
    """Which answers came, after comparing each with what the database says."""
    found = set(rows.filter(asked).values_list("pk", flat=True))
    answers = {row.pk: answer(row) for row in rows.all()}
    assert {pk for pk, yes in answers.items() if yes} == found
    return set(answers.values())
