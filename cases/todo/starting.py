"""The checklists and texts a new helpline starts with: `data/starting.json`, made once, then edited at the desk."""

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "data" / "starting.json"
MODELS = ("Checklist", "ChecklistItem", "MessageTemplate")


def make_missing(checklists: Any, items: Any, templates: Any) -> None:
    """Write them into these models, each kind only where there is none yet: what was edited is left as it is."""
    data = json.loads(FILE.read_text())
    if not checklists.objects.exists():
        for position, said in enumerate(data["checklists"]):
            lines = said.pop("items")
            row = checklists.objects.create(position=position, **said)
            items.objects.bulk_create(
                items(checklist=row, position=place, text_fr=french, text_en=english, due_hours=hours)
                for place, (hours, french, english) in enumerate(lines)
            )
    if not templates.objects.exists():
        templates.objects.bulk_create(templates(**said) for said in data["templates"])
