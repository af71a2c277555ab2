"""The table of what is kept, read from the models themselves so that it cannot say anything else."""

from dataclasses import dataclass

from django.utils.text import capfirst

from helpline.retention.privacy import classification, own_models


@dataclass(frozen=True, slots=True)
class KeptThing:
    """One kind of row: what it is called, what it is and how long it stays, whether its words are sealed."""

    name: str
    says: str
    sealed: bool


def kept_things() -> list[KeptThing]:
    """One entry for each model whose `class Privacy` speaks to the public (`says`), as installed."""
    speaking = [(model, classification(model)) for model in own_models() if hasattr(model, "Privacy")]
    return [
        KeptThing(
            name=capfirst(str(model._meta.verbose_name_plural)),
            says=str(privacy.says),
            sealed=bool(privacy.sealed),
        )
        for model, privacy in speaking
        if privacy.says
    ]
