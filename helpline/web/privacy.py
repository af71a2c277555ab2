"""The table of what is kept, read from the models themselves so that it cannot say anything else."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils.text import capfirst
from django.utils.translation import ngettext

from helpline.retention.privacy import classification, own_models


@dataclass(frozen=True, slots=True)
class KeptThing:
    """One kind of row: what it is called, what it is and how long it stays, whether its words are sealed."""

    name: str
    says: str
    sealed: bool


def in_years_or_less(time: timedelta) -> str:
    """In words: 2 years, 3 months or 100 days, whichever is whole."""
    if time.days % 365 == 0:
        return ngettext("%(count)s year", "%(count)s years", time.days // 365) % {"count": time.days // 365}
    if time.days % 30 == 0:
        return ngettext("%(count)s month", "%(count)s months", time.days // 30) % {"count": time.days // 30}
    return ngettext("%(count)s day", "%(count)s days", time.days) % {"count": time.days}


def kept_things() -> list[KeptThing]:
    """One entry for each model whose `class Privacy` speaks to the public (`says`), as installed.

    `says` may hold `%(time)s`, how long things stay after the last contact.
    """
    speaking = [(model, classification(model)) for model in own_models() if hasattr(model, "Privacy")]
    return [
        KeptThing(
            name=capfirst(str(model._meta.verbose_name_plural)),
            says=str(privacy.says) % {"time": in_years_or_less(settings.RETENTION)},
            sealed=bool(privacy.sealed),
        )
        for model, privacy in speaking
        if privacy.says
    ]
