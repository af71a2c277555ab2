"""An incident of three joined cases."""

from collections.abc import Callable

import pytest

from cases.incidents import actions
from cases.models import Case, Incident
from helpline.accounts.models import Staff
from tests.cases.incidents.walls import WALL
from tests.cast import NOON


@pytest.fixture
def three(open_case: Callable[..., Case], nour: Staff) -> tuple[Incident, list[Case]]:
    """An incident of three joined cases."""
    cases = [open_case(links=WALL) for _ in range(3)]
    incident = Incident.objects.get()
    actions.join_proposed(incident=incident, cases=cases, by=nour, at=NOON)
    return incident, cases
