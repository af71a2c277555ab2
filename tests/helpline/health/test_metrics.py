"""`/metrics`: read by a monitoring system, and by nobody else."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from cases import queue
from helpline.health.models import Heartbeat
from reports.models import Report
from reports.states import Circumstance

pytestmark = pytest.mark.django_db


def read(body: bytes) -> dict[str, float]:
    """By name, with the labels' values behind it."""
    return {
        "/".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def test_the_numbers_of_this_moment(client: Client, tell: Callable[..., tuple[Report, str]]) -> None:
    tell(circumstances=(Circumstance.SELF_HARM,))
    queue.add_new_reports(at=timezone.now())
    Heartbeat.objects.create(name="worker", beaten_at=timezone.now())

    answer = client.get("/metrics")

    assert answer["Content-Type"].startswith("text/plain; version=")
    numbers = read(answer.content)
    assert numbers["helpline_check/database"] == 1
    assert numbers["helpline_reports_waiting"] == numbers["helpline_reports_waiting_in_danger"] == 1
    assert numbers["helpline_takedowns_unknown"] == 0
    assert 0 <= numbers["helpline_heartbeat_age_seconds/worker"] < 60


@pytest.mark.parametrize(
    "from_where",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"HTTP_FORWARDED": "for=192.0.2.7"},
        {"REMOTE_ADDR": ""},
    ],
)
def test_it_is_not_there_from_elsewhere(client: Client, from_where: dict[str, Any]) -> None:
    assert client.get("/metrics", **from_where).status_code == 404


def test_a_token_opens_it_from_anywhere_and_is_needed_everywhere(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = "a-long-word"

    def asked(**headers: str) -> int:
        return client.get("/metrics", headers=headers, REMOTE_ADDR="192.0.2.7").status_code

    assert client.get("/metrics").status_code == 404
    assert asked(authorization="Bearer a-long-wort") == 404
    assert asked(authorization="Bearer \u00e9") == 404
    assert asked(authorization="Bearer a-long-word") == 200
