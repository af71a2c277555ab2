"""What the tests of this room share."""

from typing import Any

import pytest

from cases.todo import starting
from cases.todo.models import Checklist, ChecklistItem, MessageTemplate


@pytest.fixture
def library(db: Any) -> None:
    """The starting checklists and texts: tests that commit empty every table, and with them what a migration made."""
    starting.make_missing(Checklist, ChecklistItem, MessageTemplate)


@pytest.fixture
def fake_nude(library: None) -> Checklist:
    """The checklist for the kind of report that the cast tells."""
    return Checklist.objects.get(name_en="Fake nude")
