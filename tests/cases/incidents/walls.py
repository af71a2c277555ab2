"""What the tests of incidents share: two links, and who is in an incident."""

from datetime import timedelta

from cases.models import Incident
from reports.actions import LinkFacts
from tests.cast import NOON

LATER = NOON + timedelta(hours=1)
WALL = (LinkFacts(url="https://chatter.example/p/wall"),)
OTHER = (LinkFacts(url="https://chatter.example/p/other"),)


def states(incident: Incident) -> dict[str, str]:
    """Its cases by reference, each with its state."""
    return dict(incident.members.values_list("case__ref", "state"))
