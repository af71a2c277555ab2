"""Cases that have nothing in common: no incident is proposed, and nobody asks what they share."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from cases.models import Case
from reports.actions import LinkFacts

_numbers = count()


@pytest.fixture
def open_case(open_case: Callable[..., Case]) -> Callable[..., Case]:
    """As everywhere, each with a link of its own."""

    def make(**changes: Any) -> Case:
        url = f"https://chatter.example/p/own-{next(_numbers)}"
        return open_case(**({"links": (LinkFacts(url=url),)} | changes))

    return make
