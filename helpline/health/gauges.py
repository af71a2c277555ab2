"""What a monitoring system reads: a few numbers about this moment, in Prometheus' text format. None leads to a person."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from helpline.health.models import Heartbeat
from helpline.health.views import findings


@dataclass(frozen=True, slots=True)
class Reading:
    """One number: `name` after Prometheus' rules, with its unit at the end; `says` is its help line."""

    name: str
    says: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


def exposition() -> bytes:
    """All readings. What can't be read – the database is away – is missing, and its check says 0."""
    registry = CollectorRegistry()
    gauges: dict[str, Gauge] = {}
    for one in _readings():
        if one.name not in gauges:
            gauges[one.name] = Gauge(one.name, one.says, list(one.labels), registry=registry)
        gauge = gauges[one.name].labels(**one.labels) if one.labels else gauges[one.name]
        gauge.set(one.value)
    return generate_latest(registry)


def _readings() -> Iterable[Reading]:
    checks = findings()
    for part, trouble in checks.items():
        yield Reading(
            "helpline_check", "1 when this part is well, 0 when it is not", not trouble, {"part": part}
        )
    if checks["database"]:
        return
    now = timezone.now()
    for row in Heartbeat.objects.filter(name__in=("worker", "beat")):
        age = (now - row.beaten_at).total_seconds()
        yield Reading("helpline_heartbeat_age_seconds", "Since the last sign of life", age, {"of": row.name})
    readings: Iterable[Reading] = import_string(settings.READINGS)(now=now)
    yield from readings
