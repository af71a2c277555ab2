"""What the tests of this room share."""

from typing import Any

import pytest

from cases.todo import starting
from cases.todo.models import Checklist


@pytest.fixture
def library(db: Any) -> None:
    """The starting checklists and texts."""
    starting.make_missing()


@pytest.fixture
def fake_nude(library: None) -> Checklist:
    """The checklist for the kind of report that the cast tells."""
    return Checklist.objects.get(name_en="Fake nude")
