"""Climbing: each rung, each refusal, the way back, and what ends it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from pypdf import PdfReader

from cases.ladder import actions, clock, desk, proposing, redress
from cases.ladder.actions import NoRung
from cases.ladder.clock import TooLate
from cases.ladder.models import Redress, Step
from cases.ladder.states import (
    LIVE,
    OPEN,
    STEP_TRANSITIONS,
    ForbiddenMove,
    RedressState,
    Rung,
    StepOutcome,
    StepState,
)
from cases.models import Case
from cases.takedowns import notices
from cases.takedowns.actions import (
    AlreadyRequested,
    NoChannel,
    WeakNotice,
    follow_withdrawals,
    record_outcome,
    request_takedown,
)
from cases.takedowns.models import Event, Notice, Takedown
from cases.takedowns.states import STEP_UNDO_TRANSITIONS, Outcome, Source, Status
from cases.todo.models import Task
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.crypto.wrapping import WrongKey
from helpline.platforms.models import Channel, ChannelKind, Platform, Regime
from reports import actions as reports
from reports.actions import LinkFacts
from reports.models import Link, Update
from reports.states import AgeRange, News
from tests.at_once import at_once
from tests.cases.takedowns.standing import standing
from tests.cast import make_platform

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def late(noon: datetime) -> datetime:
    """Nobody answered until then."""
    return noon + timedelta(days=4)


@pytest.fixture
def silent(sent: Takedown, late: datetime) -> Takedown:
    """Silence was noted, and the first step proposed."""
    clock.set_clocks()
    clock.note_silence(at=late)
    proposing.propose_steps()
    sent.refresh_from_db()
    return sent


def step(takedown: Takedown) -> Step:
    """The one that waits."""
    return Step.objects.get(takedown=takedown, state__in=sorted(LIVE))


def news(takedown: Takedown) -> list[str]:
    return list(
        Update.objects.filter(link=takedown.link_id).order_by("at", "id").values_list("what", flat=True)
    )


def climb_to(rung: Rung, takedown: Takedown, *, by: Staff, at: datetime) -> Step:
    """Take each step until `rung` waits."""
    while (one := step(takedown)).rung != rung:
        actions.take(step=one, by=by, at=at)
        if one.made is not None:
            leave(one.made, at=at)
        if one.state == StepState.TAKEN:
            actions.mark_done(step=one, reference="", follow_up_on=None, by=by, at=at)
        proposing.propose_steps()
    return one


def leave(takedown: Takedown, *, at: datetime) -> None:
    """As if a worker had sent it."""
    from cases.takedowns.actions import mark_sent

    takedown.refresh_from_db()
    takedown.move(Status.SENDING, at=at)
    mark_sent(takedown, at=at, started_at=at)
    takedown.save()


# --- proposing


def test_silence_proposes_a_reminder_and_takes_nothing_by_itself(silent: Takedown, late: datetime) -> None:
    one = step(silent)
    assert (one.rung, one.state, one.by_machine, one.due_at) == ("reminder", "proposed", True, late)
    assert Notice.objects.count() == 1
    assert actions.take_reminders(at=late) == 0


def test_the_operator_may_let_reminders_leave_by_themselves(
    silent: Takedown, late: datetime, settings: Any
) -> None:
    settings.LADDER_REMINDS_ITSELF = True
    assert actions.take_reminders(at=late - HOUR) == 0
    assert actions.take_reminders(at=late) == 1
    assert actions.take_reminders(at=late) == 0
    [again] = Takedown.objects.filter(escalates=silent)
    assert (again.rung, again.status) == ("reminder", "queued")
    assert Event.objects.filter(takedown=silent, what="reminder", source=Source.CLOCK).count() == 1


def test_a_stopped_clock_proposes_and_sends_nothing(
    silent: Takedown, nour: Staff, late: datetime, settings: Any
) -> None:
    settings.LADDER_REMINDS_ITSELF = True
    clock.pause(takedown=silent, reason="Why", by=nour, at=late)
    Step.objects.all().delete()
    assert proposing.propose_steps() == 0
    assert actions.take_reminders(at=late + timedelta(days=30)) == 0


def test_what_was_left_out_is_not_proposed_again(silent: Takedown, nour: Staff, late: datetime) -> None:
    actions.skip(step=step(silent), reason="Their mailbox is gone.", by=nour, at=late)
    proposing.propose_steps()
    left_out = Step.objects.get(state=StepState.SKIPPED)
    assert silent.case.box().open(left_out, "words") == "Their mailbox is gone."
    assert step(silent).rung == "coordinator"


def test_at_the_top_a_person_decides_and_nothing_more_is_proposed(
    silent: Takedown, nour: Staff, late: datetime
) -> None:
    last = climb_to(Rung.DECIDE, silent, by=nour, at=late)
    actions.mark_done(step=last, reference="", follow_up_on=None, by=nour, at=late)
    assert proposing.propose_steps() == 0
    silent.refresh_from_db()
    assert silent.status == Status.ESCALATED


# --- what a machine sends


def test_a_reminder_is_a_further_request_of_the_same_link(
    silent: Takedown, nour: Staff, late: datetime
) -> None:
    one = step(silent)
    [again] = actions.take(step=one, by=nour, at=late)

    assert (again.escalates_id, again.link_id, again.rung) == (silent.pk, silent.link_id, "reminder")
    assert again.notice_id != silent.notice_id and again.notice.channel_id == silent.notice.channel_id
    assert (one.state, one.made_id, one.by_id) == ("done", again.pk, nour.pk)
    content = notices.content_of(again.notice)
    assert [item.item_id for item in content.items] == [str(again.pk)]
    assert str(silent.notice_id) in content.explanation and "2 March 2026" in content.explanation
    silent.refresh_from_db()
    assert silent.status == Status.NO_ANSWER


def test_a_reminder_in_the_channels_language_speaks_it(silent: Takedown, nour: Staff, late: datetime) -> None:
    Channel.objects.filter(pk=silent.notice.channel_id).update(languages=["fr"])
    [again] = actions.take(step=step(silent), by=nour, at=late)
    content = notices.content_of(again.notice)
    assert content.language == again.notice.language == "fr"
    assert content.explanation != notices.content_of(silent.notice).explanation


def test_another_channel_is_the_next_rung_and_takes_it_further(
    silent: Takedown, second_way: Channel, nour: Staff, late: datetime
) -> None:
    one = climb_to(Rung.SECOND, silent, by=nour, at=late)
    assert one.due_at == late + 24 * HOUR
    [again] = actions.take(step=one, by=nour, at=late)
    silent.refresh_from_db()
    assert (again.notice.channel_id, silent.status) == (second_way.pk, Status.ESCALATED)


def test_a_host_that_can_be_reached_is_asked_by_its_channel(
    silent: Takedown, chatter: Platform, anouk: Staff, nour: Staff, late: datetime
) -> None:
    host = make_platform("netz", ChannelKind.XARF, "abuse@netz.example", by=anouk).channels.get()
    host.platform = chatter
    host.save()
    one = climb_to(Rung.HOST, silent, by=nour, at=late)
    assert one.by_machine
    [again] = actions.take(step=one, by=nour, at=late)
    assert again.notice.channel_id == host.pk
    assert "the site itself" in notices.content_of(again.notice).explanation


def test_the_same_step_is_taken_once(silent: Takedown, nour: Staff, late: datetime) -> None:
    one, stale = step(silent), step(silent)
    actions.take(step=one, by=nour, at=late)
    with pytest.raises(ForbiddenMove):
        actions.take(step=stale, by=nour, at=late)
    assert Takedown.objects.filter(escalates=silent).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_colleagues_who_press_at_once_send_one_reminder(
    silent: Takedown, nour: Staff, maud: Staff, late: datetime
) -> None:
    ones = [step(silent), step(silent)]
    answers = at_once(
        lambda: actions.take(step=ones[0], by=nour, at=late),
        lambda: actions.take(step=ones[1], by=maud, at=late),
    )
    assert sorted(isinstance(one, ForbiddenMove) for one in answers) == [False, True], answers
    assert Takedown.objects.filter(escalates=silent).count() == 1


def test_without_a_channel_nothing_leaves_and_the_step_waits(
    silent: Takedown, nour: Staff, late: datetime
) -> None:
    Channel.objects.update(enabled=False)
    with pytest.raises(NoChannel):
        actions.take(step=step(silent), by=nour, at=late)
    assert step(silent).state == "proposed"


def test_what_is_leaving_already_is_not_sent_beside_it(silent: Takedown, nour: Staff, late: datetime) -> None:
    actions.take(step=step(silent), by=nour, at=late)
    with pytest.raises(NoRung):
        actions.escalate(takedown=silent, rung="second", by=nour, at=late)
    proposing.propose_steps()
    Step.objects.filter(state=StepState.PROPOSED).update(rung=Rung.SECOND, by_machine=True)
    Channel.objects.filter(pk=silent.notice.channel_id).update(kind=ChannelKind.EMAIL)
    with pytest.raises((AlreadyRequested, NoChannel)):
        actions.take(step=step(silent), by=nour, at=late)


def test_a_reminder_that_nobody_answers_is_no_news_and_the_ladder_goes_on(
    silent: Takedown, nour: Staff, late: datetime
) -> None:
    [again] = actions.take(step=step(silent), by=nour, at=late)
    leave(again, at=late)
    clock.set_clocks()
    assert clock.note_silence(at=late + timedelta(days=4)) == 1
    assert news(silent).count(News.NO_ANSWER) == 1
    proposing.propose_steps()
    assert Step.objects.filter(takedown=again).count() == 0
    assert step(silent).rung == "coordinator"


def test_an_answer_to_the_reminder_answers_the_first_request_in_silence(
    silent: Takedown, nour: Staff, late: datetime
) -> None:
    [again] = actions.take(step=step(silent), by=nour, at=late)
    leave(again, at=late)
    proposing.propose_steps()
    record_outcome(
        takedown=again,
        outcome=Outcome.REMOVED,
        source=Source.CALLBACK,
        at=late + HOUR,
        recorded_at=late + HOUR,
    )
    assert proposing.hear_for_first(at=late + HOUR) == 1
    assert proposing.hear_for_first(at=late + HOUR) == 0
    proposing.end_climbs(at=late + HOUR)

    silent.refresh_from_db()
    assert (silent.status, silent.platform_says) == (Status.REMOVED, Outcome.REMOVED)
    assert news(silent).count(News.SAID_REMOVED) == 1
    assert not Step.objects.filter(state__in=sorted(LIVE)).exists()


def test_a_mere_receipt_for_the_reminder_ends_nothing(silent: Takedown, nour: Staff, late: datetime) -> None:
    [again] = actions.take(step=step(silent), by=nour, at=late)
    leave(again, at=late)
    record_outcome(
        takedown=again, outcome=Outcome.ACKNOWLEDGED, source=Source.CALLBACK, at=late, recorded_at=late
    )
    assert proposing.hear_for_first(at=late) == 0


def test_one_look_is_told_once_though_two_requests_watch_the_link(
    silent: Takedown, nour: Staff, late: datetime
) -> None:
    [again] = actions.take(step=step(silent), by=nour, at=late)
    leave(again, at=late)
    for row in (silent, again):
        record_outcome(
            takedown=row,
            outcome=Outcome.SEEN_GONE,
            source=Source.RECHECK,
            at=late + HOUR,
            recorded_at=late + HOUR,
        )
    assert news(silent).count(News.GONE) == 1
    # And it can be asked for again, should it come back.
    for row in (silent, again):
        record_outcome(
            takedown=row,
            outcome=Outcome.SEEN_THERE,
            source=Source.RECHECK,
            at=late + 2 * HOUR,
            recorded_at=late + 2 * HOUR,
        )
    assert news(silent).count(News.REAPPEARED) == 1
    assert request_takedown(
        case=silent.case, links=[Link.objects.get(pk=silent.link_id)], by=nour, at=late + 3 * HOUR
    )


# --- one link, several people


def test_what_several_share_is_asked_again_once_for_all(
    open_case: Callable[..., Case], chatter: Platform, nour: Staff, noon: datetime, late: datetime
) -> None:
    first = standing(Status.SENT, case=open_case(age_range=AgeRange.ADULT), by=nour, at=noon)
    [second] = request_takedown(
        case=(other := open_case(age_range=AgeRange.ADULT)),
        links=list(other.report.links.all()),
        by=nour,
        at=noon,
    )
    clock.set_clocks()
    assert clock.note_silence(at=late) == 2
    assert proposing.propose_steps() == 1
    made = actions.take(step=Step.objects.get(), by=nour, at=late)

    assert {one.escalates_id for one in made} == {first.pk, second.pk}
    assert len({one.notice_id for one in made}) == len({one.item for one in made}) == 1
    assert len(notices.content_of(made[0].notice).items) == 1
    assert [Update.objects.filter(link=one.link_id, what=News.NO_ANSWER).count() for one in made] == [1, 1]


def test_when_one_withdraws_the_climb_goes_on_for_the_other(
    open_case: Callable[..., Case], chatter: Platform, nour: Staff, noon: datetime, late: datetime
) -> None:
    standing(Status.SENT, case=open_case(age_range=AgeRange.ADULT), by=nour, at=noon)
    other = open_case(age_range=AgeRange.ADULT)
    request_takedown(case=other, links=list(other.report.links.all()), by=nour, at=noon)
    clock.set_clocks()
    clock.note_silence(at=late)
    proposing.propose_steps()
    lead = Step.objects.get().takedown
    report = lead.case.report
    reports.withdraw(report=report, links=list(report.links.all()), at=late)
    follow_withdrawals(at=late)
    proposing.end_climbs(at=late)
    proposing.propose_steps()

    live = Step.objects.get(state=StepState.PROPOSED)
    assert live.takedown_id != lead.pk
    assert len(actions.take(step=live, by=nour, at=late)) == 1


# --- what a person does


def test_a_coordinator_is_written_to_by_a_person(silent: Takedown, nour: Staff, late: datetime) -> None:
    one = climb_to(Rung.COORDINATOR, silent, by=nour, at=late)
    actions.take(step=one, by=nour, at=late)
    silent.refresh_from_db()
    assert (one.state, one.by_id, silent.status) == ("taken", nour.pk, Status.ESCALATED)
    assert News.TAKEN_FURTHER not in news(silent)

    actions.mark_done(step=one, reference="AR-2026-77", follow_up_on=None, by=nour, at=late)

    assert one.follow_up_on == timezone.localdate(late) + timedelta(days=30)
    assert silent.case.box().open(one, "reference") == "AR-2026-77"
    assert news(silent)[-1] == News.TAKEN_FURTHER
    actions.record_outcome(
        step=one,
        outcome=StepOutcome.ACTED,
        words="They wrote to Dublin.",
        follow_up_on=None,
        by=nour,
        at=late,
    )
    kept = Step.objects.get(pk=one.pk)
    assert (kept.outcome, kept.follow_up_on) == ("acted", None)


@pytest.mark.parametrize(
    ("rung", "age", "regimes"),
    [
        (Rung.COORDINATOR, AgeRange.ADULT, [Regime.EU_DSA_16]),
        (Rung.PHAROS, AgeRange.FROM_15, [Regime.EU_DSA_16]),
        (Rung.FTC, AgeRange.ADULT, [Regime.US_TAKE_IT_DOWN]),
    ],
)
def test_the_papers_hold_facts_and_nothing_about_the_young_person(
    rung: Rung,
    age: AgeRange,
    regimes: list[str],
    open_case: Callable[..., Case],
    chatter: Platform,
    nour: Staff,
    noon: datetime,
    late: datetime,
) -> None:
    case = open_case(age_range=age, school="Collège des Dunes", answers={"handle": "river.kid"})
    takedown = standing(Status.SENT, case=case, by=nour, at=noon)
    Notice.objects.update(regimes=regimes, reference="CH-1234")
    record_outcome(
        takedown=takedown,
        outcome=Outcome.UNDER_REVIEW,
        source=Source.PERSON,
        at=noon,
        recorded_at=noon,
        by=nour,
        words="river.kid called again",
    )
    clock.set_clocks()
    clock.note_silence(at=late)
    one = actions.escalate(takedown=takedown, rung=rung, by=nour, at=late)
    body = actions.make_pack(step=one, by=nour, at=late)

    text = "".join(page.extract_text() for page in PdfReader(BytesIO(body)).pages)
    flat = " ".join(text.split())
    for said in (
        "chatter.example/p/1",
        "CH-1234",
        str(takedown.notice_id)[:8],
        "No answer in time",
        "to check",
    ):
        assert said in flat, said
    for private in ("dunes", "river.kid", case.ref.lower(), str(case.report_id), "15-17", "15 to 17"):
        assert private not in flat.lower()
    assert AuditRow.objects.filter(verb="step.pack", object_id=str(one.pk)).exists()


def test_papers_are_made_only_for_what_a_person_files(silent: Takedown, nour: Staff, late: datetime) -> None:
    with pytest.raises(ForbiddenMove):
        actions.make_pack(step=step(silent), by=nour, at=late)


# --- going further by hand


def test_the_next_step_is_taken_before_its_day(sent: Takedown, nour: Staff, noon: datetime) -> None:
    one = actions.escalate(takedown=sent, rung=None, by=nour, at=noon + MINUTE)
    assert (one.rung, one.state) == ("reminder", "done")
    sent.refresh_from_db()
    assert sent.status == Status.SENT


def test_a_refused_one_may_go_to_the_coordinator_at_once(case: Case, nour: Staff, noon: datetime) -> None:
    refused = standing(Status.REFUSED, case=case, by=nour, at=noon)
    actions.escalate(takedown=refused, rung="coordinator", by=nour, at=noon)
    refused.refresh_from_db()
    assert refused.status == Status.ESCALATED


def test_going_further_from_the_reminder_goes_on_from_the_first(
    silent: Takedown, nour: Staff, late: datetime
) -> None:
    [again] = actions.take(step=step(silent), by=nour, at=late)
    leave(again, at=late)
    one = actions.escalate(takedown=again, rung=None, by=nour, at=late)
    assert (one.takedown_id, one.rung) == (silent.pk, "coordinator")


@pytest.mark.parametrize(
    "status", [Status.QUEUED, Status.TO_FILE, Status.FAILED, Status.GONE, Status.CANCELLED]
)
def test_what_did_not_leave_or_is_over_goes_no_further(
    status: Status,
    open_case: Callable[..., Case],
    chatter: Platform,
    snaproom: Platform,
    nour: Staff,
    noon: datetime,
) -> None:
    site = "snaproom" if status == Status.TO_FILE else "chatter"
    case = open_case(links=(LinkFacts(url=f"https://{site}.example/p/1"),))
    one = standing(status, case=case, by=nour, at=noon)
    with pytest.raises(ForbiddenMove):
        actions.escalate(takedown=one, rung=None, by=nour, at=noon)


def test_a_rung_that_is_not_there_is_refused(silent: Takedown, nour: Staff, late: datetime) -> None:
    for rung in ("ftc", "second", "pharos"):
        with pytest.raises(NoRung):
            actions.escalate(takedown=silent, rung=rung, by=nour, at=late)
    assert step(silent).rung == "reminder"


def test_while_somebody_works_on_a_step_no_other_is_begun(
    silent: Takedown, nour: Staff, late: datetime
) -> None:
    actions.escalate(takedown=silent, rung="coordinator", by=nour, at=late)
    with pytest.raises(ForbiddenMove):
        actions.escalate(takedown=silent, rung="reminder", by=nour, at=late)


# --- undoing


def test_a_reminder_that_has_not_left_is_taken_back(silent: Takedown, nour: Staff, late: datetime) -> None:
    one = step(silent)
    [again] = actions.take(step=one, by=nour, at=late)
    proposing.propose_steps()
    actions.undo(step=one, by=nour, at=late + MINUTE)
    again.refresh_from_db()
    assert (one.state, one.made_id, again.status) == ("proposed", None, Status.CANCELLED)
    assert Notice.objects.get(pk=again.notice_id).due_at is None
    assert Step.objects.filter(state__in=sorted(LIVE)).count() == 1


def test_a_reminder_that_left_stays(silent: Takedown, nour: Staff, late: datetime) -> None:
    one = step(silent)
    [again] = actions.take(step=one, by=nour, at=late)
    leave(again, at=late)
    with pytest.raises(ForbiddenMove):
        actions.undo(step=one, by=nour, at=late + MINUTE)


def test_what_a_person_took_on_noted_or_left_out_is_taken_back(
    silent: Takedown, nour: Staff, late: datetime
) -> None:
    one = climb_to(Rung.COORDINATOR, silent, by=nour, at=late)
    actions.take(step=one, by=nour, at=late)
    actions.mark_done(step=one, reference="1", follow_up_on=None, by=nour, at=late)
    actions.undo(step=one, by=nour, at=late + MINUTE)
    assert (one.state, one.reference, one.follow_up_on) == ("taken", None, None)
    actions.undo(step=one, by=nour, at=late + timedelta(days=2))
    silent.refresh_from_db()
    assert (one.state, one.by_id, silent.status) == ("proposed", None, Status.NO_ANSWER)
    actions.skip(step=one, reason="", by=nour, at=late)
    actions.undo(step=one, by=nour, at=late + MINUTE)
    assert one.state == "proposed"
    with pytest.raises(ForbiddenMove):
        actions.undo(step=one, by=nour, at=late + MINUTE)


def test_after_the_minutes_what_was_noted_stays(silent: Takedown, nour: Staff, late: datetime) -> None:
    one = step(silent)
    actions.skip(step=one, reason="", by=nour, at=late)
    with pytest.raises(TooLate):
        actions.undo(step=one, by=nour, at=late + HOUR)


# --- what ends it, and who may


def test_withdrawn_by_the_young_person_stops_all_of_it(silent: Takedown, nour: Staff, late: datetime) -> None:
    [again] = actions.take(step=step(silent), by=nour, at=late)
    proposing.propose_steps()
    reports.withdraw(report=silent.case.report, links=[Link.objects.get(pk=silent.link_id)], at=late)
    follow_withdrawals(at=late)
    proposing.end_climbs(at=late)
    assert not Step.objects.filter(state__in=sorted(LIVE)).exists()
    again.refresh_from_db()
    assert again.status == Status.WITHDRAWN
    assert Notice.objects.get(pk=again.notice_id).due_at is None
    assert proposing.propose_steps() == 0


def test_what_was_withdrawn_a_moment_ago_is_not_sent(silent: Takedown, nour: Staff, late: datetime) -> None:
    reports.withdraw(report=silent.case.report, links=[Link.objects.get(pk=silent.link_id)], at=late)
    with pytest.raises(ForbiddenMove):
        actions.take(step=step(silent), by=nour, at=late)


def test_erasure_blanks_the_words_and_stops_the_climb(silent: Takedown, nour: Staff, late: datetime) -> None:
    one = climb_to(Rung.COORDINATOR, silent, by=nour, at=late)
    actions.take(step=one, by=nour, at=late)
    actions.mark_done(step=one, reference="AR-1", follow_up_on=None, by=nour, at=late)
    reports.erase_report(report=silent.case.report, by=nour, at=late)
    assert actions.follow_erasures() == 1
    assert actions.follow_erasures() == 0
    one.refresh_from_db()
    assert (one.reference, one.words) == (None, None)
    with pytest.raises(WrongKey):
        actions.make_pack(step=one, by=nour, at=late)


def test_a_colleague_of_another_team_may_do_nothing(silent: Takedown, sacha: Staff, late: datetime) -> None:
    one: Any = step(silent)
    tries: list[Callable[[], Any]] = [
        lambda: actions.take(step=one, by=sacha, at=late),
        lambda: actions.skip(step=one, reason="", by=sacha, at=late),
        lambda: actions.mark_done(step=one, reference="", follow_up_on=None, by=sacha, at=late),
        lambda: actions.undo(step=one, by=sacha, at=late),
        lambda: actions.make_pack(step=one, by=sacha, at=late),
        lambda: actions.escalate(takedown=silent, rung=None, by=sacha, at=late),
        lambda: actions.record_outcome(
            step=one, outcome=StepOutcome.ACTED, words="", follow_up_on=None, by=sacha, at=late
        ),
    ]
    for act in tries:
        with pytest.raises(PermissionDenied):
            act()


def test_what_a_channel_carries_is_neither_noted_nor_answered_by_hand(
    silent: Takedown, nour: Staff, late: datetime
) -> None:
    with pytest.raises(ForbiddenMove):
        actions.mark_done(step=step(silent), reference="", follow_up_on=None, by=nour, at=late)
    with pytest.raises(ForbiddenMove):
        actions.record_outcome(
            step=step(silent), outcome=StepOutcome.ACTED, words="", follow_up_on=None, by=nour, at=late
        )


@pytest.mark.parametrize("before", StepState)
@pytest.mark.parametrize("after", StepState)
def test_every_move_of_a_step(before: StepState, after: StepState, noon: datetime) -> None:
    one = Step(state=before)
    if after in STEP_TRANSITIONS[before]:
        one.move(after, at=noon)
        assert (one.state, one.state_at) == (after, noon)
    else:
        with pytest.raises(ForbiddenMove):
            one.move(after, at=noon)


# --- said removed, and still there


def looked(takedown: Takedown, *, at: datetime, seen: Outcome = Outcome.SEEN_THERE) -> None:
    """A look at the link."""
    record_outcome(takedown=takedown, outcome=seen, source=Source.RECHECK, at=at, recorded_at=at)


@pytest.mark.parametrize("said", [Status.REMOVED, Status.ACCOUNT_REMOVED, Status.ALREADY_GONE])
def test_said_removed_and_seen_there_later_is_proposed_and_says_so(
    said: Status, case: Case, nour: Staff, noon: datetime
) -> None:
    one = standing(said, case=case, by=nour, at=noon)
    assert proposing.propose_steps() == 0
    looked(one, at=noon + HOUR)
    assert proposing.propose_steps() == 1
    assert (step(one).rung, step(one).due_at) == ("reminder", noon + HOUR)
    assert proposing.end_climbs(at=noon + HOUR) == 0

    [again] = actions.take(step=step(one), by=nour, at=noon + 2 * HOUR)

    words = notices.content_of(again.notice).explanation
    assert "You told us on 2 March 2026 that it is removed" in words and "no decision" not in words
    one.refresh_from_db()
    assert one.status == said
    proposing.propose_steps()
    assert (step(one).rung, step(one).due_at) == ("coordinator", noon + 2 * HOUR + timedelta(hours=72))


def test_their_word_after_the_look_ends_it_until_the_next_look(
    case: Case, nour: Staff, noon: datetime
) -> None:
    one = standing(Status.REMOVED, case=case, by=nour, at=noon)
    looked(one, at=noon + HOUR)
    proposing.propose_steps()
    [again] = actions.take(step=step(one), by=nour, at=noon + 2 * HOUR)
    leave(again, at=noon + 2 * HOUR)
    proposing.propose_steps()
    record_outcome(
        takedown=again,
        outcome=Outcome.REMOVED,
        source=Source.CALLBACK,
        at=noon + 3 * HOUR,
        recorded_at=noon + 3 * HOUR,
    )
    assert proposing.hear_for_first(at=noon + 3 * HOUR) == 1
    assert proposing.end_climbs(at=noon + 3 * HOUR) == 1
    assert proposing.propose_steps() == 0

    one.refresh_from_db()
    looked(one, at=noon + 4 * HOUR)
    assert proposing.propose_steps() == 1
    looked(one, at=noon + 5 * HOUR, seen=Outcome.SEEN_GONE)
    assert proposing.end_climbs(at=noon + 5 * HOUR) == 1
    assert proposing.propose_steps() == 0


def test_a_look_from_before_their_word_says_nothing(case: Case, nour: Staff, noon: datetime) -> None:
    one = standing(Status.SENT, case=case, by=nour, at=noon)
    looked(one, at=noon + HOUR)
    record_outcome(
        takedown=one,
        outcome=Outcome.REMOVED,
        source=Source.CALLBACK,
        at=noon + 2 * HOUR,
        recorded_at=noon + 2 * HOUR,
    )
    assert proposing.propose_steps() == 0


@pytest.mark.parametrize("said", [Status.DISABLED, Status.PARTLY_REMOVED])
def test_what_was_only_blocked_or_removed_in_part_is_contested_instead(
    said: Status, case: Case, nour: Staff, noon: datetime
) -> None:
    one = standing(said, case=case, by=nour, at=noon)
    looked(one, at=noon + HOUR)
    assert proposing.propose_steps() == 0


def test_what_came_back_is_proposed_unless_it_is_asked_for_afresh(
    case: Case, nour: Staff, noon: datetime
) -> None:
    one = standing(Status.REAPPEARED, case=case, by=nour, at=noon)
    assert proposing.propose_steps() == 1
    assert step(one).rung == "reminder"
    request_takedown(case=case, links=[Link.objects.get(pk=one.link_id)], by=nour, at=noon + 3 * HOUR)
    assert proposing.end_climbs(at=noon + 3 * HOUR) == 1
    assert proposing.propose_steps() == 0


def test_what_may_climb_is_asked_of_the_database_and_of_a_row_alike(
    case: Case, nour: Staff, noon: datetime
) -> None:
    for said in (Status.REMOVED, Status.REFUSED, Status.SENT):
        Takedown.objects.update(status=Status.CANCELLED)
        one = standing(said, case=case, by=nour, at=noon)
        for at in (noon - HOUR, noon, noon + HOUR):
            Takedown.objects.filter(pk=one.pk).update(observed=Outcome.SEEN_THERE, observed_at=at)
            one.refresh_from_db()
            assert clock.climbing().filter(pk=one.pk).exists() == clock.is_still_there(one)


# --- many at once


def test_proposing_costs_the_same_for_any_number(
    open_case: Callable[..., Case],
    chatter: Platform,
    nour: Staff,
    noon: datetime,
    django_assert_num_queries: Any,
) -> None:
    for size in (2, 7):
        for number in range(size):
            links = (LinkFacts(url=f"https://chatter.example/p/{size}{number}"),)
            case = open_case(age_range=AgeRange.ADULT, links=links)
            standing(Status.NO_ANSWER, case=case, by=nour, at=noon)
        with django_assert_num_queries(6):
            assert proposing.propose_steps() == size
        assert proposing.propose_steps() == 0


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_propose_each_once(
    open_case: Callable[..., Case], chatter: Platform, nour: Staff, noon: datetime
) -> None:
    for number in range(5):
        links = (LinkFacts(url=f"https://chatter.example/p/{number}"),)
        case = open_case(age_range=AgeRange.ADULT, links=links)
        standing(Status.NO_ANSWER, case=case, by=nour, at=noon)
    answers = at_once(proposing.propose_steps, proposing.propose_steps)
    assert all(isinstance(one, int) for one in answers), answers
    assert Step.objects.count() == 5


def test_who_joins_later_gets_no_second_step(
    open_case: Callable[..., Case], chatter: Platform, nour: Staff, late: datetime
) -> None:
    """Whoever's number is the lowest would go ahead, but a step waits already; and so at the top of the ladder."""
    first = standing(Status.NO_ANSWER, case=open_case(age_range=AgeRange.ADULT), by=nour, at=late)
    assert proposing.propose_steps() == 1
    for _number in range(6):
        other = open_case(age_range=AgeRange.ADULT)
        request_takedown(case=other, links=list(other.report.links.all()), by=nour, at=late)
    assert proposing.propose_steps() == 0
    Step.objects.update(rung=Rung.DECIDE, by_machine=False)
    actions.mark_done(step=step(first), reference="", follow_up_on=None, by=nour, at=late)
    assert proposing.propose_steps() == 0


# --- judged with what the report says by now


def add_facts(takedown: Takedown, text: str) -> None:
    """As a colleague wrote them beside the first notice."""
    notice = Notice.objects.get(pk=takedown.notice_id)
    words = notices.content_of(notice)
    explanation = f"{words.explanation} {text}"
    content = notices.to_json(replace(words, facts=text, explanation=explanation))
    notice.content = notice.box().seal(notice, "content", content)
    notice.save(update_fields=["content"])


@pytest.fixture
def telling(
    open_case: Callable[..., Case], chatter: Platform, nour: Staff, noon: datetime, late: datetime
) -> Takedown:
    """Its first notice names a school that was told to us only later."""
    case = open_case(age_range=AgeRange.ADULT, school="Collège des Dunes")
    takedown = standing(Status.SENT, case=case, by=nour, at=noon)
    add_facts(takedown, "It is shown at the collège des Dunes.")
    clock.set_clocks()
    clock.note_silence(at=late)
    proposing.propose_steps()
    return takedown


def test_a_reminder_that_would_lead_to_the_young_person_stays_with_the_reason(
    telling: Takedown, nour: Staff, late: datetime
) -> None:
    with pytest.raises(WeakNotice) as error:
        actions.take(step=step(telling), by=nour, at=late)
    assert [one.code for one in error.value.findings] == ["facts_school"]
    held = step(telling)
    assert (held.state, held.held_at) == ("proposed", late)
    assert held.findings[0]["code"] == "facts_school" and "Dunes" not in str(held.findings)
    assert Notice.objects.count() == 1 and not Takedown.objects.filter(escalates=telling).exists()
    with pytest.raises(WeakNotice):
        actions.escalate(takedown=telling, rung="reminder", by=nour, at=late)
    assert Notice.objects.count() == 1


@pytest.mark.parametrize("rung", [Rung.SECOND, Rung.HOST])
def test_so_does_a_second_way_and_the_host(
    rung: Rung,
    telling: Takedown,
    second_way: Channel,
    chatter: Platform,
    anouk: Staff,
    nour: Staff,
    late: datetime,
) -> None:
    host = make_platform("netz", ChannelKind.XARF, "abuse@netz.example", by=anouk).channels.get()
    host.platform = chatter
    host.save()
    Step.objects.update(rung=rung, by_machine=True)
    with pytest.raises(WeakNotice):
        actions.take(step=step(telling), by=nour, at=late)
    telling.refresh_from_db()
    assert (step(telling).state, telling.status) == ("proposed", Status.NO_ANSWER)
    assert Notice.objects.count() == 1


def test_a_machine_tries_what_did_not_leave_no_second_time(
    telling: Takedown, nour: Staff, late: datetime, settings: Any
) -> None:
    settings.LADDER_REMINDS_ITSELF = True
    assert actions.take_reminders(at=late) == 0
    assert step(telling).held_at == late
    assert actions.take_reminders(at=late + HOUR) == 0
    assert step(telling).held_at == late
    add_facts(telling, "")
    actions.take(step=step(telling), by=nour, at=late + HOUR)
    done = Step.objects.get(takedown=telling, state=StepState.DONE)
    assert (done.held_at, done.findings) == (None, [])


# --- the way back


def test_a_step_that_was_never_done_leaves_no_trace_in_the_status(
    case: Case, nour: Staff, noon: datetime
) -> None:
    for before in STEP_UNDO_TRANSITIONS[Status.ESCALATED]:
        Takedown.objects.update(status=Status.CANCELLED)
        one = standing(before, case=case, by=nour, at=noon)
        taken = actions.escalate(takedown=one, rung="coordinator", by=nour, at=noon)
        one.refresh_from_db()
        assert one.status == Status.ESCALATED
        actions.undo(step=taken, by=nour, at=noon + MINUTE)
        one.refresh_from_db()
        assert one.status == before
        with pytest.raises(ForbiddenMove):
            one.move_back(Status.GONE, at=noon)


# --- the young person, at any moment


def proposed(one: Takedown, nour: Staff, at: datetime) -> None:
    """A reminder waits."""


def reminder_waits(one: Takedown, nour: Staff, at: datetime) -> None:
    """Taken, and not yet sent."""
    actions.take(step=step(one), by=nour, at=at)


def reminder_left(one: Takedown, nour: Staff, at: datetime) -> None:
    """Sent; the next step waits."""
    leave(actions.take(step=step(one), by=nour, at=at)[0], at=at)
    proposing.propose_steps()


def taken_on(one: Takedown, nour: Staff, at: datetime) -> None:
    """The coordinator is somebody's."""
    actions.escalate(takedown=one, rung="coordinator", by=nour, at=at)


def filed(one: Takedown, nour: Staff, at: datetime) -> None:
    """With a day to ask again."""
    taken = actions.escalate(takedown=one, rung="coordinator", by=nour, at=at)
    actions.mark_done(step=taken, reference="AR-1", follow_up_on=None, by=nour, at=at)


def to_decide(one: Takedown, nour: Staff, at: datetime) -> None:
    """At the top."""
    climb_to(Rung.DECIDE, one, by=nour, at=at)


def stopped(one: Takedown, nour: Staff, at: datetime) -> None:
    """Its clock stands still."""
    clock.pause(takedown=one, reason="Why", by=nour, at=at)


def said_removed(one: Takedown, nour: Staff, at: datetime) -> None:
    """And still there."""
    record_outcome(takedown=one, outcome=Outcome.REMOVED, source=Source.CALLBACK, at=at, recorded_at=at)
    looked(one, at=at + MINUTE)


def refused(one: Takedown, nour: Staff, at: datetime) -> None:
    """A complaint is to be filed, and its time runs out."""
    record_outcome(takedown=one, outcome=Outcome.REFUSED, source=Source.CALLBACK, at=at, recorded_at=at)
    redress.open_windows(at=at)
    Redress.objects.update(window_until=timezone.localdate(at) + timedelta(days=20))


def complained(one: Takedown, nour: Staff, at: datetime) -> None:
    """It was filed."""
    refused(one, nour, at)
    redress.file(redress=Redress.objects.get(), reference="", by=nour, at=at)


def out_of_court(one: Takedown, nour: Staff, at: datetime) -> None:
    """The refusal stands; a body is chosen."""
    complained(one, nour, at)
    redress.decide(redress=Redress.objects.get(), state=RedressState.UPHELD, words="", by=nour, at=at)
    one.refresh_from_db()
    redress.open_out_of_court(takedown=one, by=nour, at=at)
    Redress.objects.update(window_until=timezone.localdate(at) + timedelta(days=20))


@pytest.mark.parametrize("erases", [False, True], ids=["withdrawn", "erased"])
@pytest.mark.parametrize(
    "stands",
    [
        proposed,
        reminder_waits,
        reminder_left,
        taken_on,
        filed,
        to_decide,
        stopped,
        said_removed,
        refused,
        complained,
        out_of_court,
    ],
)
def test_from_any_state_the_young_person_ends_all_of_it(
    stands: Callable[..., None],
    erases: bool,
    silent: Takedown,
    nour: Staff,
    noon: datetime,
    late: datetime,
    settings: Any,
) -> None:
    settings.LADDER_REMINDS_ITSELF = True
    stands(silent, nour, late)
    silent.refresh_from_db()
    report, before = silent.case.report, Notice.objects.count()
    if erases:
        reports.erase_report(report=report, by=nour, at=late)
    else:
        reports.withdraw(report=report, links=[Link.objects.get(pk=silent.link_id)], at=late)
    # At once, before any sweep has seen it: nothing is shown, nothing leaves, nothing is brought to mind.
    nothing_is_left(silent, nour, at=late + timedelta(days=400), notices_before=before)
    follow_withdrawals(at=late)
    for day in (0, 15, 19, 40, 400):
        at = late + timedelta(days=day)
        sweeps(at)
        nothing_is_left(silent, nour, at=at, notices_before=before)
    assert not Step.objects.filter(state__in=sorted(LIVE)).exists()
    assert not Redress.objects.filter(state__in=sorted(OPEN)).exists()
    assert not Takedown.objects.exclude(status=Status.WITHDRAWN).exists()
    assert not Notice.objects.filter(due_at__isnull=False).exists()


def sweeps(at: datetime) -> None:
    """As `tasks` has them."""
    clock.set_clocks()
    clock.note_silence(at=at)
    proposing.hear_for_first(at=at)
    proposing.end_climbs(at=at)
    proposing.propose_steps()
    actions.take_reminders(at=at)
    redress.end_redress(at=at)
    redress.open_windows(at=at)
    redress.remind(at=at)
    actions.follow_erasures()


def nothing_is_left(takedown: Takedown, nour: Staff, *, at: datetime, notices_before: int) -> None:
    """No list names it, no sweep wakes it, and who has its page open from before can do nothing with it."""
    for tab in desk.TABS:
        assert not desk.under_tab(nour, tab, at=at).exists(), tab
    reminders = Task.objects.count()
    assert (proposing.propose_steps(), actions.take_reminders(at=at), redress.remind(at=at)) == (0, 0, 0)
    assert (redress.open_windows(at=at), clock.note_silence(at=at)) == (0, 0)
    assert Task.objects.count() == reminders
    for one in Step.objects.all():
        tries: list[Callable[[], Any]] = [
            partial(actions.take, step=one, by=nour, at=at),
            partial(actions.mark_done, step=one, reference="x", follow_up_on=None, by=nour, at=at),
            partial(actions.make_pack, step=one, by=nour, at=at),
        ]
        for act in tries:
            with pytest.raises((ForbiddenMove, WrongKey)):
                act()
    for way in Redress.objects.all():
        with pytest.raises((ForbiddenMove, WrongKey)):
            redress.file(redress=way, reference="", by=nour, at=at)
        with pytest.raises((ForbiddenMove, WrongKey)):
            redress.make_pack(redress=way, by=nour, at=at)
    for rung in (None, "reminder", "coordinator"):
        with pytest.raises((ForbiddenMove, NoRung, WrongKey)):
            actions.escalate(takedown=takedown, rung=rung, by=nour, at=at)
    assert Notice.objects.count() == notices_before
