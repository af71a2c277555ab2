"""The database field that holds sealed text. It stores bytes and knows nothing of keys: a `Box` seals and opens it."""

from typing import Any

from django.db import models


class SealedField(models.BinaryField):  # type: ignore[type-arg]
    """Ciphertext of a text, bound to its table, row and column. Null and empty bytes mean: nothing was said."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("null", True)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)
