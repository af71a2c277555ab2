"""The whole way, with a real worker process, broker, database, web server and platform simulator.

Told in the browser's own API, triaged, requested, sent by the worker, decided by the platform, looked at, read by the
young person – and the same with a worker that is killed at the worst moment.
"""

import os
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cases import actions as case_actions
from cases.models import QueueItem
from cases.takedowns import actions, dispatch
from cases.takedowns.models import Attempt, Notice, Takedown
from cases.takedowns.states import Result, Status
from helpline.accounts.models import Staff
from helpline.health.models import Heartbeat
from helpline.platforms.models import ChannelKind
from reports.models import Report
from tests.platforms import receipts
from tests.platforms.simulator import RunningSimulator
from tests.processes import wait_for, worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
# Seconds after a request left; often enough that a slow machine misses no removal by a minute.
LOOKS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 21, 25, 30, 35, 40, 50, 60)


@pytest.fixture
def env(simulator: RunningSimulator, live_server: Any) -> dict[str, str]:
    """The worker's environment: quick sweeps, quick looks, callbacks to this test's own web server."""
    return {
        "HELPLINE_SIMULATOR": simulator.address,
        "HELPLINE_PUBLIC_URL": live_server.url,
        "HELPLINE_SWEEP_SECONDS": "1",
        "HELPLINE_RECHECK_SECONDS": ",".join(map(str, LOOKS)),
        "HELPLINE_LEASE_SECONDS": "3",
        "EMAIL_PORT": str(simulator.mail_port),
    }


def tell(urls: list[str]) -> tuple[Report, str]:
    """A report through the public API."""
    answer = Client().post(
        "/api/v1/reports/",
        {
            "channel": "web",
            "language": "fr",
            "who": "self",
            "age_range": "13-14",
            "kind": "deepnude",
            "circumstances": ["blackmail"],
            "story": "A made-up picture of me is going round.",
            "links": [{"url": url} for url in urls],
            "safe_contact": {"via": "none"},
        },
        content_type="application/json",
    )
    assert answer.status_code == 201, answer.content
    return Report.objects.get(), answer.json()["receipt_code"]


def followed(code: str) -> dict[str, Any]:
    """What the young person sees."""
    answer = Client().get("/api/v1/follow/", headers={"Receipt-Code": code})
    assert answer.status_code == 200
    return dict(answer.json())


def test_a_report_becomes_a_case_a_takedown_and_an_outcome(
    live: Callable[..., Any],
    simulator: RunningSimulator,
    env: dict[str, str],
    nour: Staff,
    tmp_path: Path,
    settings: Any,
) -> None:
    settings.RECHECK_AFTER = [timedelta(seconds=seconds) for seconds in LOOKS]
    # given three platforms: one with a callback, one by mail that only acts, one with a form
    live("chatter", callbacks=True, callback_duplicates=1.0, review=True)
    live("pixboard", ChannelKind.EMAIL)
    live("snaproom", ChannelKind.WEB_FORM)
    urls = [f"https://{slug}.example/p/1" for slug in ("chatter", "pixboard", "snaproom")]
    with worker(tmp_path / "worker.log", **env):
        report, code = tell(urls)
        # when nobody calls, the queue finds it, with its reasons
        item = wait_for(lambda: QueueItem.objects.filter(report=report).first(), what="triage")
        assert item.reasons[0] == {"code": "blackmail", "points": 40}
        case = case_actions.open_case(report=report, by=nour, at=timezone.now())
        links = list(report.links.order_by("position"))
        actions.request_takedown(case=case, links=links, by=nour, at=timezone.now())
        # then two leave by themselves, one waits for a person
        chatter, pixboard, snaproom = (Takedown.objects.get(link=link) for link in links)
        assert snaproom.status == Status.TO_FILE
        actions.mark_filed(takedown=snaproom, reference="SN-1", by=nour, at=timezone.now())
        wait_for(lambda: Takedown.objects.filter(sent_at=None).count() == 0, what="sending")
        simulator.put_page(urls[2], gone=True)
        # and all three are seen gone in the end, each by its own road
        wait_for(lambda: Takedown.objects.filter(status=Status.GONE).count() == 3, what="three seen gone")
    chatter.refresh_from_db()
    assert chatter.platform_says == "removed"  # said by callback
    pixboard.refresh_from_db()
    assert pixboard.platform_says == ""  # said nothing, acted all the same
    seen = followed(code)
    assert [link["status"] for link in seen["links"]] == ["gone", "gone", "gone"]
    history = [step["what"] for step in seen["links"][0]["history"]]
    assert history.index("sent") < history.index("said_removed") < history.index("gone")
    assert Heartbeat.objects.filter(name="worker").exists()
    assert receipts.delivered_more_than_once(simulator.receipts) == {}


@pytest.mark.parametrize("arrived", [True, False])
def test_a_worker_killed_between_the_attempt_and_its_result(
    live: Callable[..., Any],
    simulator: RunningSimulator,
    env: dict[str, str],
    nour: Staff,
    tmp_path: Path,
    arrived: bool,
) -> None:
    # given a platform that receives and never answers (or is stopped before it reads anything)
    live("chatter", answers={"accept_then_timeout": 1.0}, hold=60, outcomes={"never": 1.0})
    report, _code = tell(["https://chatter.example/p/9"])
    case = case_actions.open_case(report=report, by=nour, at=timezone.now())
    if not arrived:
        os.kill(simulator.pid, signal.SIGSTOP)
    try:
        with worker(tmp_path / "first.log", **env) as process:
            [takedown] = actions.request_takedown(
                case=case, links=list(report.links.all()), by=nour, at=timezone.now()
            )
            notice_id = str(takedown.notice_id)

            def leaving() -> bool:
                written = Attempt.objects.filter(notice=notice_id, result="").exists()
                received = any(n["notice_id"] == notice_id for n in receipts.notices(simulator.receipts))
                return written and (received or not arrived)

            wait_for(leaving, what="the attempt")
            # when the worker and all its children die
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
    finally:
        if not arrived:
            # its unread connection dies with it
            simulator.kill()
            simulator.start()
            simulator.control("chatter", callbacks=False, outcomes={"never": 1.0})
    assert Attempt.objects.get().result == ""
    simulator.control("chatter", answers={})
    # then the lease runs out, nobody knows, the platform is asked, and it is sent once
    wait_for(lambda: dispatch.reap(now=timezone.now()), what="the lease's end")
    takedown.refresh_from_db()
    assert (takedown.status, Attempt.objects.get().result) == (Status.UNKNOWN, Result.UNKNOWN)
    with worker(tmp_path / "second.log", **env):
        wait_for(
            lambda: Takedown.objects.filter(status__in=[Status.SENT, Status.ACKNOWLEDGED]).exists(),
            what="sent",
        )
    assert Attempt.objects.count() == (1 if arrived else 2)
    delivered = [n for n in receipts.notices(simulator.receipts) if n["notice_id"] == notice_id]
    assert len(delivered) == 1
    assert Notice.objects.get().ask_at is None


def test_a_lost_broker_loses_nothing(
    live: Callable[..., Any], env: dict[str, str], nour: Staff, tmp_path: Path, settings: Any
) -> None:
    # given that no doorbell can be rung while it is asked for
    live("chatter", outcomes={"never": 1.0})
    from helpline import wake

    wake._rung.update({actions.SEND: float("inf")})
    report, _code = tell(["https://chatter.example/p/10"])
    case = case_actions.open_case(report=report, by=nour, at=timezone.now())
    actions.request_takedown(case=case, links=list(report.links.all()), by=nour, at=timezone.now())
    # when a worker with a beat comes along, the sweep finds the row
    with worker(tmp_path / "worker.log", **env):
        wait_for(lambda: Takedown.objects.filter(status=Status.SENT).exists(), what="sent by the sweep")
