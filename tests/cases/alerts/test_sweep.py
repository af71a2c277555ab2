"""Raised once, over by itself, acknowledged by a person, and damped where it flaps."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from cases.alerts import actions, desk, looking, tasks, words
from cases.alerts.models import Alert, Reader
from cases.alerts.states import ForbiddenMove, RuleName, State
from cases.dashboards.folding import fold
from cases.ladder.models import Redress
from cases.ladder.states import Kind
from cases.models import Case, QueueItem
from cases.queue import add_new_reports, note_unread, refresh_retold
from cases.reading import read_case
from cases.states import QueueState
from cases.takedowns.actions import request_takedown
from cases.takedowns.models import Takedown
from cases.takedowns.states import Result, Status
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.platforms.models import Channel, Platform
from reports import actions as reports
from reports.models import Report
from reports.states import Circumstance
from tests.at_once import at_once
from tests.cast import NOON

pytestmark = pytest.mark.django_db
Tell = Callable[..., tuple[Report, str]]
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def sweep(at: datetime, times: int = 2) -> datetime:
    """So many sweeps, a minute apart; answers the moment of the last."""
    for number in range(times):
        actions.sweep(at=at + number * MINUTE)
    return at + (times - 1) * MINUTE


def standing(rule: RuleName) -> list[Alert]:
    return list(Alert.objects.filter(rule=rule, state=State.STANDING))


def takedown_of(case: Case, by: Staff, **facts: Any) -> Takedown:
    """A takedown of the case, its facts set as they would be after a while."""
    row = request_takedown(case=case, links=list(case.report.links.all()), by=by, at=NOON)[0]
    Takedown.objects.filter(pk=row.pk).update(**facts)
    return Takedown.objects.get(pk=row.pk)


def test_it_takes_two_looks_to_raise_and_two_to_end(tell: Tell) -> None:
    tell(at=NOON)
    add_new_reports(at=NOON)
    late = NOON + 5 * HOUR
    sweep(late, 1)
    assert [row.state for row in Alert.objects.all()] == [State.SEEN]
    actions.sweep(at=late + timedelta(seconds=5))  # two at once are one look
    assert standing(RuleName.WAIT) == []
    actions.sweep(at=late + MINUTE)
    [row] = standing(RuleName.WAIT)
    assert row.raised_at == late + MINUTE and row.facts["count"] == 1
    QueueItem.objects.update(state=QueueState.CLOSED)
    sweep(late + 2 * MINUTE, 1)
    assert len(standing(RuleName.WAIT)) == 1
    sweep(late + 3 * MINUTE, 1)
    row.refresh_from_db()
    assert (row.state, row.over_at) == (State.OVER, late + 3 * MINUTE)


def test_what_was_seen_once_is_forgotten(tell: Tell) -> None:
    tell(at=NOON)
    add_new_reports(at=NOON)
    sweep(NOON + 5 * HOUR, 1)
    QueueItem.objects.update(state=QueueState.CLOSED)
    sweep(NOON + 5 * HOUR + MINUTE, 1)
    assert not Alert.objects.exists()


def test_one_row_while_it_stands_and_a_new_one_after_it_was_over(tell: Tell) -> None:
    tell(at=NOON)
    add_new_reports(at=NOON)
    end = sweep(NOON + 5 * HOUR, 10)
    assert Alert.objects.count() == 1
    QueueItem.objects.update(state=QueueState.CLOSED)
    end = sweep(end + MINUTE)
    QueueItem.objects.update(state=QueueState.WAITING)
    sweep(end + MINUTE)
    assert sorted(Alert.objects.values_list("state", flat=True)) == [State.OVER, State.STANDING]


def test_one_look_that_misses_it_does_not_end_it(tell: Tell) -> None:
    """Given something that flaps, then it is one alert."""
    tell(at=NOON)
    add_new_reports(at=NOON)
    end = sweep(NOON + 5 * HOUR)
    for _flap in range(5):
        QueueItem.objects.update(state=QueueState.CLOSED)
        end = sweep(end + MINUTE, 1)
        QueueItem.objects.update(state=QueueState.WAITING)
        end = sweep(end + MINUTE, 1)
    assert Alert.objects.count() == len(standing(RuleName.WAIT)) == 1


def test_the_database_keeps_one_and_its_dates() -> None:
    def row(**facts: Any) -> Alert:
        return Alert.objects.create(
            **{"rule": "wait", "state": "standing", "seen_at": NOON, "raised_at": NOON} | facts
        )

    row()
    for wrong in (
        {},
        {"rule": "danger", "raised_at": None},
        {"rule": "danger", "state": "over"},
        {"rule": "danger", "acknowledged_at": NOON},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            row(**wrong)


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("after", State)
def test_every_arrow(before: State, after: State) -> None:
    row = Alert(rule="wait", state=before, seen_at=NOON)
    if (before, after) in {(State.SEEN, State.STANDING), (State.STANDING, State.OVER)}:
        row.move(after, at=NOON)
        assert row.state == after
    else:
        with pytest.raises(ForbiddenMove):
            row.move(after, at=NOON)


def test_danger_that_waits_is_raised_for_each(tell: Tell) -> None:
    for _one in range(2):
        tell(at=NOON, circumstances=(Circumstance.IN_DANGER,))
    add_new_reports(at=NOON)
    sweep(NOON + timedelta(minutes=14), 1)
    assert not Alert.objects.exists()
    sweep(NOON + timedelta(minutes=15))
    assert [row.urgent for row in standing(RuleName.DANGER)] == [True, True]


def test_danger_told_of_an_open_case_is_raised_until_somebody_looks(
    open_case: Callable[..., Case], nour: Staff, maud: Staff
) -> None:
    case = open_case()
    told = NOON + HOUR
    reports.add_circumstances(report=case.report, circumstances=[Circumstance.IN_DANGER], at=told)
    refresh_retold(at=told)
    sweep(told + 13 * MINUTE)
    assert not standing(RuleName.DANGER)
    end = sweep(told + 15 * MINUTE)
    [row] = standing(RuleName.DANGER)
    assert (row.case, row.urgent) == (case, True)
    [line] = desk.lines([row], staff=maud, now=end)
    assert line.url == f"/staff/cases/{case.ref}/"
    read_case(case=Case.objects.select_related("report").get(), by=nour, at=end)
    sweep(end + MINUTE)
    assert not standing(RuleName.DANGER)


def test_what_nobody_reads_is_raised(
    open_case: Callable[..., Case], nour: Staff, maud: Staff, theo: Staff
) -> None:
    case, wrote = open_case(), NOON + HOUR
    box = case.report.box_for_staff()
    reports.send_message(report=case.report, box=box, text="Are you there?", by=None, at=wrote)
    note_unread()
    sweep(wrote + 4 * HOUR - 2 * MINUTE)
    assert not standing(RuleName.UNREAD)
    end = sweep(wrote + 4 * HOUR)
    [row] = standing(RuleName.UNREAD)
    assert row.facts == {"since": wrote.isoformat()}
    assert [line.ref for line in desk.lines([row], staff=maud, now=end)] == [case.ref]
    assert [line.url for line in desk.lines([row], staff=theo, now=end)] == [""]
    read_case(case=Case.objects.select_related("report").get(), by=nour, at=end)
    end = sweep(end + MINUTE)
    assert not standing(RuleName.UNREAD)


def test_what_nobody_read_and_is_erased_is_forgotten(open_case: Callable[..., Case]) -> None:
    case = open_case()
    QueueItem.objects.update(unread=True, unread_since=NOON)
    sweep(NOON + 5 * HOUR)
    reports.erase_report(report=case.report, by="young-person", at=NOON + 6 * HOUR)
    actions.follow_erasures(at=NOON + 6 * HOUR)
    [row] = Alert.objects.filter(rule=RuleName.UNREAD)
    assert (row.state, row.subject, row.facts) == (State.OVER, "", {})


def test_a_threats_deadline(tell: Tell, open_case: Callable[..., Case]) -> None:
    case = open_case(deadline_at=NOON + 10 * HOUR)
    sweep(NOON + 3 * HOUR)
    assert not standing(RuleName.DEADLINE)
    sweep(NOON + 4 * HOUR)
    [row] = standing(RuleName.DEADLINE)
    assert row.case == case
    sweep(NOON + 35 * HOUR)
    assert not standing(RuleName.DEADLINE)


def test_a_silent_platform(open_case: Callable[..., Case], nour: Staff, chatter: Platform) -> None:
    for number in range(3):
        takedown_of(
            open_case(at=NOON + number * MINUTE), nour, status=Status.SENT, sent_at=NOON + number * HOUR
        )
    sweep(NOON + 25 * HOUR)
    assert not standing(RuleName.SILENT)  # since the third left, it is less than a day
    sweep(NOON + 26 * HOUR)
    [row] = standing(RuleName.SILENT)
    assert (row.platform, row.facts["count"]) == (chatter, 3)
    heard = NOON + 27 * HOUR
    Takedown.objects.filter(pk=Takedown.objects.earliest("sent_at").pk).update(
        status=Status.REFUSED, platform_says="refused", platform_at=heard
    )
    sweep(heard)
    assert not standing(RuleName.SILENT)


def test_a_platform_that_is_often_silent_is_given_longer(
    open_case: Callable[..., Case], nour: Staff, chatter: Platform
) -> None:
    rows = [takedown_of(open_case(), nour, status=Status.SENT, sent_at=NOON) for _one in range(5)]
    for row, at in zip(rows[:2], (NOON, NOON + 40 * HOUR), strict=True):
        Takedown.objects.filter(pk=row.pk).update(
            status=Status.REFUSED, platform_says="refused", platform_at=at
        )
    sweep(NOON + 100 * HOUR)
    assert not standing(RuleName.SILENT)
    sweep(NOON + 121 * HOUR)
    assert len(standing(RuleName.SILENT)) == 1


def test_a_stopped_clock_is_not_waited_for(
    open_case: Callable[..., Case], nour: Staff, chatter: Platform
) -> None:
    for _one in range(3):
        takedown_of(open_case(), nour, status=Status.SENT, sent_at=NOON, clock_paused_at=NOON)
    sweep(NOON + 100 * HOUR)
    assert not standing(RuleName.SILENT)


def test_a_breaker_and_a_bounce(chatter: Platform, pixboard: Platform) -> None:
    Channel.objects.filter(platform=chatter).update(paused_until=NOON + HOUR)
    Channel.objects.filter(platform=pixboard).update(last_bounce_at=NOON + MINUTE)
    end = sweep(NOON)
    assert [row.platform for row in standing(RuleName.BREAKER)] == [chatter]
    assert [row.platform for row in standing(RuleName.BOUNCED)] == [pixboard]
    # A person paused it: they know. Somebody verified the other.
    Channel.objects.filter(platform=chatter).update(pause_reason="holidays")
    Channel.objects.filter(platform=pixboard).update(verified_at=NOON + 2 * MINUTE)
    sweep(end + MINUTE)
    assert not Alert.objects.filter(state=State.STANDING).exists()


def test_many_answers_due_at_once(
    open_case: Callable[..., Case], nour: Staff, chatter: Platform, settings: Any
) -> None:
    settings.ALERTS_MANY = 3
    for _one in range(3):
        takedown_of(open_case(), nour, status=Status.SENT, sent_at=NOON, answer_due_at=NOON + 10 * HOUR)
    sweep(NOON + 3 * HOUR)
    assert not standing(RuleName.ANSWERS_DUE)
    sweep(NOON + 5 * HOUR)
    assert [row.facts["count"] for row in standing(RuleName.ANSWERS_DUE)] == [3]
    sweep(NOON + 11 * HOUR)  # from here on it is the ladder's
    assert not standing(RuleName.ANSWERS_DUE)


def test_a_complaint_nobody_was_reminded_of(
    open_case: Callable[..., Case], nour: Staff, chatter: Platform
) -> None:
    case = open_case()
    row = takedown_of(case, nour)
    complaint = Redress.objects.create(
        takedown=row,
        kind=Kind.INTERNAL,
        state_at=NOON,
        opened_at=NOON,
        decision_at=NOON,
        window_until=NOON.date() + timedelta(days=5),
    )
    sweep(NOON)
    assert not standing(RuleName.WINDOW)  # who holds the case has a task
    Case.objects.update(assignee=None)
    sweep(NOON + HOUR)
    assert [one.case for one in standing(RuleName.WINDOW)] == [case]
    Redress.objects.filter(pk=complaint.pk).update(reminded_at=NOON)
    sweep(NOON + 2 * HOUR)
    assert not standing(RuleName.WINDOW)


def test_what_is_erased_is_erased_here(
    tell: Tell, open_case: Callable[..., Case], nour: Staff, maud: Staff, chatter: Platform
) -> None:
    """Given alerts about three people, two of whom erase, then nothing of theirs is left, and all of the third's."""
    hers, other = (open_case(deadline_at=NOON + 2 * HOUR) for _one in range(2))
    for case in (hers, other):
        row = takedown_of(case, nour)
        Redress.objects.create(
            takedown=row,
            kind=Kind.INTERNAL,
            state_at=NOON,
            opened_at=NOON,
            decision_at=NOON,
            window_until=NOON.date() + timedelta(days=5),
        )
    Case.objects.update(assignee=None)
    unopened, _code = tell(at=NOON - HOUR, circumstances=(Circumstance.IN_DANGER,))
    add_new_reports(at=NOON)
    later = sweep(NOON)
    assert Alert.objects.filter(state=State.STANDING).count() == 5
    for row in Alert.objects.all():
        actions.acknowledge(alert_id=row.pk, word="It is Lou", by=maud, at=later)
    Alert.objects.create(rule=RuleName.BOUNCED, subject="chatter-mail", seen_at=NOON)  # no report's key
    Alert.objects.create(rule=RuleName.DANGER, subject=str(hers.report_id), seen_at=NOON)
    assert actions.follow_erasures(at=later) == 0

    for report in (hers.report, unopened):
        reports.erase_report(report=report, by="young-person", at=later)
    tasks.follow_erasures()
    assert actions.follow_erasures(at=later) == 0
    over = Alert.objects.filter(state=State.OVER)
    assert {(row.subject, row.case_id, str(row.facts), row.word) for row in over} == {("", None, "{}", None)}
    assert sorted(over.values_list("rule", flat=True)) == ["danger", "deadline", "window"]
    kept = Alert.objects.filter(state=State.STANDING)
    assert {row.case_id for row in kept} == {other.pk}
    assert [(actions.word_of(row), bool(row.facts)) for row in kept] == [("It is Lou", True)] * 2
    assert not Alert.objects.filter(subject=str(hers.report_id)).exists()
    for row in Alert.objects.filter(state=State.OVER):
        words.sentence(row, now=later)


def test_a_rule_that_can_not_be_read_leaves_its_own_alone_and_stops_no_other(
    tell: Tell, chatter: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(at=NOON)
    add_new_reports(at=NOON)
    end = sweep(NOON + 5 * HOUR)

    def broken(at: datetime) -> Any:
        raise DatabaseError

    names = (RuleName.WAIT, RuleName.DANGER)
    monkeypatch.setitem(looking.LOOKS, names, broken)  # type: ignore[arg-type]
    Channel.objects.update(paused_until=end + HOUR)
    sweep(end + MINUTE, 4)
    assert len(standing(RuleName.WAIT)) == len(standing(RuleName.BREAKER)) == 1


def test_as_many_statements_whatever_stands(tell: Tell) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as found:
            sweep(NOON + timedelta(hours=2), 1)
        return len(found)

    for _one in range(2):
        tell(at=NOON, circumstances=(Circumstance.IN_DANGER,))
    add_new_reports(at=NOON)
    few = statements()
    Alert.objects.all().delete()
    for _one in range(10):
        tell(at=NOON, circumstances=(Circumstance.IN_DANGER,))
    add_new_reports(at=NOON)
    assert statements() == few


# --- a person ---------------------------------------------------------------------------------------------


@pytest.fixture
def alert() -> Alert:
    """Something that stands."""
    return Alert.objects.create(rule=RuleName.WAIT, state=State.STANDING, seen_at=NOON, raised_at=NOON)


def test_who_takes_care_and_who_takes_it_back(alert: Alert, maud: Staff) -> None:
    assert actions.acknowledge(alert_id=alert.pk, word=" I call them ", by=maud, at=NOON)
    alert.refresh_from_db()
    assert (alert.acknowledged_by, actions.word_of(alert)) == (maud, "I call them")
    assert b"call" not in bytes(alert.word)
    assert not actions.acknowledge(alert_id=alert.pk, word="", by=maud, at=NOON)
    assert actions.take_back(alert_id=alert.pk, by=maud, at=NOON)
    assert not actions.take_back(alert_id=alert.pk, by=maud, at=NOON)
    alert.refresh_from_db()
    assert (alert.acknowledged_by, actions.word_of(alert)) == (None, "")
    assert list(
        AuditRow.objects.filter(verb__startswith="alert.").order_by("id").values_list("verb", flat=True)
    ) == [
        "alert.acknowledged",
        "alert.taken_back",
    ]


def test_what_is_over_is_not_answered(alert: Alert, maud: Staff) -> None:
    Alert.objects.update(state=State.OVER, over_at=NOON)
    assert not actions.acknowledge(alert_id=alert.pk, word="", by=maud, at=NOON)


def test_only_supervisors_answer(alert: Alert, nour: Staff, theo: Staff) -> None:
    for somebody in (nour, theo):
        with pytest.raises(PermissionDenied):
            actions.acknowledge(alert_id=alert.pk, word="", by=somebody, at=NOON)
        with pytest.raises(PermissionDenied):
            actions.take_back(alert_id=alert.pk, by=somebody, at=NOON)
        with pytest.raises(PermissionDenied):
            actions.wants_mail(staff=somebody, wants=True, at=NOON)


def test_who_acknowledged_stays_when_it_is_over(tell: Tell, maud: Staff) -> None:
    tell(at=NOON)
    add_new_reports(at=NOON)
    end = sweep(NOON + 5 * HOUR)
    [row] = standing(RuleName.WAIT)
    actions.acknowledge(alert_id=row.pk, word="", by=maud, at=end)
    QueueItem.objects.update(state=QueueState.CLOSED)
    sweep(end + MINUTE)
    row.refresh_from_db()
    assert (row.state, row.acknowledged_by) == (State.OVER, maud)


def test_what_has_long_been_over_goes(alert: Alert, settings: Any) -> None:
    Alert.objects.update(state=State.OVER, over_at=NOON)
    assert actions.forget(at=NOON + settings.ALERTS_KEEP - MINUTE) == 0
    assert actions.forget(at=NOON + settings.ALERTS_KEEP) == 1


def test_a_case_is_named_to_who_may_see_it(
    open_case: Callable[..., Case], maud: Staff, theo: Staff, alert: Alert
) -> None:
    case = open_case()
    Alert.objects.update(case=case)
    alert.refresh_from_db()
    assert desk.lines([alert], staff=maud, now=NOON)[0].ref == case.ref
    assert desk.lines([alert], staff=theo, now=NOON)[0].ref == ""


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_and_two_people_at_once(tell: Tell, maud: Staff) -> None:
    tell(at=NOON)
    add_new_reports(at=NOON)
    late = NOON + 5 * HOUR
    at_once(*(lambda: actions.sweep(at=late) for _one in range(3)))
    at_once(*(lambda: actions.sweep(at=late + MINUTE) for _one in range(3)))
    [row] = standing(RuleName.WAIT)
    said = at_once(
        *(lambda: actions.acknowledge(alert_id=row.pk, word="", by=maud, at=late) for _one in range(3))
    )
    assert sorted(map(str, said)) == ["False", "False", "True"]
    assert not Reader.objects.exists()


def test_a_platform_that_is_slower_than_it_was(
    open_case: Callable[..., Case], nour: Staff, chatter: Platform, settings: Any
) -> None:
    """By the same figures as on the dashboard: the last two weeks against the three whole months before them."""
    settings.ALERTS_ENOUGH = 2
    for asked, hours in ((NOON - timedelta(days=60), 1), (NOON - timedelta(days=1), 3)):
        for _one in range(2):
            takedown_of(
                open_case(),
                nour,
                requested_at=asked,
                sent_at=asked,
                acted_at=asked + hours * HOUR,
                transport=Result.ACCEPTED,
                transport_at=asked,
                status=Status.REMOVED,
                platform_says="removed",
                platform_at=asked + hours * HOUR,
            )
    fold(now=NOON)
    sweep(NOON)
    [row] = standing(RuleName.SLOWER)
    assert row.platform == chatter
    assert row.facts["now_s"] > 2 * row.facts["before_s"] > 0
    # Too few to say anything.
    settings.ALERTS_ENOUGH = 3
    sweep(NOON + HOUR)
    assert not standing(RuleName.SLOWER)
