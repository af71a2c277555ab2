"""One simulator for all tests that do not stop it, and a listener for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platforms.simulator import RunningSimulator
from tests.platforms_simulator.helplines import Listener, fresh_slug


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    """A kind simulator; each test makes a platform of its own as it needs it."""
    with RunningSimulator(tmp_path_factory.mktemp("simulator")) as running:
        yield running


@pytest.fixture
def slug() -> str:
    """A platform that nobody else uses."""
    return fresh_slug()


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Somewhere for callbacks to go."""
    listening = Listener()
    yield listening
    listening.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a simulator of one's own keeps its files."""
    return tmp_path
