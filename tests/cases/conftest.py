"""What the desk's tests share: a browser that reads English."""

from collections.abc import Callable

import pytest
from django.test import Client

from helpline.accounts.models import Staff


@pytest.fixture
def desk(log_in: Callable[[Staff], Client]) -> Callable[[Staff], Client]:
    """A browser of this colleague, in English, so that the words in the tests are those of the source."""

    def enter(staff: Staff) -> Client:
        client = log_in(staff)
        client.cookies["lang"] = "en"
        return client

    return enter
