"""What was published, year by year."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q


class PublishedYear(models.Model):
    """The figures of a year as they stand on the public page: counts that were judged not to point at anybody.

    `earlier` is all that ever stood there, also after it was taken down: what comes next is compared with it, for two
    figures that differ by one tell of one person. The public face can't read it.
    """

    year = models.PositiveSmallIntegerField(primary_key=True)
    facts = models.JSONField(default=dict, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    earlier = models.JSONField(default=list, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                name="published_year_has_facts",
                condition=Q(facts={}, published_at=None) | ~Q(facts={}) & Q(published_at__isnull=False),
            ),
        ]

    class Privacy:
        keep = ("year", "facts", "published_at", "earlier")

    def __str__(self) -> str:
        return str(self.year)
