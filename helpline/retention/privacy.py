"""Reads each model's `class Privacy`: every field is kept, blanked on erasure, or sealed under a key that is destroyed.

```python
class Privacy:
    keep = ("id", "submitted_at")   # coarse facts, kept without identity
    blank = ("locator",)            # emptied on erasure
    sealed = ("story",)             # unreadable once the data key is gone
    says = _("What it is and how long it is kept.")   # shown on the privacy page; absent: not about young people
```
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models

from helpline.crypto.fields import SealedField


@dataclass(frozen=True, slots=True)
class Classification:
    """What a model says of its fields."""

    keep: tuple[str, ...]
    blank: tuple[str, ...]
    sealed: tuple[str, ...]
    says: Any


def own_models() -> list[type[models.Model]]:
    """Every model of this project."""
    return [
        model
        for model in apps.get_models()
        if model._meta.app_config.name.partition(".")[0] in {"helpline", "reports", "cases"}
    ]


def classification(model: type[models.Model]) -> Classification:
    """The model's own words. Raises LookupError when it says nothing."""
    privacy = model.__dict__.get("Privacy")
    if privacy is None:
        raise LookupError(f"{model._meta.label} has no class Privacy.")
    return Classification(
        keep=getattr(privacy, "keep", ()),
        blank=getattr(privacy, "blank", ()),
        sealed=getattr(privacy, "sealed", ()),
        says=getattr(privacy, "says", None),
    )


def gaps(model: type[models.Model]) -> list[str]:
    """What is wrong with the model's classification, a sentence each; empty when every field is classified once."""
    try:
        said = classification(model)
    except LookupError as error:
        return [str(error)]
    fields = {field.name: field for field in model._meta.concrete_fields}
    named = Counter(said.keep + said.blank + said.sealed)
    label = model._meta.label
    found = [f"{label}.{name} is not classified." for name in fields if name not in named]
    found += [f"{label}.{name} is classified but is no field." for name in named if name not in fields]
    found += [f"{label}.{name} is classified {count} times." for name, count in named.items() if count > 1]
    found += [
        f"{label}.{name} is a SealedField and must be classified as sealed, and only those."
        for name, field in fields.items()
        if isinstance(field, SealedField) != (name in said.sealed)
    ]
    return found


def blank(instance: models.Model) -> list[str]:
    """Empty in memory what erasure takes: blanked and sealed fields. Returns the names, for `save(update_fields=…)`."""
    said = classification(type(instance))
    names = [*said.blank, *said.sealed]
    for name in names:
        field = instance._meta.get_field(name)
        if isinstance(field, models.Field):
            setattr(instance, name, None if field.null else field.get_default())
    return names
