"""Embedded servers of a test's own, apart from those that the whole run uses."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpline.embedded.processes import Child, Program, make_folders, start_and_wait

Start = Callable[[Program], Child]


@pytest.fixture
def var() -> Iterator[Path]:
    """An empty data folder with a short name."""
    with tempfile.TemporaryDirectory(prefix="helpline-test-", ignore_cleanup_errors=True) as folder:
        make_folders(Path(folder))
        yield Path(folder)


@pytest.fixture
def start(var: Path) -> Iterator[Start]:
    """Start a program on `var` and wait until it is ready; it is stopped after the test."""
    started: list[Child] = []

    def start_one(program: Program) -> Child:
        started.append(Child(program, var))
        start_and_wait(started[-1])
        return started[-1]

    yield start_one
    for child in reversed(started):
        child.stop()
