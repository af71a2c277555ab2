"""The trail: who did or read what, and when. Rows are added, numbered and chained once, and never change again."""

from typing import Any, ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q


class AuditRow(models.Model):
    """One line. No content, no names of young people, and no foreign keys, so that it never stands in erasure's way."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=60)  # staff:<id>, young-person, platform:<channel>, system
    verb = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60, blank=True)
    object_id = models.CharField(max_length=60, blank=True)
    detail = models.JSONField(default=dict)
    number = models.BigIntegerField(null=True, unique=True)
    hash = models.BinaryField(max_length=32, null=True)

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["object_type", "object_id", "id"], name="audit_object"),
            models.Index(fields=["id"], condition=Q(number=None), name="audit_unchained"),
        ]
        triggers: ClassVar[list[Any]] = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="no_truncate",
                when=pgtrigger.Before,
                operation=pgtrigger.Truncate,
                level=pgtrigger.Statement,
                func="RAISE EXCEPTION 'The trail is append-only.';",
            ),
            # The one change allowed: a row that has no number gets its number and hash, and nothing else.
            pgtrigger.Protect(
                name="chained_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.number IS NOT NULL OR "
                    "(OLD.id, OLD.at, OLD.actor, OLD.verb, OLD.object_type, OLD.object_id, OLD.detail) IS DISTINCT FROM "
                    "(NEW.id, NEW.at, NEW.actor, NEW.verb, NEW.object_type, NEW.object_id, NEW.detail)"
                ),
            ),
        ]

    class Privacy:
        keep = ("id", "at", "actor", "verb", "object_type", "object_id", "detail", "number", "hash")

    def __str__(self) -> str:
        return f"{self.verb} {self.object_type} {self.object_id}"
