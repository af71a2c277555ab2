"""The checklists and texts a new helpline starts with: `data/starting.json`, made once, then edited at the desk."""

import json
from pathlib import Path

from django.db import transaction

from cases.todo.models import Checklist, ChecklistItem, MessageTemplate

FILE = Path(__file__).parent / "data" / "starting.json"


@transaction.atomic
def make_missing() -> str:
    """Make each kind of which there is none yet, for `bootstrap`: what was edited is left as it is. Says what was done."""
    data = json.loads(FILE.read_text())
    made = []
    if not Checklist.objects.exists():
        for position, said in enumerate(data["checklists"]):
            lines = said.pop("items")
            row = Checklist.objects.create(position=position, **said)
            ChecklistItem.objects.bulk_create(
                ChecklistItem(checklist=row, position=place, text_fr=french, text_en=english, due_hours=hours)
                for place, (hours, french, english) in enumerate(lines)
            )
        made.append(f"{len(data['checklists'])} checklists")
    if not MessageTemplate.objects.exists():
        MessageTemplate.objects.bulk_create(MessageTemplate(**said) for said in data["templates"])
        made.append(f"{len(data['templates'])} texts")
    return f"{' and '.join(made)} made" if made else "there are some already"
