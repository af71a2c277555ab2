"""What waits for somebody's decision at the desk is told, whoever holds the case, or nobody."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases.alerts import actions, desk, looking, words
from cases.alerts.models import Alert
from cases.alerts.states import RuleName, State
from cases.ladder.models import Redress, Step
from cases.ladder.states import Kind, RedressState, Rung, StepState
from cases.models import Case
from cases.states import CaseStatus
from cases.takedowns.desk import NEEDS_A_PERSON, TABS
from cases.takedowns.models import Takedown
from cases.takedowns.states import Status
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from tests.cases.alerts.test_sweep import HOUR, MINUTE, standing, sweep, takedown_of
from tests.cast import NOON

pytestmark = pytest.mark.django_db
OpenCase = Callable[..., Case]
DAY = timedelta(days=1)


def late() -> dict[str, Any]:
    """Under which tabs something stands, and since when."""
    return {row.subject: row.facts["since"] for row in standing(RuleName.DESK_LATE)}


def complaint(row: Takedown, **facts: Any) -> Redress:
    """One that was filed at noon and is not answered."""
    return Redress.objects.create(
        takedown=row,
        state_at=NOON,
        opened_at=NOON,
        decision_at=NOON,
        filed_at=NOON,
        filed_by=row.notice.requested_by,
        window_until=NOON.date() + timedelta(days=100),
        **{"kind": Kind.INTERNAL, "state": RedressState.FILED} | facts,
    )


@pytest.mark.parametrize("tab", NEEDS_A_PERSON)
def test_each_tab_is_told_once_taken_care_of_and_over(
    tab: str, open_case: OpenCase, nour: Staff, maud: Staff, chatter: Platform
) -> None:
    """Given something under a tab for a day, in a case that nobody holds, then it is one alert until it is decided."""
    status = min(TABS[tab][1])
    for since in (NOON, NOON + 20 * HOUR):
        takedown_of(open_case(), nour, status=status, status_at=since)
    Case.objects.update(assignee=None)
    sweep(NOON + DAY - 5 * MINUTE)
    assert late() == {}
    end = sweep(NOON + DAY, 5)
    assert late() == {tab: NOON.isoformat()}
    [row] = standing(RuleName.DESK_LATE)
    assert row.facts["count"] == 2
    assert str(TABS[tab][0]) in words.for_mail(row) and str(TABS[tab][0]) in words.sentence(row, now=end)
    [line] = desk.lines([row], staff=maud, now=end)
    assert line.url == f"/staff/takedowns/?tab={tab}"
    assert actions.acknowledge(alert_id=row.pk, word="I file them", by=maud, at=end)
    # The oldest is decided; the other is young enough to be no alert of its own.
    Takedown.objects.filter(status_at=NOON).update(status=Status.GONE)
    sweep(end + MINUTE)
    assert late() == {}
    row.refresh_from_db()
    assert (row.state, row.acknowledged_by, Alert.objects.count()) == (State.OVER, maud, 1)


def test_its_page_opens_at_that_tab(desk: Callable[[Staff], Client], maud: Staff) -> None:
    for subject, address in (
        ("to-file", "/staff/takedowns/?tab=to-file"),
        ("unheard", "/staff/ladder/?tab=unheard"),
    ):
        Alert.objects.create(
            rule=RuleName.DESK_LATE, subject=subject, state=State.STANDING, seen_at=NOON, raised_at=NOON
        )
        client = desk(maud)
        assert f'href="{address}"' in client.get("/staff/alerts/").content.decode()
        assert client.get(address).status_code == 200


def test_what_is_held_is_told_too(open_case: OpenCase, nour: Staff, chatter: Platform) -> None:
    """Whoever holds a case has a task; that a day has passed all the same is a supervisor's to know."""
    takedown_of(open_case(), nour, status=Status.TO_FILE, status_at=NOON)
    sweep(NOON + DAY)
    assert set(late()) == {"to-file"}


@pytest.mark.parametrize(
    "changed",
    [
        {"status": Status.SENT},
        {"status": Status.CONTESTED},
        {"status": Status.WITHDRAWN},
        {"clock_paused_at": NOON},
        {"case__status": CaseStatus.CLOSED},
    ],
)
def test_what_waits_for_nobody_is_not_told(
    changed: dict[str, Any], open_case: OpenCase, nour: Staff, chatter: Platform
) -> None:
    row = takedown_of(open_case(), nour, status=Status.NO_ANSWER, status_at=NOON)
    if "case__status" in changed:
        Case.objects.update(status=changed["case__status"], closed_at=NOON, outcome="removed")
    else:
        Takedown.objects.filter(pk=row.pk).update(**changed)
    sweep(NOON + 3 * DAY)
    assert late() == {}


def test_what_has_a_next_step_is_the_ladders(open_case: OpenCase, nour: Staff, chatter: Platform) -> None:
    """Nothing is told twice: while a step stands, its own rule is about it."""
    row = takedown_of(open_case(), nour, status=Status.NO_ANSWER, status_at=NOON)
    step = Step.objects.create(
        takedown=row, rung=Rung.REMINDER, state=StepState.PROPOSED, state_at=NOON, due_at=NOON
    )
    end = sweep(NOON + 3 * DAY)
    assert late() == {} and len(standing(RuleName.STEPS_LATE)) == 1
    Step.objects.filter(pk=step.pk).update(state=StepState.SKIPPED)
    sweep(end + MINUTE)
    assert set(late()) == {"silent"} and not standing(RuleName.STEPS_LATE)


def test_a_complaint_unanswered_that_nobody_holds(
    open_case: OpenCase, nour: Staff, chatter: Platform
) -> None:
    """Told a day after its answer was due; whoever holds the case has a task instead."""
    row = takedown_of(open_case(), nour, status=Status.CONTESTED, status_at=NOON)
    complaint(row, answer_due_on=NOON.date())
    Case.objects.update(assignee=None)
    # The day after is the first that is late, and a day more has to pass.
    sweep(NOON + 30 * HOUR)
    assert late() == {}
    end = sweep(NOON + 2 * DAY)
    assert set(late()) == {"unheard"}
    Case.objects.update(assignee=nour)
    end = sweep(end + MINUTE)
    assert late() == {}
    Case.objects.update(assignee=None)
    end = sweep(end + MINUTE)
    assert set(late()) == {"unheard"}
    Redress.objects.update(state=RedressState.WITHDRAWN)
    sweep(end + MINUTE)
    assert late() == {}


def test_a_complaint_granted_in_vain_whoever_holds_the_case(
    open_case: OpenCase, nour: Staff, chatter: Platform
) -> None:
    row = takedown_of(open_case(), nour, status=Status.CONTESTED, status_at=NOON)
    complaint(row, kind=Kind.OUT_OF_COURT, state=RedressState.OVERTURNED, decided_at=NOON)
    end = sweep(NOON + DAY)
    assert late() == {"unheard": NOON.isoformat()}  # no task reminds the holder of it
    Case.objects.update(assignee=None)
    end = sweep(end + MINUTE)
    assert late() == {"unheard": NOON.isoformat()}
    Takedown.objects.update(status=Status.REMOVED)  # the platform followed
    sweep(end + MINUTE)
    assert late() == {}


def test_the_limit_is_the_operators(
    open_case: OpenCase, nour: Staff, chatter: Platform, settings: Any
) -> None:
    settings.ALERTS_DESK_HOURS = 2
    takedown_of(open_case(), nour, status=Status.FAILED, status_at=NOON)
    sweep(NOON + 2 * HOUR)
    assert set(late()) == {"failed"}
    assert "more than 2 h." in words.means(RuleName.DESK_LATE)


def test_two_statements_whatever_waits(open_case: OpenCase, nour: Staff, chatter: Platform) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as found:
            list(looking._desk(NOON + 3 * DAY))
        return len(found)

    assert statements() == 2
    for status in (Status.TO_FILE, Status.REFUSED, Status.NOT_FOUND, Status.UNKNOWN, Status.CONTESTED):
        row = takedown_of(open_case(), nour, status=status, status_at=NOON)
    complaint(row, answer_due_on=NOON.date())
    Case.objects.update(assignee=None)
    assert statements() == 2
    sweep(NOON + 3 * DAY)
    assert set(late()) == {"to-file", "refused", "unknown", "unheard"}
