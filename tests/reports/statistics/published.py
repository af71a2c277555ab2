"""A year on the public page, for the tests of public pages."""

from typing import Any

from django.utils import timezone

from reports.statistics import actions
from reports.statistics.models import PublishedYear

FACTS: dict[str, Any] = {
    "layout": "statistics/1",
    "year": 2025,
    "as_of": "2026-01-10",
    "sent": 240,
    "numbers": {
        "acted_on": {"count": 223, "of": 240},
        "said_removed": {"count": 199, "of": 240},
        "seen_gone": {"count": 180, "of": 240},
    },
}


def put_up(year: int = 2025, **facts: Any) -> PublishedYear:
    """A year with three of its four numbers; the fourth was left out."""
    row, _made = PublishedYear.objects.get_or_create(pk=year)
    actions.publish(year=row, facts=FACTS | {"year": year} | facts, by=None, at=timezone.now())
    row.refresh_from_db()
    return row
