"""What waits at this moment, for a monitoring system: counts up to a hundred, and how long the oldest has waited."""

from collections.abc import Iterator
from datetime import datetime

from cases.dashboards.metrics import waiting_now
from cases.queue import COUNT_UP_TO
from cases.takedowns.actions import oldest_due
from helpline.health.gauges import Reading

CAPPED = f"counted up to {COUNT_UP_TO}"


def readings(*, now: datetime) -> Iterator[Reading]:
    """Named by `settings.READINGS`."""
    waiting = waiting_now()
    yield Reading("helpline_reports_waiting", f"Reports nobody has taken in hand, {CAPPED}", waiting.reports)
    yield Reading(
        "helpline_reports_waiting_in_danger",
        f"Those among them that speak of danger, {CAPPED}",
        waiting.in_danger,
    )
    yield Reading(
        "helpline_oldest_report_waiting_seconds",
        "How long the oldest report has waited",
        _age(waiting.oldest_at, now),
    )
    yield Reading("helpline_takedowns_to_file", f"Requests to file by hand, {CAPPED}", waiting.to_file)
    yield Reading("helpline_takedowns_unknown", f"Requests perhaps sent, {CAPPED}", waiting.unknown)
    yield Reading(
        "helpline_oldest_due_seconds",
        "How late the oldest request is that may leave",
        _age(oldest_due(), now),
    )


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0
