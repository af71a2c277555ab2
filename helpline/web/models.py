"""What the API remembers of writes that may be sent again."""

import uuid
from typing import Any, ClassVar

from django.db import models

from helpline.crypto.fields import SealedField


class ApiWrite(models.Model):
    """The answer to a write that named an Idempotency-Key, kept for a day.

    The answer is sealed with a key made from the Idempotency-Key, of which only a keyed digest is here. Who
    reads this table learns neither the answers (one of them holds a receipt code) nor the keys.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    actor = models.CharField(max_length=80)
    key = models.BinaryField(max_length=32)
    request = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField()
    response = SealedField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["actor", "key"], name="api_write_once"),
        ]

    class Privacy:
        keep = ("id", "actor", "key", "request", "status", "created_at")
        sealed = ("response",)

    def __str__(self) -> str:
        return f"write {self.pk} of {self.actor}"
