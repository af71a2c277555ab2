"""The filters of the queue as they stand in an address."""

from datetime import date
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import QueryDict
from django.urls import reverse

from cases import queue
from cases.queue import Filters
from helpline.platforms import directory
from reports.states import AgeRange, Kind

ON = "yes"


def read(asked: QueryDict) -> Filters:
    """What the address asks for; a value that is none of ours is left out."""
    said = asked.get
    return Filters(
        view=_known(said("view"), queue.VIEWS) or "waiting",
        kind=_known(said("kind"), Kind.values),
        age_range=_known(said("age"), AgeRange.values),
        language=_known(said("language"), [code for code, _name in settings.LANGUAGES]),
        danger=said("danger") == ON,
        deadline=said("deadline") == ON,
        platform=_platform(said("platform") or ""),
        since=queue.day_in(said("from") or ""),
        until=queue.day_in(said("to") or ""),
    )


def _known(value: str | None, values: Any) -> str:
    return value if value and value in values else ""


def _platform(slug: str) -> str:
    """Its slug; of one that became part of another, that one's."""
    found = directory.current().by_slug.get(slug) if slug else None
    return found.slug if found else ""


def written(filters: Filters) -> str:
    """Filters as they stand in an address, always in the same words and order; '' for the queue as it begins."""
    written: dict[str, str | date | None] = {
        "view": filters.view if filters.view != "waiting" else "",
        "kind": filters.kind,
        "age": filters.age_range,
        "language": filters.language,
        "danger": ON if filters.danger else "",
        "deadline": ON if filters.deadline else "",
        "platform": filters.platform,
        "from": filters.since,
        "to": filters.until,
    }
    return urlencode({name: str(value) for name, value in written.items() if value})


def address(query: str) -> str:
    """The queue with these filters on."""
    return f"{_queue()}?{query}" if query else _queue()


@cache  # each tab of the queue asks
def _queue() -> str:
    return reverse("desk:queue")
