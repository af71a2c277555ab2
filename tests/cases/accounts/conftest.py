"""A second administrator, so that there is always somebody who could decide."""

from collections.abc import Callable

import pytest

from helpline.accounts.models import Staff


@pytest.fixture
def basile(make_staff: Callable[..., Staff]) -> Staff:
    """The other administrator."""
    return make_staff("basile", "administrator")
