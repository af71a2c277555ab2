"""The checklists and texts a helpline starts with; afterwards they are rows that supervisors edit."""

from typing import Any

from django.db import migrations

from cases.todo import starting


def make(apps: Any, schema_editor: Any) -> None:
    starting.make_missing(*(apps.get_model("todo", name) for name in starting.MODELS))


class Migration(migrations.Migration):
    dependencies = [("todo", "0001_initial")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
