import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def _only_these_addresses(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.helpline.web.urls"
