"""The templates a new helpline starts with: `data/templates.json` becomes version 1 of each, once."""

from django.db import transaction
from django.utils import timezone

from cases.letters import wording
from cases.letters.models import NoticeTemplate
from cases.letters.states import Status


@transaction.atomic
def make_missing() -> str:
    """Make each template of which there is no version, for `bootstrap`; what was edited stays. Says what was done."""
    there = set(NoticeTemplate.objects.values_list("regime", "language", "kind").distinct())
    now = timezone.now()
    rows = [
        NoticeTemplate(
            regime=regime,
            language=language,
            kind=kind,
            version=1,
            parts=dict(words.parts),
            status=Status.IN_USE,
            at=now,
            used_from=now,
        )
        for (regime, language, kind), words in wording.packaged().items()
        if (regime, language, kind) not in there
    ]
    made = NoticeTemplate.objects.bulk_create(rows, ignore_conflicts=True)
    wording.forget()
    return f"{len(made)} templates made" if made else "there are some already"
