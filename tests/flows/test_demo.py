"""The demo's story is told through the real actions: here it is told once, whole, against the real simulator."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from cases.models import Case, IncidentMember, QueueItem
from cases.states import MemberState, QueueState
from cases.takedowns.models import Takedown
from cases.takedowns.states import Status
from helpline.platforms.models import Channel
from tests.platforms.simulator import RunningSimulator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_the_story_told_once(simulator: RunningSimulator, settings: Any, tmp_path: Path) -> None:
    """Given a demo that was just seeded, then it holds what is asked below; telling it takes long."""
    settings.DEMO, settings.VAR = True, tmp_path
    call_command("seed_demo")
    every_page_has_something_to_show()
    nothing_leads_to_a_real_platform(simulator)
    the_ways_in_are_written_and_a_second_start_keeps_them(tmp_path / "demo.json")


def every_page_has_something_to_show() -> None:
    waiting = QueueItem.objects.filter(state=QueueState.WAITING).order_by("-danger", "rank_at")
    assert waiting.count() == 7
    assert waiting[0].danger and waiting[1].reasons[0]["code"] == "deadline-soon"
    assert IncidentMember.objects.filter(state=MemberState.JOINED).count() == 8
    shown = set(Takedown.objects.values_list("status", flat=True))
    expected = {Status.GONE, Status.REFUSED, Status.REAPPEARED, Status.UNKNOWN, Status.TO_FILE, Status.QUEUED}
    assert expected <= shown
    assert Case.objects.filter(status="closed").count() == 36


def nothing_leads_to_a_real_platform(simulator: RunningSimulator) -> None:
    for channel in Channel.objects.exclude(address=""):
        local = channel.address.startswith(f"http://{simulator.address}/")
        assert local or channel.address.endswith(".example"), channel


def the_ways_in_are_written_and_a_second_start_keeps_them(path: Path) -> None:
    first = json.loads(path.read_text())
    assert {one["role"] for one in first["staff"]} == {"counsellor", "supervisor", "administrator", "auditor"}
    assert path.stat().st_mode & 0o077 == 0
    answer = Client().get("/api/v1/follow/", headers={"Receipt-Code": first["receipt_code"]})
    assert [link["status"] for link in answer.json()["links"]] == ["gone", "in_progress", "in_progress"]
    token = first["staff"][0]["api_token"]
    assert Client().get("/api/v1/reports/", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    before = Case.objects.count()
    call_command("seed_demo")
    assert (Case.objects.count(), json.loads(path.read_text())) == (before, first)


def test_it_refuses_outside_the_demo() -> None:
    with pytest.raises(CommandError, match="HELPLINE_DEMO"):
        call_command("seed_demo")


def test_without_a_simulator_nothing_is_half_seeded(settings: Any, tmp_path: Path) -> None:
    settings.DEMO, settings.VAR, settings.SIMULATOR = True, tmp_path, "127.0.0.1:9"
    with pytest.raises(CommandError, match="simulator"):
        call_command("seed_demo")
    assert not Case.objects.exists()
    assert not (tmp_path / "demo.json").exists()
