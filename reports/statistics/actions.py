"""Putting the figures of a year on the public page, and taking them down."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models, transaction

from helpline.audit import actions as audit
from reports.statistics.models import PublishedYear


def shown() -> list[PublishedYear]:
    """The years that can be read, the newest first. Reads only what the public face may read."""
    found = PublishedYear.objects.exclude(published_at=None).only("year", "facts", "published_at")
    return list(found.order_by("-year"))


@transaction.atomic
def publish(*, year: PublishedYear, facts: Mapping[str, Any], by: models.Model, at: datetime) -> None:
    """From now on everybody reads these `facts` of the year, and nothing else of it."""
    row = PublishedYear.objects.select_for_update().get(pk=year.pk)
    row.facts, row.published_at = dict(facts), at
    row.earlier = [*row.earlier, row.facts]
    row.save(update_fields=["facts", "earlier", "published_at"])
    audit.record(by=by, verb="statistics.published", obj=row, detail={"as_of": facts["as_of"]}, at=at)


@transaction.atomic
def take_down(*, year: PublishedYear, by: models.Model, at: datetime) -> bool:
    """Nobody reads the year any more. False when it was not there: nothing changed."""
    row = PublishedYear.objects.select_for_update().get(pk=year.pk)
    if row.published_at is None:
        return False
    row.facts, row.published_at = {}, None
    row.save(update_fields=["facts", "published_at"])
    audit.record(by=by, verb="statistics.taken_down", obj=row, at=at)
    return True
