"""Told once by each way, over real lines: nothing lost, nobody named."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from cases.alerts import actions, tasks, telling
from cases.alerts.models import Alert, Reader
from cases.alerts.states import RuleName, State
from cases.models import Case
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from tests.bell import Bell, a_bell
from tests.cast import NOON
from tests.platforms.simulator import RunningSimulator

MINUTE = timedelta(minutes=1)


@pytest.fixture
def bell(settings: Any) -> Iterator[Bell]:
    """Where alerts are posted to."""
    with a_bell() as bell:
        settings.ALERTS_WEBHOOK = bell.address
        yield bell


def alert(rule: RuleName = RuleName.WAIT, **facts: Any) -> Alert:
    """Something that stands."""
    return Alert.objects.create(
        **{"rule": rule, "state": State.STANDING, "seen_at": NOON, "raised_at": NOON} | facts
    )


def end(row: Alert, at: datetime = NOON) -> None:
    Alert.objects.filter(pk=row.pk).update(state=State.OVER, over_at=at)


@pytest.fixture
def wanting(maud: Staff) -> Staff:
    """A supervisor who wants them by mail."""
    Staff.objects.filter(pk=maud.pk).update(email="maud@chatter.example")
    maud.refresh_from_db()
    actions.wants_mail(staff=maud, wants=True, at=NOON)
    return maud


def mails(simulator: RunningSimulator) -> list[str]:
    return [json.dumps(one) for one in simulator.ask("mails")]


@pytest.mark.django_db
def test_posted_once_and_over_once(bell: Bell, chatter: Platform) -> None:
    row = alert(RuleName.SILENT, platform=chatter, subject=str(chatter.pk), facts={"count": 3})
    assert telling.tell(at=NOON) == 1
    assert telling.tell(at=NOON + MINUTE) == 0
    assert [(one["rule"], one["platform"], one["count"]) for one in bell.heard[0]["new"]] == [
        ("silent", "chatter", 3)
    ]
    end(row)
    telling.tell(at=NOON + 2 * MINUTE)
    telling.tell(at=NOON + 3 * MINUTE)
    assert [(len(one["new"]), len(one["over"])) for one in bell.heard] == [(1, 0), (0, 1)]


@pytest.mark.django_db
def test_nobody_is_named(
    bell: Bell, simulator: RunningSimulator, wanting: Staff, open_case: Callable[..., Case]
) -> None:
    case = open_case()
    alert(RuleName.DEADLINE, case=case, subject=str(case.report_id), facts={"until": NOON.isoformat()})
    telling.tell(at=NOON)
    told = json.dumps(bell.heard) + "".join(mails(simulator))
    assert "deadline" in told
    for secret in (case.ref, str(case.report_id), "chatter.example/p/1"):
        assert secret not in told


@pytest.mark.django_db
@pytest.mark.parametrize("answer", [500, 404, 302])
def test_what_was_not_taken_is_told_again(bell: Bell, answer: int) -> None:
    """A redirect is not followed either."""
    alert()
    bell.answers = answer
    assert telling.tell(at=NOON) == 0
    assert bell.asked == 1
    bell.answers = 204
    assert telling.tell(at=NOON + MINUTE) == 1
    assert len(bell.heard) == 1


@pytest.mark.django_db
def test_what_was_over_before_anybody_was_told_is_not_told(bell: Bell, settings: Any) -> None:
    end(alert())
    Alert.objects.create(rule=RuleName.DANGER, state=State.SEEN, seen_at=NOON)
    assert telling.tell(at=NOON) == 0
    assert bell.heard == []


@pytest.mark.django_db
def test_one_mail_for_all_that_is_new(simulator: RunningSimulator, wanting: Staff, settings: Any) -> None:
    settings.ALERTS_EMAIL = ["night@chatter.example"]
    alert(RuleName.WAIT)
    alert(RuleName.STEPS_LATE)
    assert telling.tell(at=NOON) == 2
    [letter] = mails(simulator)
    for word in ("night@chatter.example", "maud@chatter.example"):
        assert word in letter
    alert(RuleName.DANGER)
    telling.tell(at=NOON + MINUTE)
    assert len(mails(simulator)) == 1  # so soon after the first
    end(Alert.objects.get(rule=RuleName.WAIT))
    assert telling.tell(at=NOON + settings.ALERTS_MAIL_EVERY) == 2
    telling.tell(at=NOON + 3 * settings.ALERTS_MAIL_EVERY)
    assert len(mails(simulator)) == 2


@pytest.mark.django_db
def test_a_mail_server_that_is_gone_loses_nothing(
    simulator: RunningSimulator, wanting: Staff, settings: Any
) -> None:
    alert()
    there, settings.EMAIL_PORT = settings.EMAIL_PORT, 9
    assert telling.tell(at=NOON) == 0
    settings.EMAIL_PORT = there
    assert telling.tell(at=NOON + MINUTE) == 1
    assert len(mails(simulator)) == 1


@pytest.mark.django_db
def test_whoever_dies_before_noting_tells_it_again(bell: Bell, monkeypatch: pytest.MonkeyPatch) -> None:
    alert()
    with monkeypatch.context() as broken, pytest.raises(RuntimeError):
        broken.setattr(telling, "_note", _dies)
        telling.tell(at=NOON)
    telling.tell(at=NOON)
    assert len(bell.heard) == 2


def _dies(*args: Any) -> None:
    raise RuntimeError


@pytest.mark.django_db
def test_what_somebody_is_on_already_is_not_mailed(simulator: RunningSimulator, wanting: Staff) -> None:
    row = alert()
    actions.acknowledge(alert_id=row.pk, word="", by=wanting, at=NOON)
    assert telling.tell(at=NOON) == 0
    actions.take_back(alert_id=row.pk, by=wanting, at=NOON)
    assert telling.tell(at=NOON) == 1


@pytest.mark.django_db
def test_who_reads_them(wanting: Staff, nour: Staff, settings: Any) -> None:
    settings.ALERTS_EMAIL = ["maud@chatter.example"]  # the same address twice is one
    Reader.objects.create(staff=nour, since=NOON)
    Staff.objects.filter(pk=nour.pk).update(email="nour@chatter.example")
    assert telling.readers() == ["maud@chatter.example"]
    settings.ALERTS_EMAIL = []
    Staff.objects.filter(pk=wanting.pk).update(is_active=False)
    assert telling.readers() == []


@pytest.mark.django_db
def test_outside_the_hours_mails_wait(simulator: RunningSimulator, wanting: Staff, settings: Any) -> None:
    settings.ALERTS_HOURS = [22, 7]
    alert()
    assert telling.tell(at=NOON) == 0
    assert telling.tell(at=NOON + timedelta(hours=10)) == 1


@given(hour=st.integers(0, 23), first=st.integers(0, 24), last=st.integers(0, 24))
def test_hours(hour: int, first: int, last: int) -> None:
    at = timezone.make_aware(datetime(2026, 3, 2, hour, 30))
    asked = {(first + step) % 24 for step in range((last - first) % 24 or 24)}
    assert telling.is_hour(at, [first, last]) is (hour in asked)


@pytest.mark.django_db
def test_the_task_judges_and_tells(bell: Bell, chatter: Platform) -> None:
    tasks.sweep()
    tasks.forget()
    assert bell.heard == []


@pytest.mark.django_db
def test_many_that_are_taken_care_of_hide_no_new_one(
    simulator: RunningSimulator, wanting: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "MOST", 3)
    for number in range(3):
        alert(subject=str(number), acknowledged_at=NOON, acknowledged_by=wanting)
    alert(RuleName.STEPS_LATE, raised_at=NOON + MINUTE)
    assert telling.tell(at=NOON + MINUTE) == 1
    assert len(mails(simulator)) == 1
