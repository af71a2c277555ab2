"""When something stops, whoever operates this is told: once, by mail and by POST, and again when all is well."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.utils import OperationalError
from django.utils import timezone

from helpline.health import watch
from helpline.health.models import Heartbeat
from helpline.health.watch import AGREED, TOLD, Watch
from tests.bell import Bell, a_bell
from tests.platforms.simulator import RunningSimulator

pytestmark = pytest.mark.django_db
SILENT = timedelta(seconds=91)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def bell(settings: Any) -> Iterator[Bell]:
    """Where alarms are posted to."""
    with a_bell() as bell:
        settings.ALARM_WEBHOOK = f"{bell.address}?from=helpline"
        yield bell


@pytest.fixture
def now() -> datetime:
    """Everything is alive at this moment."""
    now = timezone.now()
    Heartbeat.objects.create(name="worker", beaten_at=now)
    return now


def stop_worker() -> None:
    Heartbeat.objects.filter(name="worker").update(beaten_at=timezone.now() - SILENT)


def look(watcher: Watch, now: datetime, times: int = AGREED) -> None:
    for _ in range(times):
        watcher.look(now=now)


def test_a_dead_worker_is_told_once_by_all_watchers_and_its_recovery_too(bell: Bell, now: datetime) -> None:
    beat, other = Watch(), Watch()
    look(beat, now)
    assert bell.heard == []
    stop_worker()
    beat.look(now=now)
    assert bell.heard == []  # one look is not enough
    for _ in range(3):
        look(beat, now)
        look(other, now)
    assert [one["state"] for one in bell.heard] == ["failing"]
    assert bell.heard[0]["checks"]["worker"].startswith("no sign of life for 9")
    Heartbeat.objects.filter(name="worker").update(beaten_at=timezone.now())
    look(other, now)
    look(beat, now)
    assert [one["state"] for one in bell.heard] == ["failing", "well"]
    assert not Heartbeat.objects.filter(name__startswith=TOLD).exists()


def test_a_trouble_that_stands_hides_no_other(bell: Bell, now: datetime, settings: Any) -> None:
    """Given something that has been wrong for days, then a worker that dies is told, and a second time, too."""
    settings.OLDEST_DUE = f"{__name__}.long_ago"
    watcher = Watch()
    look(watcher, now, 4)
    stop_worker()
    look(watcher, now, 4)
    assert [set(one["checks"]) for one in bell.heard] == [{"oldest_due"}, {"oldest_due", "worker"}]
    Heartbeat.objects.filter(name="worker").update(beaten_at=timezone.now())
    look(watcher, now, 4)
    stop_worker()
    look(watcher, now, 4)
    assert [set(one["checks"]) for one in bell.heard[2:]] == [{"oldest_due", "worker"}]


def test_two_looks_and_a_silent_worker_are_less_than_two_minutes() -> None:
    from helpline.health.views import SILENT_AFTER

    assert SILENT_AFTER.total_seconds() + (AGREED + 0.5) * watch.LOOK_EVERY < 120


def test_an_alarm_that_nobody_took_is_told_again(bell: Bell, now: datetime) -> None:
    watcher = Watch()
    stop_worker()
    bell.answers = 500
    look(watcher, now, 3)
    assert not Heartbeat.objects.filter(name__startswith=TOLD).exists()
    bell.answers = 204
    look(watcher, now, 3)
    assert len(bell.heard) == 1


def test_what_stands_is_noted_though_nobody_could_be_told(bell: Bell, now: datetime, settings: Any) -> None:
    """Since when watchers agree, and no longer than it stands."""
    settings.OLDEST_DUE = f"{__name__}.long_ago"
    bell.answers = 500
    watcher = Watch()
    watcher.look(now=now)
    assert watch.standing() == {}  # one look is not enough
    for minutes in (1, 2):
        watcher.look(now=now + minutes * MINUTE)
    stop_worker()
    look(watcher, now + 3 * MINUTE)
    assert watch.standing() == {"oldest_due": now + MINUTE, "worker": now + 3 * MINUTE}
    Heartbeat.objects.filter(name="worker").update(beaten_at=timezone.now())
    look(Watch(), now + 4 * MINUTE)
    assert watch.standing() == {"oldest_due": now + MINUTE}
    settings.OLDEST_DUE = "cases.takedowns.actions.oldest_due"
    Watch().look(now=now + 5 * MINUTE)
    assert watch.standing() == {}


def test_by_mail_with_nothing_but_the_parts(
    simulator: RunningSimulator, settings: Any, now: datetime
) -> None:
    settings.ALARM_EMAIL = ["oncall@chatter.example"]
    stop_worker()
    look(Watch(), now)
    [letter] = simulator.ask("mails")
    assert "something has stopped" in json.dumps(letter)


def test_work_that_waits_too_long_is_told(bell: Bell, now: datetime, settings: Any) -> None:
    settings.OLDEST_DUE = f"{__name__}.long_ago"
    look(Watch(), now)
    assert list(bell.heard[0]["checks"]) == ["oldest_due"]


def long_ago() -> datetime:
    """Since when something is due, in one test."""
    return timezone.now() - timedelta(minutes=10)


def test_without_a_database_each_watcher_tells_it_once(
    bell: Bell, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher = Watch()
    with monkeypatch.context() as away:

        def refuse(*args: Any, **kwargs: Any) -> None:
            raise OperationalError("no route to host")

        away.setattr(connection, "cursor", refuse)
        look(watcher, now, 5)
        assert [one["state"] for one in bell.heard] == ["failing"]
        assert "database" in bell.heard[0]["checks"]
    look(watcher, now, 3)
    assert [one["state"] for one in bell.heard] == ["failing", "well"]


@pytest.mark.parametrize("address", ["ftp://127.0.0.1/x", "no address", "http://[", "https://"])
def test_a_wrong_address_breaks_no_watch(now: datetime, settings: Any, address: str) -> None:
    settings.ALARM_WEBHOOK = address
    stop_worker()
    watcher = Watch()
    look(watcher, now)
    assert not Heartbeat.objects.filter(name__startswith=TOLD).exists()


def test_with_nobody_to_tell_the_log_says_it(
    now: datetime, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ALARM_EMAIL, settings.ALARM_WEBHOOK = [], ""
    stop_worker()
    look(Watch(), now, 5)
    assert [one.getMessage() for one in caplog.records if one.name == watch.__name__] == [
        "Something has stopped: worker."
    ]
