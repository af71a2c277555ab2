"""Windows that open by themselves, reminders that come once, complaints and how they end."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from cases.ladder import actions, desk, redress, tasks
from cases.ladder.clock import TooLate
from cases.ladder.models import Redress
from cases.ladder.redress import months_later
from cases.ladder.reminding import REMIND, reminder_due
from cases.ladder.states import REDRESS_TRANSITIONS, ForbiddenMove, Kind, RedressState
from cases.models import Case
from cases.states import CaseStatus
from cases.takedowns.actions import follow_withdrawals, record_outcome, request_takedown
from cases.takedowns.models import Event, Notice, Takedown
from cases.takedowns.states import Outcome, Source, Status
from cases.todo import actions as todo
from cases.todo.models import OPEN, Task
from helpline.accounts.models import Staff
from helpline.crypto.wrapping import WrongKey
from helpline.platforms.models import Platform, Regime
from reports import actions as reports
from reports.models import Link, Update
from reports.states import AgeRange, News
from tests.at_once import at_once
from tests.cases.takedowns.standing import standing

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
END = datetime(2026, 9, 2, 12, tzinfo=UTC)  # the last day of the window
db = pytest.mark.django_db


@pytest.fixture
def refused(case: Case, nour: Staff, noon: datetime) -> Takedown:
    """The platform said no at noon."""
    takedown = standing(Status.REFUSED, case=case, by=nour, at=noon)
    Notice.objects.filter(pk=takedown.notice_id).update(reference="CH-1234")
    return Takedown.objects.get(pk=takedown.pk)


@pytest.fixture
def window(refused: Takedown, noon: datetime) -> Redress:
    """Its window, opened by the sweep."""
    redress.open_windows(at=noon + HOUR)
    return Redress.objects.get()


@pytest.fixture
def filed(window: Redress, nour: Staff, noon: datetime) -> Redress:
    """The complaint was filed two hours after noon."""
    redress.file(redress=window, reference="C-1", by=nour, at=noon + 2 * HOUR)
    return window


def status_of(takedown: Takedown) -> str:
    return Takedown.objects.get(pk=takedown.pk).status


def news(takedown: Takedown) -> list[str]:
    return list(
        Update.objects.filter(link=takedown.link_id).order_by("at", "id").values_list("what", flat=True)
    )


# --- when


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(0, 30))
def test_months_later_is_that_day_or_the_last_of_its_month(day: date, months: int) -> None:
    later = months_later(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later + DAY).day == 1


@given(st.integers(0, 200), st.lists(st.integers(0, 200), max_size=40))
def test_each_reminder_comes_once_and_in_order_on_whatever_days_somebody_looks(
    length: int, days: list[int]
) -> None:
    start, given_out = date(2026, 1, 1), []
    until, reminded = start + length * DAY, None
    for day in sorted(one for one in days if one <= length):
        found = reminder_due(until, start + day * DAY, reminded)
        if found is not None:
            assert (until - (start + day * DAY)).days <= found
            given_out.append(found)
            reminded = found
    assert given_out == sorted(set(given_out), reverse=True)
    assert set(given_out) <= set(REMIND)


# --- the window


@db
@pytest.mark.parametrize("status", [Status.REFUSED, Status.PARTLY_REMOVED, Status.DISABLED])
def test_a_decision_opens_six_months(status: Status, case: Case, nour: Staff, noon: datetime) -> None:
    standing(status, case=case, by=nour, at=noon)
    assert redress.open_windows(at=noon + HOUR) == 1
    assert redress.open_windows(at=noon + HOUR) == 0
    window = Redress.objects.get()
    assert (window.kind, window.state, window.window_until) == ("internal", "to_file", date(2026, 9, 2))


@db
def test_a_day_that_the_platform_named_wins(case: Case, nour: Staff, noon: datetime) -> None:
    takedown = standing(Status.SENT, case=case, by=nour, at=noon)
    record_outcome(
        takedown=takedown,
        outcome=Outcome.REFUSED,
        source=Source.CALLBACK,
        at=noon,
        recorded_at=noon,
        redress_until=date(2026, 12, 24),
    )
    redress.open_windows(at=noon)
    assert Redress.objects.get().window_until == date(2026, 12, 24)


@db
@pytest.mark.parametrize("status", [Status.SENT, Status.REMOVED, Status.NOT_FOUND, Status.NO_ANSWER])
def test_what_was_not_refused_opens_none(status: Status, case: Case, nour: Staff, noon: datetime) -> None:
    standing(status, case=case, by=nour, at=noon)
    assert redress.open_windows(at=noon) == 0


@db
def test_outside_the_services_act_there_is_no_window(refused: Takedown, noon: datetime) -> None:
    Notice.objects.update(regimes=[Regime.US_TAKE_IT_DOWN])
    assert redress.open_windows(at=noon) == 0


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_open_one_and_remind_once(refused: Takedown, noon: datetime) -> None:
    at_once(lambda: redress.open_windows(at=noon), lambda: redress.open_windows(at=noon))
    assert Redress.objects.count() == 1
    soon = noon + 160 * DAY
    at_once(lambda: redress.remind(at=soon), lambda: redress.remind(at=soon))
    assert Task.objects.count() == 1


@db
def test_what_several_share_is_contested_once(
    open_case: Callable[..., Case], chatter: Platform, nour: Staff, noon: datetime
) -> None:
    first = standing(Status.SENT, case=open_case(age_range=AgeRange.ADULT), by=nour, at=noon)
    other = open_case(age_range=AgeRange.ADULT)
    [second] = request_takedown(case=other, links=list(other.report.links.all()), by=nour, at=noon)
    record_outcome(takedown=first, outcome=Outcome.REFUSED, source=Source.CALLBACK, at=noon, recorded_at=noon)
    assert redress.open_windows(at=noon) == 1
    redress.file(redress=Redress.objects.get(), reference="", by=nour, at=noon)
    assert [status_of(first), status_of(second)] == [Status.CONTESTED] * 2
    assert [news(one)[-1] for one in (first, second)] == [News.CONTESTED] * 2


def open_tasks(holder: Staff) -> list[Task]:
    """What the holder of the case is asked to do."""
    return list(Task.objects.open_for(holder).order_by("made_at"))


@db
def test_the_holder_is_reminded_at_thirty_seven_and_one_days_once_each(window: Redress, nour: Staff) -> None:
    given = []
    for days in (60, 31, 30, 29, 8, 7, 7, 2, 1, 0):
        redress.remind(at=END - days * DAY)
        redress.remind(at=END - days * DAY)
        given.append([(END - task.made_at).days for task in open_tasks(nour)])
    # The later stands in the earlier's place.
    assert given == [[], [], [30], [30], [30], [7], [7], [7], [1], [1]]
    [task] = open_tasks(nour)
    text = task.case.box().open(task, "text")
    assert "Chatter" in text and "2026-09-02" in text
    redress.remind(at=END + DAY)
    window.refresh_from_db()
    assert (window.state, open_tasks(nour)) == (RedressState.LAPSED, [])
    assert redress.remind(at=END + 2 * DAY) == 0
    assert Event.objects.filter(what="lapsed").count() == 1


def unheard(staff: Staff, at: datetime) -> list[Redress]:
    return list(desk.under_tab(staff, "unheard", at=at))


@db
def test_a_complaint_that_nobody_answers_is_brought_to_mind_once(
    filed: Redress, nour: Staff, noon: datetime
) -> None:
    due = noon + timedelta(days=settings.COMPLAINT_DAYS)
    assert redress.remind_of_answers(at=due) == 0  # its last day
    assert unheard(nour, due) == []

    assert redress.remind_of_answers(at=due + DAY) == 1
    assert redress.remind_of_answers(at=due + 2 * DAY) == 0

    assert unheard(nour, due + DAY) == [filed]
    [task] = open_tasks(nour)
    text = task.case.box().open(task, "text")
    assert "Chatter" in text and "2026-03-16" in text
    redress.decide(redress=filed, state=RedressState.UPHELD, words="", by=nour, at=due + 3 * DAY)
    assert (unheard(nour, due + 3 * DAY), open_tasks(nour)) == ([], [])
    redress.undo(redress=filed, by=nour, at=due + 3 * DAY + timedelta(minutes=1))
    assert open_tasks(nour) == [task]


@db
def test_whoever_gets_the_case_later_is_reminded_of_the_complaint(
    filed: Redress, nour: Staff, noon: datetime
) -> None:
    late = noon + timedelta(days=settings.COMPLAINT_DAYS) + DAY
    case = filed.takedown.case
    Case.objects.filter(pk=case.pk).update(assignee=None)
    assert redress.remind_of_answers(at=late) == 0
    Case.objects.filter(pk=case.pk).update(assignee=nour)
    assert redress.remind_of_answers(at=late) == 1
    assert len(open_tasks(nour)) == 1


@db
def test_a_body_that_decides_for_us_leaves_the_platform_to_be_asked(
    refused: Takedown, nour: Staff, noon: datetime
) -> None:
    way = redress.open_out_of_court(takedown=refused, by=nour, at=noon + HOUR)
    redress.file(redress=way, reference="", by=nour, at=noon + 2 * HOUR)
    assert unheard(nour, noon + DAY) == []
    redress.decide(redress=way, state=RedressState.OVERTURNED, words="", by=nour, at=noon + 10 * DAY)
    assert unheard(nour, noon + 10 * DAY) == [way]
    refused.refresh_from_db()
    record_outcome(
        takedown=refused,
        outcome=Outcome.REMOVED,
        source=Source.PERSON,
        at=noon + 11 * DAY,
        recorded_at=noon + 11 * DAY,
        by=nour,
    )
    assert unheard(nour, noon + 11 * DAY) == []


@db
def test_after_a_month_without_a_worker_the_nearest_reminder_comes_alone(
    window: Redress, nour: Staff
) -> None:
    redress.remind(at=END - 3 * DAY)
    window.refresh_from_db()
    assert (window.reminded, window.reminded_at, len(open_tasks(nour))) == (7, END - 3 * DAY, 1)


@db
def test_what_was_ticked_comes_again_only_with_the_next_reminder(window: Redress, nour: Staff) -> None:
    redress.remind(at=END - 30 * DAY)
    todo.tick(task=Task.objects.get(), by=nour, at=END - 29 * DAY)
    redress.remind(at=END - 20 * DAY)
    assert open_tasks(nour) == []
    redress.remind(at=END - 7 * DAY)
    assert len(open_tasks(nour)) == 1
    assert Task.objects.exclude(done_at=None).count() == 1


@db
@pytest.mark.parametrize("way", ["file", "drop"])
def test_who_decided_is_not_reminded_until_that_is_taken_back(way: str, window: Redress, nour: Staff) -> None:
    at = END - 7 * DAY
    redress.remind(at=at)
    if way == "file":
        redress.file(redress=window, reference="", by=nour, at=at + HOUR)
    else:
        redress.drop(redress=window, by=nour, at=at + HOUR)
    assert open_tasks(nour) == []
    redress.undo(redress=window, by=nour, at=at + HOUR)
    assert len(open_tasks(nour)) == 1


@db
def test_what_the_sweep_ends_reminds_nobody(window: Redress, refused: Takedown, nour: Staff) -> None:
    redress.remind(at=END - 7 * DAY)
    reports.withdraw(report=refused.case.report, links=[Link.objects.get(pk=refused.link_id)], at=END)
    assert redress.end_redress(at=END) == 1
    assert not Task.objects.filter(OPEN).exists()


@db
def test_where_nobody_can_be_reminded_the_list_shows_it_and_the_sweep_goes_on(
    window: Redress, nour: Staff
) -> None:
    Case.objects.update(assignee=None)
    assert redress.remind(at=END - 30 * DAY) == 1
    assert redress.remind(at=END - 30 * DAY) == 0
    window.refresh_from_db()
    assert (window.reminded, window.reminded_at, Task.objects.count()) == (30, None, 0)
    # Whoever holds it without the right to work on it would be told of what they can't open.
    nour.role.permissions = []
    nour.role.save()
    Case.objects.update(assignee=nour)
    assert redress.remind(at=END - 7 * DAY) == 1
    assert Task.objects.count() == 0


@db
def test_a_closed_case_reminds_nobody_and_does_so_once_it_is_open_again(window: Redress) -> None:
    Case.objects.update(status=CaseStatus.CLOSED, closed_at=END, outcome="advice")
    assert redress.remind(at=END - 7 * DAY) == 0
    Case.objects.update(status=CaseStatus.OPEN, closed_at=None, outcome="")
    assert redress.remind(at=END - 7 * DAY) == 1
    assert Task.objects.count() == 1


@db
def test_by_the_machines_own_clock_an_old_window_opens_and_lapses_in_sweeps(refused: Takedown) -> None:
    tasks.sweep_redress()
    assert Redress.objects.get().state == RedressState.LAPSED


# --- the complaint


@db
def test_the_draft_says_what_was_decided_and_nothing_about_the_young_person(
    open_case: Callable[..., Case], chatter: Platform, nour: Staff, noon: datetime
) -> None:
    case = open_case(school="Collège des Dunes", answers={"handle": "river.kid"})
    takedown = standing(Status.REFUSED, case=case, by=nour, at=noon)
    Notice.objects.update(reference="CH-1234")
    redress.open_windows(at=noon)
    text = redress.complaint(Redress.objects.get())
    for said in (
        "article 20",
        str(takedown.notice_id),
        "CH-1234",
        "https://chatter.example/p/1",
        "2 March 2026",
    ):
        assert said in text.replace("March 2, 2026", "2 March 2026"), said
    for private in ("dunes", "river.kid", case.ref.lower(), str(case.report_id), "15"):
        assert private not in text.lower().replace(str(takedown.notice_id), "")


@db
def test_filing_contests_the_decision_and_tells(filed: Redress, refused: Takedown, nour: Staff) -> None:
    assert (filed.state, filed.filed_by_id, filed.answer_due_on) == ("filed", nour.pk, date(2026, 3, 16))
    assert status_of(refused) == Status.CONTESTED
    assert news(refused)[-1] == News.CONTESTED
    assert refused.case.box().open(filed, "reference") == "C-1"


@db
@pytest.mark.parametrize(
    ("state", "status"),
    [
        (RedressState.OVERTURNED, Status.REMOVED),
        (RedressState.PARTLY, Status.PARTLY_REMOVED),
        (RedressState.UPHELD, Status.REFUSED),
    ],
)
def test_how_the_platform_decides(
    state: RedressState, status: Status, filed: Redress, refused: Takedown, nour: Staff, noon: datetime
) -> None:
    redress.decide(redress=filed, state=state, words="Sorry.", by=nour, at=noon + DAY)
    assert (filed.state, filed.decided_at, filed.answer_due_on) == (state, noon + DAY, None)
    assert status_of(refused) == status
    assert refused.case.box().open(filed, "words") == "Sorry."


@db
def test_after_it_the_sweep_opens_no_second_window(filed: Redress, nour: Staff, noon: datetime) -> None:
    redress.decide(redress=filed, state=RedressState.UPHELD, words="", by=nour, at=noon + DAY)
    assert redress.open_windows(at=noon + DAY) == 0
    redress.end_redress(at=noon + DAY)
    filed.refresh_from_db()
    assert filed.state == RedressState.UPHELD


@db
def test_decisions_are_counted_by_platform(filed: Redress, nour: Staff, noon: datetime) -> None:
    redress.decide(redress=filed, state=RedressState.OVERTURNED, words="", by=nour, at=noon + DAY)
    [row] = redress.decisions(since=noon, until=noon + 2 * DAY)
    assert row == {"platform": "chatter", "kind": "internal", "overturned": 1, "partly": 0, "upheld": 0}
    assert redress.decisions(since=noon + 2 * DAY, until=noon + 3 * DAY) == []


# --- the body out of court


@db
@pytest.mark.parametrize(("is_complex", "days"), [(False, 90), (True, 180)])
def test_a_body_has_ninety_days_or_a_hundred_and_eighty(
    is_complex: bool, days: int, refused: Takedown, nour: Staff, noon: datetime
) -> None:
    way = redress.open_out_of_court(takedown=refused, by=nour, at=noon + HOUR)
    redress.file(redress=way, reference="B-1", body="A body", is_complex=is_complex, by=nour, at=noon + HOUR)
    assert way.answer_due_on == date(2026, 3, 2) + days * DAY
    assert status_of(refused) == Status.CONTESTED


@db
def test_a_bodys_word_binds_nobody_so_the_platforms_own_is_still_awaited(
    refused: Takedown, nour: Staff, noon: datetime
) -> None:
    way = redress.open_out_of_court(takedown=refused, by=nour, at=noon + HOUR)
    redress.file(redress=way, reference="", by=nour, at=noon + HOUR)
    redress.decide(redress=way, state=RedressState.OVERTURNED, words="", by=nour, at=noon + DAY)
    assert status_of(refused) == Status.CONTESTED
    redress.undo(redress=way, by=nour, at=noon + DAY)
    assert (way.state, way.decided_at) == (RedressState.FILED, None)


@db
def test_its_papers_hold_the_decision(filed: Redress, refused: Takedown, nour: Staff, noon: datetime) -> None:
    way = redress.open_out_of_court(takedown=refused, by=nour, at=noon + DAY)
    body = redress.make_pack(redress=way, by=nour, at=noon + DAY)
    text = " ".join("".join(page.extract_text() for page in PdfReader(BytesIO(body)).pages).split())
    for said in ("What is disputed", "Refused", "CH-1234", "The helpline, in its own name", "DSA art. 21"):
        assert said in text, said
    assert refused.case.ref not in text


@db
def test_the_way_is_opened_once_and_only_against_a_decision(
    refused: Takedown, nour: Staff, noon: datetime
) -> None:
    redress.open_out_of_court(takedown=refused, by=nour, at=noon)
    with pytest.raises(ForbiddenMove):
        redress.open_out_of_court(takedown=refused, by=nour, at=noon)
    Takedown.objects.update(status=Status.REMOVED)
    with pytest.raises(ForbiddenMove):
        redress.open_out_of_court(takedown=refused, by=nour, at=noon)


# --- taking back, ending, who may


@db
def test_filing_is_undone_within_minutes(
    filed: Redress, refused: Takedown, nour: Staff, noon: datetime
) -> None:
    redress.undo(redress=filed, by=nour, at=noon + 2 * HOUR)
    assert (filed.state, filed.filed_at, filed.reference) == (RedressState.TO_FILE, None, None)
    assert status_of(refused) == Status.REFUSED


@db
def test_later_it_stays(filed: Redress, nour: Staff, noon: datetime) -> None:
    with pytest.raises(TooLate):
        redress.undo(redress=filed, by=nour, at=noon + 3 * HOUR)


@db
def test_a_refusal_that_stands_is_undone_what_was_told_is_not(
    filed: Redress, refused: Takedown, nour: Staff, noon: datetime
) -> None:
    redress.decide(redress=filed, state=RedressState.UPHELD, words="No.", by=nour, at=noon + DAY)
    redress.undo(redress=filed, by=nour, at=noon + DAY)
    assert (filed.state, filed.words, status_of(refused)) == (RedressState.FILED, None, Status.CONTESTED)
    redress.decide(redress=filed, state=RedressState.OVERTURNED, words="", by=nour, at=noon + DAY)
    with pytest.raises(ForbiddenMove):
        redress.undo(redress=filed, by=nour, at=noon + DAY)


@db
def test_nobody_complains_after_all_and_that_is_undone(
    window: Redress, refused: Takedown, nour: Staff, noon: datetime
) -> None:
    redress.drop(redress=window, by=nour, at=noon + DAY)
    assert window.state == RedressState.WITHDRAWN
    redress.undo(redress=window, by=nour, at=noon + DAY)
    assert window.state == RedressState.TO_FILE
    redress.file(redress=window, reference="", by=nour, at=noon + DAY)
    redress.drop(redress=window, by=nour, at=noon + DAY)
    assert status_of(refused) == Status.REFUSED
    redress.undo(redress=window, by=nour, at=noon + DAY)
    assert (window.state, status_of(refused)) == (RedressState.FILED, Status.CONTESTED)


@db
def test_granted_meanwhile_or_withdrawn_no_complaint_is_needed(
    window: Redress, refused: Takedown, noon: datetime
) -> None:
    record_outcome(
        takedown=refused,
        outcome=Outcome.REMOVED,
        source=Source.CALLBACK,
        at=noon + DAY,
        recorded_at=noon + DAY,
    )
    assert redress.end_redress(at=noon + DAY) == 1
    window.refresh_from_db()
    assert window.state == RedressState.WITHDRAWN


@db
def test_withdrawn_by_the_young_person_ends_it(filed: Redress, refused: Takedown, noon: datetime) -> None:
    reports.withdraw(report=refused.case.report, links=[Link.objects.get(pk=refused.link_id)], at=noon)
    follow_withdrawals(at=noon)
    assert redress.end_redress(at=noon) == 1
    assert redress.open_windows(at=noon) == 0


@db
def test_erasure_blanks_the_words_and_ends_it(
    filed: Redress, refused: Takedown, nour: Staff, noon: datetime
) -> None:
    reports.erase_report(report=refused.case.report, by=nour, at=noon)
    assert redress.end_redress(at=noon) == 1
    assert actions.follow_erasures() == 1
    filed.refresh_from_db()
    assert (filed.reference, filed.words, filed.state) == (None, None, RedressState.WITHDRAWN)
    with pytest.raises(WrongKey):
        redress.complaint(Redress.objects.select_related("takedown__case__report").get())


@db
def test_a_colleague_of_another_team_may_do_nothing(
    filed: Redress, refused: Takedown, sacha: Staff, noon: datetime
) -> None:
    tries: list[Callable[[], Any]] = [
        lambda: redress.file(redress=filed, reference="", by=sacha, at=noon),
        lambda: redress.decide(redress=filed, state=RedressState.UPHELD, words="", by=sacha, at=noon),
        lambda: redress.drop(redress=filed, by=sacha, at=noon),
        lambda: redress.undo(redress=filed, by=sacha, at=noon),
        lambda: redress.make_pack(redress=filed, by=sacha, at=noon),
        lambda: redress.open_out_of_court(takedown=refused, by=sacha, at=noon),
    ]
    for act in tries:
        with pytest.raises(PermissionDenied):
            act()


@pytest.mark.django_db(transaction=True)
def test_two_colleagues_who_file_at_once_file_one(
    window: Redress, nour: Staff, maud: Staff, noon: datetime
) -> None:
    one, other = Redress.objects.get(), Redress.objects.get()
    answers = at_once(
        lambda: redress.file(redress=one, reference="1", by=nour, at=noon + DAY),
        lambda: redress.file(redress=other, reference="2", by=maud, at=noon + DAY),
    )
    assert sorted(isinstance(answer, ForbiddenMove) for answer in answers) == [False, True], answers
    assert Update.objects.filter(what=News.CONTESTED).count() == 1


@pytest.mark.parametrize("before", RedressState)
@pytest.mark.parametrize("after", RedressState)
def test_every_move_of_a_complaint(before: RedressState, after: RedressState, noon: datetime) -> None:
    one = Redress(kind=Kind.INTERNAL, state=before)
    if after in REDRESS_TRANSITIONS[before]:
        one.move(after, at=noon)
        assert (one.state, one.state_at) == (after, noon)
    else:
        with pytest.raises(ForbiddenMove):
            one.move(after, at=noon)
