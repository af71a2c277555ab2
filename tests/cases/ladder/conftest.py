"""A request that left at noon, and what the ladder's tests do to it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from cases.models import Case
from cases.takedowns.models import Takedown
from cases.takedowns.states import Status
from helpline.accounts.models import Staff
from helpline.platforms.models import ChannelKind, Platform
from reports.states import AgeRange
from tests.cases.takedowns.standing import standing
from tests.cast import make_platform


@pytest.fixture
def case(open_case: Callable[..., Case], chatter: Platform) -> Case:
    """An adult's, so that nothing is urgent by age."""
    return open_case(age_range=AgeRange.ADULT)


@pytest.fixture
def sent(case: Case, nour: Staff, noon: datetime) -> Takedown:
    """It left at noon, and nobody has answered."""
    return standing(Status.SENT, case=case, by=nour, at=noon)


@pytest.fixture
def second_way(chatter: Platform, anouk: Staff) -> Any:
    """Another channel of the same platform: a mailbox."""
    other = make_platform("chatter-mail", ChannelKind.EMAIL, "abuse@chatter.example", by=anouk)
    channel = other.channels.get()
    channel.platform = chatter
    channel.save()
    return channel
