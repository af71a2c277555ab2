"""What the watch of the processes sees is an alert like the others, and is not told a second time."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases.alerts import actions, telling
from cases.alerts.models import Alert
from cases.alerts.states import RuleName, State
from helpline.accounts.models import Staff
from helpline.health.models import Heartbeat
from helpline.health.views import SILENT_AFTER
from helpline.health.watch import STANDS, Watch
from tests.bell import Bell, a_bell
from tests.cases.alerts.test_sweep import MINUTE, standing, sweep
from tests.cast import NOON

pytestmark = pytest.mark.django_db
Desk = Callable[[Staff], Client]
PAGE = "/staff/alerts/"
WORKER_SILENT = "The worker, or what wakes it, is silent"


@pytest.fixture
def bell(settings: Any) -> Iterator[Bell]:
    """Where alerts and alarms are posted to."""
    with a_bell() as bell:
        settings.ALERTS_WEBHOOK = settings.ALARM_WEBHOOK = bell.address
        yield bell


@pytest.fixture(autouse=True)
def worker() -> Heartbeat:
    """One that was alive a moment ago."""
    return Heartbeat.objects.create(name="worker", beaten_at=timezone.now())


def beats(ago: timedelta = timedelta(0)) -> None:
    Heartbeat.objects.filter(name="worker").update(beaten_at=timezone.now() - ago)


def parts() -> list[str]:
    return sorted(row.subject for row in standing(RuleName.STOPPED))


def html(client: Client, address: str = PAGE) -> str:
    return str(client.get(address).content.decode())


def test_the_sweep_raises_what_the_watch_saw(maud: Staff, bell: Bell) -> None:
    """Given a mailbox that can't be read, then it is raised once, taken care of, and over when it is read again."""
    row = Heartbeat.objects.create(name=f"{STANDS}mailbox", beaten_at=NOON)
    end = sweep(NOON + MINUTE, 5)
    [alert] = Alert.objects.all()
    assert (alert.rule, alert.subject, alert.state) == ("stopped", "mailbox", State.STANDING)
    assert actions.acknowledge(alert_id=alert.pk, word="I call them", by=maud, at=end)
    row.delete()
    end = sweep(end + MINUTE)
    alert.refresh_from_db()
    assert (alert.state, alert.over_at, alert.acknowledged_by) == (State.OVER, end, maud)


def test_it_is_told_by_the_watch_alone(bell: Bell, settings: Any) -> None:
    """Neither its beginning nor its end, neither by POST nor by mail; what else stands is."""
    settings.ALERTS_EMAIL = ["night@chatter.example"]
    row = Heartbeat.objects.create(name=f"{STANDS}mailbox", beaten_at=NOON)
    end = sweep(NOON)
    assert parts() == ["mailbox"]
    assert telling.tell(at=end) == 0 and bell.heard == []
    Alert.objects.create(rule=RuleName.WAIT, state=State.STANDING, seen_at=NOON, raised_at=NOON)
    telling.tell(at=end)
    row.delete()
    end = sweep(end + MINUTE)
    assert parts() == []
    telling.tell(at=end + timedelta(hours=1))
    assert [one["rule"] for heard in bell.heard for one in heard["new"]] == ["wait"]
    assert [one["rule"] for heard in bell.heard for one in heard["over"]] == ["wait"]


def test_from_the_watch_to_the_list_and_back(desk: Desk, maud: Staff, bell: Bell) -> None:
    """Given a worker that dies while beat watches, then the operator is told once, the page lists it, and the first sweep
    of the next worker ends it."""
    watcher, client, now = Watch(), desk(maud), timezone.now()
    assert WORKER_SILENT not in html(client)
    beats(SILENT_AFTER + timedelta(seconds=1))
    for _look in range(3):
        watcher.look(now=now)
    for _twice in range(2):
        assert WORKER_SILENT in html(client)
    assert parts() == ["worker"] and Alert.objects.count() == 1
    [row] = standing(RuleName.STOPPED)
    said = client.post(f"{PAGE}{row.pk}/acknowledge/", {"word": "I look"}, follow=True).content.decode()
    assert "Noted that you take care of it." in said
    assert WORKER_SILENT in html(client, PAGE + "?tab=acknowledged")
    beats()
    watcher.look(now=now)
    sweep(now + MINUTE)
    assert parts() == []
    assert "A part of the machine has stopped" in html(client, PAGE + "?tab=over")
    telling.tell(at=now + 5 * MINUTE)
    assert [one["state"] for one in bell.heard] == ["failing", "well"]


def test_a_worker_that_dies_again_is_an_alert_again(desk: Desk, maud: Staff) -> None:
    client = desk(maud)
    for again in range(2):
        beats(SILENT_AFTER + MINUTE)
        html(client)
        beats()
        html(client)  # ended by the sweep, not by a page
        assert parts() == ["worker"]
        sweep(timezone.now() + (5 * again + 1) * MINUTE)
        assert parts() == []
    assert Alert.objects.filter(state=State.OVER).count() == 2


def test_while_no_sweep_runs_the_page_raises_what_else_stands(desk: Desk, maud: Staff) -> None:
    """What one look of a sweep had seen before the worker died stands, too, and nothing is there twice."""
    Heartbeat.objects.create(name=f"{STANDS}broker", beaten_at=NOON)
    sweep(NOON, 1)
    beats(SILENT_AFTER + MINUTE)
    for _twice in range(2):
        html(desk(maud))
    assert parts() == ["broker", "worker"]
    assert Alert.objects.count() == 2


def test_a_page_raises_nothing_while_a_worker_lives(desk: Desk, maud: Staff) -> None:
    Heartbeat.objects.create(name=f"{STANDS}mailbox", beaten_at=NOON)
    html(desk(maud))
    assert not Alert.objects.exists()


def test_the_page_costs_the_same_for_one_part_and_for_all(desk: Desk, maud: Staff) -> None:
    client = desk(maud)
    html(client)
    beats(SILENT_AFTER + MINUTE)
    counts = []
    for others in ((), ("broker", "oldest_due", "mailbox")):
        Alert.objects.all().delete()
        Heartbeat.objects.bulk_create(Heartbeat(name=STANDS + part, beaten_at=NOON) for part in others)
        with CaptureQueriesContext(connection) as found:
            html(client)
        counts.append(len(found))
    assert counts[0] == counts[1]
    assert len(parts()) == 4
