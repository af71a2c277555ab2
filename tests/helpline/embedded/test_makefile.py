"""The Makefile on a fresh machine: finds a Python or says so, installs once, hands its settings on."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from helpline.embedded.processes import ROOT
from tests.helpline.embedded.strays import eventually

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("make"), reason="make is not installed"),
]

# Stands in for Python: notes what it was asked, and makes a .venv of itself.
PRETENDER = """#!/bin/sh
case "$1 $2" in
  "-c "*) exit 0 ;;
  "-m venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python && echo venv >> asked ;;
  "-m pip") [ "$3" = --version ] || echo "$*" >> asked ;;
  *) echo "$*" >> asked; [ -z "$LINGER" ] || { trap 'echo ended >> asked; exit 0' TERM; while :; do sleep 0.1; done; } ;;
esac
"""


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A checkout with nothing installed, and a Python to be found."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("requirements.txt", "requirements-demo.txt", "requirements-dev.txt"):
        (tmp_path / name).touch()
    (tmp_path / "python-there").write_text(PRETENDER)
    (tmp_path / "python-there").chmod(0o755)
    return tmp_path


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", f"PYTHON={folder / 'python-there'}", *words],
        cwd=folder,
        env=outside_make(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def outside_make() -> dict[str, str]:
    """The environment without what a `make test` around us would hand on."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}


def asked(folder: Path) -> list[str]:
    notes = folder / "asked"
    return notes.read_text().splitlines() if notes.exists() else []


def test_alone_it_lists_what_there_is_and_does_nothing(fresh: Path) -> None:
    said = make(fresh).stdout

    for target in ("demo", "test", "check", "bench", "fault", "clean"):
        assert f"make {target}:" in said
    assert asked(fresh) == []


def test_the_demo_installs_by_hash_once_and_hands_its_settings_on(fresh: Path) -> None:
    # When it is started for the first time
    assert make(fresh, "demo", "PORT=9000", "VAR=my data").returncode == 0

    # Then it makes an environment, installs the two locks, and starts the supervisor
    made, installed, started = asked(fresh)
    assert made == "venv"
    assert "--require-hashes -r requirements.txt -r requirements-demo.txt" in installed
    assert started == "manage.py up --demo --port 9000 --var my data"

    # And the second time it only starts
    make(fresh, "demo")
    assert asked(fresh)[3:] == ["manage.py up --demo --port 8000 --var var"]


def test_changed_requirements_are_installed_again(fresh: Path) -> None:
    make(fresh, "demo")
    later = (fresh / ".venv" / "for-demo").stat().st_mtime + 10
    os.utime(fresh / "requirements-demo.txt", (later, later))

    make(fresh, "demo")

    assert sum("pip install" in line for line in asked(fresh)) == 2


def test_an_installation_that_failed_is_tried_again(fresh: Path) -> None:
    # Given a network that is down
    (fresh / "python-there").write_text(
        PRETENDER.replace('"-m pip") ', '"-m pip") [ "$3" = install ] && exit 1; ')
    )
    assert make(fresh, "demo").returncode != 0
    assert not (fresh / ".venv" / "for-demo").exists()

    # When it is back
    (fresh / ".venv" / "bin" / "python").write_text(PRETENDER)

    # Then it goes on from there
    assert make(fresh, "demo").returncode == 0


def test_tests_install_all_three_locks(fresh: Path) -> None:
    make(fresh, "test")
    assert any(line.endswith("-r requirements-dev.txt") for line in asked(fresh))
    assert asked(fresh)[-1].startswith("-m pytest")


@pytest.mark.parametrize("code", ["#!/bin/sh\nexit 1\n", None])
def test_without_a_new_enough_python_it_says_so(fresh: Path, code: str | None) -> None:
    # Given a Python that is too old, or none at all
    (fresh / "python-there").unlink()
    if code:
        (fresh / "python-there").write_text(code)
        (fresh / "python-there").chmod(0o755)

    told = make(fresh, "demo")

    assert told.returncode != 0
    assert "This needs Python 3.11 or newer" in told.stderr
    assert "make PYTHON=" in told.stderr


def test_ending_make_ends_the_supervisor(fresh: Path) -> None:
    command = ["make", f"PYTHON={fresh / 'python-there'}", "demo"]
    with subprocess.Popen(
        command, cwd=fresh, env=os.environ | {"LINGER": "1"}, stderr=subprocess.PIPE
    ) as process:
        assert eventually(lambda: any(line.startswith("manage.py up") for line in asked(fresh)))
        process.send_signal(signal.SIGTERM)
    assert eventually(lambda: "ended" in asked(fresh))
