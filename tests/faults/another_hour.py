"""`celery -A tests.faults.another_hour beat`: a beat whose clock is FAULT_HOUR seconds fast, or slow."""

import os
from datetime import datetime, timedelta
from typing import Any

from helpline.celery import app

__all__ = ["app"]

SHIFT = timedelta(seconds=float(os.environ.get("FAULT_HOUR", "0")))
right = type(app).now


def now(self: Any) -> datetime:
    """What beat goes by: when a task is due, and when its message is too old to be followed."""
    told: datetime = right(self)
    return told + SHIFT


type(app).now = now  # type: ignore[method-assign]
